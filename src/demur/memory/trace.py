"""Trace: which of an answer's words stand word for word in somebody's post.

A suffix array over each shard's texts finds every run of bytes that an answer shares with a post.
A match says that the words are there; it does not say that the answer was learned from them, and
no match does not say that nothing was. A post that is silent is not found, and that it was there
is not told.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydivsufsort import divsufsort

from demur.memory.shelf import mapped, save

HEAD = 8  # bytes of every suffix that are kept beside it, to find most misses in one look
MIN_BYTES = 32  # about five words
MOST = 20  # posts named for one span

Rows = NDArray[np.bool_]
Range = tuple[int, int]  # of suffixes, in their order


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Code points `start` to `end` of an answer stand in the posts of these rows."""

    start: int
    end: int
    rows: tuple[int, ...]


def write(folder: Path, texts: Sequence[str]) -> None:
    """Write one shard's texts, separated by NUL, and its word starts in the order of suffixes.

    Only suffixes that begin where a word does are kept: a span begins at a word, and this is a
    fifth of the array.
    """
    posts = [_bytes(text) + b"\0" for text in texts]
    joined = b"".join(posts)
    text = np.frombuffer(joined, np.uint8)
    suffix = divsufsort(joined) if joined else np.zeros(0, np.int32)
    place = suffix[_begins(text)[suffix]].astype(np.uint32)
    save(folder / "text.npy", text)
    save(folder / "suffix.npy", place)
    save(folder / "head.npy", _heads(text, place))
    save(folder / "begin.npy", np.cumsum([0, *map(len, posts)]).astype(np.uint32))


class Tracer:
    """The traces of all shards of one generation; rows are numbered through the folders."""

    def __init__(self, shards: Sequence[_Shard]) -> None:
        self._shards = shards

    @classmethod
    def load(cls, folders: Sequence[Path]) -> Tracer:
        shards: list[_Shard] = []
        first = 0
        for folder in folders:
            shards.append(_Shard.read(folder, first))
            first += len(shards[-1].begin) - 1
        return cls(shards)

    def trace(
        self, answer: str, silenced: Rows, *, min_bytes: int = MIN_BYTES, most: int = MOST
    ) -> list[Span]:
        """The maximal spans of whole words, at least `min_bytes` (8 or more) long, in order.

        No span lies within another, though they may overlap. Each names up to `most` rows that
        are not `silenced`; a run of words that only silenced rows hold is no span.
        """
        said = _bytes(answer)
        text = np.frombuffer(said, np.uint8)
        begins = np.flatnonzero(_begins(text))
        ends = np.flatnonzero(_ends(text)) + 1
        heads = _heads(text, begins)
        ranges = [shard.ranges(heads) for shard in self._shards]
        spans, reach = [], 0
        for begin, *within in zip(begins.tolist(), *ranges, strict=True):
            least = max(min_bytes, reach - begin + 1)  # else it lies within the one before
            near = self._near(said[begin : begin + least], within)
            longest = max((s.longest(said[begin:], r, silenced) for s, r in near), default=0)
            if longest < least:
                continue
            end = int(ends[np.searchsorted(ends, begin + longest, side="right") - 1])
            if end - begin < least:  # as long in bytes, but not in whole words
                continue
            rows = [row for s, r in near for row in s.rows(said[begin:end], r, silenced)]
            spans.append(
                Span(
                    start=len(said[:begin].decode("utf-8", "surrogatepass")),
                    end=len(said[:end].decode("utf-8", "surrogatepass")),
                    rows=tuple(rows[:most]),
                )
            )
            reach = end
        return spans

    def _near(self, words: bytes, within: Sequence[Range]) -> list[tuple[_Shard, Range]]:
        """The shards that hold `words`, and where."""
        narrow = (
            (shard, shard.narrow(words, one))
            for shard, one in zip(self._shards, within, strict=True)
            if one[0] < one[1]
        )
        return [(shard, found) for shard, found in narrow if found]


