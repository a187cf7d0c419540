"""Absence: a set of people committed in 32 bytes, and proof that somebody is not in it.

A compressed binary prefix tree in the shape of CONIKS (Melara et al., USENIX Security 2015,
section 3). A tag's bits say where it would stand: from the root left for 0, right for 1, until it
stands alone. So absence is one path that ends in nothing or in somebody else's tag, and nobody
has to be trusted to have sorted anything.

    tag    HMAC-SHA-256(the person's secret, role || 0x00 || model): says nothing to others, and
           differs for every model
    leaf   SHA-256(0x02 || tag)
    inner  SHA-256(0x03 || left || right)
    none   SHA-256(0x04)
    root   SHA-256(0x05 || number of tags, 8 bytes || top)

What this proves is that the SET COMMITTED does not hold the tag. That the weights were made from
that set is shown by rebuilding them, never by this.
"""

from __future__ import annotations

import hashlib
import hmac
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from demur.errors import ProofRejected
from demur.tlog.spelling import HASH

DEPTH = 8 * HASH  # bits in a tag, so no path is longer
SECRET = 32  # bytes
REMEMBERED = 16  # smaller subtrees are hashed again when asked: an eighth of the memory, < 0.1 ms


class Role(StrEnum):
    AUTHOR = "author"
    MENTION = "mention"


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceProof:
    """A path through the tree: the siblings from the root downwards, and what stands at its end."""

    count: int
    siblings: tuple[bytes, ...]
    terminal: bytes | None  # the tag that stands there; None: nobody's


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


NOBODY = _hash(b"\x04")


def tag(secret: bytes, model: str, role: Role) -> bytes:
    """Where this person would stand in that model's tree, in that role."""
    if len(secret) != SECRET:
        raise ValueError(f"a person's secret has {SECRET} bytes, this one has {len(secret)}")
    return hmac.digest(secret, role.encode() + b"\0" + model.encode(), "sha256")


def commitment(secret: bytes) -> bytes:
    """What is logged at first sight, so that nobody's secret can be swapped for another later."""
    if len(secret) != SECRET:
        raise ValueError(f"a person's secret has {SECRET} bytes, this one has {len(secret)}")
    return _hash(b"demur person secret v1\0", secret)


class PrefixTree:
    """The tree over a set of tags. Holds the tags and about one hash for every eight of them."""

    def __init__(self, tags: Iterable[bytes]) -> None:
        unique = set(tags)
        if any(len(each) != HASH for each in unique):
            raise ValueError(f"a tag has {HASH} bytes")
        self._tags = sorted(int.from_bytes(each, "big") for each in unique)
        self._large: dict[tuple[int, int], bytes] = {}  # (first, depth): hash of a large subtree
        self.root = _root(len(self._tags), self._subtree(0, len(self._tags), 0))

    def __len__(self) -> int:
        return len(self._tags)

    def prove(self, wanted: bytes) -> AbsenceProof:
        """The path of a tag, present or not."""
        target = int.from_bytes(wanted, "big")
        first, last = 0, len(self._tags)
        siblings: list[bytes] = []
        while last - first > 1:
            depth = len(siblings)
            middle = self._first_right(first, last, depth)
            if _bit(target, depth):
                siblings.append(self._subtree(first, middle, depth + 1))
                first = middle
            else:
                siblings.append(self._subtree(middle, last, depth + 1))
                last = middle
        terminal = self._tags[first].to_bytes(HASH, "big") if last > first else None
        return AbsenceProof(count=len(self), siblings=tuple(siblings), terminal=terminal)

    def _first_right(self, first: int, last: int, depth: int) -> int:
        """Where, among tags that share their first `depth` bits, those with a 1 next begin."""
        shift = DEPTH - 1 - depth
        return bisect_left(
            self._tags, (self._tags[first] >> shift) | 1, first, last, key=lambda t: t >> shift
        )

    def _subtree(self, first: int, last: int, depth: int) -> bytes:
        """The hash of the subtree at `depth` over tags [first, last).

        One pass from left to right over a stack of finished subtrees, without recursion: between
        two neighbours the tree forks at the length of the prefix they share, so whatever lies
        deeper on the left is complete and is hashed up to there.
        """
        if first == last:
            return NOBODY
        if (known := self._large.get((first, depth))) is not None:
            return known
        tags, stack = self._tags, list[tuple[int, int, bytes]]()  # (depth, first tag, hash)
        before = depth - 1
        for at in range(first, last):
            after = _shared(tags[at], tags[at + 1]) if at + 1 < last else depth - 1
            here, begin = max(before, after) + 1, at
            digest = _hash(b"\x02", tags[at].to_bytes(HASH, "big"))
            while here > after + 1:
                if not _bit(tags[at], here - 1):
                    digest = _hash(b"\x03", digest, NOBODY)
                elif stack and stack[-1][0] == here:
                    _, begin, left = stack.pop()
                    digest = _hash(b"\x03", left, digest)
                else:
                    digest = _hash(b"\x03", NOBODY, digest)
                here -= 1
                if at + 1 - begin >= REMEMBERED:
                    self._large[begin, here] = digest
            stack.append((here, begin, digest))
            before = after
        return stack[-1][2]


def present(root: bytes, wanted: bytes, proof: AbsenceProof) -> bool:
    """Is `wanted` in the set that `root` commits? ProofRejected if the path does not say."""
    _check_shape(wanted, proof)
    target = int.from_bytes(wanted, "big")
    digest = NOBODY if proof.terminal is None else _hash(b"\x02", proof.terminal)
    for depth in reversed(range(len(proof.siblings))):
        sibling = proof.siblings[depth]
        pair = (sibling, digest) if _bit(target, depth) else (digest, sibling)
        digest = _hash(b"\x03", *pair)
    if not hmac.compare_digest(_root(proof.count, digest), root):
        raise ProofRejected(
            "The path does not lead to the committed set. Keep the file and ask the operator "
            "for an explanation."
        )
    return proof.terminal == wanted


def _check_shape(wanted: bytes, proof: AbsenceProof) -> None:
    """A path of a shape that no honest tree has is refused before it is hashed."""
    depth, end = len(proof.siblings), proof.terminal
    hashes: Sequence[bytes] = proof.siblings if end is None else (*proof.siblings, end)
    if len(wanted) != HASH or depth > DEPTH or any(len(each) != HASH for each in hashes):
        raise ProofRejected("The absence proof is malformed; ask for the file again.")
    if end is not None and _shared_bits(wanted, end) < depth:
        raise ProofRejected("The absence proof ends at somebody who does not stand on this path.")
    if (proof.count == 0) != (end is None and depth == 0):
        raise ProofRejected("The absence proof and the number of people in the set disagree.")
    if (proof.count == 1) != (end is not None and depth == 0):
        raise ProofRejected("The absence proof and the number of people in the set disagree.")
    if depth and proof.siblings[-1] == NOBODY:
        raise ProofRejected("The absence proof goes deeper than the tree does.")


def _root(count: int, top: bytes) -> bytes:
    if not 0 <= count < 2**63:
        raise ProofRejected("The number of people in the absence proof cannot be.")
    return _hash(b"\x05", count.to_bytes(8, "big"), top)


def _bit(value: int, depth: int) -> int:
    return value >> (DEPTH - 1 - depth) & 1


def _shared(one: int, other: int) -> int:
    """How many leading bits two tags share."""
    return DEPTH - (one ^ other).bit_length()


def _shared_bits(one: bytes, other: bytes) -> int:
    return _shared(int.from_bytes(one, "big"), int.from_bytes(other, "big"))
