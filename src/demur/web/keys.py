"""Keys to the API: made, recognised, never kept. Only their hash is stored, nothing is logged.

A key is 32 random bytes, so one SHA-256 hides it as well as a slow password hash would (there is
no dictionary to try), and recognising it costs microseconds on every request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from demur.web.models import ApiKey

PREFIX = "demur-"
LIFE = timedelta(days=365)


def create(label: str, now: datetime) -> str:
    """Store a new key's hash and return the key: the only moment at which anyone can see it."""
    key = PREFIX + secrets.token_urlsafe(32)
    ApiKey.objects.create(hash=_hash(key), label=label, created=now, expires=now + LIFE)
    return key


def recognise(key: str, now: datetime) -> ApiKey | None:
    """The stored key that this one is, unless it has expired."""
    digest = _hash(key)
    found = ApiKey.objects.filter(hash=digest, expires__gt=now).first()
    # The index already compared hashes, of which an attacker chooses none; this comparison keeps
    # the promise if a database's collation should ever call two different strings equal.
    if found is None or not hmac.compare_digest(found.hash, digest):
        return None
    return found


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