@dataclass(frozen=True, slots=True)
class _Shard:
    text: memoryview
    suffix: NDArray[np.uint32]
    head: NDArray[np.uint64]
    begin: NDArray[np.uint32]
    first: int  # the number of its first row

    @classmethod
    def read(cls, folder: Path, first: int) -> _Shard:
        return cls(
            memoryview(mapped(folder / "text.npy")),  # type: ignore[arg-type]
            mapped(folder / "suffix.npy"),
            mapped(folder / "head.npy"),
            np.asarray(mapped(folder / "begin.npy")),
            first,
        )

    def ranges(self, heads: NDArray[np.uint64]) -> list[Range]:
        """For every head the suffixes that begin with it."""
        low, high = (np.searchsorted(self.head, heads, side=side) for side in ("left", "right"))
        return list(zip(low.tolist(), high.tolist(), strict=True))

    def narrow(self, words: bytes, within: Range) -> Range | None:
        """Those of these suffixes that begin with `words`."""
        low = self._find(bisect_left, words, within)
        high = self._find(bisect_right, words, (low, within[1]))
        return (low, high) if low < high else None

    def longest(self, rest: bytes, within: Range, silenced: Rows) -> int:
        """How many bytes of `rest` the best of these suffixes that may be used shares with it.

        What stands nearest to where `rest` itself would be sorted shares most.
        """
        usable = np.flatnonzero(~silenced[self._rows(within)])
        here = np.searchsorted(usable, self._find(bisect_left, rest, within) - within[0])
        near = usable[max(here - 1, 0) : here + 1].tolist()
        return max((_shared(rest, self._at(within[0] + one, len(rest))) for one in near), default=0)

    def rows(self, words: bytes, within: Range, silenced: Rows) -> list[int]:
        """The rows that hold `words` and may be used."""
        narrow = self.narrow(words, within)
        rows = np.unique(self._rows(narrow)) if narrow else np.zeros(0, np.int64)
        found: list[int] = rows[~silenced[rows]].tolist()
        return found

    def _rows(self, within: Range) -> NDArray[np.int64]:
        after = np.searchsorted(self.begin, self.suffix[slice(*within)], side="right")
        return self.first - 1 + after

    def _find(self, bisect: Callable[..., int], words: bytes, within: Range) -> int:
        def key(suffix: int) -> bytes:
            return self._at(suffix, len(words))

        return bisect(range(within[1]), words, *within, key=key)

    def _at(self, suffix: int, length: int) -> bytes:
        begin = int(self.suffix[suffix])
        return bytes(self.text[begin : begin + length])


def _bytes(text: str) -> bytes:
    """UTF-8 in which NUL is left to stand between posts, so that no span crosses into the next."""
    return text.replace("\0", " ").encode("utf-8", "surrogatepass")


def _shared(one: bytes, other: bytes) -> int:
    """The length of the beginning that both share."""
    length = min(len(one), len(other))
    differ = np.frombuffer(one, np.uint8, length) != np.frombuffer(other, np.uint8, length)
    return int(differ.argmax()) if differ.any() else length


def _heads(text: NDArray[np.uint8], places: NDArray[Any]) -> NDArray[np.uint64]:
    """The eight bytes at each place as one number that sorts as they do."""
    padded = np.concatenate([text, np.zeros(HEAD, np.uint8)])
    heads = np.zeros(len(places), np.uint64)
    for step in range(HEAD):
        heads = heads << np.uint64(8) | padded[places + step]
    return heads


def _begins(text: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where a word may begin: at a character that follows no Latin letter or digit.

    Only bytes are looked at. In writing without spaces every character may begin a word.
    """
    before = np.concatenate([np.zeros(1, np.uint8), text[:-1]]) if len(text) else text
    return _written(text) & ~_inner(text) & ~_latin(before)


def _ends(text: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where a word may end: with a character, and not between two Latin letters or digits."""
    after = np.concatenate([text[1:], np.zeros(1, np.uint8)]) if len(text) else text
    return _written(text) & ~_inner(after) & ~(_latin(text) & _latin(after))


def _written(text: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return text > 0x20


def _inner(text: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Bytes inside a UTF-8 character, after its first (RFC 3629, section 3)."""
    inner: NDArray[np.bool_] = (text & 0xC0) == 0x80
    return inner


_LATIN = np.array([chr(byte).isascii() and chr(byte).isalnum() for byte in range(256)], np.bool_)


def _latin(text: NDArray[np.uint8]) -> NDArray[np.bool_]:
    latin: NDArray[np.bool_] = _LATIN[text]
    return latin
