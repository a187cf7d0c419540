"""The Merkle tree of RFC 6962 (and RFC 9162): hashes, proofs, and how an outsider checks them.

The tree keeps no leaves and no state of its own. It stores the hash of every complete subtree in
a `Nodes`, at (level, index): level 0 holds the leaf hashes, the node at (level, index) covers the
leaves [index * 2**level, (index + 1) * 2**level). Nodes are written once and never change, so a
proof for any earlier size can be made at any later time.

Numbering follows RFC 6962, section 2.1: leaves count from 0, a tree has `size` leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

EMPTY_ROOT = hashlib.sha256(b"").digest()


class Nodes(Protocol):
    """Where the hashes of complete subtrees are kept. `rights` keeps them in its database."""

    def get(self, level: int, index: int) -> bytes:
        """The 32 bytes put there; KeyError (or the store's own error) if nothing was."""
        ...

    def put(self, level: int, index: int, hash: bytes) -> None: ...


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(nodes: Nodes, size: int, leaf: bytes) -> int:
    """Add a leaf to a tree of `size` leaves; the new size.

    Amortised one put and one get beyond the leaf's own put: a subtree is hashed when its last
    leaf arrives, and half of all leaves complete none.
    """
    digest, level, index = leaf_hash(leaf), 0, size
    nodes.put(level, index, digest)
    while index & 1:
        digest = node_hash(nodes.get(level, index - 1), digest)
        level, index = level + 1, index >> 1
        nodes.put(level, index, digest)
    return size + 1


def root(nodes: Nodes, size: int) -> bytes:
    """The root over the first `size` leaves."""
    return _covering(nodes, 0, size)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaves that need no proofs later; holds one hash a level while it reads."""
    peaks: list[tuple[int, bytes]] = []  # complete subtrees (level, hash), highest first
    for leaf in leaves:
        level, digest = 0, leaf_hash(leaf)
        while peaks and peaks[-1][0] == level:
            digest = node_hash(peaks.pop()[1], digest)
            level += 1
        peaks.append((level, digest))
    if not peaks:
        return EMPTY_ROOT
    digest = peaks.pop()[1]
    while peaks:
        digest = node_hash(peaks.pop()[1], digest)
    return digest


def inclusion(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962, 2.1.1: from the leaf's sibling up to the root's child."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path: list[bytes] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            path.append(_covering(nodes, middle, last))
            last = middle
        else:
            path.append(_covering(nodes, first, middle))
            first = middle
    path.reverse()
    return path


def consistency(nodes: Nodes, old: int, new: int) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 6962, 2.1.2. Empty where there is nothing to prove (old = 0)."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves never had {old}")
    if old in (0, new):
        return []
    path: list[bytes] = []
    first, last = 0, new
    while last != old:  # walk down to the subtree in which the old tree ends
        middle = first + _split(last - first)
        if old <= middle:
            path.append(_covering(nodes, middle, last))
            last = middle
        else:
            path.append(_covering(nodes, first, middle))
            first = middle
    if first:  # a verifier knows the old root itself, but not a part of it
        path.append(_covering(nodes, first, last))
    path.reverse()
    return path


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes
) -> bool:
    """RFC 9162, 2.1.3.2. `leaf` is the leaf HASH; `expected` the root of `size` leaves."""
    if not 0 <= index < size:
        return False
    digest, first, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            digest = node_hash(sibling, digest)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and digest == expected


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """RFC 9162, 2.1.4.2, and the empty tree, of which every tree is a continuation."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    return _continues(old, new, old_root, new_root, path)


def _continues(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    hashes: Iterator[bytes] = iter([old_root, *path] if old & (old - 1) == 0 else path)
    seed = next(hashes, None)
    if seed is None:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    was = now = seed
    for sibling in hashes:
        if last == 0:
            return False
        if first & 1 or first == last:
            was, now = node_hash(sibling, was), node_hash(sibling, now)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            now = node_hash(now, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and was == old_root and now == new_root


def _covering(nodes: Nodes, first: int, last: int) -> bytes:
    """The hash over leaves [first, last), `first` as RFC 6962 splits a tree."""
    if first == last:
        return EMPTY_ROOT
    parts: list[bytes] = []
    while first < last:
        level = (last - first).bit_length() - 1
        parts.append(nodes.get(level, first >> level))
        first += 1 << level
    digest = parts.pop()
    while parts:
        digest = node_hash(parts.pop(), digest)
    return digest


def _split(count: int) -> int:
    """The largest power of two smaller than `count` (RFC 6962, 2.1), for counts of 2 and more."""
    return 1 << (count - 1).bit_length() - 1
