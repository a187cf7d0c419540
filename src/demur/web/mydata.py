"""Every post of one person with what the law says of it today.

It gathers what `corpus.explain` needs and asks it. The answer comes from the lake and from what
stands, so it is right the moment an objection is: it waits for no build.
"""

from __future__ import annotations

from datetime import date

from demur.corpus.explain import Explanation, explain
from demur.corpus.lake import Lake
from demur.people import PersonId
from demur.policy import regimes
from demur.rights import models, standing
from demur.rights.place import here


def of(person: models.Person, today: date) -> list[Explanation]:
    """Newest first."""
    site, law = here(), regimes.load()
    explained = explain(
        Lake(site.lake, site.home),
        standing.people_table(today=today, regimes=law),
        PersonId(person.pk),
        holds=standing.holds(),
        declared_groups=standing.declared_groups(),
        suppressed=standing.suppressed(),
        today=today,
        regimes=law,
    )
    return explained[::-1]
