"""What would fall: how many posts, people, shards and models a hold would silence now.

Counted over what is built at this moment, so it is what the served models lose and not what the
lake holds. It changes nothing. A count below `FEW` could point at somebody: it is told exactly to
the authority that orders, and to nobody else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demur.people import Scope, Use
from demur.rights import models
from demur.rights.place import here

FEW = 5
"""The smallest number that is told to everybody, as in the statistics of Eurostat's members."""
COLUMNS = ["person", "platform", "country", "kind", "uses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """None in the place of a number: some, and fewer than `FEW`.

    by: posts by platform and kind. shards: those that had learned something of it, which speak
    with their last clean slice or not at all. models: names of served models that change.
    """

    scope: Scope
    posts: int | None
    people: int | None
    shards: tuple[int, ...]
    models: tuple[str, ...]
    by: dict[str, int | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For programs; a number that is not told is null."""
        return {
            "scope": self.scope.to_json(),
            "posts": self.posts,
            "people": self.people,
            "shards": list(self.shards),
            "models": list(self.models),
            "by": self.by,
            "fewer_than": FEW,
        }


def of_scope(scope: Scope, *, exact: bool) -> Fall:
    """What a hold of this scope would silence now. exact: small numbers too."""
    model = served_model()
    if scope.model is not None:
        return _of_model(scope, model, exact)
    posts = 0
    people: set[str] = set()
    shards: list[int] = []
    by: Counter[str] = Counter()
    for number, kept in built_posts():
        table = pq.read_table(kept, columns=COLUMNS)
        fallen = table.filter(_covered(table, scope))
        if not len(fallen):
            continue
        posts += len(fallen)
        people.update(fallen["person"].unique().to_pylist())
        by.update(f"{row['platform']}: {row['kind']}" for row in _places(fallen))
        learned = pc.bit_wise_and(fallen["uses"], Use.TRAINING.bit)
        if scope.withholds(Use.TRAINING) and pc.any(pc.not_equal(learned, 0)).as_py():
            shards.append(number)
    return Fall(
        scope=scope,
        posts=_told(posts, exact),
        people=_told(len(people), exact),
        shards=tuple(shards),
        models=(model,) if model and posts else (),
        by={name: _told(count, exact) for name, count in sorted(by.items())},
    )


def built_posts() -> list[tuple[int, Path]]:
    """Each shard that is built, with the file of what it keeps."""
    found = []
    for pointer in sorted(here().build.glob("shard=*/current")):
        folder = pointer.parent / pointer.read_text("utf-8").strip()
        found.append((int(pointer.parent.name.partition("=")[2]), folder / "kept.parquet"))
    return found


def served_model() -> str | None:
    """The name of the model that is served, as the book has it."""
    row = models.Opening.objects.filter(entry__kind="served").order_by("entry").last()
    return row.payload["model"] if row else None


def _of_model(scope: Scope, model: str | None, exact: bool) -> Fall:
    """A whole model: its weights and counts, whoever is in them. Posts can still be found."""
    if scope.model != model:
        return Fall(scope=scope, posts=0, people=0, shards=(), models=())
    every = of_scope(Scope(uses=(Use.TRAINING,)), exact=exact)
    return Fall(
        scope=scope,
        posts=every.posts,
        people=every.people,
        shards=every.shards,
        models=(model,) if model else (),
        by=every.by,
    )


def _covered(table: pa.Table, scope: Scope) -> pa.Array:
    """[rows]: covered, and used for something that the scope withholds. There are few places."""
    places = [tuple(row.values()) for row in _places(table)]
    said = {
        place: any(scope.withholds(use) and place[3] & use.bit for use in Use)
        and scope.covers(
            platform=place[0],
            country=place[1],
            kind=place[2],
            group=None,
            post="",
            created_on=date.min,
        )
        for place in set(places)
    }
    return pa.array([said[place] for place in places], pa.bool_())


def _places(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.select(COLUMNS[1:]).to_pylist()
    return rows


def _told(count: int, exact: bool) -> int | None:
    return count if exact or count == 0 or count >= FEW else None
