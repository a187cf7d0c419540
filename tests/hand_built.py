"""Shards built by hand, for the tests of training and serving: real files, no lake and no law."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet as pq

from demur.corpus.build import BuiltShard
from demur.corpus.manifest import KEPT_SCHEMA, of_kept
from demur.people import Home, PersonId, Use
from demur.posts import Photo, normal

KEY = b"a home key for tests, thirty-two"
SLICES = 3
ALL_USES = sum(use.bit for use in Use)


def mark_of(text: str) -> bytes:
    """What two copies of a text share."""
    return Home(key=KEY, shards=1, slices=1).mark("text", normal(text).encode())


def build_by_hand(
    path: Path,
    people: Mapping[str, Sequence[str]],
    *,
    shard: int = 0,
    not_learned: Collection[str] = (),
    pictures: Mapping[tuple[str, int], Sequence[Photo]] = MappingProxyType({}),
) -> BuiltShard:
    """One shard of everybody in `people` (person -> texts), whatever shard they live in.

    not_learned: people whose posts are kept, but not for training. pictures: those of somebody's
    n-th post; their bytes lie wherever the test put them.
    """
    home = Home(key=KEY, shards=1, slices=SLICES)
    rows = sorted(
        (home.slice(PersonId(person)), person, number, text, person not in not_learned)
        for person, texts in people.items()
        for number, text in enumerate(texts)
    )
    path.mkdir(parents=True, exist_ok=True)
    kept = [_kept(*row) for row in rows]
    for row, (_, person, number, *_) in zip(kept, rows, strict=True):
        row["photos"] = [_stored(photo) for photo in pictures.get((person, number), ())]
    table = pa.Table.from_pylist(kept, schema=KEPT_SCHEMA)
    pq.write_table(table, path / "kept.parquet")
    manifest = of_kept(path / "kept.parquet", shard=shard, policy="0" * 64, slices=SLICES)
    return BuiltShard(path=path, manifest=manifest)


def _kept(home: int, person: str, number: int, text: str, learned: bool) -> dict[str, object]:
    return {
        "post_id": hashlib.sha256(f"{person} {number} {text}".encode()).hexdigest()[:32],
        "person": person,
        "slice": home,
        "account": f"mastodon:{person}",
        "platform": "mastodon",
        "country": "NL",
        "kind": "post",
        "uses": ALL_USES if learned else ALL_USES - Use.TRAINING.bit,
        "lang": "nl",
        "created_at": datetime(2026, 1, 1, 12, number, tzinfo=UTC),
        "text": text,
        "text_hash": mark_of(text),
        "near": [],
        "mention_keys": [],
        "masked": [],
        "tagged": [],
        "photos": [],
    }


def _stored(photo: Photo) -> dict[str, object]:
    return {
        "sha256": photo.sha256,
        "media_type": photo.media_type,
        "alt": photo.alt,
        "look": photo.look or None,
    }
