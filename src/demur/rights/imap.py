"""Mails on an IMAP server, by their numbers: read over TLS, and left there as they are.

Nothing on the server is marked, moved or deleted, so people may read the same mailbox. A mail has
a number that only grows as long as the folder's validity stays the same (RFC 3501, 2.3.1.1); where
that has changed everything is read again.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from demur.rights.incoming import MOST

TIMEOUT = 20  # seconds without an answer
AT_ONCE = 200  # mails of one visit; the rest the next time
FAILURES = (imaplib.IMAP4.error, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A folder on a server."""

    host: str
    port: int
    user: str
    folder: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    raw: bytes  # its first `MOST` bytes
    uid: int
    validity: int


def new(box: Box, *, validity: int | None, after: int) -> Iterator[Found]:
    """The mails that came after number `after`, oldest first. Raises one of `FAILURES`.

    validity: the folder's when that number was seen.
    """
    secure = ssl.create_default_context()
    with imaplib.IMAP4_SSL(box.host, box.port, ssl_context=secure, timeout=TIMEOUT) as server:
        server.login(box.user, box.password)
        _fine(server.select(f'"{box.folder}"', readonly=True))
        now = int(_first(server.response("UIDVALIDITY")[1]))
        last = after if validity in (None, now) else 0
        listed = _first(_fine(server.uid("SEARCH", f"UID {last + 1}:*")))
        # "n:*" always names the last mail, even where its number is below n
        numbers = sorted(number for number in map(int, listed.split()) if number > last)
        for number in numbers[:AT_ONCE]:
            answer = _fine(server.uid("FETCH", str(number), f"(BODY.PEEK[]<0.{MOST}>)"))
            for piece in answer:
                if isinstance(piece, tuple) and re.search(rb"BODY\[\]", piece[0], re.IGNORECASE):
                    yield Found(raw=piece[1], uid=number, validity=now)


def _fine(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error("the server refused")
    return data


def _first(data: Sequence[object]) -> bytes:
    found = data[0] if data else None
    return found if isinstance(found, bytes) else b""
