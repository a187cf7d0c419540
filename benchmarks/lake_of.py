"""A generated lake to measure on: posts of 200,000 accounts in the lake's own format.

Texts are made of frequent syllables: what they mean does not matter here, how long they are does
(about 230 bytes). Accounts write by Zipf's law, 15 % of posts mention somebody, 20 % have a
picture, 4 % repeat what the same person said before, 3 % of people object and 1 % to a part.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demur.corpus.facts import PEOPLE_SCHEMA
from demur.corpus.likeness import BANDS
from demur.corpus.stored import LAKE_SCHEMA, PARQUET, PHOTO
from demur.people import Home, PersonId, Scope, Use

TODAY = date(2026, 11, 21)
ACCOUNTS = 200_000
SHARDS, SLICES = 64, 4
CHUNK = 250_000  # posts generated at once


def home() -> Home:
    return Home(key=b"benchmark" * 4, shards=SHARDS, slices=SLICES)


def generate(folder: Path, posts: int) -> None:  # noqa: PLR0915  (a list of columns)
    dice = np.random.default_rng(20261121)
    homes = home()
    people = _people(dice)
    pq.write_table(people, folder / "accounts.parquet", **PARQUET)
    owners = people["person"].to_pylist()
    shards = np.array([homes.shard(person) for person in owners], np.int16)
    sentences = pa.array(_sentences(dice, 200_000))
    names = people["account"].combine_chunks()
    persons = people["person"].combine_chunks()
    platforms = people["platform"].combine_chunks()
    rank = dice.permutation(ACCOUNTS)
    handles = pa.array([f"platform:@u{number}" for number in range(ACCOUNTS)])

    def zipf(count: int) -> Any:
        s = 1.05
        drawn = (dice.random(count) * (ACCOUNTS ** (1 - s) - 1) + 1) ** (1 / (1 - s))
        return rank[np.minimum(drawn.astype(np.int64) - 1, ACCOUNTS - 1)]

    def lists(counts: Any, values: Any) -> Any:
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), values)

    def drawn(values: list[str | None], chances: list[float], count: int) -> Any:
        picks = dice.choice(len(values), count, p=chances)
        return pa.array(values, pa.string()).take(pa.array(picks))

    start = int(datetime(2010, 1, 1, tzinfo=UTC).timestamp() * 1e6)
    span = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp() * 1e6) - start
    for chunk in range(-(-posts // CHUNK)):
        n = min(CHUNK, posts - chunk * CHUNK)
        account = zipf(n)
        order = np.argsort(shards[account], kind="stable")
        account = account[order]
        # 4 % repeat what the same account said before in this chunk, with the same hash
        first, second = dice.integers(0, len(sentences), (2, n))
        number = np.arange(chunk * CHUNK, chunk * CHUNK + n)
        again = np.flatnonzero(dice.random(n) < 0.04)
        by_account = np.argsort(account, kind="stable")
        neighbour = np.arange(n)
        same = account[by_account][1:] == account[by_account][:-1]
        neighbour[by_account[1:][same]] = by_account[:-1][same]
        for column in (first, second, number):
            column[again] = column[neighbour[again]]
        said = np.where(dice.random(n) < 0.15, dice.integers(1, 4, n), 0)
        keys = handles.take(pa.array(zipf(int(said.sum()))))
        handle_words = pc.binary_join(lists(said, pc.replace_substring(keys, "platform:", "")), " ")
        text = pc.binary_join_element_wise(
            handle_words,
            sentences.take(first),
            sentences.take(second),
            pa.array(number).cast("string"),
            " ",
        )
        lengths = pc.utf8_length(pc.replace_substring(keys, "platform:", "")).to_numpy()
        begins = _starts(np.repeat(np.arange(n), said), lengths)
        tagged = np.where(dice.random(n) < 0.03, 1, 0)
        photos = np.where(dice.random(n) < 0.2, 1, 0)
        total = int(photos.sum())
        picture = pa.StructArray.from_arrays(
            [
                _hex(dice, total, 32),
                pa.repeat("image/jpeg", total),
                sentences.take(dice.integers(0, 1000, total)),
                pa.FixedSizeBinaryArray.from_buffers(
                    pa.binary(32), total, [None, pa.py_buffer(dice.bytes(total * 32))]
                ),
            ],
            fields=list(PHOTO),
        )
        kind = drawn(["post", "comment", "photo", "chat"], [0.45, 0.42, 0.12, 0.01], n)
        group = drawn([None, "buurt"], [0.95, 0.05], n)
        hashes = np.stack([number, first * len(sentences) + second], 1).astype(np.int64)
        table = pa.table(
            {
                "post_id": _hex(dice, n, 16),
                "person": persons.take(account),
                "account": names.take(account),
                "platform": platforms.take(account),
                "kind": kind,
                "audience": drawn(
                    [
                        "public",
                        "public_group",
                        "unlisted",
                        "friends",
                        "closed_group",
                        "direct",
                        "unknown",
                    ],
                    [0.62, 0.05, 0.02, 0.17, 0.06, 0.04, 0.04],
                    n,
                ),
                "group": group,
                "created_at": pa.array(start + (dice.random(n) ** 0.6 * span).astype(np.int64)),
                "origin": pa.array(number).cast("string"),
                "text": text,
                "text_hash": pa.FixedSizeBinaryArray.from_buffers(
                    pa.binary(16), n, [None, pa.py_buffer(hashes.tobytes())]
                ),
                "near": _near(number, first * len(sentences) + second),
                "normal_chars": pc.utf8_length(text).cast("int32"),
                "lang": drawn(["nl", "en", "de"], [0.6, 0.3, 0.1], n),
                "url": pc.binary_join_element_wise(
                    "https://social.example/p", pa.array(number).cast("string"), "/"
                ),
                "reply_to": pa.nulls(n, "string"),
                "translation_of": pa.nulls(n, "string"),
                "reshare_of": drawn([None, "elsewhere"], [0.97, 0.03], n),
                "mention_start": lists(said, pa.array(begins, "int32")),
                "mention_end": lists(said, pa.array(begins + lengths, "int32")),
                "mention_key": lists(said, keys),
                "tagged": lists(tagged, handles.take(pa.array(zipf(int(tagged.sum()))))),
                "photos": lists(photos, picture),
                "photo_refusals": lists(np.zeros(n, np.int64), pa.array([], "string")),
                "refuses_training": _refusals(dice, n, lists),
                "attribution": pa.nulls(n, "string"),
            }
        )
        table = table.cast(LAKE_SCHEMA)
        bounds = np.searchsorted(shards[account], np.arange(SHARDS + 1))
        for shard in range(SHARDS):
            part = (
                folder / "lake" / "posts" / f"shard={shard:04d}" / f"chunk{chunk // 4:04d}.parquet"
            )
            _append(part, table.slice(bounds[shard], bounds[shard + 1] - bounds[shard]))
    _close()


_open: dict[Path, Any] = {}


def _append(part: Path, rows: Any) -> None:
    """Chunks of one million posts make one file a shard, as an import of that size would."""
    if part not in _open:
        for stale in [path for path in _open if path.parent == part.parent]:
            _open.pop(stale).close()
        part.parent.mkdir(parents=True, exist_ok=True)
        _open[part] = pq.ParquetWriter(part, LAKE_SCHEMA, **PARQUET)
    _open[part].write_table(rows)


def _close() -> None:
    while _open:
        _open.popitem()[1].close()


def _starts(row: Any, lengths: Any) -> Any:
    """Where each handle begins in its text: handles come first, one space between."""
    if not len(row):
        return np.zeros(0, np.int64)
    ends = np.cumsum(lengths + 1)
    begins = ends - lengths - 1
    first = np.concatenate([[True], row[1:] != row[:-1]])
    return begins - np.maximum.accumulate(np.where(first, begins, 0))


def _hex(dice: Any, count: int, width: int) -> Any:
    digits = dice.bytes(count * width).hex().encode()
    offsets = np.arange(count + 1, dtype=np.int32) * width * 2
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(digits))


def _near(number: Any, sentences: Any) -> Any:
    """As many numbers a text as `likeness.near` gives, equal for equal texts and else never."""
    count = len(number)
    seeds = number * 1_000_003 + sentences
    values = (seeds[:, None] * BANDS + np.arange(BANDS)).astype(np.uint64).ravel()
    values = (values * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(16)).astype(np.int64)  # mixed
    return pa.ListArray.from_arrays(np.arange(count + 1, dtype=np.int32) * BANDS, pa.array(values))


def _refusals(dice: Any, count: int, lists: Any) -> Any:
    counts = np.where(dice.random(count) < 0.01, 1, 0)
    names = dice.choice(["hashtag:noai", "plus:DataMining?"], int(counts.sum()), p=[0.9, 0.1])
    return lists(counts, pa.array(names, pa.string()))


def _sentences(dice: Any, count: int) -> list[str]:
    syllables = "ka ge ver de en ij oo st aar be la mo pi ti wer sch el on ui ter".split(" ")  # noqa: SIM905
    words = ["".join(dice.choice(syllables, dice.integers(1, 4))) for _ in range(20_000)]
    odds = 1 / (1 + np.arange(len(words)))
    picks = dice.choice(len(words), (count, 17), p=odds / odds.sum())
    return [" ".join(words[pick] for pick in row).capitalize() + "." for row in picks]


def narrowed(people: Any) -> dict[PersonId, tuple[Scope, ...]]:
    """What one in a hundred objects to: photos, training, or a year."""
    some = sorted({PersonId(person) for person in people["person"].to_pylist()})[::100]
    parts = [
        Scope(kinds=("photo",)),
        Scope(uses=(Use.TRAINING,)),
        Scope(since=date(2020, 1, 1), until=date(2020, 12, 31)),
    ]
    return {person: (parts[number % 3],) for number, person in enumerate(some)}


def _people(dice: Any) -> Any:
    person = np.arange(ACCOUNTS)
    linked = dice.random(ACCOUNTS) < 0.2
    person[linked] = dice.integers(0, ACCOUNTS, int(linked.sum()))
    ids = [dice.bytes(16).hex() for _ in range(ACCOUNTS)]
    objecting = {int(p) for p in dice.choice(ACCOUNTS, ACCOUNTS * 3 // 100, replace=False)}
    today = np.datetime64(TODAY)
    adult = today + dice.integers(-14_000, 1_500, ACCOUNTS)
    told = today - dice.integers(31, 150, ACCOUNTS)
    countries = ["NL", "BE", "DE", "FR", "IE", "IT", "ES", "PL", "SE", "US", "BR", "GB"]
    rows = []
    for number in range(ACCOUNTS):
        owner = int(person[number])
        reached = dice.random() > 0.06
        rows.append(
            {
                "account": f"platform:https://social.example/users/u{number}",
                "person": ids[owner],
                "platform": "platform",
                "country": countries[owner % 12],
                "keys": [f"platform:@u{number}"],
                "locked": bool(dice.random() < 0.12),
                "adult_from": adult[owner].item() if owner % 100 else None,
                "objects": owner in objecting,
                "objects_here": owner in objecting and owner == number,
                "notice_queued": not reached and number % 2 == 0,
                "told": told[number].item() if reached else None,
                "usable_from": (told[number] + 30).item() if reached else None,
                "choice": "opt-out",
                "opted_in": False,
                "refuses_training": ["mastodon:indexable"] if number % 33 == 0 else [],
                "chats_on": number % 2 == 0,
                "declared_audience": "public" if number % 2 else None,
                "language": "nl",
                "restricted": False,
                "memorial": False,
                "untold": ["translation"],
            }
        )
    return pa.Table.from_pylist(rows, schema=PEOPLE_SCHEMA)
