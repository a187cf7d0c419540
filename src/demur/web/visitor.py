"""Who is reading, and what stands for them: asked anew for each page, kept nowhere.

A database that cannot be read makes a visitor nobody knows (`readable` is False): pages about
rights are still shown then, only without anything personal.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.contrib.auth.models import AnonymousUser, User
from django.db import DatabaseError
from django.http import HttpRequest

from demur.policy.regimes import Regimes, load
from demur.rights import models, notice, objection, people

CLOSED = "notice_closed"  # in the session: the banner was read and put away until the next visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """used_from: the first day on which their public posts may be used; None: not as things are."""

    today: date
    readable: bool = True
    signed_in: bool = False
    person: models.Person | None = None
    objection: models.Objection | None = None
    used_from: date | None = None
    closed: bool = False

    @property
    def undecided(self) -> bool:
        """Should they be told, on this page, what may be used and how to object?"""
        return self.used_from is not None and self.objection is None and not self.closed


def of(request: HttpRequest) -> Visitor:
    """The visitor of this request."""
    now = datetime.now(UTC)
    try:
        return _look_up(request, now)
    except DatabaseError:
        return Visitor(today=now.date(), readable=False)


def person_of(user: User | AnonymousUser) -> models.Person | None:
    """Whose sign-in this is, as one whole person; None where it is nobody's."""
    row = models.Person.objects.filter(user_id=user.pk or 0).select_related("merged_into").first()
    return people.whole(row) if row else None


def told(person: models.Person) -> None:
    """The notice stands before them now; written down the first time.

    A database that cannot write (a full disk) must not keep them from reading on: then they
    count as not told, and nothing of theirs is used on the strength of this page.
    """
    with suppress(DatabaseError):
        delivery = models.Delivery.objects.filter(person=person).first()
        if delivery is None or delivery.seen_at is None:
            notice.seen(person, datetime.now(UTC))


def _look_up(request: HttpRequest, now: datetime) -> Visitor:
    user = request.user
    if not user.is_authenticated:
        return Visitor(today=now.date())
    person = person_of(user)
    if person is None:
        return Visitor(today=now.date(), signed_in=True)
    return Visitor(
        today=now.date(),
        signed_in=True,
        person=person,
        objection=objection.standing_objection(person),
        used_from=_used_from(person, load(), now),
        closed=bool(request.session.get(CLOSED)),
    )


def _used_from(person: models.Person, regimes: Regimes, now: datetime) -> date | None:
    """Reading this counts as being told; of a child, or an unknown age or country, None."""
    country, today = person.country or None, now.date()
    regime = regimes.of(country, today)
    if country is None or person.born is None or regime.adult_from(person.born) > today:
        return None
    if regime.choice == "off" or (regime.choice == "opt-in" and not person.opted_in):
        return None
    return notice.usable_from(notice.told(person) or now, country, regimes, today)
