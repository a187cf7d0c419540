"""Likeness: numbers and hashes by which a copy that was changed a little is still recognised.

For a text, sixteen numbers of 48 bits: bands of a MinHash over runs of four letters (Broder 1997;
Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4). Two texts that share a number are
near copies. They are made with the site's own key, so that elsewhere they point at nothing. For a
picture, PDQ's 256 bits: two that differ in at most 31 look alike (Meta, "The TMK+PDQF
video-hashing algorithm and the PDQ image-hashing algorithm", 2019). Meaning is not compared:
a translation or a retelling is another text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demur.people import Home
from demur.posts import OWN_WORDS

BANDS, ROWS, RUN = 16, 8, 4
"""A pair shares a band with probability 1 - (1 - J^8)^16: 95 % at a Jaccard of 0.8, 1 % at 0.4.
Runs of four letters: five lose short texts to a single typo, three find likeness where there is
none (benchmarks/copies.py)."""

ALIKE = 31  # of PDQ's 256 bits: the distance its authors recommend
LOOK = 32  # bytes

_SIEVE = 1 << 26  # flags at most, a byte each; 32 for each number let one in thirty through
_BLOCK = 4_096  # runs hashed at once: 2 MiB, whatever the length of the text
_NO_LETTERS = re.compile(r"[\W_]+")


def near(normal: str, home: Home) -> list[int]:
    """The numbers of a text; none where it has fewer than `OWN_WORDS` letters and spaces.

    normal: as `posts.normal` makes it. Punctuation, emoji and quotation marks are not compared,
    since whoever quotes adds them.
    """
    letters = _NO_LETTERS.sub(" ", normal).strip()
    if len(letters) < OWN_WORDS:
        return []
    key = _key(home)
    raw = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    pairs = raw[:-1] | raw[1:] << np.uint64(21)
    runs = pairs[:-2] * key.runs[0] + pairs[2:] * key.runs[1]  # multilinear: the high half mixes
    shingles = (runs >> np.uint64(32)).astype(np.uint32)
    least = np.full(BANDS * ROWS, 0xFFFFFFFF, np.uint32)
    for start in range(0, len(shingles), _BLOCK):
        block = shingles[start : start + _BLOCK, None]
        np.minimum(least, ((block ^ key.flip) * key.spread).min(axis=0), out=least)
    bands = (least.reshape(BANDS, ROWS) * key.bands).sum(axis=1) + key.places
    return (bands >> np.uint64(16)).astype(np.int64).tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """The numbers that only this site has."""

    runs: NDArray[np.uint64]  # [2]
    flip: NDArray[np.uint32]  # [BANDS * ROWS]
    spread: NDArray[np.uint32]  # [BANDS * ROWS], odd
    bands: NDArray[np.uint64]  # [BANDS, ROWS]
    places: NDArray[np.uint64]  # [BANDS]: equal rows in different bands are different numbers


@cache
def _key(home: Home) -> _Key:
    least = BANDS * ROWS
    words = 2 + least + least + least + BANDS  # 64-bit words; more than is needed for some
    marks = (home.mark("near", at.to_bytes(4, "big")) for at in range((words + 1) // 2))
    drawn = np.frombuffer(b"".join(marks), "<u8").copy()
    runs, flip, spread, bands, places = np.split(drawn[:words], np.cumsum([2, least, least, least]))
    return _Key(
        runs=runs | np.uint64(1),
        flip=flip.astype(np.uint32),
        spread=spread.astype(np.uint32) | np.uint32(1),
        bands=bands.reshape(BANDS, ROWS) | np.uint64(1),
        places=places,
    )


class Numbers:
    """Numbers to be recognised among many: a sieve of flags, by their last bits, leaves few to
    be searched for."""

    def __init__(self, numbers: Collection[int]) -> None:
        self._numbers = np.sort(np.fromiter(numbers, np.int64, len(numbers)))
        self._last_bits = min((1 << len(numbers).bit_length() + 5) - 1, _SIEVE - 1)
        self._sieve = np.zeros(self._last_bits + 1, np.bool_)
        self._sieve[self._numbers & self._last_bits] = True

    def among(self, asked: NDArray[np.int64]) -> NDArray[np.int64]:
        """The positions, in order, of those that are ours."""
        maybe = np.flatnonzero(self._sieve[asked & self._last_bits])
        nearest = np.searchsorted(self._numbers[:-1], asked[maybe])
        return maybe[self._numbers[nearest] == asked[maybe]] if len(maybe) else maybe


def distance(one: bytes, other: bytes) -> int:
    """Bits in which two looks differ."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def alike(look: bytes, looks: frozenset[bytes]) -> bool:
    """Is one of these like it? Compared with each of them: `Looks` does the same for many."""
    if not looks:
        return False
    apart = np.bitwise_count(_every(looks) ^ np.frombuffer(look, np.uint64)).sum(axis=1)
    return bool(apart.min() <= ALIKE)


class Looks:
    """Pictures to be recognised, so that asking about many does not compare each with each.

    Where two looks differ in at most 31 of 256 bits, one of their eight words of 32 bits differs
    in at most three, and one half of that word in at most one. So ours are laid out by each half,
    as it is and with each bit turned; those that share it are compared in the word, and the few
    that remain in full. Nothing is missed that way.
    """

    def __init__(self, looks: Collection[bytes]) -> None:
        self._looks = _array(sorted(looks))

    def like(self, looks: Sequence[bytes]) -> NDArray[np.bool_]:
        """For each of these, in order: is one of ours like it? Ask about as many at once as there
        is room for, at 33 bytes each: ours are laid out again for the next."""
        asked = _array(looks)
        found = np.zeros(len(asked), np.bool_)
        for half in range(LOOK // 2):
            ours, first = self._laid_out(half)
            words = self._looks.view(np.uint32)[ours, half // 2]
            for at in range(0, len(asked), _TOGETHER):
                some = asked[at : at + _TOGETHER]
                which, place = _sharing(some.view(np.uint16)[:, half], first)
                word = some.view(np.uint32)[which, half // 2]
                near = np.flatnonzero(np.bitwise_count(word ^ words[place]) <= ALIKE // 8)
                which, theirs = which[near], self._looks[ours[place[near]]]
                apart = np.bitwise_count(some[which] ^ theirs).sum(axis=1)
                found[at + which[apart <= ALIKE]] = True
        return found

    def _laid_out(self, half: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ours in the order of this half's values, each once with every bit turned; and where
        each of the 65,536 values begins."""
        turned = (self._looks.view(np.uint16)[:, half, None] ^ _TURNED).ravel()
        first = np.append(0, np.cumsum(np.bincount(turned, minlength=1 << 16)))
        return np.argsort(turned, kind="stable") // len(_TURNED), first


def _sharing(
    values: NDArray[np.uint16], first: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of one of these values, by number, and a place where it is laid out."""
    begin, end = first[values], first[values.astype(np.int64) + 1]
    counts = end - begin
    which = np.repeat(np.arange(len(values)), counts)
    return which, np.repeat(end - np.cumsum(counts), counts) + np.arange(len(which))


_TURNED = np.array([0, *(1 << bit for bit in range(16))], np.uint16)
_TOGETHER = 4_096  # looks asked about at once: a million candidates where ours are a million


@lru_cache(maxsize=1)
def _every(looks: frozenset[bytes]) -> NDArray[Any]:
    return _array(list(looks))


def _array(looks: Sequence[bytes]) -> NDArray[Any]:
    return np.frombuffer(b"".join(looks), np.uint64).reshape(-1, LOOK // 8).copy()
