"""A line of the book: what happened, when, and a commitment to the rest. No personal data.

A leaf is canonical JSON (RFC 8785):

    {"c":"<64 hexadecimals>","kind":"objection","t":"2026-08-01T12:00:00Z","v":1}

`c` is SHA-256(nonce || payload), in the hexadecimals that sha256sum prints; the payload is
canonical JSON too, the nonce 32 random bytes. Nonce and payload are the line's `Opening`: the
database and the person's receipt hold them. Erasing the nonce erases what the line means, while
the line itself stays, so a book that only grows and a right to erasure live together. Without
the nonce a payload that can be guessed (an address, a name) could be recognised by its hash.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demur.errors import ProofRejected
from demur.tlog.spelling import HASH, canonical, from_canonical, from_hex

NONCE = 32  # bytes; as many as the hash has, so guessing the nonce is never the easier way
TIME = "%Y-%m-%dT%H:%M:%SZ"

KINDS = frozenset({
    "notice", "objection", "objection_withdrawn", "link", "hold", "lift", "policy", "import",
    "manifest", "adapter", "served", "retired", "shard_dropped", "shard_retrained", "purge_done",
    "key_rotation", "campaign", "bounce", "request", "decision", "appeal", "restriction",
    "authority", "agent", "group_closed", "retracted", "named", "erased", "undone", "choice",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What anyone can read in a leaf."""

    kind: str
    at: datetime  # aware, UTC, whole seconds
    commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What gives a leaf its meaning. Equal openings of equal leaves only."""

    nonce: bytes
    payload: Mapping[str, Any]  # JSON: strings, whole numbers to 2**53, lists, objects, null

    def __post_init__(self) -> None:
        if len(self.nonce) != NONCE:
            raise ValueError(f"a nonce has {NONCE} bytes, this one has {len(self.nonce)}")

    @property
    def commitment(self) -> bytes:
        """ValueError if the payload cannot be spelled in canonical JSON."""
        return hashlib.sha256(self.nonce + canonical(self.payload)).digest()


def seal(kind: str, payload: Mapping[str, Any], nonce: bytes, t: datetime) -> tuple[bytes, Opening]:
    """The leaf to append, and the opening to keep. `nonce` must be drawn afresh for each line."""
    if kind not in KINDS:
        raise ValueError(f"the book knows no lines of kind {kind!r}")
    if t.tzinfo is None:
        raise ValueError("the time of a line needs a time zone")
    opening = Opening(nonce=nonce, payload=payload)
    leaf = {
        "v": 1,
        "kind": kind,
        "t": t.astimezone(UTC).strftime(TIME),
        "c": opening.commitment.hex(),
    }
    return canonical(leaf), opening


def read(leaf: bytes) -> Entry:
    """What a leaf says; ProofRejected if it is not one of ours, in its one spelling.

    A kind this version does not know is read all the same: old auditors outlive new kinds.
    """
    value = from_canonical(leaf, "the line")
    if value.keys() != {"v", "kind", "t", "c"} or value["v"] != 1 or isinstance(value["v"], bool):
        raise ProofRejected(
            "The line is not a Demur entry, version 1; a newer `demur verify` may know it."
        )
    return Entry(
        kind=_kind(value["kind"]),
        at=_time(value["t"]),
        commitment=from_hex(value["c"], HASH, "the line's commitment"),
    )


def opens(leaf: bytes, opening: Opening) -> bool:
    """Does this nonce and payload stand behind that leaf?"""
    return hmac.compare_digest(read(leaf).commitment, opening.commitment)


def _kind(value: object) -> str:
    if isinstance(value, str) and value.isascii() and value.replace("_", "").isalnum():
        return value
    raise ProofRejected("The line names no kind of event; ask for the file again.")


def _time(value: object) -> datetime:
    try:
        if isinstance(value, str):
            moment = datetime.strptime(value, TIME).replace(tzinfo=UTC)
            if moment.strftime(TIME) == value:
                return moment
    except ValueError:
        pass
    raise ProofRejected("The line's time is not an instant in UTC; ask for the file again.")
