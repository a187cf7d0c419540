"""The community's posts as shards of kept rows, for the benchmarks of the two memories.

Reads `community/` (see its README) and lays its people out as a build would, without the law: all
of it is openly licensed and public. Not a benchmark itself.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from demur.corpus.build import BuiltShard
from demur.corpus.manifest import KEPT_SCHEMA, of_kept
from demur.people import Home, PersonId, Use
from demur.posts import normal

KEY = hashlib.sha256(b"the benchmarks' home key").digest()
HELD_OUT = 10  # one author in so many is never trained on
Said = Mapping[PersonId, Sequence["Text"]]


@dataclass(frozen=True)
class Text:
    post_id: str
    lang: str
    created_at: datetime
    text: str
    parallel: tuple[str, ...] = ()  # post_ids of its translations
    translation_of: str | None = None


def read(community: Path) -> dict[PersonId, list[Text]]:
    """Everybody's texts of the community, captions included, by person, in order of time."""
    people: dict[PersonId, list[Text]] = defaultdict(list)
    with (community / "posts.jsonl").open() as lines:
        for line in lines:
            post = json.loads(line)
            at = datetime.fromisoformat(post["created_at"]).astimezone(UTC)
            parallel = tuple(map(_id, post["parallel"]))
            text = Text(_id(post["post_id"]), post["lang"], at, post["text"], parallel)
            people[person_of(post["author"])].append(text)
    return {p: sorted(ts, key=lambda t: (t.created_at, t.post_id)) for p, ts in people.items()}


def person_of(author: str) -> PersonId:
    return PersonId(_id(f"author {author}"))


def drawn(what: str, person: PersonId) -> int:
    """A number that depends on the purpose and the person, and on nothing else."""
    return int.from_bytes(hmac.digest(KEY, f"{what} {person}".encode(), hashlib.sha256)[:8], "big")


def held_out(person: PersonId) -> bool:
    return drawn("held out", person) % HELD_OUT == 0


def lay_out(people: Said, home: Home, out: Path) -> list[BuiltShard]:
    """One folder a shard as `corpus.build` leaves it, `out/shard=NNNN/<root16>`."""
    by_shard: dict[int, list[PersonId]] = defaultdict(list)
    for person in people:
        by_shard[home.shard(person)].append(person)
    return [
        lay_out_one(number, {p: people[p] for p in by_shard[number]}, home, out)
        for number in range(home.shards)
    ]


def lay_out_one(shard: int, people: Said, home: Home, out: Path) -> BuiltShard:
    rows = sorted(
        (home.slice(person), person, text.created_at, text.post_id, text)
        for person, texts in people.items()
        for text in _distinct(texts)
    )
    folder = out / f"shard={shard:04d}"
    folder.mkdir(parents=True, exist_ok=True)
    unnamed = folder / "kept.parquet"
    kept = [_kept(at, person, text, home) for at, person, _, _, text in rows]
    pq.write_table(pa.Table.from_pylist(kept, schema=KEPT_SCHEMA), unnamed)
    manifest = of_kept(unnamed, shard=shard, policy="0" * 64, slices=home.slices)
    named = folder / manifest.root[:16]
    named.mkdir(exist_ok=True)
    unnamed.replace(named / "kept.parquet")
    return BuiltShard(path=named, manifest=manifest)


def _distinct(texts: Iterable[Text]) -> list[Text]:
    """Copies are collapsed within one person, as the build does."""
    first: dict[str, Text] = {}
    for text in texts:
        first.setdefault(normal(text.text), text)
    return list(first.values())


def _kept(at: int, person: PersonId, text: Text, home: Home) -> dict[str, object]:
    return {
        "post_id": text.post_id,
        "person": person,
        "slice": at,
        "account": f"community:{person}",
        "platform": "community",
        "country": "NL",
        "kind": "post",
        "lang": text.lang,
        "created_at": text.created_at,
        "origin": text.post_id,
        "translation_of": text.translation_of,
        "text": text.text,
        "text_hash": home.mark("text", normal(text.text).encode()),
        "near": [],
        "uses": sum(use.bit for use in Use),
        "mention_keys": [],
        "masked": [],
        "tagged": [],
        "photos": [],
    }


def _id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
