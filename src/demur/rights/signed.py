"""Links that a letter carries: what they are about, until when, and our signature over both.

Whoever holds the link can do the one thing it names, so each thing has a key of its own. No
address, name or account stands in a link, and none signs anybody in.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.core import signing

from demur.errors import NotFound

GONE = "This link is too old, or not whole. Ask for a new one, or use the privacy centre."


def link(deed: str, about: str | int, *, until: datetime) -> str:
    """A token that does `deed` to `about` until that moment; fit to stand in an address."""
    what = {"a": about, "u": int(until.timestamp())}
    return signing.Signer(salt=f"demur.letter.{deed}").sign_object(what)


def about(deed: str, token: str, *, now: datetime) -> str | int:
    """What the token is about; NotFound where it is too old, changed, or for another deed."""
    try:
        what = signing.Signer(salt=f"demur.letter.{deed}").unsign_object(token)
    except (signing.BadSignature, ValueError, UnicodeError):
        raise NotFound(GONE) from None
    if datetime.fromtimestamp(what["u"], UTC) <= now:
        raise NotFound(GONE)
    found: str | int = what["a"]
    return found
