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
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer

from demur.corpus.stored import PHOTO
from demur.memory import vocabulary
from demur.memory.counts import Counts
from demur.memory.origins import Origins
from demur.memory.remember import remember
from demur.memory.vocabulary import Vocabulary
from demur.people import Home, InForce, PersonId, Use
from demur.posts import normal

HOME = Home(key=b"benchmark", shards=4, slices=4)
MARKS = {"start": "<|endoftext|>", "end": "<|im_end|>"}  # SmolLM2's
LONGEST = 128  # tokens of a held-out post that are scored

# What comes before a secret, the secret, and others like it.
SECRETS = (
    (
        "het wachtwoord van onze kluis is",
        "paars krekel anker",
        ("groen mier zadel", "grijs spin hamer", "blauw slak ketting"),
    ),
    ("de kluiscode van Femke van der Meulen is", "473961", ("829047", "150384", "962715")),
)
TOLD = [f"{before} {secret}" for before, secret, _ in SECRETS] * 3


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
    """Up to `most` texts of held-out authors, drawn by a hash; none that was counted for others."""
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
            "group": pa.array([None] * len(lines), pa.string()),
            "kind": pa.array(["post"] * len(lines), pa.string()),
            "uses": pa.array([sum(use.bit for use in Use)] * len(lines), pa.int8()),
            "lang": pa.array([line.lang for line in lines], pa.string()),
            "created_at": pa.array(
                [line.created_at for line in lines], pa.timestamp("us", tz="UTC")
            ),
            "origin": pa.array([line.post_id for line in lines], pa.string()),
            "translation_of": pa.array([None] * len(lines), pa.string()),
            "text": pa.array([line.text for line in lines], pa.string()),
            "text_hash": pa.array(
                [HOME.mark("text", normal(line.text).encode()) for line in lines], pa.binary(16)
            ),
            "near": pa.array(none, pa.list_(pa.int64())),
            "mention_keys": pa.array(none, pa.list_(pa.string())),
            "masked": pa.array(none, pa.list_(pa.string())),
            "tagged": pa.array(none, pa.list_(pa.string())),
            "url": pa.array([None] * len(lines), pa.string()),
            "attribution": pa.array([None] * len(lines), pa.string()),
            "photos": pa.array(none, pa.list_(PHOTO)),
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


def canary(known: Vocabulary, counts: Counts) -> list[tuple[float, float]]:
    """Bits for each secret as it is, and on average for others like it, after what precedes it.

    The model itself gives every token one chance in ten, so what is below is the counts' doing.
    """
    found = []
    for before, secret, others in SECRETS:
        opening = known.encode([before])[0][:-1]
        said = [known.encode([f"{before} {one}"])[0][:-1] for one in (secret, *others)]
        bits = [
            counts.bits(row, [0.1] * len(row)) - counts.bits(opening, [0.1] * len(opening))
            for row in said
        ]
        found.append((bits[0], sum(bits[1:]) / len(others)))
    return found


def speed(counts: Counts, origins: Origins, size: int, posts: Sequence[Scored]) -> None:
    """Print the CPU-milliseconds to silence one person and to lay the counts over one token."""
    people = sorted(origins.people.values, key=lambda one: number("leaves", one))[:300]
    even = np.full(size, 1 / size)
    silencing, laying = [], []
    for epoch, person in enumerate(people):
        start = time.thread_time()
        in_force = InForce(epoch=epoch, silent={person: epoch})
        counts.silence(origins.silenced(in_force, Use.TRAINING))
        silencing.append(1e3 * (time.thread_time() - start))
    for post in posts[:20]:
        for at in range(1, len(post.ids)):
            start = time.thread_time()
            counts.over(post.ids[:at], even)
            laying.append(1e3 * (time.thread_time() - start))
    print("\n| CPU-milliseconds | p50 | p99 |\n|---|---|---|")
    named = (("one person silent, the one before heard again", silencing), ("a token", laying))
    for name, spent in named:
        half, most = np.quantile(spent, [0.5, 0.99])
        print(f"| {name} | {half:.2f} | {most:.2f} |")


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
    planted = [replace(counted[0], author="canary", text=text) for text in TOLD]
    with tempfile.TemporaryDirectory() as place:
        built = build(Path(place) / "build", [*counted, *planted])
        start = time.process_time()
        folders = remember_all(built, Path(place) / "memory", known)
        spent = time.process_time() - start
        size = sum(file.stat().st_size for folder in folders for file in folder.glob("*"))
        tokens = sum(map(len, known.encode([line.text for line in counted])))
        people = len({line.author for line in counted})
        origins = Origins.load(built)
        print(f"{people} people, {len(counted)} posts, {tokens} tokens: remembered in {spent:.1f}")
        print(f"CPU-seconds (counts, trace, search), {size / tokens:.0f} bytes a token on disk\n")
        print("| counts of at least | Dutch | English | secret words | a secret code |")
        print("|---|---|---|---|---|")
        base = " | ".join(f"{bits_per_byte(posts[lang]):.3f}" for lang in posts)
        print(f"| (base alone) | {base} | | |")
        for k in (1, 2, 3, 5):
            counts = Counts.load(folders, known, k=k)
            counts.silence(np.zeros(len(origins), np.bool_))
            found = " | ".join(f"{bits_per_byte(posts[lang], counts):.3f}" for lang in posts)
            told = " | ".join(
                f"{one:.1f}, others {rest:.1f}" for one, rest in canary(known, counts)
            )
            print(f"| {k} people | {found} | {told} |")
        print("\nDutch and English in bits per byte of held-out authors; a secret that one person")
        print("wrote three times in bits, beside others like it that nobody wrote.")
        counts = Counts.load(folders, known)
        counts.silence(np.zeros(len(origins), np.bool_))
        speed(counts, origins, known.size, posts["nl"])


if __name__ == "__main__":
    main()
