"""Bits per byte on held-out authors of the community, before and after the people counts.

One author in ten is held out by a hash of the name and never counted; the counts are laid over
the base model's own probability of every token of theirs. A model's gain is honest only in bits
per byte of text, so closing a post is not scored. `community`, `build`, `remember_all`, `Scored`
and `bits_per_byte` are also there for the benchmark of the adapters.

    python benchmarks/dutch_counts.py --data ../shared/data/community --base models/base/HASH
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from demur.memory import vocabulary
from demur.memory.counts import Counts
from demur.memory.remember import remember
from demur.memory.vocabulary import Vocabulary
from demur.people import Home, PersonId
from demur.posts import text_hash
from tokenizers import Tokenizer

HOME = Home(key=b"benchmark", shards=4, slices=4)
MARKS = {"start": "<|endoftext|>", "end": "<|im_end|>"}  # SmolLM2's
LONGEST = 128  # tokens of a held-out post that are scored


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One post of the community with a text."""

    author: str
    post_id: str
    lang: str
    text: str
    platform: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A held-out post: its tokens from the start mark on, and the model's word for each."""

    ids: Sequence[int]
    p0: Sequence[float]  # p0[0], of the start mark, is never looked at
    size: int  # in bytes of UTF-8


def community(data: Path) -> list[Line]:
    rows = map(json.loads, (data / "posts.jsonl").open(encoding="utf-8"))
    return [
        Line(
            author=row["author"],
            post_id=row["post_id"],
            lang=row["lang"],
            text=row["text"],
            platform=row["plays"],
            created_at=datetime.fromisoformat(row["created_at"]),
        )
        for row in rows
        if row["text"]
    ]


def number(*names: str) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(names).encode()).digest()[:8], "big")


def is_held_out(author: str) -> bool:
    return number("held out", author) % 10 == 0


def person_of(author: str) -> PersonId:
    return PersonId(hashlib.sha256(author.encode()).hexdigest()[:32])


def build(folder: Path, lines: Iterable[Line]) -> list[Path]:
    """The lines as builds of `HOME.shards` shards, in the schema that corpus.build writes."""
    shards: list[list[Line]] = [[] for _ in range(HOME.shards)]
    for line in lines:
        shards[HOME.shard(person_of(line.author))].append(line)
    built = [folder / f"shard={shard:04}" / "benchmark" for shard in range(HOME.shards)]
    for path, here in zip(built, shards, strict=True):
        path.mkdir(parents=True)
        pq.write_table(_kept(here), path / "kept.parquet")
    return built


def remember_all(built: Sequence[Path], memory: Path, known: Vocabulary) -> list[Path]:
    return [remember(path, memory, known) for path in built]


def bits_per_byte(posts: Sequence[Scored], counts: Counts | None = None) -> float:
    """Of the base model alone, or of the counts laid over it."""
    if counts:
        bits = sum(counts.bits(post.ids, post.p0) for post in posts)
    else:
        bits = sum(float(-np.log2(np.asarray(post.p0[1:])).sum()) for post in posts)
    return bits / sum(post.size for post in posts)


def held_out(lines: Sequence[Line], lang: str, most: int) -> list[str]:
    """Up to `most` texts of held-out authors, drawn by a hash; none that somebody else wrote too."""
    seen = {line.text for line in lines if not is_held_out(line.author)}
    texts = {line.text for line in lines if is_held_out(line.author) and line.lang == lang}
    return sorted(texts - seen, key=lambda text: number("drawn", text))[:most]


def _kept(lines: Sequence[Line]) -> pa.Table:
    people = [person_of(line.author) for line in lines]
    none: list[list[str]] = [[] for _ in lines]
    table = pa.table(
        {
            "post_id": pa.array([line.post_id for line in lines], pa.string()),
            "person": pa.array(people, pa.string()),
            "slice": pa.array([HOME.slice(person) for person in people], pa.int16()),
            "account": pa.array([line.author for line in lines], pa.string()),
            "platform": pa.array([line.platform for line in lines], pa.string()),
            "country": pa.array(["NL"] * len(lines), pa.string()),
            "kind": pa.array(["post"] * len(lines), pa.string()),
            "lang": pa.array([line.lang for line in lines], pa.string()),
            "created_at": pa.array(
                [line.created_at for line in lines], pa.timestamp("us", tz="UTC")
            ),
            "text": pa.array([line.text for line in lines], pa.string()),
            "text_hash": pa.array([text_hash(line.text) for line in lines], pa.binary(16)),
            "mention_keys": pa.array(none, pa.list_(pa.string())),
            "tagged": pa.array(none, pa.list_(pa.string())),
            "url": pa.array([None] * len(lines), pa.string()),
            "attribution": pa.array([None] * len(lines), pa.string()),
        }
    )
    order = [(name, "ascending") for name in ("slice", "person", "created_at", "post_id")]
    return table.sort_by(order)


def score(texts: Sequence[str], base: Path, known: Vocabulary) -> list[Scored]:
    """The base model's own probabilities of each text, on one thread."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
    found = []
    with torch.inference_mode():
        for row in known.encode(texts):
            ids = row[: LONGEST + 1] if len(row) > LONGEST + 1 else row[:-1]
            logits = model(torch.tensor([ids])).logits[0, :-1].double()
            said = torch.softmax(logits, -1)[range(len(ids) - 1), ids[1:]]
            size = len(known.tokenizer.decode(ids[1:]).encode())
            found.append(Scored(ids=ids, p0=[1.0, *said.tolist()], size=size))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--posts", type=int, default=60, help="held-out posts in each language")
    asked = parser.parse_args()
    lines = community(asked.data)
    known = vocabulary.of(Tokenizer.from_file(str(asked.base / "tokenizer.json")), **MARKS)
    posts = {
        lang: score(held_out(lines, lang, asked.posts), asked.base, known) for lang in ("nl", "en")
    }
    counted = [line for line in lines if not is_held_out(line.author)]
    with tempfile.TemporaryDirectory() as place:
        built = build(Path(place) / "build", counted)
        start = time.process_time()
        folders = remember_all(built, Path(place) / "memory", known)
        spent = time.process_time() - start
        size = sum(file.stat().st_size for folder in folders for file in folder.glob("*"))
        tokens = sum(map(len, known.encode([line.text for line in counted])))
        people = len({line.author for line in counted})
        print(f"{people} people, {len(counted)} posts, {tokens} tokens: remembered in {spent:.1f}")
        print(f"CPU-seconds (counts, trace, search), {size / tokens:.0f} bytes a token on disk\n")
        print("| bits per byte | Dutch | English |\n|---|---|---|")
        print("| base |", " | ".join(f"{bits_per_byte(posts[lang]):.3f}" for lang in posts), "|")
        for k in (1, 2, 3, 5):
            counts = Counts.load(folders, known, k=k)
            counts.silence(np.zeros(len(counted), np.bool_))
            found = " | ".join(f"{bits_per_byte(posts[lang], counts):.3f}" for lang in posts)
            print(f"| counts of at least {k} people | {found} |")


if __name__ == "__main__":
    main()
