"""Silence decided post by post in plain Python, to compare the columns with: slow and obvious."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demur.people import InForce, PersonId, Scope, Use
from demur.posts import normal

Row = dict[str, Any]


def silenced(rows: Sequence[Row], in_force: InForce, use: Use) -> set[str]:
    """Ids of the posts that may not be used for this."""
    withheld = [row for row in rows if _author_withholds(row, in_force, use)]
    return {
        row["post_id"]
        for row in rows
        if not row["uses"] & use.bit
        or row in withheld
        or any(row["person"] != other["person"] and _copies(row, other) for other in withheld)
        or not in_force.keys.isdisjoint([*row["mention_keys"], *row["tagged"]])
        or not in_force.named.get(row["post_id"], frozenset()) <= set(row["masked"])
        or row["post_id"] in in_force.posts
        or any(_covers(hold, row, use) for hold in in_force.holds)
    }


def _author_withholds(row: Row, in_force: InForce, use: Use) -> bool:
    person = PersonId(row["person"])
    scopes = in_force.narrowed.get(person, ())
    return person in in_force.silent or any(_covers(scope, row, use) for scope in scopes)


def _covers(scope: Scope, row: Row, use: Use) -> bool:
    names = ("platform", "country", "group", "kind")
    place = {name: row[name] for name in names}
    covered = scope.covers(**place, post=row["post_id"], created_on=row["created_at"].date())
    return covered and scope.withholds(use)


def _copies(one: Row, other: Row) -> bool:
    long = len(normal(one["text"])) >= 32 or len(normal(other["text"])) >= 32
    return (
        (long and one["text_hash"] == other["text_hash"])
        or bool({*one["near"]} & {*other["near"]})
        or any(_alike(a, b) for a in _looks(one) for b in _looks(other))
    )


def _alike(one: bytes, other: bytes) -> bool:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count() <= 31


def _looks(row: Row) -> list[bytes]:
    return [photo["look"] for photo in row["photos"] if photo["look"]]
