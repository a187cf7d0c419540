"""Suppression: nobody's copy of what an objector or an erased person posted is used either.

A copy has the same text, nearly the same text, or a picture that looks the same (`likeness`). Who
wrote it first is not judged: as long as somebody says no to these words, nobody's post of them is
used. Texts too short to be anybody's own are left alone, and so are an author's own posts, which
the caller leaves out: they fall with their author. A picture that was mirrored, turned or cut by
a twentieth is another picture to PDQ, and is missed (benchmarks/copies.py).
"""

# ruff: noqa: S608  (SQL is put together from our own names; values pass as tables)

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from demur.corpus.likeness import LOOK, Looks, Numbers, alike
from demur.corpus.scan import batches, parquet, put
from demur.people import PersonId
from demur.posts import OWN_WORDS

TOGETHER = 1_000_000  # pictures compared at once: some 100 MB
LOOKS = "photos.list.element.look"  # Parquet's path to what alone is read of a picture

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """What people who were erased, or object, had posted, so that nobody's copy of it is used.

    texts: `stored.text_mark`. near: `likeness.near`. looks: `posts.Photo.look`.
    """

    texts: frozenset[bytes] = frozenset()
    near: frozenset[int] = frozenset()
    looks: frozenset[bytes] = frozenset()

    def __or__(self, other: Suppressed) -> Suppressed:
        return Suppressed(
            texts=self.texts | other.texts,
            near=self.near | other.near,
            looks=self.looks | other.looks,
        )

    def among(self, other: Suppressed) -> Suppressed:
        """What is of these texts and near copies; and all looks, as long as there are any."""
        return Suppressed(
            texts=self.texts & other.texts,
            near=self.near & other.near,
            looks=self.looks if other.looks else frozenset(),
        )

    def __bool__(self) -> bool:
        return bool(self.texts or self.near or self.looks)

    def marks(self) -> Iterator[tuple[str, bytes]]:
        """As the rows of the table `Suppression`: kind and bytes, in a fixed order."""
        yield from (("text", mark) for mark in sorted(self.texts))
        yield from (("near", number.to_bytes(8, "big")) for number in sorted(self.near))
        yield from (("look", look) for look in sorted(self.looks))

    @classmethod
    def of_marks(cls, marks: Iterable[tuple[str, bytes]]) -> Suppressed:
        """The inverse. Marks of other kinds (accounts, addresses) are not about copies."""
        found: dict[str, set[bytes]] = {"text": set(), "near": set(), "look": set()}
        for kind, mark in marks:
            found.get(kind, set()).add(bytes(mark))
        return cls(
            texts=frozenset(found["text"]),
            near=frozenset(int.from_bytes(mark, "big") for mark in found["near"]),
            looks=frozenset(found["look"]),
        )


class Circumstances(Protocol):
    """Of what stands on the day of a decision, only this is asked here."""

    @property
    def suppressed(self) -> Suppressed: ...


# What is suppressed


def of_people(
    parts: Sequence[Path], people: Collection[PersonId], among: Suppressed | None = None
) -> Suppressed:
    """What these people had posted, in these files of the lake.

    among: only what is of these texts and near copies, for one person's explanation; the looks
    are all given as long as it has any, since likeness cannot be looked up.
    """
    if not parts or not people:
        return Suppressed()
    who = pa.table({"it": pa.array(sorted(people), pa.string())})
    found = Suppressed()
    with duckdb.connect(config={"threads": 1}) as connection:
        put(connection, "who", who)
        posted = connection.sql(f"""
            SELECT text_hash, near, normal_chars, photos
            FROM {parquet(parts)} WHERE person IN (FROM who)""")
        for batch in posted.to_arrow_reader():
            found |= _of_batch(batch) if among is None else _of_batch(batch).among(among)
    return found


def _of_batch(batch: pa.RecordBatch) -> Suppressed:
    own = batch.filter(pc.greater_equal(batch["normal_chars"], OWN_WORDS))
    _, looks = _looks(batch["photos"])
    return Suppressed(
        texts=frozenset(own["text_hash"].to_pylist()),
        near=frozenset(own["near"].flatten().to_numpy().tolist()),
        looks=frozenset(looks.to_pylist()),
    )


