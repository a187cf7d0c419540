"""Keys to the API: made, recognised, never kept. Only their hash is stored, nothing is logged.

A key is 32 random bytes, so one SHA-256 hides it as well as a slow password hash would (there is
no dictionary to try), and recognising it costs microseconds on every request. A key opens what its
scopes name and nothing else; how much it may ask is counted in `limits`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from demur.errors import NotFound, Refusal
from demur.web.models import ApiKey

PREFIX = "demur-"
LIFE = timedelta(days=365)
SCOPES = ("chat", "embeddings", "images", "metrics")


def create(
    label: str,
    now: datetime,
    *,
    scopes: Sequence[str] = ("chat",),
    requests_a_minute: int = 60,
    tokens_a_day: int = 200_000,
) -> str:
    """Store a new key's hash and return the key: the only moment at which anyone can see it."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise Refusal(f"A key is for some of {', '.join(SCOPES)}; name at least one of them.")
    if requests_a_minute < 1 or tokens_a_day < 1:
        raise Refusal("A limit is at least 1; revoke the key to stop it altogether.")
    key = PREFIX + secrets.token_urlsafe(32)
    ApiKey.objects.create(
        hash=_hash(key),
        label=label,
        scopes=[scope for scope in SCOPES if scope in scopes],
        requests_a_minute=requests_a_minute,
        tokens_a_day=tokens_a_day,
        created=now,
        expires=now + LIFE,
    )
    return key


def recognise(key: str, now: datetime) -> ApiKey | None:
    """The stored key that this one is, unless it has expired or was revoked."""
    digest = _hash(key)
    found = ApiKey.objects.filter(hash=digest, expires__gt=now, revoked_at=None).first()
    # The index already compared hashes, of which an attacker chooses none; this comparison keeps
    # the promise if a database's collation should ever call two different strings equal.
    if found is None or not hmac.compare_digest(found.hash, digest):
        return None
    return found


def revoke(number: int, now: datetime) -> ApiKey:
    """This key opens nothing from now on; revoked already is revoked."""
    found = ApiKey.objects.filter(pk=number).first()
    if found is None:
        raise NotFound(f"There is no key {number}; `demur key list` shows them.")
    if found.revoked_at is None:
        found.revoked_at = now
        found.save(update_fields=["revoked_at"])
    return found


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
