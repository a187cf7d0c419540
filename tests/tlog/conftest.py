"""A book kept in a dictionary, for tests: the real one is in the rights' database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from demur.tlog import checkpoint, entry, merkle, note, receipt

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)


class DictNodes(dict[tuple[int, int], bytes]):
    """`merkle.Nodes` over a dict; refuses to write a node twice, as an honest store would."""

    def get(self, level: int, index: int) -> bytes:  # type: ignore[override]
        return self[level, index]

    def put(self, level: int, index: int, digest: bytes) -> None:
        assert (level, index) not in self, "a node never changes"
        self[level, index] = digest


@dataclass
class DictBook:
    origin: str = "dorp.example/log"
    private: Ed25519PrivateKey = field(
        default_factory=lambda: Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    )
    nodes: DictNodes = field(default_factory=DictNodes)
    leaves: list[bytes] = field(default_factory=list)
    openings: list[entry.Opening] = field(default_factory=list)

    @property
    def key(self) -> note.Key:
        return note.key_of(self.origin, self.private)

    def append(self, kind: str, payload: dict[str, Any]) -> int:
        nonce = hashlib.sha256(b"nonce %d" % len(self.leaves)).digest()
        leaf, opening = entry.seal(kind, payload, nonce, NOON)
        merkle.append(self.nodes, len(self.leaves), leaf)
        self.leaves.append(leaf)
        self.openings.append(opening)
        return len(self.leaves) - 1

    def head(self, size: int | None = None) -> str:
        size = len(self.leaves) if size is None else size
        root = merkle.root(self.nodes, size)
        return checkpoint.sign(
            checkpoint.Checkpoint(origin=self.origin, size=size, root=root), self.private
        )

    def line(self, index: int, size: int | None = None) -> receipt.Line:
        size = len(self.leaves) if size is None else size
        return receipt.Line(
            index=index,
            path=tuple(merkle.inclusion(self.nodes, index, size)),
            leaf=self.leaves[index],
            opening=self.openings[index],
        )

    def receipt(
        self, index: int, size: int | None = None, absence: receipt.Absence | None = None
    ) -> str:
        line = self.line(index, size)
        return receipt.write_receipt(
            index=index,
            path=line.path,
            checkpoint=self.head(size),
            leaf=line.leaf,
            opening=line.opening,
            vkey=str(self.key),
            absence=absence,
        )


@pytest.fixture
def book() -> DictBook:
    """Seven lines in."""
    book = DictBook()
    for number in range(7):
        book.append("notice", {"number": number})
    return book


@pytest.fixture
def nodes() -> DictNodes:
    return DictNodes()
