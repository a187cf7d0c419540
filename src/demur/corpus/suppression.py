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

from demur.corpus.likeness import ALIKE, Looks, distance
from demur.corpus.scan import PLACE, parquet, put
from demur.people import PersonId
from demur.posts import OWN_WORDS

MOST_ASKED = 4_096  # pictures compared at once: some 16,000 candidates each in a million


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
    with duckdb.connect(config={"threads": 1}) as connection:
        put(connection, "who", _column(sorted(people), pa.string()))
        if among is not None:
            put(connection, "texts", _column(sorted(among.texts), pa.binary()))
            put(connection, "nears", _column(sorted(among.near), pa.int64()))
        own = f"{parquet(parts)} p WHERE person IN (FROM who)"
        words = f"{own} AND normal_chars >= {OWN_WORDS}"
        texts = f"SELECT DISTINCT text_hash AS it FROM {words}"
        near = f"SELECT DISTINCT unnest(near) AS it FROM {words}"
        looks = f"SELECT DISTINCT look AS it FROM ({_looks(own)})"
        if among is not None:
            texts = f"FROM ({texts}) WHERE it IN (FROM texts)"
            near = f"FROM ({near}) WHERE it IN (FROM nears)"
        wanted = among is None or bool(among.looks)
        return Suppressed(
            texts=frozenset(bytes(row[0]) for row in connection.sql(texts).fetchall()),
            near=frozenset(connection.sql(near).fetchnumpy()["it"].tolist()),
            looks=frozenset(bytes(row[0]) for row in connection.sql(looks).fetchall())
            if wanted
            else frozenset(),
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
    put(connection, "suppressed_texts", _column(sorted(suppressed.texts), pa.binary()))
    put(connection, "suppressed_near", _column(sorted(suppressed.near), pa.int64()))
    put(
        connection,
        "suppressed_pictures",
        _column(_alike(connection, parts, suppressed), pa.int64()),
    )
    own_words = f"FROM {parquet(parts)} p WHERE normal_chars >= {OWN_WORDS}"
    either = ["FROM suppressed_pictures"]
    if suppressed.texts:
        either.append(f"SELECT {PLACE} {own_words} AND text_hash IN (FROM suppressed_texts)")
    if suppressed.near:
        either.append(
            f"SELECT place FROM (SELECT {PLACE} AS place, unnest(near) AS number {own_words})"
            " WHERE number IN (FROM suppressed_near)"
        )
    connection.execute(
        "CREATE TEMP TABLE suppressed_places AS SELECT DISTINCT it AS place"
        f" FROM ({' UNION ALL '.join(either)})"
    )


def is_copy(row: Mapping[str, Any], standing: Circumstances) -> bool:
    """The same in plain Python, for one row of the lake (`text_hash`, `near`, `normal_chars`,
    `photos`)."""
    suppressed = standing.suppressed
    if row["normal_chars"] >= OWN_WORDS and (
        row["text_hash"] in suppressed.texts or not suppressed.near.isdisjoint(row["near"])
    ):
        return True
    return any(
        distance(look, other) <= ALIKE for look in _looks_of(row) for other in suppressed.looks
    )


def _looks_of(row: Mapping[str, Any]) -> list[bytes]:
    return [bytes(photo["look"]) for photo in row["photos"] if photo["look"]]


def _looks(rows: str) -> str:
    """SQL of the looks of these rows' pictures, with the rows' places."""
    return (
        "SELECT place, photo.look AS look FROM ("
        f"SELECT {PLACE} AS place, unnest(photos) AS photo FROM {rows})"
        " WHERE photo.look IS NOT NULL"
    )


def _alike(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], suppressed: Suppressed
) -> list[int]:
    """Places of posts with a picture like a suppressed one."""
    if not suppressed.looks:
        return []
    known, found = Looks(suppressed.looks), []
    scan = connection.cursor().sql(_looks(f"{parquet(parts)} p WHERE len(photos) > 0"))
    for batch in scan.to_arrow_reader(MOST_ASKED):
        alike = known.like(batch["look"].to_pylist())
        found += batch["place"].to_numpy()[np.flatnonzero(alike)].tolist()
    return found


def _column(values: Sequence[object], kind: pa.DataType) -> pa.Table:
    return pa.table({"it": pa.array(values, kind)})
