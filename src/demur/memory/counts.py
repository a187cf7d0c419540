"""People counts: n-grams laid over the model's own probabilities; they forget by subtraction.

An entry counts the distinct PEOPLE who wrote it, and one that fewer than k people wrote is not
served: what only one person said is never said by the assistant. Entries are kept as exact paths
of tokens, never as hashes, so no two can be mistaken for each other. Nothing here tokenises,
asks the gate or keeps a text; who is silent is told from outside, and until it has been told
everybody is.

Method: forgetting.md, memory one. Witten and Bell 1991, with counts of people for counts of
occurrences, and the neural model in the place of the order-zero estimate.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demur.memory.ngrams import ORDER, first_children
from demur.memory.numbers import distinct, stretches
from demur.memory.shelf import mapped
from demur.memory.vocabulary import Vocabulary

# How many people's weight the shorter context gets, by context length. Fixed before any
# community's posts are read; figures in docs/decisions/0031.
STRENGTH = (1000.0, 20.0, 6.0, 3.0, 2.0)
NEVER = np.iinfo(np.int32).max

Rows = NDArray[np.bool_]


class Counts:
    """The counts of all shards of one generation, as one tree of what k people could have said.

    Rows are numbered through the folders in the order given. Safe to use from several threads.
    """

    def __init__(
        self,
        *,
        word: NDArray[np.uint32],
        children: NDArray[np.int64],
        need: NDArray[np.int32],
        pair_node: NDArray[np.int64],
        row_pairs: NDArray[np.int64],
        row_start: NDArray[np.int64],
    ) -> None:
        self._word, self._children, self._need = word, children, need
        self._pair_node, self._row_pairs, self._row_start = pair_node, row_pairs, row_start
        self._held = np.zeros(len(pair_node), np.int32)  # posts that hold a pair up
        self._people = np.zeros(len(word), np.int32)
        self._silenced = np.ones(len(row_start) - 1, np.bool_)  # until somebody says otherwise
        self._lock = threading.Lock()

    @classmethod
    def load(cls, folders: Sequence[Path], vocabulary: Vocabulary, *, k: int = 2) -> Counts:
        """Lay the shards' trees over each other. No person may live in two of the folders."""
        shards = [_Shard.read(folder) for folder in folders]
        word, parent, need = _merge(shards, vocabulary, k)
        pair_node, row_pairs, lengths = _kept_pairs(shards)
        return cls(
            word=word.astype(np.uint32),
            children=first_children(parent),
            need=need,
            pair_node=pair_node,
            row_pairs=row_pairs,
            row_start=np.concatenate([[0], np.cumsum(lengths)]),
        )

    def silence(self, silenced: Rows) -> None:
        """From now on count exactly the rows that are not `silenced`, as if the others never were.

        Costs what the rows that changed sides wrote, not what everybody wrote.
        """
        with self._lock:
            changed = np.flatnonzero(silenced != self._silenced)
            length = self._row_start[changed + 1] - self._row_start[changed]
            pairs = self._row_pairs[stretches(self._row_start[changed], length)]
            step = np.repeat(np.where(silenced[changed], -1, 1), length).astype(np.int32)
            touched = distinct(pairs)
            before = self._held[touched] > 0
            np.add.at(self._held, pairs, step)
            turned = (self._held[touched] > 0).astype(np.int32) - before
            np.add.at(self._people, self._pair_node[touched], turned)
            self._silenced = silenced.copy()

    def over(self, context: Sequence[int], p0: NDArray[Any]) -> NDArray[np.float64]:
        """Probabilities of the next token, the people's counts laid over the model's own.

        `context` is the start mark and what has been said since; only its last four tokens are
        looked at. `p0` [vocabulary or more] sums to one, and so does what is returned.
        """
        p = np.array(p0, np.float64)
        with self._lock:
            for words, people, strength in self._layers(context):
                total = people.sum() + strength
                p *= strength / total
                p[words] += people / total
        return p

    def probability(self, context: Sequence[int], word: int, p0: float) -> float:
        """What `over` gives one word whose own probability is `p0`."""
        p = p0
        with self._lock:
            for words, people, strength in self._layers(context):
                at = int(np.searchsorted(words, np.uint32(word)))
                count = int(people[at]) if at < len(words) and words[at] == word else 0
                p = (count + strength * p) / (float(people.sum()) + strength)
        return p

    def bits(self, row: Sequence[int], p0: Sequence[float]) -> float:
        """Bits to say a row after its start mark, `p0[i]` being the model's word for `row[i]`."""
        return -sum(math.log2(self.probability(row[:i], row[i], p0[i])) for i in range(1, len(row)))

    def served(self) -> dict[tuple[int, ...], int]:
        """Every n-gram that is served now, with the number of people who wrote it."""
        found: dict[tuple[int, ...], int] = {}
        paths: list[tuple[int, tuple[int, ...]]] = [(0, ())]
        while paths:
            node, path = paths.pop()
            for child in range(self._children[node], self._children[node + 1]):
                longer = (*path, int(self._word[child]))
                paths.append((child, longer))
                if self._people[child] >= self._need[child]:
                    found[longer] = int(self._people[child])
        return found

    def _layers(
        self, context: Sequence[int]
    ) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int32], float]]:
        """From the empty context to the longest known one: words, people, the shorter's weight.

        Whoever wrote a long n-gram wrote every shorter one in it, and a longer one never needs
        fewer people: so after the first context with nothing to say no longer one has anything.
        """
        for length, strength in enumerate(STRENGTH):
            node = self._node(context[len(context) - length :]) if length <= len(context) else None
            if node is None:
                return
            kin = slice(self._children[node], self._children[node + 1])
            served = self._people[kin] >= self._need[kin]
            people = self._people[kin][served]
            if not len(people):
                return
            yield self._word[kin][served], people, strength * len(people)

    def _node(self, tokens: Sequence[int]) -> int | None:
        node = 0
        for token in tokens:
            first, last = int(self._children[node]), int(self._children[node + 1])
            node = first + int(np.searchsorted(self._word[first:last], np.uint32(token)))
            if node == last or self._word[node] != token:
                return None
        return node


