"""What may be learned of a slice: the posts that are kept for training, person after person."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from demur.corpus.build import BuiltShard
from demur.people import PersonId, Use


def people_in(
    built: BuiltShard, number: int, columns: Sequence[str]
) -> Iterator[tuple[PersonId, list[dict[str, Any]]]]:
    """Each person of slice `number` with their posts, in the order in which they are kept.

    columns: what is read of a post, out of `manifest.KEPT_SCHEMA`.
    """
    table = pq.read_table(
        built.kept, columns=["person", "uses", *columns], filters=[("slice", "=", number)]
    )
    table = table.filter(pa.array((table["uses"].to_numpy() & Use.TRAINING.bit) != 0))
    for person, theirs in groupby(table.to_pylist(), key=lambda post: post["person"]):
        yield PersonId(person), list(theirs)


def place(order: bytes, epoch: int, person: PersonId, number: int) -> bytes:
    """Where one of a person's lessons stands among the others of its slice: drawn for each of them
    by a keyed hash, so that nobody moves when somebody leaves (forgetting.md, rule 3)."""
    return hmac.digest(order, f"{epoch}\0{person}\0{number}".encode(), hashlib.sha256)
