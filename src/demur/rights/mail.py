"""Letters: rows that say what is to be sent, and the sending of what is due.

A letter is queued in the transaction it speaks of and sent afterwards by whoever looks: nobody is
called, a crash loses none. A letter may go out twice when the sender dies between the server's
yes and ours; both copies carry one Message-ID, so a mail program shows one. Errors are kept as a
class and a code, since a server's answer can quote an address.
"""

from __future__ import annotations

import logging
import smtplib
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import DatabaseError, connection
from django.db.models import F
from django.template.loader import render_to_string

from demur.rights import book, models, receipt
from demur.rights.place import here
from demur.tlog import checkpoint, note

log = logging.getLogger(__name__)

LANGUAGES = ("en", "nl")
AT_ONCE = 50  # letters over one connection
CLAIM = timedelta(minutes=5)  # how long one sender may take over a letter before another does
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=6)
MOST_ATTEMPTS = 30
PRIVACY = "/privacy/"


def queue(
    kind: str,
    person: models.Person,
    *,
    to: str,
    about: Mapping[str, Any],
    now: datetime,
) -> models.Letter | None:
    """Put a letter into the outbox, inside the caller's transaction; none where `to` is empty.

    kind: receipt, withdrawn or notice. about: what the letter's words need, without texts of
    people.
    """
    if not to:
        return None
    letter = unsaved(kind, person, to=to, about=about, now=now)
    letter.save()
    return letter


def unsaved(
    kind: str, person: models.Person, *, to: str, about: Mapping[str, Any], now: datetime
) -> models.Letter:
    """The same, for a caller who saves many at once."""
    return models.Letter(
        person=person,
        to=to,
        kind=kind,
        language=speak(person.language, here().language),
        payload=dict(about),
        created_at=now,
        due_at=now,
    )


def speak(wanted: str, otherwise: str) -> str:
    """The language to write in: the person's (a BCP 47 tag) if letters exist in it."""
    language = wanted.lower().partition("-")[0]
    return language if language in LANGUAGES else otherwise


def send_due(now: datetime) -> int:
    """Send what is due; how many letters a mail server took. Safe to run in several processes."""
    sent = 0
    while letters := _claim(now):
        taken = _send(letters, now)
        sent += taken
        if taken < len(letters):
            break
    return sent


def keep_sending(stop: threading.Event, clock: Callable[[], datetime], every: float = 2) -> None:
    """Send what is due every few seconds until `stop`: a receipt is away within ten.

    For a thread beside the web pages, since the worker may be training for an hour. A database
    that does not answer is asked again; the letters are in it.
    """
    while not stop.wait(every):
        try:
            send_due(clock())
        except DatabaseError as error:
            log.warning("letters wait: the database does not answer (%s)", type(error).__name__)
        finally:
            connection.close()


def _claim(now: datetime) -> list[models.Letter]:
    """Up to AT_ONCE due letters that no other sender gets meanwhile."""
    due = models.Letter.objects.filter(due_at__lte=now).order_by("due_at", "pk")[:AT_ONCE]
    mine = []
    for letter in due:
        same = models.Letter.objects.filter(pk=letter.pk, due_at=letter.due_at)
        if same.update(due_at=now + CLAIM, attempts=F("attempts") + 1):
            letter.attempts += 1
            mine.append(letter)
    return mine


def _send(letters: Iterable[models.Letter], now: datetime) -> int:
    transport, waiting, sent = get_connection(), list(letters), 0
    try:
        transport.open()
        while waiting:
            try:
                transport.send_messages([message(waiting[0])])
            except smtplib.SMTPServerDisconnected:
                raise
            except smtplib.SMTPException as error:
                _postpone(waiting.pop(0), error, now)
            else:
                _took(waiting.pop(0), now)
                sent += 1
    except OSError as error:  # no server there, or it hung up: SMTPServerDisconnected is one too
        for letter in waiting:
            _postpone(letter, error, now)
    finally:
        _hang_up(transport)
    return sent


def _hang_up(transport: Any) -> None:
    try:
        transport.close()
    except (smtplib.SMTPException, OSError):
        return  # the letters are away; a server that dies at the good-bye changes nothing


def _took(letter: models.Letter, now: datetime) -> None:
    letter.sent_at, letter.due_at, letter.error = now, None, ""
    letter.save(update_fields=["sent_at", "due_at", "error"])
    if letter.kind == "notice":  # delivered: a server accepted it
        told = models.Delivery.objects.filter(person__letters=letter, sent_at=None)
        told.update(sent_at=now)


def _postpone(letter: models.Letter, error: OSError | smtplib.SMTPException, now: datetime) -> None:
    """Try again later, in growing pauses; after some five days it is left with its error."""
    pause = min(FIRST_PAUSE * 2 ** min(letter.attempts - 1, 16), LONGEST_PAUSE)
    code = getattr(error, "smtp_code", None) or getattr(error, "errno", None) or ""
    letter.due_at = now + pause if letter.attempts < MOST_ATTEMPTS else None
    letter.error = f"{type(error).__name__} {code}".strip()
    letter.save(update_fields=["due_at", "error"])


def message(letter: models.Letter) -> EmailMultiAlternatives:
    """The letter as it leaves: plain text, the same words as HTML, a receipt attached."""
    site = here()
    head = checkpoint.parse(note.parse(book.head()).text)
    context = {
        **letter.payload,
        "site": site.name,
        "privacy": site.address + PRIVACY,
        "size": head.size,
        "root": head.root.hex(),
    }
    words = render_to_string(f"rights/letters/{letter.kind}.{letter.language}.txt", context)
    subject, _, body = words.partition("\n")
    mail = EmailMultiAlternatives(
        subject=subject.strip(),
        body=body.strip() + "\n",
        to=[letter.to],
        headers={
            "Message-ID": f"<letter-{letter.pk}@{urlsplit(site.address).hostname}>",
            "Date": formatdate(letter.created_at.timestamp()),
            "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday replies, please
            "Content-Language": letter.language,
        },
    )
    page = {"body": body.strip(), "language": letter.language, "subject": subject}
    mail.attach_alternative(render_to_string("rights/letters/letter.html", page), "text/html")
    if letter.kind == "receipt":
        objection = models.Objection.objects.get(entry=letter.payload["line"])
        name = f"receipt-{objection.entry_id}.tlog-proof"
        # not text/plain: a mail server may change line ends, and then the signature is gone
        mail.attach(name, receipt.text(objection).encode(), "application/octet-stream")
    return mail
