"""Copies: texts that more than one person posted, so that a No reaches the others' copies too.

Only equal texts count (posts.text_hash), and only long ones. Near copies are the law's business,
when a corpus is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demur.memory.numbers import distinct
from demur.posts import normal

# In characters of the normal form. Shorter texts ("gefeliciteerd met je verjaardag!") are written
# by many people without copying; from this length on, equal texts are copies.
LONG = 32


@dataclass(frozen=True, slots=True)
class Copies:
    """The rows whose text somebody else posted too, and a number for each such text."""

    row: NDArray[np.int64]
    text: NDArray[np.int64]

    @classmethod
    def find(cls, built: Sequence[Path], hashes: pa.Array, person: NDArray[np.int64]) -> Copies:
        """Compare all rows of the folders; `hashes` and `person` are given by row."""
        text = _numbered(hashes)
        people = int(person.max(initial=0)) + 1
        writers = np.bincount(distinct(text * people + person) // people)
        row = np.flatnonzero(writers[text] > 1)
        # Masking can make one copy shorter than another: one that is long makes all of them long.
        row = row[np.isin(text[row], text[row[_long(built, row)]])]
        return cls(row, text[row])

    def of_silent(self, author_silent: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The rows with a text that a silent author posted too; `author_silent` is by row."""
        theirs = self.text[author_silent[self.row]]
        return self.row[np.isin(self.text, theirs)]


def _numbered(hashes: pa.Array) -> NDArray[np.int64]:
    """A number for each row that two rows share if their hashes, of 16 bytes, are equal."""
    words = np.frombuffer(hashes.cast(pa.binary(16)).buffers()[1], np.uint64)
    words = words[2 * hashes.offset : 2 * (hashes.offset + len(hashes))].reshape(-1, 2)
    order = np.lexsort(words.T)
    fresh = (words[order][1:] != words[order][:-1]).any(axis=1)
    text = np.zeros(len(hashes), np.int64)
    text[order[1:]] = np.cumsum(fresh)
    return text


def _long(built: Sequence[Path], row: NDArray[np.int64]) -> NDArray[np.bool_]:
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
