"""Signed notes: c2sp.org/signed-note, the envelope of every checkpoint.

A note is a text that ends in a newline, an empty line, and signature lines. Here the log signs
with Ed25519 (type 0x01); lines by keys that nobody configured are carried along and ignored, as
the specification demands. What a witness's line says is read in `witness`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from demur.errors import ProofRejected
from demur.tlog.spelling import from_base64, from_hex, to_base64

ED25519 = 0x01
DASH = "\u2014"
MOST_SIGNATURES = 64  # the specification asks for a limit of 16 or more


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A verifier key. `str(key)` is its vkey: `name+key id+base64(type and public key)`."""

    name: str
    algorithm: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes. An identifier only: collisions are easy to make and of no use."""
        what = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return hashlib.sha256(what).digest()[:4]

    def __str__(self) -> str:
        material = to_base64(bytes([self.algorithm]) + self.public)
        return f"{self.name}+{self.id.hex()}+{material}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    name: str
    id: bytes
    raw: bytes

    def by(self, key: Key) -> bool:
        """Says that it is by this key; only checking it tells."""
        return self.name == key.name and self.id == key.id

    def __str__(self) -> str:
        return f"{DASH} {self.name} {to_base64(self.id + self.raw)}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text and the signatures under it, none of them checked."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(map(str, self.signatures))


def key_of(name: str, private: Ed25519PrivateKey) -> Key:
    """The verifier key of a signing key, under the name it signs with."""
    if not _is_name(name):
        raise ValueError("a key's name has no spaces, no plus sign and is not empty")
    return Key(name=name, algorithm=ED25519, public=private.public_key().public_bytes_raw())


def parse_key(text: str) -> Key:
    """Read a vkey of any type; ProofRejected if it is not one."""
    name, plus, rest = text.partition("+")
    key_id, plus_again, material = rest.partition("+")
    raw = from_base64(material, "the key") if plus and plus_again else b""
    if len(raw) < 2 or not _is_name(name):
        raise ProofRejected(
            "That is not a verifier key; it looks like 'example.org/log+1a2b3c4d+AXYZ…'. "
            "Copy it whole from the operator's page."
        )
    key = Key(name=name, algorithm=raw[0], public=raw[1:])
    if from_hex(key_id, 4, "the key's id") != key.id:
        raise ProofRejected("The key does not match its own id; copy it whole once more.")
    return key


def sign(text: str, name: str, private: Ed25519PrivateKey) -> str:
    """A whole note with one Ed25519 signature. `text` ends in a newline."""
    _check_text(text)
    signature = Signature(name=name, id=key_of(name, private).id, raw=private.sign(text.encode()))
    return str(Note(text=text, signatures=(signature,)))


def parse(raw: str) -> Note:
    """Split a note; ProofRejected if it is not exactly one. Checks no signature."""
    head, separator, tail = raw.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise ProofRejected("The signed note is cut off; ask for the file again.")
    _check_text(raw)
    lines = tail[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise ProofRejected(
            f"The signed note carries more than {MOST_SIGNATURES} signatures; "
            "remove those you do not need and try again."
        )
    return Note(text=head + "\n", signatures=tuple(_signature(line) for line in lines))


def opened(note: Note, keys: Iterable[Key]) -> tuple[Key, ...]:
    """The Ed25519 keys among `keys` that signed the note: at least one, or ProofRejected.

    A line that claims to be by a known key and does not verify rejects the whole note.
    """
    signers: list[Key] = []
    for key in keys:
        lines = [line for line in note.signatures if line.by(key)]
        for line in lines:
            if not _holds(key, line.raw, note.text.encode()):
                raise ProofRejected(
                    f"The signature of {key.name} does not hold: the text was changed after it "
                    "was signed. Keep the file and ask the operator for an explanation."
                )
        if lines:
            signers.append(key)
    if not signers:
        raise ProofRejected(
            "Nobody whose key was given signed this; check that the key is the log's own."
        )
    return tuple(signers)


def _holds(key: Key, signature: bytes, message: bytes) -> bool:
    if key.algorithm != ED25519 or len(key.public) != 32:
        raise ProofRejected(f"The key of {key.name} is no Ed25519 log key; give the log's own key.")
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != DASH or not _is_name(parts[1]):
        raise ProofRejected("A signature line is malformed; ask for the file again.")
    raw = from_base64(parts[2], f"the signature of {parts[1]}")
    if len(raw) < 5:
        raise ProofRejected(f"The signature of {parts[1]} is cut off; ask for the file again.")
    return Signature(name=parts[1], id=raw[:4], raw=raw[4:])


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(char < " " and char != "\n" for char in text):
        raise ProofRejected(
            "A signed note holds no control characters and ends in a newline; "
            "ask for the file again, as it was written."
        )


def _is_name(name: str) -> bool:
    return bool(name) and name.isprintable() and not any(c.isspace() or c == "+" for c in name)
