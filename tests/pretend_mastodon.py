"""An honest double of a Mastodon server, over a real socket: the part of its API that the bot uses.

Shapes, limits and refusals are those of docs.joinmastodon.org (methods/statuses, notifications,
instance; entities Status, Account, Notification, Instance v2; api/rate-limits): min_id pages
forward, an Idempotency-Key within an hour gives the same status, a status that is too long is a
422, one that is gone a 404, too many requests a 429 with X-RateLimit-Reset.
"""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a token for the bot alone"
DELETIONS = 30  # in half an hour
PAGE = 40


@dataclass
class PretendMastodon:
    """`says` is somebody's status; what the bot posts stands in `statuses`.

    dies_after: the next request of this kind is carried out, and its answer never arrives.
    limited: every request is refused until then.
    """

    host: str = "tureluur.example"
    characters: int = 500
    address: str = ""
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)
    notifications: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    limited: datetime | None = None
    dies_after: str = ""
    left: int = DELETIONS
    number: int = 103254962155278000

    def __post_init__(self) -> None:
        self.bot = self.account("demur", bot=True)

    def account(self, acct: str, *, bot: bool = False, uri: str = "") -> dict[str, Any]:
        """Somebody; with an @ in it, somebody of another server."""
        if acct not in self.accounts:
            name, _, other = acct.partition("@")
            host = other or self.host
            self.accounts[acct] = {
                "id": str(len(self.accounts) + 1),
                "username": name,
                "acct": acct,
                "url": f"https://{host}/@{name}",
                "uri": uri or f"https://{host}/users/{name}",
                "display_name": name.title(),
                "bot": bot,
                "locked": False,
                "note": "",
            }
        return self.accounts[acct]

    def says(self, who: str, text: str, *, to: str | None = None, **more: Any) -> dict[str, Any]:
        """Somebody posts and mentions the bot, which is notified of it."""
        markup = (
            f'<p><span class="h-card" translate="no"><a href="https://{self.host}/@demur"'
            f' class="u-url mention">@<span>demur</span></a></span> {html.escape(text)}</p>'
        )
        status = self._status(self.account(who), markup, to, {"visibility": "public", **more})
        self.notifications.append(
            {
                "id": str(self._next()),
                "type": "mention",
                "created_at": status["created_at"],
                "group_key": f"ungrouped-{status['id']}",
                "account": status["account"],
                "status": status,
            }
        )
        return status

    def posted(self) -> list[dict[str, Any]]:
        """What the bot has posted and not deleted, the oldest first."""
        return [status for status in self.statuses.values() if "text" in status]

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _status(
        self, by: dict[str, Any], content: str, to: str | None, more: dict[str, Any]
    ) -> dict[str, Any]:
        above = self.statuses.get(to or "")
        status = {
            "id": str(self._next()),
            "created_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "in_reply_to_id": to,
            "in_reply_to_account_id": above["account"]["id"] if above else None,
            "sensitive": False,
            "spoiler_text": "",
            "language": None,
            "content": content,
            "reblog": None,
            "account": by,
            "mentions": [],
            "media_attachments": [],
            **more,
        }
        self.statuses[status["id"]] = status
        return status

    # ---- the API ----

    def answer(  # noqa: PLR0911 (a road for each route)
        self, method: str, path: str, asked: dict[str, list[str]], key: str
    ) -> tuple[int, Any]:
        parts = path.split("/")[2:]
        if parts == ["v1", "accounts", "verify_credentials"]:
            return 200, self.bot
        if parts == ["v2", "instance"]:
            statuses = {"max_characters": self.characters, "characters_reserved_per_url": 23}
            return 200, {"domain": self.host, "configuration": {"statuses": statuses}}
        if parts[:2] == ["v1", "notifications"]:
            return self._notifications(parts[2:], asked)
        if method == "POST" and parts == ["v1", "statuses"]:
            return self._create(asked, key)
        status = self.statuses.get(parts[2]) if len(parts) > 2 else None
        if status is None:
            return 404, {"error": "Record not found"}
        if parts[3:] == ["context"]:
            return 200, {"ancestors": [], "descendants": list(self._below(status["id"]))}
        if method == "DELETE" and status["account"]["id"] == self.bot["id"]:
            if self.left == 0:
                self.limited = datetime.now(UTC) + timedelta(minutes=30)
                return 429, {"error": "Too many requests"}
            self.left -= 1
            self.deleted.append(status["id"])
            return 200, self.statuses.pop(status["id"])
        return 404, {"error": "Record not found"}

    def _notifications(self, parts: list[str], asked: dict[str, list[str]]) -> tuple[int, Any]:
        here = [n for n in self.notifications if n["status"]["id"] in self.statuses]
        if parts:
            found = [n for n in here if n["id"] == parts[0]]
            return (200, found[0]) if found else (404, {"error": "Record not found"})
        limit = int(asked.get("limit", [str(PAGE)])[0])
        assert asked["types[]"] == ["mention"]
        if "min_id" in asked:
            newer = [n for n in here if int(n["id"]) > int(asked["min_id"][0])][:limit]
        else:
            newer = here[-limit:]
        return 200, newer[::-1]  # the newest first, whichever way one pages

    def _create(self, asked: dict[str, list[str]], key: str) -> tuple[int, Any]:
        said = {name: values[0] for name, values in asked.items()}
        if key in self.keys and self.keys[key] in self.statuses:
            return 200, self.statuses[self.keys[key]]
        if said["in_reply_to_id"] not in self.statuses:
            return 404, {"error": "Record not found"}
        if length(said["status"]) + len(said.get("spoiler_text", "")) > self.characters:
            return 422, {"error": "Validation failed: Text character limit exceeded"}
        more = {name: said[name] for name in ("visibility", "language")}
        more |= {"text": said["status"], "spoiler_text": said.get("spoiler_text", "")}
        more |= {"sensitive": said.get("sensitive") == "true"}
        content = f"<p>{html.escape(said['status'])}</p>"
        status = self._status(self.bot, content, said["in_reply_to_id"], more)
        self.keys[key] = status["id"]
        return 200, status

    def _below(self, status: str) -> Iterator[dict[str, Any]]:
        for each in list(self.statuses.values()):
            if each["in_reply_to_id"] == status:
                yield each
                yield from self._below(each["id"])