@dataclass(slots=True)
class _Shard:
    """One shard's files while they are merged; `place` is each node's place in the merged tree."""

    word: NDArray[Any]
    children: NDArray[np.int64]
    pair_node: NDArray[Any]
    row_pairs: NDArray[Any]
    row_start: NDArray[np.int64]
    people: NDArray[np.int64]
    place: NDArray[np.int64]

    @classmethod
    def read(cls, folder: Path) -> _Shard:
        word, pair_node = mapped(folder / "word.npy"), mapped(folder / "pair_node.npy")
        place = np.full(len(word), -1, np.int64)  # -1: fewer than k people, dropped
        place[0] = 0
        return cls(
            word=word,
            children=mapped(folder / "children.npy").astype(np.int64),
            pair_node=pair_node,
            row_pairs=mapped(folder / "row_pairs.npy"),
            row_start=mapped(folder / "row_start.npy").astype(np.int64),
            people=np.bincount(pair_node, minlength=len(word)),
            place=place,
        )

    def below(self, first: int, last: int) -> tuple[int, int]:
        """The nodes one level deeper than these."""
        return int(self.children[first]), int(self.children[last])


@dataclass(frozen=True, slots=True)
class _Level:
    """The nodes of one shard at one depth whose shorter n-gram was kept."""

    shard: _Shard
    node: NDArray[np.int64]
    key: NDArray[np.int64]  # the parent's place in the merged tree and the word


def _merge(
    shards: Sequence[_Shard], vocabulary: Vocabulary, k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Words, parents (without the root's) and needs of the merged tree; fills `_Shard.place`.

    What fewer people wrote than are needed when all speak can never be served: it is dropped.
    """
    words, parents = [np.zeros(1, np.int64)], [np.zeros(0, np.int64)]
    named, needs = [np.zeros(1, np.bool_)], [np.array([NEVER], np.int32)]
    bounds, first = [(0, 1) for _ in shards], 1
    for _ in range(ORDER):
        bounds = [shard.below(*bound) for shard, bound in zip(shards, bounds, strict=True)]
        levels = [_level(shard, *bound) for shard, bound in zip(shards, bounds, strict=True)]
        keys, which, people = _added(levels)
        parent, word = keys >> 32, keys & 0xFFFFFFFF
        name = np.concatenate(named)[parent] | vocabulary.careful[word]
        need = k + name.astype(np.int32)
        opens = (word == vocabulary.start) & (parent == 0)
        kept = (people >= need) | opens  # the mark that opens a post is a context for the rest
        if vocabulary.start != vocabulary.end:
            need[opens] = NEVER  # and no word to say
        places = np.split(
            np.where(kept, first + np.cumsum(kept) - 1, -1)[which],
            np.cumsum([len(level.node) for level in levels])[:-1],
        )
        for level, place in zip(levels, places, strict=True):
            level.shard.place[level.node] = place
        words.append(word[kept])
        parents.append(parent[kept])
        named.append(name[kept])
        needs.append(need[kept])
        first += int(kept.sum())
    return np.concatenate(words), np.concatenate(parents), np.concatenate(needs)


def _added(levels: Sequence[_Level]) -> tuple[NDArray[np.int64], ...]:
    """The distinct keys of all shards, which of them each node has, and how many people wrote it.

    No person lives in two shards, so their numbers add up.
    """
    keys, which = np.unique(np.concatenate([level.key for level in levels]), return_inverse=True)
    people = np.zeros(len(keys), np.int64)
    np.add.at(people, which, np.concatenate([one.shard.people[one.node] for one in levels]))
    return keys, which, people


def _level(shard: _Shard, first: int, last: int) -> _Level:
    """Nodes `first` to `last` of a shard, all of one depth, less those whose parent was dropped."""
    node = np.arange(first, last)
    parent = np.searchsorted(shard.children, node, side="right") - 1
    kept = shard.place[parent] >= 0
    node = node[kept]
    return _Level(shard, node, shard.place[parent[kept]] << 32 | shard.word[node].astype(np.int64))


def _kept_pairs(shards: Sequence[_Shard]) -> tuple[NDArray[np.int64], ...]:
    """The pairs of nodes that were kept, the pairs of every row, and how many each row has."""
    nodes, rows, lengths, first = [], [], [], 0
    for shard in shards:
        node = shard.place[shard.pair_node]
        kept = node >= 0
        number = first + np.cumsum(kept) - 1
        held = kept[shard.row_pairs]
        upto = np.concatenate([[0], np.cumsum(held)])[shard.row_start]
        nodes.append(node[kept])
        rows.append(number[shard.row_pairs[held]])
        lengths.append(np.diff(upto))
        first += int(kept.sum())
    return np.concatenate(nodes), np.concatenate(rows), np.concatenate(lengths)
