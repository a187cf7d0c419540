"""Copies: texts and pictures that more than one person posted, so that a No reaches them all.

Equal texts, nearly equal ones (they share a `near` number) and pictures that look alike. Only
long texts count: a greeting is nobody's. What somebody posted twice is no copy of itself; and a
copy of a copy is none, or one No would walk through a whole community.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demur.corpus.likeness import LOOK
from demur.memory.looks import Looks
from demur.memory.numbers import numbered
from demur.posts import normal

# In characters of the normal form. Shorter texts ("gefeliciteerd met je verjaardag!") are written
# by many people without copying; from this length on, equal texts are copies.
LONG = 32

Ints = NDArray[np.int64]
Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Holders:
    """Of each thing the lowest and the highest number of a person who holds it; -1: nobody."""

    first: Ints
    last: Ints

    @classmethod
    def of(cls, things: int, thing: Ints, person: Ints) -> Holders:
        last = np.full(things, -1, np.int64)
        first = np.full(things, np.iinfo(np.int64).max, np.int64)
        np.maximum.at(last, thing, person)
        np.minimum.at(first, thing, person)
        return cls(first, last)

    def another(self, thing: Ints, person: Ints) -> Rows:
        """Does anybody but this person hold this thing?"""
        first, last = self.first[thing], self.last[thing]
        found: Rows = (last >= 0) & ((first != person) | (last != person))
        return found


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds what: row by row the author and a thing, and how many things there are."""

    row: Ints
    thing: Ints
    person: Ints
    things: int

    @classmethod
    def of(cls, row: Ints, thing: Ints, person: Ints) -> Held:
        """person: by row. thing: a number from 0 on."""
        return cls(row, thing, person[row], int(thing.max(initial=-1)) + 1)

    def shared(self) -> Held:
        """Only the things that more than one person holds, numbered anew."""
        everybody = Holders.of(self.things, self.thing, self.person)
        return self._only(everybody.another(self.thing, self.person)).numbered()

    def numbered(self) -> Held:
        thing = numbered(self.thing)
        return Held(self.row, thing, self.person, int(thing.max(initial=-1)) + 1)

    def among(self, rows: Rows) -> Held:
        return self._only(rows[self.row])

    def _only(self, kept: Rows) -> Held:
        return Held(self.row[kept], self.thing[kept], self.person[kept], self.things)

    def copies_of(self, theirs: Holders) -> Ints:
        """The rows with a thing that somebody else has among `theirs`."""
        return self.row[theirs.another(self.thing, self.person)]


@dataclass(frozen=True, slots=True)
class Copies:
    """Which rows hold what another person's rows hold too. `pictures` are all there are."""

    texts: Held
    near: Held
    pictures: Held
    looks: Looks

    @classmethod
    def find(
        cls, built: Sequence[Path], hashes: pa.Array, near: pa.Array, photos: pa.Array, person: Ints
    ) -> Copies:
        """Compare all rows of the folders; the columns are given by row, people as numbers."""
        rows = np.arange(len(hashes))
        texts = Held.of(rows, _numbered(hashes), person).shared()
        # Masking can make one copy shorter than another: one that is long makes all of them long.
        long = np.zeros(texts.things, np.bool_)
        long[texts.thing[_long(built, texts.row)]] = True
        kept = long[texts.thing]
        row, number = _flat(near)
        pictured, looks, look = _looks(photos)
        return cls(
            Held(texts.row[kept], texts.thing[kept], texts.person[kept], texts.things),
            Held.of(row, numbered(number.to_numpy(zero_copy_only=False)), person).shared(),
            Held.of(pictured, look, person),
            looks,
        )

    def of(self, withheld: Rows) -> Ints:
        """The rows that another person's withheld row is copied in, or copies."""
        return np.concatenate(
            [
                *(
                    held.copies_of(Holders.of(held.things, theirs.thing, theirs.person))
                    for held in (self.texts, self.near)
                    if len((theirs := held.among(withheld)).row)
                ),
                self._pictured(withheld),
            ]
        )

    def _pictured(self, withheld: Rows) -> Ints:
        theirs = self.pictures.among(withheld)
        if not len(theirs.row):
            return np.zeros(0, np.int64)
        one, other = self.looks.alike(np.flatnonzero(np.bincount(theirs.thing)))
        known = Holders.of(self.pictures.things, theirs.thing, theirs.person)
        both = Holders.of(
            self.pictures.things,
            np.concatenate([other, other]),
            np.concatenate([known.first[one], known.last[one]]),
        )
        return self.pictures.copies_of(both)


def _numbered(hashes: pa.Array) -> Ints:
    """A number for each row that two rows share if their hashes, of 16 bytes, are equal."""
    words = np.frombuffer(hashes.cast(pa.binary(16)).buffers()[1], np.uint64)
    words = words[2 * hashes.offset : 2 * (hashes.offset + len(hashes))].reshape(-1, 2)
    order = np.lexsort(words.T)
    fresh = (words[order][1:] != words[order][:-1]).any(axis=1)
    text = np.zeros(len(hashes), np.int64)
    text[order[1:]] = np.cumsum(fresh)
    return text


def _flat(lists: pa.Array) -> tuple[Ints, pa.Array]:
    """All elements of a column of lists, and the row of each."""
    length = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    return np.repeat(np.arange(len(lists)), length), lists.flatten()


def _looks(photos: pa.Array) -> tuple[Ints, Looks, Ints]:
    """The rows with a picture whose look is known, all distinct looks, and which each row has."""
    row, pictures = _flat(photos)
    look = pc.struct_field(pictures, "look").cast(pa.binary())
    known = pc.equal(pc.binary_length(look), LOOK).fill_null(False).to_numpy(zero_copy_only=False)
    known &= pc.not_equal(look, bytes(LOOK)).fill_null(False).to_numpy(zero_copy_only=False)
    found = look.filter(pa.array(known)).dictionary_encode()
    raw = b"".join(found.dictionary.to_pylist())
    return row[known], Looks.of(raw), found.indices.to_numpy().astype(np.int64)


def _long(built: Sequence[Path], row: Ints) -> Rows:
    """Which of these rows, in ascending order, hold a long text. Reads a folder at a time."""
    long, first = [np.zeros(0, np.bool_)], 0
    for folder in built:
        texts = pq.read_table(folder / "kept.parquet", columns=["text"])["text"]
        here = row[(row >= first) & (row < first + len(texts))] - first
        long.append(
            np.array([len(normal(one)) >= LONG for one in texts.take(here).to_pylist()], bool)
        )
        first += len(texts)
    return np.concatenate(long)
