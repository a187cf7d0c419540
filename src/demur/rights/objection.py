"""A No: one transaction that does everything, and calls nobody.

The row, the line of the book, the signed head, the epoch that the gate reads before every token,
and the letter that is queued are written together or not at all; the answer follows the commit.
Nothing is judged here: a No needs little proof and takes effect first (GDPR Art. 18(1)(d), 21).
Taking one back needs strong proof, which the caller must have seen.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db.models import Q, QuerySet

from demur.errors import NotFound, Refusal
from demur.people import AccountId
from demur.rights import book, mail, models, people
from demur.tlog import absence

ROUTES = ("form", "link", "email", "letter", "agent", "signal")


def submit(
    person: models.Person,
    *,
    route: str,
    email: str | None = None,
    reason: str = "",
    account: AccountId | None = None,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Objection:
    """Record that `person` objects, for all accounts known to be theirs.

    A second No is answered with the first. email: where the receipt goes; else to the address we
    know, and to nobody where we know none. account: the one they spoke from, where that is known.
    When this returns, it has happened: the transaction is on the disk.
    """
    if route not in ROUTES:
        raise ValueError(f"no objection comes by {route!r}")
    if email and not people.is_address(email):
        raise Refusal(
            "That is no e-mail address; correct it, or leave it out: the No counts so too."
        )
    with book.writing():
        person = people.whole(models.Person.objects.get(pk=person.pk))  # as linked by now
        first = standing_objection(person)
        if first is not None:
            return first
        payload = {
            "person": absence.commitment(bytes(person.secret)).hex(),
            "route": route,
            "scope": {},
        }
        entry = book.append("objection", payload, person=person, now=now, draw=draw)
        objection = models.Objection.objects.create(
            person=person,
            reason=reason,
            email=email or person.email,
            route=route,
            entry=entry,
            account_id=account,
            at=now,
        )
        book.bump()
        mail.queue("receipt", person, to=objection.email, about={"line": entry.index}, now=now)
    return objection


def standing_objection(person: models.Person) -> models.Objection | None:
    """The No that stands for this person, made as themselves or before they were linked."""
    return _standing(people.whole(person)).order_by("entry").first()


def withdraw(
    person: models.Person, *, now: datetime, draw: book.Draw = secrets.token_bytes
) -> models.Objection:
    """Take a No back, at its owner's own strongly proven word; the last of theirs is returned.

    What their posts may be used for is then decided anew; nothing comes back by itself.
    """
    with book.writing():
        person = people.whole(models.Person.objects.get(pk=person.pk))  # as linked by now
        theirs = _standing(person)
        last = theirs.order_by("entry").last()
        if last is None:
            raise NotFound("This person does not object; there is nothing to take back.")
        for objection in theirs:
            payload = {"line": objection.entry_id}
            entry = book.append("objection_withdrawn", payload, person=person, now=now, draw=draw)
            objection.withdrawn_entry, objection.withdrawn_at = entry, now
            objection.save(update_fields=["withdrawn_entry", "withdrawn_at"])
        book.bump()
        mail.queue("withdrawn", person, to=last.email or person.email, about={}, now=now)
    last.refresh_from_db()
    return last


def _standing(person: models.Person) -> QuerySet[models.Objection]:
    own = Q(person=person) | Q(person__merged_into=person)
    return models.Objection.objects.filter(own, withdrawn_at=None)
