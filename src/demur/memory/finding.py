"""Finding: what somebody looks for, by its words and by its meaning, as one list.

Words are set right where no post that may be found has them, and looked up by their stems; beside
that, the posts that lie nearest in meaning are found in whichever language they are. The two lists
become one by the ranks in both (reciprocal rank fusion, Cormack, Clarke and Büttcher 2009). Who
may be found is said from outside, and counts before anything else does.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demur.memory import meaning, stems
from demur.memory.filters import Columns
from demur.memory.search import Build, Filter, Hit, Search, Stored, said
from demur.memory.stopwords import subject
from demur.memory.typos import Spelling
from demur.memory.vectors import Vectors

DEPTH = 100  # posts of each list that are looked at, at the least
# The paper's 60 counts the first ranks nearly alike: then the tenth of the wrong list pushes out
# the second of the right one. Recall@10 of four kinds of questions: 0.77 with 60, 0.86 with 10.
FUSED = 10
# A cosine seen from the middle of ordinary talk (docs/decisions/0092): below it, two texts of a
# community have nothing to do with each other.
NEAR = 0.25
PROPOSED = 20  # words that are tried in the place of one that nobody wrote
TAKEN = 3  # of them that are looked for
COMMON = 1000  # posts with a word that are counted; one that more have is simply common

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asked:
    """A word of a question: the ways in which it may be stored, and how much it says."""

    ways: tuple[str, ...]
    weight: float


class Finder:
    """Looks through one generation. Safe to use from several threads."""

    def __init__(
        self, *, search: Search, vectors: Vectors, columns: Columns, first: Mapping[Build, int]
    ) -> None:
        self._search, self._vectors, self._columns = search, vectors, columns
        self._first = first  # the row of each build that is its first among all
        self._lock = threading.Lock()
        self._spelling: Spelling | None = None

    @classmethod
    def load(
        cls, built: Sequence[Path], folders: Sequence[Path], search: Search, first: dict[Build, int]
    ) -> Finder:
        """built: what was kept; folders: where it is remembered; in the order of `first`."""
        return cls(
            search=search,
            vectors=Vectors.load(folders),
            columns=Columns.load(built),
            first=first,
        )

    def find(self, text: str, admitted: Rows, where: Filter, *, limit: int) -> list[Hit]:
        """The admitted posts within the filter that are most about `text`; each hit's `row`
        counts through all builds. Whatever `text` holds is searched for and never obeyed."""
        words = subject(text)
        if not words or limit < 1:
            return []
        within = admitted & self._columns.rows(where)
        asked = [self._asked(word, admitted) for word in words]
        depth = max(DEPTH, 2 * limit)
        ranked = self._search.ranked(
            [each.ways for each in asked], self._by_build(within), most=depth
        )
        by_words = [self._first[build] + row for build, row in ranked]
        question = meaning.bearings([text], kind="query")[0]
        by_meaning = self._vectors.nearest(question, within, most=depth)
        rows = np.array(sorted({*by_words, *by_meaning}), np.int64)
        near = dict(zip(rows.tolist(), self._vectors.cosines(question, rows).tolist(), strict=True))
        scores = _fused(by_words, [row for row in by_meaning if near[row] >= NEAR])
        best = sorted(scores, key=lambda row: (-scores[row], row))[:limit]
        found = {post.row: (build, post) for build, post in self._read(best)}
        return [
            _hit(*found[row], score=scores[row], near=near[row], asked=asked)
            for row in best
            if row in found
        ]

    def read(self, rows: Sequence[int]) -> list[Stored]:
        """The posts of these rows, in ascending order, as far as they are still here."""
        return [post for _, post in self._read(rows)]

    def build_of(self, row: int) -> Build:
        """The build in which a row stands."""
        return next(build for build, first, end in self._builds() if first <= row < end)

    def _asked(self, word: str, admitted: Rows) -> Asked:
        """How a word may be stored; where nobody wrote it, how those are that it may stand for.

        Only posts that may be found count: else a word that one objector alone wrote would be told
        by what is found in its place, or is not.
        """
        ways = stems.asked(word)
        builds = self._by_build(admitted)
        holders = self._search.holders(ways, builds, most=COMMON)
        if not holders:
            meant: list[tuple[int, int, tuple[str, ...]]] = []
            for proposed, slips in self._spelled().near(word)[:PROPOSED]:
                if meant and slips > meant[0][0]:
                    break
                instead = stems.asked(proposed)
                if count := self._search.holders(instead, builds, most=COMMON):
                    meant.append((slips, -count, instead))
            taken = sorted(meant)[:TAKEN]
            ways = tuple(dict.fromkeys((*ways, *(way for *_, each in taken for way in each))))
            holders = -sum(count for _, count, _ in taken)
        return Asked(ways, math.log1p(len(admitted) / (1 + holders)))

    def _spelled(self) -> Spelling:
        with self._lock:
            if self._spelling is None:
                self._spelling = Spelling(self._search.vocabulary())
            return self._spelling

    def _read(self, rows: Sequence[int]) -> Iterator[tuple[Build, Stored]]:
        for build, first, end in self._builds():
            if here := [row - first for row in rows if first <= row < end]:
                for post in self._search.read(build, here):
                    yield build, replace(post, row=first + post.row)

    def _by_build(self, rows: Rows) -> dict[Build, Rows]:
        return {build: rows[first:end] for build, first, end in self._builds()}

    def _builds(self) -> Iterator[tuple[Build, int, int]]:
        """Each build with its first row and the one after its last."""
        ends = [*self._first.values(), len(self._columns)][1:]
        for (build, first), end in zip(self._first.items(), ends, strict=True):
            yield build, first, end


def _fused(*lists: Sequence[int]) -> dict[int, float]:
    """The rows of several lists, each with the sum of what its ranks count."""
    scores: dict[int, float] = {}
    for rows in lists:
        for rank, row in enumerate(rows, 1):
            scores[row] = scores.get(row, 0.0) + 1 / (FUSED + rank)
    return scores


def _hit(build: Build, post: Stored, *, score: float, near: float, asked: Sequence[Asked]) -> Hit:
    has = set(stems.stored(stems.words(said(post)), post.lang).split())
    there = sum(each.weight for each in asked if not has.isdisjoint(each.ways))
    stored = {each.name: getattr(post, each.name) for each in fields(Stored)}
    share = there / sum(each.weight for each in asked)
    return Hit(**stored, build=build, score=score, near=near, words=share)
