"""Vectors: what each post means, a row a post, in one flat file a shard.

Looked through from end to end: first the signs of the numbers, 48 bytes a post and all in memory,
then the numbers themselves of those that come nearest. No graph and no tree, in which a post that
is erased would stay as a signpost to others. Rows that may not be shown are out before anything
is ranked. Nothing here knows a text longer than it takes to embed it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demur.memory import meaning
from demur.memory.meaning import SIZE, Floats
from demur.memory.shelf import mapped, save

FILE = "vectors.npy"
STEP = 0.25 / 127  # of a stored number; 99.9 % of a post's numbers lie within 0.18
RECORD = np.dtype([("text", "u1", 16), ("value", "i1", SIZE)])
"""text: a hash, by which the next build knows a text whose vector is there already; all zero where
a row has no vector."""
NEAREST = 400  # rows that are compared by their numbers, for each question
BLOCK = 1 << 15  # rows whose signs are compared while they lie in the processor's cache: 4x faster
AT_ONCE = 64  # texts given to the model together

Rows = NDArray[np.bool_]


def write(folder: Path, texts: Sequence[str], earlier: Sequence[Path] = ()) -> None:
    """Write one shard's vectors; a row without a text gets none.

    earlier: folders of former builds, out of which vectors of the same texts are taken: that saves
    the time and changes no byte.
    """
    keys = [_key(text) if text.strip() else bytes(16) for text in texts]
    records = np.zeros(len(texts), RECORD)
    records["text"] = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 16)
    known = _known(earlier, keys)
    new = {key: text for key, text in zip(keys, texts, strict=True) if any(key)}
    known |= _embedded({key: text for key, text in new.items() if key not in known})
    for row, key in enumerate(keys):
        if any(key):
            records["value"][row] = known[key]
    save(folder / FILE, records)


def purge(folder: Path, rows: Sequence[int]) -> None:
    """Overwrite the vectors of these rows."""
    records = np.load(folder / FILE, mmap_mode="r+")
    records[list(rows)] = np.zeros((), RECORD)
    records.flush()  # to the disk itself: msync


class Vectors:
    """The vectors of all shards of one generation; rows are numbered through the folders."""

    def __init__(self, values: Sequence[NDArray[np.int8]]) -> None:
        self._values = values
        self._begin = np.cumsum([0, *map(len, values)])
        signs = [np.zeros((SIZE // 64, 0), np.uint64), *(_signs(some).T for some in values)]
        self._signs = np.ascontiguousarray(np.concatenate(signs, axis=1))
        self._there = np.asarray(self._signs.any(axis=0))

    @classmethod
    def load(cls, folders: Sequence[Path]) -> Vectors:
        return cls([mapped(folder / FILE)["value"] for folder in folders])

    def nearest(self, question: Floats, admitted: Rows, *, most: int) -> list[int]:
        """The admitted rows that lie nearest, the nearest first; `question` has length 1."""
        rows = np.flatnonzero(admitted & self._there)
        if len(rows) > NEAREST:
            apart = self._apart(question)[rows]
            rows = np.sort(rows[np.argpartition(apart, NEAREST)[:NEAREST]])
        best: list[int] = rows[np.argsort(-self.cosines(question, rows), kind="stable")].tolist()
        return best[:most]

    def _apart(self, question: Floats) -> NDArray[np.uint16]:
        """[rows]: in how many signs each differs from the question."""
        sign = _signs(question[None]).T
        apart = np.empty(self._signs.shape[1], np.uint16)
        for at in range(0, len(apart), BLOCK):
            differ = np.bitwise_count(self._signs[:, at : at + BLOCK] ^ sign)
            differ.sum(axis=0, dtype=np.uint16, out=apart[at : at + BLOCK])
        return apart

    def cosines(self, question: Floats, rows: NDArray[np.int64]) -> Floats:
        """Of the angle between the question and each of these rows, which are in ascending order;
        0 where a row has no vector."""
        within = zip(self._values, pairwise(self._begin), strict=True)
        each = [some[rows[_between(rows, begin, end)] - begin] for some, (begin, end) in within]
        values = np.concatenate([np.zeros((0, SIZE), np.int8), *each]).astype(np.float32)
        length = np.maximum(np.linalg.norm(values, axis=1), 1e-9)
        return np.asarray(values @ question / length, np.float32)


def _between(rows: NDArray[np.int64], begin: int, end: int) -> slice:
    return slice(*np.searchsorted(rows, [begin, end]))


def _signs(values: NDArray[Any]) -> NDArray[np.uint64]:
    """The signs of each row's numbers as bits; none is set where there is no vector."""
    return np.packbits(values > 0, axis=1).view(np.uint64)


def _key(text: str) -> bytes:
    named = f"{meaning.name()}\0{text}".encode("utf-8", "replace")
    return hashlib.blake2b(named, digest_size=16).digest()


def _known(folders: Sequence[Path], keys: Sequence[bytes]) -> dict[bytes, NDArray[np.int8]]:
    """The vectors that former builds have of these texts."""
    wanted, known = set(keys), dict[bytes, NDArray[np.int8]]()
    for path in (folder / FILE for folder in folders):
        records = mapped(path) if path.exists() else np.zeros(0, RECORD)
        there = np.ascontiguousarray(records["text"]).tobytes()
        for row in range(len(records)):
            if (key := there[16 * row : 16 * row + 16]) in wanted and any(key):
                known[key] = records["value"][row]
    return known


def _embedded(texts: dict[bytes, str]) -> dict[bytes, NDArray[np.int8]]:
    """Vectors made now, on as many processors as there are."""
    parts = [list(texts.values())[at : at + AT_ONCE] for at in range(0, len(texts), AT_ONCE)]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        made = threads.map(lambda some: meaning.bearings(some, kind="passage"), parts)
        rounded = [np.clip(np.rint(some / STEP), -127, 127).astype(np.int8) for some in made]
    return dict(zip(texts, np.concatenate([np.zeros((0, SIZE), np.int8), *rounded]), strict=True))
