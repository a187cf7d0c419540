"""Plain names in others' posts: proposed to whoever bears them, who says whether it is them.

A name is many people's, so nothing is masked before somebody confirmed it, and a person is shown
matches of their own name alone. What was answered is asked once, and survives another import,
since a post is known by what it says.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from demur.corpus import names as found
from demur.corpus.lake import Lake
from demur.corpus.names import Named
from demur.people import PersonId
from demur.rights import book, models, people
from demur.rights.place import here

MOST = 500  # proposals at a time; who answers them is offered the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A place where the name stands, with some words around it, and what its bearer has said."""

    row: models.NamedIn
    named: Named


def names_of(person: models.Person) -> list[str]:
    """What somebody is called: as their accounts show it, and as they claimed it themselves."""
    whole = people.whole(person)
    shown = whole.accounts.exclude(name="").order_by("pk").values_list("name", flat=True)
    return list(dict.fromkeys([*whole.claimed_names, *shown]))


def propose_to(person: models.Person, *, now: datetime) -> list[Proposal]:
    """Where this person's name stands in others' posts and nobody has said yet whether it is them.

    Posts of theirs are left out. Looking writes down what was shown, so that an answer means the
    place that was seen; it changes nothing that stands.
    """
    person = people.whole(person)
    wanted = names_of(person)
    if not wanted:
        return []
    site = here()
    lake = Lake(site.lake, site.home)
    places = found.propose(lake, wanted, but=PersonId(person.pk), limit=MOST)
    known = {(row.post, row.start): row for row in models.NamedIn.objects.filter(person=person)}
    fresh = [
        models.NamedIn(person=person, post=each.post_id, start=each.start, end=each.end, at=now)
        for each in places
        if (each.post_id, each.start) not in known
    ]
    models.NamedIn.objects.bulk_create(fresh, ignore_conflicts=True)
    rows = models.NamedIn.objects.filter(person=person, confirmed=None)
    open_ = {(row.post, row.start): row for row in rows}
    return [
        Proposal(row=open_[each.post_id, each.start], named=each)
        for each in places
        if (each.post_id, each.start) in open_
    ]


def settle(
    named_in: models.NamedIn,
    confirmed: bool,
    *,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.NamedIn:
    """Its bearer says that the name there means them, or somebody else.

    Confirmed and objecting, they are masked there; the answer may be changed.
    """
    return settle_all([named_in], confirmed, now=now, draw=draw)[0]


def settle_all(
    rows: Sequence[models.NamedIn],
    confirmed: bool,
    *,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> list[models.NamedIn]:
    """The same for several of one person, in one line of the book."""
    with book.writing():
        changed = [row for row in rows if row.confirmed is not confirmed]
        for row in changed:
            row.confirmed, row.at = confirmed, now
            row.save(update_fields=["confirmed", "at"])
        if changed:
            payload = {"places": len(changed), "confirmed": int(confirmed)}
            person = people.whole(changed[0].person)
            book.append("named", payload, person=person, now=now, draw=draw)
            book.bump()
    return list(rows)


def named_count(person: models.Person) -> dict[str, int]:
    """How many places were confirmed, rejected, and wait for an answer."""
    answers = models.NamedIn.objects.filter(person__in=people.family(person))
    said = list(answers.values_list("confirmed", flat=True))
    return {"confirmed": said.count(True), "rejected": said.count(False), "open": said.count(None)}
