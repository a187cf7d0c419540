"""`Authorization: Bearer demur-…`: who speaks, whether their key opens this door, and whether
they have asked too much.

A key without the scope is refused as OpenAI refuses it; nothing is read of a body that is too
large.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from ninja.security import HttpBearer

from demur.errors import NotAllowed
from demur.rights.place import here
from demur.web import keys, limits

MAX_BODY = 256 * 1024  # bytes: about 60 pages of questions
TOO_BIG = f"A request holds at most {MAX_BODY:,} bytes; send a shorter conversation."


class MissingScope(NotAllowed):
    """The key is good, but not for this."""


def caller(token: str, scope: str | None) -> limits.Caller | None:
    """Whoever this key is, counted as one request; None where it is nobody's.

    scope: what the door is for; None: any key opens it. Raises MissingScope and limits.TooMany.
    """
    key = keys.recognise(token, _now())
    if key is None:
        return None
    if scope is not None and scope not in key.scopes:
        raise MissingScope(
            "You have insufficient permissions for this operation."
            f" Missing scopes: {scope}. Ask the operator of this site for a key with that scope."
        )
    return limits.Caller(here().root / "cache" / "limits", key, _now)


class Bearer(HttpBearer):
    openapi_scheme = "bearer"

    def __init__(self, scope: str | None = None) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> limits.Caller | None:
        """Size first: what is too large is not read, whoever sent it."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > MAX_BODY:
            raise RequestDataTooBig(TOO_BIG)
        return caller(token, self.scope)


def _now() -> datetime:
    return datetime.now(UTC)
