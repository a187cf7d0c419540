"""Proofs that a line is in the book: c2sp.org/tlog-proof@v1, files ending in `.tlog-proof`.

    c2sp.org/tlog-proof@v1
    extra <base64>              optional, opaque, NOT authenticated
    index <decimal>
    <base64 hash>               the inclusion path of RFC 6962, 2.1.1, from the leaf upwards
    ...
                                an empty line
    <checkpoint>                a signed note, verbatim

Relied on from the specification (text of July 2026): the first line is fixed; `extra` may stand
second and nowhere else; the index has no leading zeroes; one hash a line; the leaf itself is not
in the file; whoever verifies knows the leaf, the log's key, and which witnesses they believe.
`receipt` says what we put into `extra`.
"""

from __future__ import annotations

from dataclasses import dataclass

from demur.errors import ProofRejected
from demur.tlog.checkpoint import Checkpoint, open_checkpoint
from demur.tlog.merkle import leaf_hash, verify_inclusion
from demur.tlog.note import Key
from demur.tlog.spelling import decimal, from_base64, hash_from_base64, to_base64

HEADER = "c2sp.org/tlog-proof@v1"
MOST_HASHES = 63  # a path in a tree of less than 2**63 leaves is no longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A parsed `.tlog-proof`. Nothing in it has been checked before `verify`."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str  # the signed note, verbatim
    extra: bytes | None = None

    def __str__(self) -> str:
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {to_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += map(to_base64, self.path)
        return "\n".join(lines) + "\n\n" + self.checkpoint


def parse(text: str) -> Proof:
    """ProofRejected for anything that is not exactly a proof."""
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if lines.pop(0) != HEADER or not blank:
        raise ProofRejected(
            f"That is not a whole proof: it begins with '{HEADER}' and ends in a checkpoint. "
            "Ask for the file again."
        )
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = from_base64(lines.pop(0).removeprefix("extra "), "the extra data")
    if not lines or not lines[0].startswith("index "):
        raise ProofRejected("The proof does not say which line it is about; ask for it again.")
    index = decimal(lines.pop(0).removeprefix("index "), "the index")
    if len(lines) > MOST_HASHES:
        raise ProofRejected("The inclusion path is longer than any tree is high.")
    path = tuple(hash_from_base64(line, "a hash of the inclusion path") for line in lines)
    return Proof(index=index, path=path, checkpoint=checkpoint, extra=extra)


def verify(proof: Proof, leaf: bytes, key: Key) -> Checkpoint:
    """The checkpoint under which `leaf` is line `proof.index` of the log that `key` belongs to."""
    checkpoint = open_checkpoint(proof.checkpoint, key)
    require_inclusion(leaf, proof.index, proof.path, checkpoint)
    return checkpoint


def require_inclusion(
    leaf: bytes, index: int, path: tuple[bytes, ...], checkpoint: Checkpoint
) -> None:
    """ProofRejected unless the path leads from the leaf to the checkpoint's root."""
    if not verify_inclusion(leaf_hash(leaf), index, checkpoint.size, path, checkpoint.root):
        raise ProofRejected(
            f"The signed book of {checkpoint.size} lines does not have this as its line {index}. "
            "Keep the file and ask the operator for an explanation."
        )
