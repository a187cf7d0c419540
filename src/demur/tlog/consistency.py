"""Proofs that the book only grew, in the form that C2SP witnesses are asked in.

    old <decimal>               the size of the earlier book
    <base64 hash>               the consistency proof of RFC 6962, 2.1.2
    ...
                                an empty line
    <checkpoint>                the later head, a signed note

This is the body of `add-checkpoint` in c2sp.org/tlog-witness (text of July 2026), so what convinces
a witness convinces a reader, and needs no second format.
"""

from __future__ import annotations

from dataclasses import dataclass

from demur.errors import ProofRejected
from demur.tlog.checkpoint import Checkpoint
from demur.tlog.merkle import verify_consistency
from demur.tlog.proof import MOST_HASHES
from demur.tlog.spelling import decimal, hash_from_base64, to_base64


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A parsed file; nothing in it is checked before `require_growth`."""

    old: int
    path: tuple[bytes, ...]
    checkpoint: str  # the later head, verbatim

    def __str__(self) -> str:
        lines = [f"old {self.old}", *map(to_base64, self.path)]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def parse(text: str) -> Growth:
    """ProofRejected for anything that is not exactly such a file."""
    head, blank, checkpoint = text.partition("\n\n")
    first, *hashes = head.split("\n")
    if not blank or not first.startswith("old ") or len(hashes) > MOST_HASHES:
        raise ProofRejected("That is not a whole consistency proof; ask for the file again.")
    return Growth(
        old=decimal(first.removeprefix("old "), "the older size"),
        path=tuple(hash_from_base64(line, "a hash of the consistency proof") for line in hashes),
        checkpoint=checkpoint,
    )


def require_growth(old: Checkpoint, new: Checkpoint, path: tuple[bytes, ...]) -> None:
    """ProofRejected unless the older book is the beginning of the newer one."""
    if not verify_consistency(old.size, new.size, old.root, new.root, path):
        raise ProofRejected(
            f"The signed book of {new.size} lines is not shown to continue the signed book of "
            f"{old.size} lines. Keep both files; if the operator has no better proof, a line "
            "was changed or removed."
        )
