"""Letters as they lie in the site's mail folder, and mail as people put it in."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from urllib.parse import urlsplit

from demur.site.folder import Site

RULE = b"\n" + b"-" * 79


def sent(site: Site, to: str) -> list[EmailMessage]:
    """The letters to this address, oldest first, as the transport wrote them."""
    found = []
    for file in sorted(site.mail.glob("*.log"), key=lambda path: path.stat().st_mtime_ns):
        for raw in file.read_bytes().split(RULE):
            letter = email.message_from_bytes(raw.lstrip(b"\n"), policy=email.policy.default)
            if letter["To"] == to:
                found.append(letter)
    return found


def text(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def path(letter: EmailMessage, part: str) -> str:
    """The path of the link in a letter that has this part, as a browser would follow it."""
    (found,) = set(re.findall(rf"https?://\S*{part}\S*", text(letter)))
    return urlsplit(found).path


def put(site: Site, raw: bytes, name: str = "1.eml") -> None:
    """A mail server delivers into the folder that is watched."""
    folder = site.mail / "in"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(raw)


def mail(sender: str, words: str, *, subject: str = "", **more: str) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = sender, subject
    message["Message-ID"] = f"<{len(words)}.{len(subject)}@elders.example>"
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    message.set_content(words)
    return message.as_bytes()


def came_back(letter: EmailMessage, to: str) -> bytes:
    """What a mail server says of a letter that it could not deliver (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\nMessage-ID: <b@mx.example>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt came back.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {to}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {letter['Message-ID']}\r\n"
        "\r\n--b--\r\n"
    ).encode()
