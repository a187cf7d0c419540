"""Mails of which no program could tell what they ask: a person reads them and says whether it was
a No. Their words are emptied when that is settled; a No is one like any other.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db.models import QuerySet

from demur.errors import NotAllowed, NotFound
from demur.rights import book, models, objection, people


def waiting() -> QuerySet[models.Incoming]:
    """Those that nobody has settled, the oldest first."""
    return models.Incoming.objects.filter(outcome="unclear", settled_at=None).order_by("came_at")


def find(mark: str) -> models.Incoming:
    """The mail with this mark, in hexadecimals, if it waits; NotFound otherwise."""
    try:
        raw = bytes.fromhex(mark)
    except ValueError:
        raw = b""
    found = waiting().filter(pk=raw).first()
    if found is None:
        raise NotFound("No such mail waits; it was settled, or never came. Look at the queue.")
    return found


def was_a_no(
    mail: models.Incoming, *, now: datetime, draw: book.Draw = secrets.token_bytes
) -> models.Objection:
    """It was: the sender objects, and the mail's words are emptied. NotAllowed where it carries
    no address to answer to and nobody known wrote it."""
    person = mail.person
    if person is None and not mail.sender:
        raise NotAllowed("Nobody can tell who wrote this; answer it by hand and settle it as none.")
    if person is None:
        person = people.stranger(mail.sender, now=now, draw=draw)
    said = objection.submit(person, route="email", email=mail.sender or None, now=now, draw=draw)
    _close(mail, "objection", person, now)
    return said


def was_none(mail: models.Incoming, *, now: datetime) -> None:
    """It was about something else: the words are emptied, and nothing follows."""
    _close(mail, "unknown", mail.person, now)


def _close(
    mail: models.Incoming, outcome: str, person: models.Person | None, now: datetime
) -> None:
    mail.outcome, mail.words, mail.person, mail.settled_at = outcome, "", person, now
    mail.save(update_fields=["outcome", "words", "person", "settled_at"])
