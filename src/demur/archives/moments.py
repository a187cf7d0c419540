"""Moments as the platforms write them, turned into aware UTC datetimes or into nothing.

A moment that cannot be right is not guessed: who was how old when they posted depends on it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

_FIRST = datetime(1970, 1, 2, tzinfo=UTC)  # 0 is how Meta writes "we do not know"
_LAST = datetime(2100, 1, 1, tzinfo=UTC)


def from_seconds(value: object) -> datetime | None:
    """Seconds since 1970, a number; None for anything else and for years outside 1970 to 2099."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return _likely(datetime.fromtimestamp(float(value), UTC))
    except (ValueError, OverflowError, OSError):
        return None


def from_iso(value: object) -> datetime | None:
    """An ISO 8601 or RFC 3339 moment; one without a zone is in UTC, as its writers mean it."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return _likely(aware.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _likely(moment: datetime) -> datetime | None:
    return moment if _FIRST <= moment < _LAST else None
