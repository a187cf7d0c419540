"""The Mastodon server as the bot speaks with it: seven questions of its API, and nothing else.

The token is sent to this one server: no redirect is followed, and nothing is read past a limit.
Where the server asks to wait, that is what happens.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

from demur.errors import NotFound, Refusal

SECONDS = 30.0  # that an answer may take
MOST = 4 * 1024 * 1024  # bytes of an answer: eighty notifications with long texts
PAUSE = timedelta(minutes=5)  # to wait where the server asks for it and does not say how long
PAGE = 40  # mentions at once

Visibility = Literal["public", "unlisted", "private", "direct"]


class Wait(Refusal):
    """The server wants fewer requests, or does not answer; ask again at `until`."""

    def __init__(self, until: datetime, why: str) -> None:
        self.until = until
        super().__init__(f"{why}; it is asked again at {until:%H:%M:%S}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """uri and url: by which the archives know the same account. local: it is this server's own."""

    id: str
    acct: str
    uri: str
    url: str
    bot: bool

    @property
    def local(self) -> bool:
        return "@" not in self.acct


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A status that mentions us. notification: the server's number for it."""

    notification: str
    account: Account
    status: str
    html: str
    visibility: Visibility
    spoiler: str
    sensitive: bool
    answers: str | None  # whose status it replies to, by their id


class Server:
    """address: without a slash at the end. token: with read:notifications, read:statuses,
    read:accounts and write:statuses."""

    def __init__(self, address: str, token: str, clock: Callable[[], datetime]) -> None:
        self.address, self._token, self._clock = address, token, clock
        self._opener = urllib.request.build_opener(_NoRedirect)

    def me(self) -> Account:
        return _account(self._ask("GET", "/api/v1/accounts/verify_credentials"))

    def characters(self) -> int:
        """How long a status may be."""
        said = self._ask("GET", "/api/v2/instance")
        limits = said.get("configuration", {}).get("statuses", {})
        return int(limits.get("max_characters", 500))

    def mentions(self, after: str | None) -> list[Mention]:
        """Those immediately newer than `after`, the oldest first; without it, the newest one.

        min_id and not since_id: after a long pause since_id gives the newest page and skips the
        rest.
        """
        asked = [("types[]", "mention"), ("limit", str(PAGE) if after else "1")]
        asked += [("min_id", after)] if after else []
        found = self._ask("GET", f"/api/v1/notifications?{urlencode(asked)}")
        read = [_mention(each) for each in found if each.get("type") == "mention"]
        return sorted((m for m in read if m), key=lambda m: (len(m.notification), m.notification))

    def mention(self, notification: str) -> Mention | None:
        """One of them again; None where it or its status is gone."""
        try:
            return _mention(self._ask("GET", f"/api/v1/notifications/{quote(notification)}"))
        except NotFound:
            return None

    def replies(self, status: str) -> list[dict[str, Any]]:
        """The statuses below this one; none where it is gone."""
        try:
            said = self._ask("GET", f"/api/v1/statuses/{quote(status)}/context")
        except NotFound:
            return []
        return list(said.get("descendants", []))

    def post(
        self,
        text: str,
        *,
        key: str,
        reply_to: str,
        visibility: Visibility,
        spoiler: str,
        sensitive: bool,
        language: str,
    ) -> str:
        """Publish a reply and return its id. The same key within an hour is the same status.

        NotFound where what it replies to is gone.
        """
        said = {
            "status": text,
            "in_reply_to_id": reply_to,
            "visibility": visibility,
            "language": language,
        }
        said |= {"spoiler_text": spoiler} if spoiler else {}
        said |= {"sensitive": "true"} if sensitive else {}
        made = self._ask("POST", "/api/v1/statuses", said, {"Idempotency-Key": key})
        return str(made["id"])

    def delete(self, status: str) -> None:
        """It is gone when this returns; gone already is gone."""
        try:
            self._ask("DELETE", f"/api/v1/statuses/{quote(status)}")
        except NotFound:
            return

    def _ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        asked = urllib.request.Request(  # noqa: S310 (the scheme is the settings', and checked there)
            self.address + path,
            data=urlencode(form).encode() if form is not None else None,
            method=method,
            headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
            | dict(headers or {}),
        )
        try:
            with self._opener.open(asked, timeout=SECONDS) as answer:
                return json.loads(answer.read(MOST))
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except (OSError, HTTPException, ValueError) as error:
            why = f"The Mastodon server does not answer ({type(error).__name__})"
            raise Wait(self._clock() + PAUSE / 10, why) from error

    def _refusal(self, error: urllib.error.HTTPError) -> Refusal:
        """Only the status is told: the server's sentence may quote what was posted."""
        if error.code == 429 or error.code >= 500:
            why = f"The Mastodon server asks to wait ({error.code})"
            return Wait(_reset(error.headers.get("X-RateLimit-Reset"), self._clock()), why)
        if error.code in (401, 403):
            return Refusal(
                f"The Mastodon server refuses the token ({error.code}); put one with the scopes"
                " that docs/bot.md names into keys/bot.key."
            )
        if error.code in (404, 410, 422):
            return NotFound("The status is gone, or cannot be replied to; leave it.")
        return Refusal(
            f"The Mastodon server answered {error.code}; check [bot] server in demur.toml."
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        """None: what would be followed is an error; the token goes nowhere else."""


def _reset(said: str | None, now: datetime) -> datetime:
    """When the limit is over: an ISO 8601 moment; at most an hour, whatever is said."""
    try:
        until = datetime.fromisoformat(said or "")
    except ValueError:
        return now + PAUSE
    if until.tzinfo is None:
        return now + PAUSE
    return min(max(until, now + timedelta(seconds=1)), now + timedelta(hours=1))


def _mention(said: Mapping[str, Any]) -> Mention | None:
    status = said.get("status")
    if not isinstance(status, dict):
        return None
    visibility = status.get("visibility")
    known: tuple[Visibility, ...] = ("public", "unlisted", "private", "direct")
    return Mention(
        notification=str(said["id"]),
        account=_account(said["account"]),
        status=str(status["id"]),
        html=str(status.get("content", "")),
        visibility=next((each for each in known if each == visibility), "direct"),
        spoiler=str(status.get("spoiler_text") or ""),
        sensitive=bool(status.get("sensitive")),
        answers=status.get("in_reply_to_account_id"),
    )


def _account(said: Mapping[str, Any]) -> Account:
    url = str(said.get("url", ""))
    return Account(
        id=str(said["id"]),
        acct=str(said["acct"]),
        uri=str(said.get("uri") or _actor(url)),
        url=url,
        bot=bool(said.get("bot")),
    )


def _actor(url: str) -> str:
    """Of a server that does not tell it: how Mastodon itself makes one from a profile's address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/users/{parts.path.removeprefix('/@')}"
