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
from functools import cache
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


def distance(one: bytes, other: bytes) -> int:
    """Bits in which two looks differ."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


class Looks:
    """Pictures to be recognised, arranged so that asking does not compare with each of them.

    Where two looks differ in at most 31 of 256 bits, one of their sixteen parts of 16 bits
    differs in at most one: so each part is looked up as it is and with each bit turned. Nothing
    is missed that way, and a part of what is there has to be compared in full: about 0.4 %.
    """

    def __init__(self, looks: Collection[bytes]) -> None:
        self._looks = _array(sorted(looks))
        parts = self._looks.view(np.uint16)
        self._order = np.argsort(parts, axis=0, kind="stable").astype(np.int32)
        ordered = np.take_along_axis(parts, self._order, axis=0)
        every = np.arange(1 << 16, dtype=np.uint32)
        starts = [np.searchsorted(ordered[:, part], every) for part in range(16)]
        self._starts = np.stack([np.append(s, len(self._looks)) for s in starts]).astype(np.int32)

    def like(self, looks: Sequence[bytes]) -> NDArray[np.bool_]:
        """For each of these, in order: is one of ours like it?"""
        asked = _array(looks)
        parts = asked.view(np.uint16)
        found = np.zeros(len(asked), np.bool_)
        for part in range(16):
            for turned in _TURNED:
                value = (parts[:, part] ^ turned).astype(np.int64)
                first, last = self._starts[part, value], self._starts[part, value + 1]
                counts = np.where(found, 0, last - first)
                which = np.repeat(np.arange(len(asked)), counts)
                if not len(which):
                    continue
                begin = np.repeat(first - np.append(0, np.cumsum(counts)[:-1]), counts)
                ours = self._looks[self._order[begin + np.arange(len(which)), part]]
                apart = np.bitwise_count(asked[which] ^ ours).sum(axis=1)
                found[which[apart <= ALIKE]] = True
        return found


_TURNED = [np.uint16(0), *(np.uint16(1 << bit) for bit in range(16))]


def _array(looks: Sequence[bytes]) -> NDArray[Any]:
    return np.frombuffer(b"".join(looks), np.uint64).reshape(-1, LOOK // 8).copy()
