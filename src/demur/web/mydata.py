"""Every post of one person with what the law says of it today.

It gathers what `corpus.explain` needs and asks it. The answer comes from the lake and from what
stands, so it is right the moment an objection is: it waits for no build.
"""

from __future__ import annotations

from datetime import date

from demur.corpus.explain import Explanation, explain
from demur.corpus.lake import Lake
from demur.corpus.stored import StoredPost
from demur.people import PersonId
from demur.policy import regimes
from demur.rights import models, standing
from demur.rights.place import here


def of(person: models.Person, today: date) -> list[Explanation]:
    """Newest first."""
    whom = PersonId(person.pk)
    stands = standing.stands(today=today, regimes=regimes.load(), only=whom)
    return explain(lake(), stands, whom)[::-1]


def post(person: models.Person, post_id: str) -> StoredPost | None:
    """One post of theirs; None for somebody else's as for one that is not there."""
    every = lake().posts_of(PersonId(person.pk))
    return next((stored for stored in every if stored.id == post_id), None)


def lake() -> Lake:
    site = here()
    return Lake(site.lake, site.home)