def length(text: str) -> int:
    """As Mastodon counts: a link is 23 characters, of a handle the server is free."""
    text = re.sub(r"https?://\S+", "x" * 23, text)
    return len(re.sub(r"(@\w+)@[\w.-]+", r"\1", text))


@contextmanager
def running(**said: Any) -> Iterator[PretendMastodon]:
    """The double at a port of this machine until the block ends."""
    pretend = PretendMastodon(**said)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(pretend))
    pretend.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield pretend
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(pretend: PretendMastodon) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            pretend.requests.append((self.command, parts.path))
            asked = parse_qs(f"{parts.query}&{body}")
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                self._say(401, {"error": "The access token is invalid"})
                return
            if pretend.limited and datetime.now(UTC) < pretend.limited:
                self._say(429, {"error": "Too many requests"})
                return
            key = self.headers.get("Idempotency-Key", "")
            status, value = pretend.answer(self.command, parts.path, asked, key)
            if pretend.dies_after and pretend.dies_after == f"{self.command} {parts.path}":
                pretend.dies_after = ""
                self.close_connection = True  # it was done; nobody hears of it
                return
            self._say(status, value)

        do_GET = do_POST = do_DELETE = _any  # noqa: N815 (as the base class calls them)

        def _say(self, status: int, value: Any) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            reset = pretend.limited or datetime.now(UTC) + timedelta(minutes=5)
            self.send_header("X-RateLimit-Limit", "300")
            self.send_header("X-RateLimit-Remaining", "0" if status == 429 else "299")
            self.send_header("X-RateLimit-Reset", reset.isoformat().replace("+00:00", "Z"))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    return Handler
