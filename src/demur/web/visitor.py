"""Who is reading, and what stands for them: asked anew for each page, kept nowhere.

A database that cannot be read makes a visitor nobody knows (`readable` is False): pages about
rights are still shown then, only without anything personal. Saying no takes a sign-in of any age;
taking it back, and carrying one's data away, take one that is minutes old (`strongly`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse, reverse_lazy

from demur.errors import NotAllowed
from demur.policy.regimes import Regimes, load
from demur.rights import models, notice, objection, people
from demur.web.listening import PROVED

CLOSED = "notice_closed"  # in the session: the banner was read and put away until the next visit
FRESH = timedelta(minutes=5)  # long enough to read a page and decide, too short for a loan

DOOR = reverse_lazy("web:signin")
members = login_required(login_url=DOOR)
"""Views for whoever is signed in; others are asked to, and come back."""


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
    def wholly(self) -> bool:
        """Does their No cover everything?"""
        return self.objection is not None and self.objection.scope == {}

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


def strongly(request: HttpRequest) -> bool:
    """Did whoever asks sign in, or prove it anew, within the last minutes? What strong proof is."""
    if not request.user.is_authenticated:
        return False
    records = get_authentication_records(request, request.user)
    moments = [request.session.get(PROVED, 0), *(record["at"] for record in records)]
    return bool(0 <= datetime.now(UTC).timestamp() - max(moments) < FRESH.total_seconds())


def proven(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view for a fresh sign-in only; anybody else proves who they are and comes back to it."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if strongly(request):
            return view(request, *args, **kwargs)
        return redirect_to_login(request.get_full_path(), _door(request.user))

    return wrapped


def _door(user: User | AnonymousUser) -> str:
    """Where somebody proves who they are: once more with their password, or by a link."""
    if not user.is_authenticated:
        return str(DOOR)
    return reverse("account_reauthenticate" if user.has_usable_password() else "web:link")


def person(request: HttpRequest) -> models.Person:
    """Whoever is signed in; NotAllowed for a sign-in that belongs to nobody's account."""
    found = person_of(request.user)
    if found is None:
        raise NotAllowed("No account of this community belongs to this sign-in.")
    return found


def accounts(person: models.Person) -> list[models.Account]:
    """Every account known to be theirs; not the one under which their chats lie."""
    theirs = models.Account.objects.filter(person__in=people.family(person))
    return list(theirs.exclude(platform=models.CHATS).order_by("pk"))


def called(account: models.Account) -> str:
    """What an account is called on a page."""
    return f"{account.platform}: {account.handle or account.name or account.pk}"


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
        theirs = models.Delivery.objects.filter(person=person)
        if theirs.filter(seen_at=None).exists() or not theirs.exists():
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
