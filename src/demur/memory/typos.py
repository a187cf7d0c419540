"""Typos: words that somebody may have meant by a word that stands in no post.

Only proposes, out of a list of words; whether a proposal may be used is asked of the index, since
a rare word can be the whole of what somebody who has said no ever wrote.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

SHORTEST, LONGEST = 4, 24  # letters of a word that is set right; a shorter one could be anything
TWO_FROM = 8  # letters from which on two slips are forgiven

Ints = NDArray[np.int64]


class Spelling:
    """A list of words, looked through for those that differ by a slip or two."""

    def __init__(self, words: Iterable[str]) -> None:
        # no digits: the number that is one digit off is somebody else's telephone
        known = {w for w in words if w.isalpha() and SHORTEST - 2 <= len(w) <= LONGEST}
        self._words = {
            length: np.array(sorted(w for w in known if len(w) == length), f"U{length}")
            for length in {len(word) for word in known}
        }
        self._letters = {
            length: some.view(np.uint32).reshape(-1, length) for length, some in self._words.items()
        }
        self._used = {length: _used(some) for length, some in self._letters.items()}

    def near(self, word: str) -> list[tuple[str, int]]:
        """Words within the slips that are forgiven and how many they are, the likeliest first."""
        if not (word.isalpha() and SHORTEST <= len(word) <= LONGEST):
            return []
        slips = 2 if len(word) >= TWO_FROM else 1
        asked = np.array([word]).view(np.uint32)
        found: list[tuple[str, int]] = []
        for length in range(len(word) - slips, len(word) + slips + 1):
            if length not in self._words:
                continue
            # a slip changes at most two of the letters that are used at all
            differ = np.bitwise_count(self._used[length] ^ _used(asked[None])[0])
            here = np.flatnonzero(differ <= 2 * slips)
            apart = distances(asked, self._letters[length][here])
            close = np.flatnonzero((apart <= slips) & (apart > 0))
            words = self._words[length][here[close]].tolist()
            found += zip(words, apart[close].tolist(), strict=True)
        # people rarely miss the first letter
        return sorted(found, key=lambda one: (one[1], one[0][0] != word[0], one[0]))


def distances(word: NDArray[np.uint32], many: NDArray[np.uint32]) -> Ints:
    """Letters left out, added, changed, or two neighbours swapped (optimal string alignment)
    between a word and each of many that have one length."""
    count, length = many.shape
    before = previous = np.empty((count, 0), np.int64)
    row = np.broadcast_to(np.arange(length + 1), (count, length + 1)).copy()
    for at in range(len(word)):
        before, previous, row = previous, row, np.empty_like(row)
        row[:, 0] = at + 1
        other = many != word[at]
        for to in range(length):
            least = np.minimum(previous[:, to + 1], row[:, to]) + 1
            least = np.minimum(least, previous[:, to] + other[:, to])
            if at and to:
                swapped = (many[:, to - 1] == word[at]) & (many[:, to] == word[at - 1])
                least = np.where(swapped, np.minimum(least, before[:, to - 1] + 1), least)
            row[:, to + 1] = least
    return row[:, length]


def _used(letters: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Which letters occur in each word, as one number of 64 bits."""
    bits = np.uint64(1) << (letters % 64).astype(np.uint64)
    used: NDArray[np.uint64] = np.bitwise_or.reduce(bits, axis=1)
    return used
