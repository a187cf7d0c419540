"""Looks: which pictures look alike, found among a million without comparing each with each.

A look is a perceptual hash of 256 bits (`posts.Photo.look`, PDQ). Two are alike within ALIKE bits;
how often that finds a copy is measured in `benchmarks/copies.py`. Laid out once and asked at every
change of what stands, with few looks; a build asks once, with all (`corpus.likeness.Looks`).
Nothing here knows whose they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demur.corpus.likeness import ALIKE
from demur.memory.numbers import distinct, stretches

_WORDS = 16  # of 16 bits: with 31 bits or fewer different, one word differs by one bit at most
_FLIPS = np.array([0, *(1 << bit for bit in range(16))], np.uint16)
_TOGETHER = 1024  # looks that are asked about at once: some 4,000 candidates each in a million


@dataclass(frozen=True, slots=True)
class Looks:
    """Distinct looks, by number; and for each of their words all looks in the order of it."""

    words: NDArray[np.uint16]  # [looks, 16]
    order: NDArray[np.int64]  # [16, looks]
    key: NDArray[np.uint16]  # [16, looks], ascending

    @classmethod
    def of(cls, raw: bytes) -> Looks:
        """raw: the looks, 32 bytes each, one after another."""
        words = np.frombuffer(raw, "<u2").reshape(-1, _WORDS).astype(np.uint16)
        order = np.argsort(words.T, axis=1, kind="stable")
        return cls(words, order, np.take_along_axis(words.T, order, axis=1))

    def alike(self, some: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs: one of `some`, and a look that is like it (itself, too); none of them twice."""
        pairs = [self._alike(some[at : at + _TOGETHER]) for at in range(0, len(some), _TOGETHER)]
        if not pairs:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        one, other = (np.concatenate(side) for side in zip(*pairs, strict=True))
        return one, other

    def _alike(self, some: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        many = len(self.words)
        found = []
        for word in range(_WORDS):
            asked = (self.words[some, word][:, None] ^ _FLIPS).ravel()
            begin = np.searchsorted(self.key[word], asked, side="left")
            length = np.searchsorted(self.key[word], asked, side="right") - begin
            one = np.repeat(np.repeat(some, len(_FLIPS)), length)
            other = self.order[word][stretches(begin, length)]
            differ = np.bitwise_count(self.words[one] ^ self.words[other]).sum(1, dtype=np.int64)
            near = differ <= ALIKE
            found.append(one[near] * many + other[near])
        pairs = distinct(np.concatenate(found))
        return pairs // many, pairs % many