def of_rows(rows: Iterable[Mapping[str, Any]]) -> Suppressed:
    """What would have to be suppressed for one of these rows of the lake to be a copy."""
    texts: set[bytes] = set()
    near: set[int] = set()
    looks: set[bytes] = set()
    for row in rows:
        if row["normal_chars"] >= OWN_WORDS:
            texts.add(row["text_hash"])
            near.update(row["near"])
        looks.update(_looks_of(row))
    return Suppressed(texts=frozenset(texts), near=frozenset(near), looks=frozenset(looks))


# What is a copy


def copies(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], standing: Circumstances
) -> None:
    """Make the table `suppressed_places(place)`: every row with suppressed words or a picture like
    a suppressed one, an author's own among them."""
    suppressed = standing.suppressed
    found = [np.zeros(0, np.int64)]
    if suppressed.texts or suppressed.near:
        found += _with_words(parts, suppressed)
    if suppressed.looks:
        found += _with_pictures(parts, Looks(suppressed.looks))
    places = pa.array(np.unique(np.concatenate(found)))
    put(connection, "suppressed_places", pa.table({"place": places}))


def _with_words(parts: Sequence[Path], suppressed: Suppressed) -> Iterator[Places]:
    """Places of posts with suppressed words, or nearly those; some of them twice."""
    texts = Numbers(_first_halves(pa.array(suppressed.texts, pa.binary(16))).tolist())
    near = Numbers(suppressed.near)
    for place, batch in batches(parts, ["text_hash", "near", "normal_chars"]):
        marks, numbers = batch["text_hash"], batch["near"]
        maybe = texts.among(_first_halves(marks))
        same = [mark in suppressed.texts for mark in marks.take(maybe).to_pylist()]
        hits = near.among(numbers.flatten().to_numpy())
        first = numbers.offsets.to_numpy()
        nearly = np.searchsorted(first - first[0], hits, side="right") - 1
        rows = np.append(maybe[same], nearly)
        own = batch["normal_chars"].to_numpy() >= OWN_WORDS
        yield place + rows[own[rows]]


def _first_halves(marks: pa.FixedSizeBinaryArray) -> NDArray[np.int64]:
    """The first eight of their sixteen bytes, as numbers."""
    halves = np.frombuffer(marks.buffers()[1], np.int64)
    return halves[2 * marks.offset : 2 * (marks.offset + len(marks)) : 2]


def _with_pictures(parts: Sequence[Path], known: Looks) -> Iterator[Places]:
    """Places of posts with a picture like one of these; some of them twice."""
    found = [(place, *_looks(batch["photos"])) for place, batch in batches(parts, [LOOKS])]
    places = np.concatenate([place + rows for place, rows, _ in found])
    looks = pa.chunked_array([looks for _, _, looks in found], pa.binary(LOOK))
    for at in range(0, len(places), TOGETHER):
        likenesses = known.like(looks.slice(at, TOGETHER).to_pylist())
        yield places[at : at + TOGETHER][likenesses]


def _looks(photos: pa.ListArray) -> tuple[Places, pa.Array]:
    """The looks of these rows' pictures, with the number of the row of each."""
    looks = pc.struct_field(photos.flatten(), "look")
    known = looks.is_valid()
    return pc.list_parent_indices(photos).filter(known).to_numpy(), looks.filter(known)


def is_copy(row: Mapping[str, Any], standing: Circumstances) -> bool:
    """The same in plain Python, for one row of the lake (`text_hash`, `near`, `normal_chars`,
    `photos`)."""
    suppressed = standing.suppressed
    if row["normal_chars"] >= OWN_WORDS and (
        row["text_hash"] in suppressed.texts or not suppressed.near.isdisjoint(row["near"])
    ):
        return True
    return any(alike(look, suppressed.looks) for look in _looks_of(row))


def _looks_of(row: Mapping[str, Any]) -> list[bytes]:
    return [bytes(photo["look"]) for photo in row["photos"] if photo["look"]]
