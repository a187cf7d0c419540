"""Checkpoints: c2sp.org/tlog-checkpoint, the signed head of the book.

Three lines and a signature: the log's name, how many lines the book has, the root over them. The
log signs with a key of its own name. Two checkpoints of one log with the same size and different
roots convict its operator; that is why they are mailed, witnessed and compared.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from demur.errors import ProofRejected
from demur.tlog import note
from demur.tlog.merkle import EMPTY_ROOT
from demur.tlog.spelling import decimal, hash_from_base64, to_base64


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()  # other logs' lines; ours writes none

    @property
    def text(self) -> str:
        """What is signed."""
        lines = (self.origin, str(self.size), to_base64(self.root), *self.extensions)
        return "".join(line + "\n" for line in lines)


def sign(checkpoint: Checkpoint, private: Ed25519PrivateKey) -> str:
    """The signed note, by a key of the log's own name."""
    return note.sign(checkpoint.text, checkpoint.origin, private)


def parse(text: str) -> Checkpoint:
    """Read a note's text as a checkpoint; its signatures are `open_checkpoint`'s business."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise ProofRejected("That is not a checkpoint: it lacks lines; ask for the file again.")
    origin, size, root, *extensions = lines
    checkpoint = Checkpoint(
        origin=origin,
        size=decimal(size, "the checkpoint's size"),
        root=hash_from_base64(root, "the checkpoint's root"),
        extensions=tuple(extensions),
    )
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise ProofRejected("An empty book with a root over something contradicts itself.")
    return checkpoint


def open_checkpoint(signed: str, key: note.Key) -> Checkpoint:
    """The checkpoint, if `key` signed it and it is about the log that the key is named after."""
    envelope = note.parse(signed)
    note.opened(envelope, [key])
    checkpoint = parse(envelope.text)
    if checkpoint.origin != key.name:
        raise ProofRejected(
            f"The checkpoint speaks of {checkpoint.origin!r}, the key belongs to {key.name}; "
            "give the key of the log that the checkpoint names."
        )
    return checkpoint
