"""One value, one spelling: the base64, decimals, hexadecimals and JSON that proofs are made of.

Whoever may spell the same proof in two ways may change a file that still verifies. So each
reader here writes back what it read and refuses a difference: no spaces, no leading zeroes, no
unused bits in base64, no second order of members in JSON.

Readers raise `ProofRejected`. `what` names the thing in its sentence ("the root hash").
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import rfc8785

from demur.errors import ProofRejected

MOST = 2**63 - 1  # tlog-cosignature bounds its numbers by this; no tree grows beyond it
HASH = 32  # bytes of a SHA-256 digest
DEEP = 32  # levels of lists and objects; ours have 5, a hostile file may have thousands


def to_base64(raw: bytes) -> str:
    """RFC 4648, section 4: the standard alphabet, padded."""
    return base64.b64encode(raw).decode("ascii")


def from_base64(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = None
    if raw is None or to_base64(raw) != text:
        raise ProofRejected(f"{_opening(what)} is not proper base64; ask for the file again.")
    return raw


def hash_from_base64(text: str, what: str) -> bytes:
    raw = from_base64(text, what)
    if len(raw) != HASH:
        raise ProofRejected(f"{_opening(what)} is not a SHA-256 hash; ask for the file again.")
    return raw


def from_hex(text: object, size: int, what: str) -> bytes:
    """Lower case, exactly `size` bytes."""
    try:
        raw = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        raw = b""
    if len(raw) != size or raw.hex() != text:
        raise ProofRejected(
            f"{_opening(what)} is not {size} bytes in hexadecimals; ask for the file again."
        )
    return raw


def decimal(text: str, what: str) -> int:
    """ASCII digits, no sign, no leading zero, at most `MOST`."""
    if text.isascii() and text.isdigit() and len(text) <= 19 and (text == "0" or text[0] != "0"):
        number = int(text)
        if number <= MOST:
            return number
    raise ProofRejected(f"{_opening(what)} is not a proper number; ask for the file again.")


def canonical(value: Mapping[str, Any]) -> bytes:
    """RFC 8785. ValueError for what JSON cannot say exactly (whole numbers beyond 2**53, NaN)."""
    return rfc8785.dumps(dict(value))


def from_canonical(raw: bytes, what: str) -> dict[str, Any]:
    """The object that `raw` is the one RFC 8785 spelling of."""
    try:
        value = json.loads(raw)
        if isinstance(value, dict) and _nested(value) <= DEEP and canonical(value) == raw:
            return value
    except (ValueError, RecursionError):  # not JSON, not exact, or nested to exhaust the reader
        pass
    raise ProofRejected(
        f"{_opening(what)} is not canonical JSON (RFC 8785); ask for the file again."
    )


def _nested(value: object) -> int:
    level, below = 0, [value]
    while below:
        level += 1
        below = [inner for each in below for inner in _inside(each)]
    return level


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _opening(what: str) -> str:
    return what[:1].upper() + what[1:]
