"""Telling people, before anything of theirs is used, and keeping who was reached.

A notice belongs to a campaign, which names the uses it is about. It counts from the moment a mail
server took it, its link was followed, or its banner stood before somebody logged in; not from the
moment we wrote it, and not once it has bounced. Whoever cannot be reached stays out. Whoever said
No to everything is not written to again, and a child is not asked. A new use needs a new campaign;
an old No still counts for it. Nobody's reading is watched: there is no picture in a letter that
tells us it was opened.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from demur.errors import NotFound, Refusal
from demur.people import Use
from demur.policy.regimes import Regimes
from demur.rights import book, mail, models, people, signed
from demur.rights import funnel as funnels
from demur.rights.place import here

AT_ONCE = 1000
FIRST = (Use.TRAINING, Use.ANSWERS, Use.SEARCH)  # what the first campaign and the banner tell of
EVERYTHING = "{}"  # models.Objection.scope_key of a No to everything


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """How many people: letters queued now, without an address, and queued or told before."""

    queued: int
    unreachable: int
    already: int


def announce(
    *,
    campaign: str = "first",
    uses: Sequence[Use] | None = None,
    countries: Sequence[str] = (),
    remind_after: int | None = None,
    now: datetime,
    regimes: Regimes,
    draw: book.Draw = secrets.token_bytes,
) -> Announced:
    """Queue this campaign's notice to everyone who was not yet sent it.

    uses: what the notice is about; none given: those of the first campaign, or of this one if it
    exists. countries: ISO 3166-1 alpha-2, none for all. remind_after: days, for `remind`. Writes a
    line of the book for a new campaign, and one with the counts where letters were queued.

    Refusal where a campaign of that name is about other uses or countries: what people were told
    cannot change afterwards.
    """
    with book.writing():
        row = _campaign(
            campaign, uses=uses, countries=countries, remind_after=remind_after, now=now, draw=draw
        )
        everybody = _concerned(row)
        mine = models.Delivery.objects.filter(campaign=row)
        done = mine.exclude(queued_at=None).exclude(pk__in=_moved(mine))
        waiting = everybody.exclude(Exists(done.filter(person=OuterRef("pk"))))
        already = everybody.filter(Exists(done.filter(person=OuterRef("pk")))).count()
        queued = _queue(row, waiting.exclude(email=""), regimes, now)
        counts = Announced(
            queued=queued, unreachable=waiting.filter(email="").count(), already=already
        )
        if queued:
            what = {"campaign": row.name, **asdict(counts)}
            book.append("notice", what, now=now, draw=draw)
    return counts


def remind(*, now: datetime, regimes: Regimes, draw: book.Draw = secrets.token_bytes) -> int:
    """Write once more to those not known to have read a notice; returns how many letters.

    Only where the campaign says after how many days, once each, and to nobody who asked for no
    more, bounced, said No since, or turned out to be a child.
    """
    queued = 0
    with book.writing():
        for row in models.Campaign.objects.exclude(remind_after=None).order_by("entry"):
            sent_by = now - timedelta(days=row.remind_after or 0)
            quiet = models.Delivery.objects.filter(
                campaign=row,
                sent_at__lte=sent_by,
                bounced_at=None,
                opened_at=None,
                seen_at=None,
                reminded_at=None,
                no_more=False,
                person__in=_concerned(row).exclude(email=""),
            ).select_related("person")
            due = [one for one in quiet if _may_be_asked(one.person, regimes, now.date())]
            letters = [_letter("reminder", row, one, regimes, now) for one in due]
            models.Letter.objects.bulk_create(letters)
            models.Delivery.objects.filter(pk__in=[one.pk for one in due]).update(reminded_at=now)
            queued += len(due)
            if due:
                what = {"campaign": row.name, "reminded": len(due)}
                book.append("notice", what, now=now, draw=draw)
    return queued


def seen(person: models.Person, now: datetime, *, uses: Iterable[Use] = FIRST) -> None:
    """A banner that names these uses stood before somebody logged in as this person.

    It tells of every campaign that is about no more than that. Where there is none yet, the
    banner was the first.
    """
    whole = people.whole(person)
    if not models.Campaign.objects.exists():
        with book.writing():
            _campaign("first", now=now)
    for row in models.Campaign.objects.all():
        if set(row.uses) <= set(uses) and (not row.countries or whole.country in row.countries):
            one, _ = models.Delivery.objects.get_or_create(campaign=row, person=whole)
            models.Delivery.objects.filter(pk=one.pk, seen_at=None).update(seen_at=now)


def opened(token: str, now: datetime) -> models.Person:
    """The link in a notice was followed: it was delivered. NotFound for a link that is too old."""
    row = _of("notice", token, now)
    models.Delivery.objects.filter(pk=row.pk, opened_at=None).update(opened_at=now)
    return people.whole(row.person)


def no_more(token: str, now: datetime) -> models.Person:
    """They want no further reminders. It is no objection, and is not taken for one."""
    row = _of("no-more", token, now)
    models.Delivery.objects.filter(person=row.person).update(no_more=True)
    return people.whole(row.person)


def reached(row: models.Delivery) -> datetime | None:
    """When this notice reached its person first; None: not, or it came back unread."""
    arrived = None if row.bounced_at else row.sent_at
    moments = [moment for moment in (arrived, row.opened_at, row.seen_at) if moment]
    return min(moments, default=None)


def told(person: models.Person) -> datetime | None:
    """When they were first reached by any campaign; None: not yet."""
    theirs = models.Delivery.objects.filter(person__in=people.family(person))
    return min(filter(None, map(reached, theirs)), default=None)


def untold(
    deliveries: Iterable[models.Delivery], country: str | None, regimes: Regimes, today: date
) -> set[Use]:
    """The uses for which no notice reached them, or whose waiting period is not over."""
    ready: set[Use] = set()
    for row in deliveries:
        when = reached(row)
        if when and usable_from(when, country, regimes, today) <= today:
            ready |= {Use(use) for use in row.campaign.uses}
    return set(Use) - ready


def usable_from(when: datetime, country: str | None, regimes: Regimes, today: date) -> date:
    """The first day of use for somebody reached at `when`."""
    regime = regimes.of(country, today)
    return max(regime.usable_from(when.date()), when.date() + timedelta(days=here().notice_days))


def waiting_days(person: models.Person, regimes: Regimes, today: date) -> int:
    """Days between the notice's arrival and the first use: the regime's, or ours if longer."""
    return max(regimes.of(person.country or None, today).notice_days, here().notice_days)


def funnel() -> list[funnels.Funnel]:
    """How many were queued, sent, bounced, opened, seen, reached: for the desk, not for others."""
    return funnels.exact()


def _campaign(
    name: str,
    *,
    uses: Sequence[Use] | None = None,
    countries: Sequence[str] = (),
    remind_after: int | None = None,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Campaign:
    row = models.Campaign.objects.filter(pk=name).first()
    if row is None:
        what: dict[str, Any] = {
            "campaign": name,
            "uses": sorted(uses or FIRST),
            "countries": sorted(countries),
            "remind_after": remind_after,
        }
        entry = book.append("campaign", what, now=now, draw=draw)
        return models.Campaign.objects.create(
            name=name,
            uses=what["uses"],
            countries=what["countries"],
            remind_after=remind_after,
            entry=entry,
            at=now,
        )
    if (uses and sorted(uses) != row.uses) or (countries and sorted(countries) != row.countries):
        raise Refusal(
            f"The campaign {name!r} told people of other uses or countries; what they were told"
            " cannot change. Announce this one under a new name."
        )
    if remind_after is not None and remind_after != row.remind_after:
        row.remind_after = remind_after
        row.save(update_fields=["remind_after"])
    return row


def _concerned(row: models.Campaign) -> QuerySet[models.Person]:
    """Whole people whom a campaign is meant for: no objectors to everything, nobody erased or
    dead. Whoever narrowed their No is told of a new use like everybody."""
    no = models.Objection.objects.filter(withdrawn_at=None, scope_key=EVERYTHING)
    whole = models.Person.objects.filter(merged_into=None, erased_at=None)
    whole = whole.exclude(pk__in=no.values("person"))
    whole = whole.exclude(pk__in=no.exclude(person__merged_into=None).values("person__merged_into"))
    whole = whole.exclude(pk__in=models.Account.objects.filter(memorial=True).values("person"))
    return whole.filter(country__in=row.countries) if row.countries else whole


def _moved(mine: QuerySet[models.Delivery]) -> QuerySet[models.Delivery]:
    """Notices that came back, to people whose address is another one by now: write there."""
    back = mine.exclude(bounced_at=None).filter(opened_at=None, seen_at=None)
    there = models.Letter.objects.filter(
        delivery=OuterRef("pk"), to__iexact=OuterRef("person__email")
    )
    return back.exclude(Exists(there))


def _queue(
    row: models.Campaign, waiting: QuerySet[models.Person], regimes: Regimes, now: datetime
) -> int:
    queued, everybody = 0, iter(list(waiting.order_by("pk")))
    while some := list(islice(everybody, AT_ONCE)):
        adults = [person for person in some if _may_be_asked(person, regimes, now.date())]
        rows = models.Delivery.objects.bulk_create(
            [models.Delivery(campaign=row, person=person, queued_at=now) for person in adults],
            update_conflicts=True,
            unique_fields=["campaign", "person"],
            update_fields=["queued_at", "sent_at", "bounced_at"],
        )
        letters = [_letter("notice", row, one, regimes, now) for one in rows]
        models.Letter.objects.bulk_create(letters)
        queued += len(adults)
    return queued


def _letter(
    kind: str, row: models.Campaign, one: models.Delivery, regimes: Regimes, now: datetime
) -> models.Letter:
    person, today = one.person, now.date()
    about = {"days": waiting_days(person, regimes, today), "uses": row.uses}
    spoken = regimes.of(person.country or None, today).notice_languages(person.country or None)
    return mail.unsaved(
        kind, person, to=person.email, about=about, delivery=one, otherwise=spoken, now=now
    )


def _may_be_asked(person: models.Person, regimes: Regimes, today: date) -> bool:
    regime = regimes.of(person.country or None, today)
    return person.born is None or regime.adult_from(person.born) <= today


def _of(deed: str, token: str, now: datetime) -> models.Delivery:
    found = models.Delivery.objects.filter(pk=signed.about(deed, token, now=now))
    row = found.select_related("person__merged_into").first()
    if row is None:
        raise NotFound(signed.GONE)
    return row
