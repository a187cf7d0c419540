"""Origins: whose words each row is, in columns, and which rows may not be used now, for what.

A row's number is its place among the kept posts of the folders, in the order they were loaded;
counts, search and trace of one generation all speak of rows by it. Who objects is asked of nobody
here: it comes as an argument, and nothing of it is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demur.errors import SiteUnusable
from demur.memory.copies import Copies
from demur.people import InForce, PersonId, Scope, Use

COLUMNS = [
    "post_id", "person", "platform", "country", "group", "kind", "uses", "created_at", "text_hash",
    "near", "mention_keys", "masked", "tagged", "photos",
]  # fmt: skip
PLACE = ("platform", "country", "group", "kind")  # what a scope looks at, beside day and post
DAY = 86_400_000_000  # microseconds

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """The origins of all rows of one generation."""

    post_ids: pa.Array
    people: _Coded
    uses: NDArray[np.int8]  # what each row was kept for: bits of people.Use
    places: _Places
    mentions: _Lists
    tags: _Lists
    masked: _Lists
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
            people=people,
            uses=_one(table["uses"]).to_numpy(),
            places=_Places.of(table),
            mentions=_Lists.of(table["mention_keys"]),
            tags=_Lists.of(table["tagged"]),
            masked=_Lists.of(table["masked"]),
            copies=Copies.find(
                built,
                _one(table["text_hash"]),
                _one(table["near"]),
                _one(table["photos"]),
                people.code,
            ),
        )

    def __len__(self) -> int:
        return len(self.post_ids)

    def rows_of(self, post_ids: Collection[str]) -> list[int]:
        """The rows of these posts, as far as they are here."""
        rows: list[int] = np.flatnonzero(_among(self.post_ids, post_ids)).tolist()
        return rows

    def kept_for(self, use: Use) -> Rows:
        """[rows]: did the build allow this use?"""
        allowed: Rows = (self.uses & use.bit) != 0
        return allowed

    def silenced(self, in_force: InForce, use: Use) -> Rows:
        """[rows]: may not be used for this now. By its author, by whom it names or shows, by its
        platform, by a hold, as a copy, or because it was not kept for this."""
        return self.silences(in_force, (use,))[use]

    def silences(self, in_force: InForce, uses: Iterable[Use] = Use) -> dict[Use, Rows]:
        """The same for several uses, at little more than the cost of one."""
        author = self.people.among(in_force.silent)[self.people.code]
        silent = author | self.mentions.any_among(in_force.keys)
        silent |= self.tags.any_among(in_force.keys)
        silent[self._taken_back(in_force)] = True
        silent[self._named(in_force)] = True
        silent[self.copies.of(author)] = True
        covered = ((hold, self.places.covered(hold)) for hold in in_force.holds)
        holds = [(hold, rows) for hold, rows in covered if rows.any()]
        return {use: silent | self._withheld(in_force, holds, use) for use in uses}

    def _withheld(self, in_force: InForce, holds: list[tuple[Scope, Rows]], use: Use) -> Rows:
        """What a hold, a No to a part or the build itself keeps from this use."""
        silent = ~self.kept_for(use)
        for hold, covered in holds:
            if hold.withholds(use):
                silent |= covered
        narrowed = self._narrowed(in_force.narrowed, use)
        if narrowed.any():
            silent |= narrowed
            silent[self.copies.of(narrowed)] = True
        return silent

    def _narrowed(self, scopes: Mapping[PersonId, tuple[Scope, ...]], use: Use) -> Rows:
        """The rows whose own author withholds this use of them."""
        silent = np.zeros(len(self), np.bool_)
        theirs = {
            person: about
            for person, every in scopes.items()
            if (about := [scope for scope in every if scope.withholds(use)])
        }
        if not theirs:
            return silent
        code = self.people.code
        rows = np.flatnonzero(self.people.among(theirs)[code])
        rows = rows[np.argsort(code[rows], kind="stable")]
        bounds = np.flatnonzero(np.diff(code[rows], prepend=-1))[1:]
        for one in np.split(rows, bounds) if len(rows) else ():
            for scope in theirs[self.people.value(one[0])]:
                silent[one[self.places.covered(scope, one)]] = True
        return silent

    def _taken_back(self, in_force: InForce) -> Rows:
        """The posts that their platform narrowed or took back."""
        return _among(self.post_ids, in_force.posts)

    def _named(self, in_force: InForce) -> NDArray[np.int64]:
        """The rows in which an objector found their name and it is not masked yet."""
        rows = np.flatnonzero(_among(self.post_ids, in_force.named))
        readable = [
            not in_force.named[self.post_ids[row].as_py()].issubset(self.masked[row])
            for row in rows.tolist()
        ]
        return rows[np.array(readable, np.bool_)]


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
    """What a scope looks at: the place of every row, of which there are few, its day and its id."""

    distinct: list[dict[str, Any]]
    of_group: Mapping[str | None, Sequence[int]]
    place: NDArray[np.int64]
    day: NDArray[np.int64]  # since 1970, in UTC
    post_ids: pa.Array

    @classmethod
    def of(cls, table: pa.Table) -> _Places:
        columns = {name: _Coded.of(table[name]) for name in PLACE}
        code = np.zeros(len(table), np.int64)
        for column in columns.values():
            code = code * max(len(column.values), 1) + column.code
        _, example, place = np.unique(code, return_index=True, return_inverse=True)
        distinct = [
            {name: column.value(row) for name, column in columns.items()} for row in example
        ]
        groups: dict[str | None, list[int]] = defaultdict(list)
        for number, one in enumerate(distinct):
            groups[one["group"]].append(number)
        day = _one(table["created_at"]).cast(pa.int64()).to_numpy() // DAY
        return cls(distinct, dict(groups), place, day, _one(table["post_id"]))

    def covered(self, scope: Scope, rows: NDArray[np.int64] | None = None) -> Rows:
        """Which of these rows, or of all, the scope covers."""
        place, day = (self.place, self.day) if rows is None else (self.place[rows], self.day[rows])
        candidates = self._candidates(scope) if rows is None else np.unique(place).tolist()
        if not candidates:
            return np.zeros(len(place), np.bool_)
        where = replace(scope, post=None, since=None, until=None)
        verdict = np.zeros(len(self.distinct), np.bool_)
        for number in candidates:
            one = self.distinct[number]
            verdict[number] = where.covers(**one, post="", created_on=date.min)
        covered: Rows = verdict[place]
        if scope.since is not None:
            covered &= day >= _day(scope.since)
        if scope.until is not None:
            covered &= day <= _day(scope.until)
        if scope.post is not None:
            ids = self.post_ids if rows is None else self.post_ids.take(pa.array(rows))
            covered &= _among(ids, (scope.post,))
        return covered

    def _candidates(self, scope: Scope) -> Sequence[int]:
        """Groups that closed stay closed for ever: those that nothing here is from cost nothing."""
        if scope.group is None:
            return range(len(self.distinct))
        return self.of_group.get(scope.group, ())


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _among(ids: pa.Array, wanted: Collection[str]) -> Rows:
    """[rows]: is this id wanted?"""
    if not wanted:
        return np.zeros(len(ids), np.bool_)
    found: Rows = pc.is_in(ids, pa.array(sorted(wanted), pa.string())).to_numpy(
        zero_copy_only=False
    )
    return found


def _one(column: pa.ChunkedArray) -> pa.Array:
    """The whole column as one array."""
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
