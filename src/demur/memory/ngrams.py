"""N-grams: what one shard's people wrote, as a tree with every post that holds a node up.

An n-gram is an exact path of tokens, not a hash of them. For every n-gram the pairs say who wrote
it and for every post which pairs it holds up, so that one post can be taken out again. Nothing is
left out here for being rare: that takes all shards (counts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demur.memory.numbers import distinct
from demur.memory.shelf import save

ORDER = 5  # the longest n-gram, in tokens


def write(folder: Path, posts: Sequence[Sequence[int]], people: Sequence[int]) -> None:
    """Write one shard's counts: `posts` as token ids, `people` the author of each as a number.

    The n-grams form a tree, numbered level by level from the root (the empty context, node 0):
    word[node]                      the last token of the node's n-gram
    children[node:node + 2]         the nodes that are one token longer
    pair_node[pair]                 a pair is one n-gram and one person who wrote it
    row_pairs[row_start[row:row+2]] the pairs that a post holds up
    """
    text = _Text.of(posts)
    word, parent, node, row = _tree(text)
    pair_node, pair = _pairs(node, np.asarray(people, np.int64)[row])
    held = distinct(row * max(len(pair_node), 1) + pair)  # (row, pair), sorted by row
    row_start = np.searchsorted(held, np.arange(len(posts) + 1) * max(len(pair_node), 1))
    save(folder / "word.npy", word.astype(np.uint32))
    save(folder / "children.npy", first_children(parent).astype(np.uint32))
    save(folder / "pair_node.npy", pair_node.astype(np.uint32))
    save(folder / "row_pairs.npy", (held % max(len(pair_node), 1)).astype(np.uint32))
    save(folder / "row_start.npy", row_start.astype(np.uint64))


@dataclass(frozen=True, slots=True)
class _Text:
    """All posts of a shard in one line: a token, its post and its place in that post."""

    token: NDArray[np.int64]
    row: NDArray[np.int64]
    place: NDArray[np.int64]

    @classmethod
    def of(cls, posts: Sequence[Sequence[int]]) -> _Text:
        length = np.fromiter(map(len, posts), np.int64, len(posts))
        total = int(length.sum())
        begins = np.repeat(np.cumsum(length) - length, length)
        return cls(
            token=np.fromiter(chain.from_iterable(posts), np.int64, total),
            row=np.repeat(np.arange(len(posts)), length),
            place=np.arange(total) - begins,
        )


def _tree(text: _Text) -> tuple[NDArray[np.int64], ...]:
    """Words and parents of all nodes, and for every n-gram occurrence its node and its row."""
    words, parents = [np.zeros(1, np.int64)], []
    nodes, rows = [], []
    shorter = np.zeros(len(text.token), np.int64)  # the node that ends at each place, one shorter
    first = 1
    for order in range(1, ORDER + 1):
        at = np.flatnonzero(text.place >= order - 1)
        before = shorter[at - 1] if order > 1 else np.zeros(len(at), np.int64)
        keys, which = np.unique(before << 32 | text.token[at], return_inverse=True)
        words.append(keys & 0xFFFFFFFF)
        parents.append(keys >> 32)
        nodes.append(first + which)
        rows.append(text.row[at])
        shorter = np.zeros_like(shorter)
        shorter[at] = first + which
        first += len(keys)
    return tuple(map(np.concatenate, (words, parents, nodes, rows)))


def _pairs(
    node: NDArray[np.int64], person: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The node of each distinct (node, person), and for every occurrence its pair."""
    people = int(person.max(initial=0)) + 1
    keys, pair = np.unique(node * people + person, return_inverse=True)
    return keys // people, pair


def first_children(parent: NDArray[np.int64]) -> NDArray[np.int64]:
    """First child of every node; `parent` is given for all nodes but the root, in order."""
    return 1 + np.searchsorted(parent, np.arange(len(parent) + 2))
