"""Letters: rows that say what is to be sent, and the sending of what is due.

A letter is queued in the transaction it speaks of and sent afterwards by whoever looks: nobody is
called, a crash loses none. A letter may go out twice when the sender dies between the server's
yes and ours; both copies carry one Message-ID, so a mail program shows one. Errors are kept as a
class and a code, since a server's answer can quote an address. What a letter says is in
`rights.letters`.
"""

from __future__ import annotations

import logging
import smtplib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.models import F

from demur.rights import book, letters, models
from demur.rights.place import here

log = logging.getLogger(__name__)

LANGUAGES = letters.LANGUAGES
AT_ONCE = 50  # letters over one connection
CLAIM = timedelta(minutes=5)  # how long one sender may take over a letter before another does
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=6)
MOST_ATTEMPTS = 30
NOTICES = ("notice", "reminder")
SECRET = ("link", "export_ready")  # their payload lets somebody in: it goes when they are sent


def queue(
    kind: str,
    person: models.Person | None,
    *,
    to: str,
    about: Mapping[str, Any],
    now: datetime,
    answers: str = "",
    language: str = "",
) -> models.Letter | None:
    """Put a letter into the outbox, inside the caller's transaction; none where `to` is empty.

    kind: one of `letters.KINDS`. person: None for an address that we know nothing of. about: what
    the letter's words need (`letters.KINDS` says which), without texts of people. answers: the
    Message-ID of the mail that this replies to. language: BCP 47, where it is not the person's.
    """
    if not to:
        return None
    letter = unsaved(kind, person, to=to, about=about, now=now, answers=answers, language=language)
    letter.save()
    return letter


def unsaved(
    kind: str,
    person: models.Person | None,
    *,
    to: str,
    about: Mapping[str, Any],
    now: datetime,
    answers: str = "",
    language: str = "",
    delivery: models.Delivery | None = None,
    otherwise: Sequence[str] = (),
) -> models.Letter:
    """The same, for a caller who saves many at once.

    otherwise: the languages of their country, for somebody whose own is unknown.
    """
    spoken = here().language
    for each in (*reversed([*otherwise]), person.language if person else "", language):
        spoken = speak(each, spoken)
    return models.Letter(
        person=person,
        to=to,
        kind=kind,
        language=spoken,
        payload=dict(about),
        created_at=now,
        due_at=now,
        answers=answers,
        delivery=delivery,
    )


def speak(wanted: str, otherwise: str) -> str:
    """The language to write in: the wanted one (a BCP 47 tag) if letters exist in it."""
    language = wanted.lower().partition("-")[0]
    return language if language in LANGUAGES else otherwise


def send_due(now: datetime) -> int:
    """Send what is due; how many letters a mail server took. Safe to run in several processes."""
    sent = 0
    while mine := _claim(now):
        taken = _send(mine, now)
        sent += taken
        if taken < len(mine):
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


def _send(due: Iterable[models.Letter], now: datetime) -> int:
    transport, waiting, sent = get_connection(), list(due), 0
    try:
        transport.open()
        while waiting:
            try:
                transport.send_messages([letters.message(waiting[0])])
            except smtplib.SMTPServerDisconnected:
                raise
            except smtplib.SMTPException as error:
                _refused(waiting.pop(0), error, now)
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
    if letter.kind in SECRET:
        letter.payload = {}
    letter.save(update_fields=["sent_at", "due_at", "error", "payload"])
    if letter.kind in NOTICES and letter.delivery is not None:  # delivered: a server accepted it
        models.Delivery.objects.filter(pk=letter.delivery.pk, sent_at=None).update(sent_at=now)


def _refused(letter: models.Letter, error: smtplib.SMTPException, now: datetime) -> None:
    """A 5xx for its only recipient is final (RFC 5321, 4.2.1): a bounce that came at once."""
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        _postpone(letter, error, now)
        return
    code, words = max(error.recipients.values(), default=(0, b""))
    about_us = bytes(words).startswith(b"5.7.")  # RFC 3463: policy, not their mailbox
    if 500 <= code < 600 and not about_us:
        give_up(letter, f"{type(error).__name__} {code}", now)
    else:
        _postpone(letter, error, now)


def give_up(letter: models.Letter, error: str, now: datetime) -> None:
    """This letter did not arrive and will not: leave it with its error, a notice as bounced."""
    letter.due_at, letter.error = None, error
    letter.save(update_fields=["due_at", "error"])
    if letter.kind in NOTICES and letter.delivery is not None:
        bounced(letter.delivery, now)


def bounced(row: models.Delivery, now: datetime) -> None:
    """A mail server gave a notice back for good: by that letter, its person was not told."""
    with book.writing():
        if models.Delivery.objects.filter(pk=row.pk, bounced_at=None).update(bounced_at=now):
            what = {"campaign": row.campaign_id}
            book.append("bounce", what, person=row.person, now=now)
            book.bump()


def _postpone(letter: models.Letter, error: OSError | smtplib.SMTPException, now: datetime) -> None:
    """Try again later, in growing pauses; after some five days it is left with its error."""
    pause = min(FIRST_PAUSE * 2 ** min(letter.attempts - 1, 16), LONGEST_PAUSE)
    code = getattr(error, "smtp_code", None) or getattr(error, "errno", None) or ""
    letter.due_at = now + pause if letter.attempts < MOST_ATTEMPTS else None
    letter.error = f"{type(error).__name__} {code}".strip()
    letter.save(update_fields=["due_at", "error"])
