"""One mail, read: from whom, what it says in its own words, and whether a program wrote it.

Whatever arrives can be read. Headers that break the parser are as good as absent, HTML becomes
plain text, quoted letters and attachments are left aside, and a mail that cannot be taken apart at
all is kept as its bytes. Nothing is fetched and nothing is run.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr

from demur.archives.text import clean, from_html
from demur.rights import bounces, heard, letters, people

log = logging.getLogger(__name__)

MOST = 10 * 2**20  # bytes of a mail that are looked at; a No stands near the top
MOST_PARTS = 200  # parts of a mail; more are an attack on whoever counts them
WORDS = 20_000  # characters that are read and kept

# What the standard library's parser has raised on hostile mail, beside what it promises.
HOSTILE = (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A mail, as far as it can be read."""

    sender: str  # an address, or empty
    subject: str
    text: str  # its own words
    id: str
    answers: str  # every Message-ID that it refers to
    automatic: bool
    spam: bool
    bounce: bounces.Bounce | None


def read(raw: bytes) -> Read:
    """The mail; if need be as nothing but its bytes."""
    cut = raw[:MOST]
    try:
        return _parsed(cut)
    except (*HOSTILE, RecursionError):
        log.warning("a mail could not be parsed; it waits for the desk as it came")
        text = clean(cut[:WORDS].decode("utf-8", "replace"))
        return Read(
            sender="", subject="", text=text, id="", answers="", automatic=False, spam=False,
            bounce=None,
        )  # fmt: skip


def _parsed(raw: bytes) -> Read:
    if raw.count(b"\n--") > MOST_PARTS * 10 or raw.lower().count(b"multipart/") > MOST_PARTS:
        raise ValueError("too many parts")
    message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(raw)
    whole = raw.decode("utf-8", "replace")
    sender = parseaddr(_header(message, "From"))[1]
    sender = sender.strip().lower() if people.is_address(sender.strip()) else ""
    own_id = _header(message, "Message-ID").strip()
    bounce = bounces.read(message, whole)
    return Read(
        sender=sender,
        subject=clean(_header(message, "Subject"))[:1000],
        text=heard.own_words(_text(message)),
        id=own_id[:500] if re.fullmatch(r"<[^\s<>]{1,400}>", own_id) else "",
        answers=f"{_header(message, 'In-Reply-To')} {_header(message, 'References')}"[:20_000],
        automatic=_is_automatic(message) or letters.by_message_id(own_id) is not None,
        spam=_header(message, "X-Spam-Flag").strip().lower().startswith("y"),
        bounce=bounce,
    )


def _is_automatic(message: EmailMessage) -> bool:
    """Written by a program: RFC 3834, 2 and what programs did before and beside it."""
    if _header(message, "Auto-Submitted").strip().lower() not in ("", "no"):
        return True
    if _header(message, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return True
    if _header(message, "Return-Path").strip() == "<>":
        return True
    if message.get_content_type() == "multipart/report":  # "your mail was read", RFC 8098
        return True
    marks = ("X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "List-Id")
    return any(_header(message, name) for name in marks)


def _header(message: EmailMessage, name: str) -> str:
    """A header as text; one that cannot be read is as good as none."""
    try:
        return str(message.get(name, ""))
    except HOSTILE:
        return ""


def _text(message: EmailMessage) -> str:
    """The first plain text that is no attachment; else the first HTML, made plain."""
    for wanted in ("text/plain", "text/html"):
        for part in message.walk():
            if part.get_content_type() != wanted or part.get_content_disposition() == "attachment":
                continue
            payload = part.get_payload(decode=True)
            text = _decoded(payload if isinstance(payload, bytes) else b"", part)
            if wanted == "text/html":
                text = from_html(_BLOCK.sub("", text[: 20 * WORDS]))[0]
            if text.strip():
                return clean(text.replace("\r\n", "\n"))[:WORDS]
    return ""


_BLOCK = re.compile(r"<blockquote\b.*?(?:</blockquote>|\Z)", re.IGNORECASE | re.DOTALL)


def _decoded(payload: bytes, part: EmailMessage) -> str:
    charset = part.get_content_charset() or "utf-8"
    try:
        return payload.decode(charset, "replace")
    except (LookupError, ValueError):
        return payload.decode("utf-8", "replace")
