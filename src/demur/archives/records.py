"""One record of the operator's format: checked field by field, then an Account or a Post.

It names the field that is wrong and never says what stands in it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from demur.archives import export, moments
from demur.archives.container import Container
from demur.archives.content import AGE_WITHOUT_DATE, NOTHING_TO_READ, UNCLEAR_DATE, Notes
from demur.archives.text import clean, handles, refusals
from demur.people import Account, AccountId
from demur.policy import reservations, signals
from demur.posts import Audience, Kind, Mention, Post, handle_key, name_key

# fmt: off
ACCOUNT_COLUMNS = frozenset({
    "id", "handle", "name", "email", "born", "age_band", "age_known_on", "country", "language",
    "locked", "refuses_training", "keys", "linked_to", "memorial", "signals",
})
POST_COLUMNS = frozenset({
    "id", "account", "kind", "audience", "created_at", "text", "lang", "group", "url", "reply_to",
    "translation_of", "reshare_of", "mentions", "tagged", "photos", "refuses_training",
    "attribution", "signals",
})
# fmt: on

_YOUNGEST = {"under_13": 0, "13_17": 13, "18_plus": 18}  # the least age in years a band allows
_ACCOUNT = re.compile(r"[a-z0-9_.-]+:.+")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_COUNTRY = re.compile("[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_LANG = re.compile("[a-z]{2}")


class Wrong(ValueError):  # noqa: N818  (it completes a sentence: "line 3: kind must be…")
    """What is wrong with a record, in words that quote nothing of it."""


def account(row: dict[str, Any], notes: Notes) -> tuple[Account, tuple[AccountId, ...]]:
    """The account and those it is linked to."""
    own = AccountId(_text(row, "id", _ACCOUNT, "must be like 'platform:123'", needed=True) or "")
    platform = own.split(":", 1)[0]
    handle, name = _text(row, "handle"), _text(row, "name")
    keys = {own.casefold(), *(key.casefold() for key in _texts(row, "keys"))}
    keys |= {handle_key(platform, handle)} if handle else set()
    keys |= {name_key(platform, name)} if name else set()
    locked, memorial = _flag(row, "locked"), _flag(row, "memorial")
    country = _text(row, "country", _COUNTRY, "must be two capitals of ISO 3166-1")
    linked = tuple(AccountId(other) for other in _texts(row, "linked_to"))
    return Account(
        id=own,
        platform=platform,
        handle=handle,
        name=name,
        email=_text(row, "email", _ADDRESS, "must be an e-mail address"),
        born=_born(row, notes),
        country=country,
        language=_text(row, "language", _LANGUAGE, "must be a BCP 47 language tag"),
        locked=locked,
        refuses_training=signals.combined(_texts(row, "refuses_training"), _signals(row)),
        keys=frozenset(keys),
        memorial=bool(memorial),
    ), linked


def _born(row: dict[str, Any], notes: Notes) -> date | None:
    """The day of birth, or the latest that the age band allows on the day it was known."""
    born, known_on, band = _day(row, "born"), _day(row, "age_known_on"), _text(row, "age_band")
    if band not in (None, "unknown", *_YOUNGEST):
        raise Wrong("age_band must be under_13, 13_17, 18_plus or unknown")
    if born is not None or band not in _YOUNGEST:
        return born
    if known_on is None:
        notes.skipped[AGE_WITHOUT_DATE] += 1
        return None
    try:
        return known_on.replace(year=known_on.year - _YOUNGEST[band])
    except ValueError:  # the 29th of February
        return known_on.replace(year=known_on.year - _YOUNGEST[band], month=3, day=1)


def post(row: dict[str, Any]) -> Post:
    """The post without its pictures, and with 1970 for a date that cannot be right.

    `with_photos` finishes it; this much is all that a first look at the file needs.
    """
    own = _text(row, "account", _ACCOUNT, "must be like 'platform:123'", needed=True) or ""
    text = clean(_text(row, "text") or "")
    platform = own.split(":", 1)[0]
    _photos(row)
    return Post(
        account=AccountId(own),
        platform=platform,
        kind=_one_of(row, "kind", Kind, Kind.POST),
        audience=_one_of(row, "audience", Audience, Audience.UNKNOWN),
        created_at=_moment(row) or _UNCLEAR,
        origin=_text(row, "id", needed=True) or "",
        text=text,
        lang=_text(row, "lang", _LANG, "must be two letters of ISO 639-1"),
        group=_text(row, "group"),
        url=_text(row, "url"),
        reply_to=_text(row, "reply_to"),
        translation_of=_text(row, "translation_of"),
        reshare_of=_text(row, "reshare_of"),
        mentions=handles(text, platform, _mentions(row, text)),
        tagged=tuple(key.casefold() for key in _texts(row, "tagged")),
        refuses_training=signals.combined(
            _texts(row, "refuses_training"), refusals(text), _signals(row)
        ),
        attribution=_text(row, "attribution"),
    )


_UNCLEAR = datetime(1970, 1, 1, tzinfo=UTC)


def with_photos(
    box: Container, root: str, row: dict[str, Any], bare: Post, notes: Notes
) -> Post | None:
    """The whole post, or None with the reason counted."""
    if bare.created_at == _UNCLEAR:
        notes.skipped[UNCLEAR_DATE] += 1
        return None
    kept, orphaned = export.photos(box, root, _photos(row), notes)
    text = "\n\n".join(part for part in (bare.text, *map(clean, orphaned)) if part)
    if not text.strip() and not kept:
        notes.skipped[NOTHING_TO_READ] += 1
        return None
    return replace(bare, text=text, photos=tuple(kept))


def _signals(row: dict[str, Any]) -> tuple[str, ...]:
    """What was found on pages and files, as it was found; what cannot be read is a No of its own
    and no reason to refuse the file."""
    return reservations.everything(row["signals"]) if "signals" in row else ()


def _moment(row: dict[str, Any]) -> datetime | None:
    given = row.get("created_at")
    if isinstance(given, datetime):  # Parquet keeps moments as such
        given = given.isoformat()
    if not isinstance(given, str):
        raise Wrong("created_at must be a moment such as 2025-11-21T22:25:00Z")
    return moments.from_iso(given)


def _photos(row: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for photo in _objects(row, "photos", {"file", "alt"}):
        file, alt = photo.get("file"), photo.get("alt") or ""
        if not isinstance(file, str) or not isinstance(alt, str):
            raise Wrong("each of photos must have a file, and alt must be text")
        found.append((file, alt))
    return found


def _mentions(row: dict[str, Any], text: str) -> list[Mention]:
    found = []
    for mention in _objects(row, "mentions", {"start", "end", "key"}):
        start, end, key = (mention.get(part) for part in ("start", "end", "key"))
        if not (type(start) is int and type(end) is int and isinstance(key, str)):
            raise Wrong("each of mentions must have start, end and key")
        if not 0 <= start < end <= len(text):
            raise Wrong("mentions must lie inside the text, in code points")
        found.append(Mention(start=start, end=end, key=key.casefold()))
    return found


def _objects(row: dict[str, Any], field: str, parts: set[str]) -> list[dict[str, Any]]:
    given = row.get(field, [])
    if not isinstance(given, list) or not all(isinstance(part, dict) for part in given):
        raise Wrong(f"{field} must be a list of objects")
    if any(set(part) - parts for part in given):
        raise Wrong(f"{field} may only have {', '.join(sorted(parts))}")
    return given


def _text(
    row: dict[str, Any],
    field: str,
    form: re.Pattern[str] | None = None,
    rule: str = "must be text",
    *,
    needed: bool = False,
) -> str | None:
    value = row.get(field)
    if value is None or value == "":
        if needed:
            raise Wrong(f"{field} is missing")
        return None
    if not isinstance(value, str) or (form and not form.fullmatch(value)):
        raise Wrong(f"{field} {rule}")
    return clean(value)


def _flag(row: dict[str, Any], field: str) -> bool | None:
    value = row.get(field)
    if value is not None and not isinstance(value, bool):
        raise Wrong(f"{field} must be true or false")
    return value


def _texts(row: dict[str, Any], field: str) -> tuple[str, ...]:
    given = row.get(field, [])
    if not isinstance(given, list) or not all(isinstance(part, str) and part for part in given):
        raise Wrong(f"{field} must be a list of texts")
    return tuple(clean(part) for part in given)


def _day(row: dict[str, Any], field: str) -> date | None:
    given = row.get(field)
    if given is None or (isinstance(given, date) and not isinstance(given, datetime)):
        return given
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        raise Wrong(f"{field} must be a day such as 1990-05-31") from None


def _one_of(row: dict[str, Any], field: str, choices: Any, otherwise: Any) -> Any:
    given = row.get(field)
    if given is None:
        return otherwise
    try:
        return choices(given)
    except ValueError:
        allowed = ", ".join(choice.value for choice in choices)
        raise Wrong(f"{field} must be one of {allowed}") from None
