"""Witnesses: c2sp.org/tlog-cosignature, what somebody outside says about a checkpoint.

A witness signs that the largest book it has seen from this log had this root, and never signs a
book that contradicts an earlier one. A checkpoint that only its own log signed could have been
made for one reader alone; so what no outside witness signed is called UNWITNESSED.

Both forms are read: Ed25519 (`cosignature/v1`, type 0x04) and ML-DSA-44 (`subtree/v1`, type
0x06). Whether a witness is independent of the operator, no signature can tell: its key must come
from the witness itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from demur.errors import ProofRejected
from demur.tlog import checkpoint as head
from demur.tlog.note import Key, Note

ED25519_COSIGNATURE = 0x04
ML_DSA_44_COSIGNATURE = 0x06
TYPES = frozenset({ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE})
LATEST = 253402300799  # 9999-12-31T23:59:59Z: later than this no date can be printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    witness: str
    at: datetime | None  # None: the witness gave no time, which ML-DSA allows


def cosignatures(note: Note, witnesses: Iterable[Key]) -> tuple[Cosignature, ...]:
    """Those of `witnesses` who signed, with the time they say.

    ProofRejected if a line of a known witness does not hold, as the note's specification asks.
    """
    found: list[Cosignature] = []
    for witness in witnesses:
        if witness.algorithm not in TYPES:
            raise ProofRejected(
                f"The key of {witness.name} is not a witness's (type 04 or 06); "
                "ask the witness for its cosignature key."
            )
        for line in note.signatures:
            if line.by(witness):
                found.append(_checked(witness, line.raw, note.text))
    return tuple(found)


def cosigned_message(witness: Key, time: int, text: str) -> bytes:
    """What a witness signs about a checkpoint's text at POSIX time `time`."""
    if witness.algorithm == ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    checkpoint = head.parse(text)
    return b"".join((
        b"subtree/v1\n\0",
        _short(witness.name),
        time.to_bytes(8, "big"),
        _short(checkpoint.origin),
        (0).to_bytes(8, "big"),
        checkpoint.size.to_bytes(8, "big"),
        checkpoint.root,
    ))  # fmt: skip


def _checked(witness: Key, raw: bytes, text: str) -> Cosignature:
    time = int.from_bytes(raw[:8], "big")
    public: Ed25519PublicKey | MLDSA44PublicKey
    try:
        if witness.algorithm == ED25519_COSIGNATURE:
            public = Ed25519PublicKey.from_public_bytes(witness.public)
        else:
            public = MLDSA44PublicKey.from_public_bytes(witness.public)
        public.verify(raw[8:], cosigned_message(witness, time, text))
    except (InvalidSignature, ValueError):
        raise ProofRejected(
            f"The witness {witness.name} did not sign this checkpoint: its line does not hold. "
            "Keep the file and show it to the witness."
        ) from None
    if time > LATEST:
        raise ProofRejected(f"The witness {witness.name} names a time that cannot be.")
    at = datetime.fromtimestamp(time, UTC) if time else None
    return Cosignature(witness=witness.name, at=at)


def _short(text: str) -> bytes:
    raw = text.encode()
    if not 0 < len(raw) < 256:
        raise ProofRejected("A name in the checkpoint is too long to be cosigned.")
    return len(raw).to_bytes(1, "big") + raw
