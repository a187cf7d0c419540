"""Origins: whose words each row is, in columns, and which rows may not be used now.

A row's number is its place among the kept posts of the folders, in the order they were loaded;
counts, search and trace of one generation all speak of rows by it. Who objects is asked of nobody
here: it comes as an argument, and nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demur.errors import SiteUnusable
from demur.memory.copies import Copies
from demur.people import InForce, PersonId

COLUMNS = [
    "post_id", "person", "platform", "country", "kind", "mention_keys", "tagged", "text_hash",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Whose words one row is, and whom they name or show."""

    post_id: str
    person: PersonId
    platform: str
    country: str | None
    kind: str
    keys: frozenset[str]
    text_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """The origins of all rows of one generation."""

    post_ids: pa.Array
    hashes: pa.Array
    people: _Coded
    places: _Places
    mentions: _Lists
    tags: _Lists
    copies: Copies

    @classmethod
    def load(cls, built: Sequence[Path]) -> Origins:
        """Read the folders' `kept.parquet`. Raises SiteUnusable if one person lives in two."""
        tables = [pq.read_table(folder / "kept.parquet", columns=COLUMNS) for folder in built]
        table = pa.concat_tables(tables).combine_chunks()
        people = _Coded.of(table["person"])
        if sum(len(pc.unique(one["person"])) for one in tables) != len(people.codes):
            message = "Two shards hold posts of one person; run `demur build` again for all shards."
            raise SiteUnusable(message)
        return cls(
            post_ids=_one(table["post_id"]),
            hashes=_one(table["text_hash"]),
            people=people,
            places=_Places.of(table),
            mentions=_Lists.of(table["mention_keys"]),
            tags=_Lists.of(table["tagged"]),
            copies=Copies.find(built, _one(table["text_hash"]), people.code),
        )

    def __len__(self) -> int:
        return len(self.post_ids)

    def __getitem__(self, row: int) -> Origin:
        return Origin(
            post_id=self.post_ids[row].as_py(),
            person=PersonId(self.people.value(row)),
            keys=frozenset(self.mentions[row]) | frozenset(self.tags[row]),
            text_hash=self.hashes[row].as_py(),
            **self.places[row],
        )

    def silenced(self, in_force: InForce) -> NDArray[np.bool_]:
        """[rows]: may not be used. By its author, by somebody it names, by a hold, or as a copy."""
        author = self.people.among(in_force.silent)[self.people.code]
        silent = author | self.mentions.any_among(in_force.keys)
        silent |= self.tags.any_among(in_force.keys)
        if in_force.holds:
            silent |= self.places.held(in_force)
        silent[self.copies.of_silent(author)] = True
        return silent

    def silenced_posts(self, in_force: InForce) -> list[str]:
        """Ids of the posts that may not be used. For a purge give it a standing without holds."""
        ids: list[str] = self.post_ids.filter(pa.array(self.silenced(in_force))).to_pylist()
        return ids


@dataclass(frozen=True, slots=True)
class _Coded:
    """A column of few values: the code of each row, and of each value."""

    code: NDArray[np.int64]
    codes: dict[str | None, int]
    values: list[Any]

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> _Coded:
        array = _one(column).dictionary_encode(null_encoding="encode")
        values = array.dictionary.to_pylist()
        codes = {value: code for code, value in enumerate(values)}
        return cls(array.indices.to_numpy().astype(np.int64), codes, values)

    def value(self, row: int) -> Any:
        return self.values[self.code[row]]

    def among(self, wanted: Collection[str]) -> NDArray[np.bool_]:
        """[codes]: is this value wanted? Costs what is wanted, not what there is."""
        found = np.zeros(len(self.values), np.bool_)
        found[[self.codes[value] for value in wanted if value in self.codes]] = True
        return found


@dataclass(frozen=True, slots=True)
class _Lists:
    """A column of lists: all their elements in one line, and where each row's begin."""

    element: _Coded
    begin: NDArray[np.int64]
    row: NDArray[np.int64]

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> _Lists:
        array = _one(column)
        length = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)
        begin = np.concatenate([[0], np.cumsum(length, dtype=np.int64)])
        element = _Coded.of(pa.chunked_array([array.flatten()]))
        return cls(element, begin, np.repeat(np.arange(len(array)), length))

    def __getitem__(self, row: int) -> list[str]:
        return [self.element.value(at) for at in range(self.begin[row], self.begin[row + 1])]

    def any_among(self, wanted: Collection[str]) -> NDArray[np.bool_]:
        """[rows]: is any element of the row's list wanted?"""
        found = np.zeros(len(self.begin) - 1, np.bool_)
        found[self.row[self.element.among(wanted)[self.element.code]]] = True
        return found


@dataclass(frozen=True, slots=True)
class _Places:
    """Platform, country and kind of every row: what a hold looks at. There are few of them."""

    distinct: list[dict[str, Any]]
    place: NDArray[np.int64]

    @classmethod
    def of(cls, table: pa.Table) -> _Places:
        columns = {name: _Coded.of(table[name]) for name in ("platform", "country", "kind")}
        code = np.zeros(len(table), np.int64)
        for column in columns.values():
            code = code * len(column.values) + column.code
        _, example, place = np.unique(code, return_index=True, return_inverse=True)
        distinct = [
            {name: column.value(row) for name, column in columns.items()} for row in example
        ]
        return cls(distinct, place)

    def __getitem__(self, row: int) -> dict[str, Any]:
        return self.distinct[int(self.place[row])]

    def held(self, in_force: InForce) -> NDArray[np.bool_]:
        held = [any(hold.covers(**one) for hold in in_force.holds) for one in self.distinct]
        return np.array(held, np.bool_)[self.place]


def _one(column: pa.ChunkedArray) -> pa.Array:
    """The whole column as one array."""
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
