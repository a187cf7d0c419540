"""Which models are in use, since when and for what: read from the book and the campaigns.

The same lines that outsiders can check. Where the database cannot be read it says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError
from django.utils.translation import gettext_lazy

from demur.people import Use
from demur.rights import models

LATEST = 5  # models on the page; the book has them all

PURPOSES = {
    Use.TRAINING: gettext_lazy("to learn how people here write"),
    Use.ANSWERS: gettext_lazy("to find and quote posts in answers"),
    Use.SEARCH: gettext_lazy("to be found by search"),
    Use.TRANSLATION: gettext_lazy("to help translating"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model that was put before people. until: None while it is in use."""

    name: str
    base: str
    groups: int  # parts of its memory, each made of a group of people
    since: datetime
    until: datetime | None
    people: int | None  # None: not counted
    posts: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What the centre says: the models, newest first, and what people were told it is for."""

    models: list[Model]
    purposes: list[str]

    @property
    def now(self) -> Model | None:
        """The model in use; None before the first, or after the last was taken out."""
        return self.models[0] if self.models and self.models[0].until is None else None

    @property
    def before(self) -> list[Model]:
        return self.models[1:] if self.now else self.models


def used() -> Used | None:
    """None where nobody can say it, because the database does not answer."""
    try:
        return Used(models=_models(), purposes=purposes())
    except DatabaseError:
        return None


def purposes() -> list[str]:
    """What people were told that their posts are used for, in reading order."""
    told = {use for uses in models.Campaign.objects.values_list("uses", flat=True) for use in uses}
    return [str(words) for use, words in PURPOSES.items() if use.value in told]


def _models() -> list[Model]:
    lines = models.Opening.objects.filter(entry__kind__in=("served", "retired"))
    newest = lines.select_related("entry").order_by("-entry")[: 2 * LATEST]
    counted = models.Measured.objects.in_bulk()
    found: list[Model] = []
    until: datetime | None = None
    for line in newest:
        at = line.entry.at
        if line.entry.kind == "served" and len(found) < LATEST:
            measured = counted.get(line.payload["model"])
            found.append(
                Model(
                    name=line.payload["model"],
                    base=line.payload["base"],
                    groups=len(line.payload["shards"]),
                    since=at,
                    until=until,
                    people=measured.people if measured else None,
                    posts=measured.posts if measured else None,
                )
            )
        until = at
    return found
