"""Telling people, before anything of theirs is used, and keeping who was reached.

A notice counts from the moment a mail server took it, or its banner was seen by somebody logged
in; not from the moment we wrote it. Whoever cannot be reached stays out. Whoever said No is not
written to again, and a child is not asked.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from django.db.models import Q, QuerySet

from demur.policy.regimes import Regimes
from demur.rights import book, mail, models, people
from demur.rights.place import here

AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """How many people: letters queued now, without an address, and queued or told before."""

    queued: int
    unreachable: int
    already: int


def announce(
    *, now: datetime, regimes: Regimes, draw: book.Draw = secrets.token_bytes
) -> Announced:
    """Queue a notice to everyone who was not yet sent one; one line of the book with the counts."""
    with book.writing():
        objectors = models.Objection.objects.filter(withdrawn_at=None)
        whole = models.Person.objects.filter(merged_into=None).exclude(
            Q(objections__in=objectors) | Q(merged__objections__in=objectors)
        )
        waiting = whole.filter(Q(notice=None) | Q(notice__queued_at=None))
        done = whole.filter(notice__queued_at__isnull=False).count()
        queued = _queue(waiting.exclude(email=""), regimes, now)
        counts = Announced(
            queued=queued, unreachable=waiting.filter(email="").count(), already=done
        )
        if queued:
            book.append("notice", asdict(counts), now=now, draw=draw)
    return counts


def _queue(waiting: QuerySet[models.Person], regimes: Regimes, now: datetime) -> int:
    queued, reached = 0, iter(list(waiting.order_by("pk")))
    while some := list(islice(reached, AT_ONCE)):
        adults = [person for person in some if _may_be_asked(person, regimes, now.date())]
        letters = []
        for person in adults:
            about = {"days": waiting_days(person, regimes, now.date())}
            letters.append(mail.unsaved("notice", person, to=person.email, about=about, now=now))
        models.Letter.objects.bulk_create(letters)
        models.Delivery.objects.bulk_create(
            [models.Delivery(person=person, queued_at=now) for person in adults],
            update_conflicts=True,
            unique_fields=["person"],
            update_fields=["queued_at"],
        )
        queued += len(adults)
    return queued


def _may_be_asked(person: models.Person, regimes: Regimes, today: date) -> bool:
    regime = regimes.of(person.country or None, today)
    return person.born is None or regime.adult_from(person.born) <= today


def waiting_days(person: models.Person, regimes: Regimes, today: date) -> int:
    """Days between the notice's arrival and the first use: the regime's, or ours if longer."""
    return max(regimes.of(person.country or None, today).notice_days, here().notice_days)


def seen(person: models.Person, now: datetime) -> None:
    """The banner stood before somebody logged in as this person."""
    row, _ = models.Delivery.objects.get_or_create(person=people.whole(person))
    models.Delivery.objects.filter(pk=row.pk, seen_at=None).update(seen_at=now)


def told(person: models.Person) -> datetime | None:
    """When they were reached first, by letter or banner; None: not yet."""
    return told_by(models.Delivery.objects.filter(person=people.whole(person)).first())


def told_by(row: models.Delivery | None) -> datetime | None:
    """When this delivery reached somebody first; None: it has not."""
    moments = [moment for moment in (row and row.sent_at, row and row.seen_at) if moment]
    return min(moments, default=None)


def usable_from(when: datetime, country: str | None, regimes: Regimes, today: date) -> date:
    """The first day of use for somebody reached at `when`."""
    regime = regimes.of(country, today)
    return max(regime.usable_from(when.date()), when.date() + timedelta(days=here().notice_days))
