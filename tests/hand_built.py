"""Built shards made by hand, for the tests of training and serving: no corpus, no law."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from demur.people import Home, PersonId

KEY = b"a home key for tests, thirty-two"


@dataclass(frozen=True)
class HandMadeSlice:
    root: str
    posts: int
    people: int


@dataclass(frozen=True)
class HandMadeManifest:
    """As `corpus.manifest.Manifest`, with plain hashes for Merkle roots."""

    shard: int
    policy: str
    slices: tuple[HandMadeSlice, ...]
    root: str


@dataclass(frozen=True)
class HandMadeShard:
    path: Path
    manifest: HandMadeManifest


def build_by_hand(
    path: Path, people: Mapping[str, Sequence[str]], *, shard: int = 0, slices: int = 3
) -> Any:
    """One shard of everybody in `people` (person -> texts), whatever shard they live in."""
    home = Home(key=KEY, shards=1, slices=slices)
    rows = sorted(
        (home.slice(PersonId(person)), person, number, text)
        for person, texts in people.items()
        for number, text in enumerate(texts)
    )
    table = pa.table(
        {
            "slice": pa.array([row[0] for row in rows], pa.int16()),
            "person": pa.array([row[1] for row in rows], pa.string()),
            "text": pa.array([row[3] for row in rows], pa.string()),
        }
    )
    path.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path / "kept.parquet")
    parts = []
    for number in range(slices):
        mine = [row for row in rows if row[0] == number]
        root = hashlib.sha256(repr(mine).encode()).hexdigest()
        parts.append(
            HandMadeSlice(root=root, posts=len(mine), people=len({row[1] for row in mine}))
        )
    root = hashlib.sha256(repr(parts).encode()).hexdigest()
    manifest = HandMadeManifest(shard=shard, policy="law", slices=tuple(parts), root=root)
    return HandMadeShard(path=path, manifest=manifest)
