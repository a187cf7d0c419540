"""Repositories as AT Protocol exports them: a CAR file (version 1), read block by block.

Every block's hash is checked. Only what the newest commit still points at exists: blocks left over
from deleted records are never looked up. The commit's signature is not checked, because the key
for it is in a directory on the network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import libipld

from demur.archives.container import AGAIN, BrokenFile, Container, shown

MAX_BLOCK = 8 << 20  # AT Protocol allows records of 1 MiB and blobs outside the repository
_CID = 36  # version 1, one byte of codec, SHA-256: the only form AT Protocol uses
_SHA256 = b"\x12\x20"
_RECORDS = 0x71  # DAG-CBOR
_DAMAGE = (ValueError, RecursionError, KeyError, TypeError, IndexError)


@dataclass(frozen=True, slots=True)
class Repository:
    """A checked repository. `close` gives its temporary file back."""

    did: str
    name: str
    _file: BinaryIO
    _blocks: dict[bytes, int]  # hash -> where its bytes begin; about 150 bytes of memory a record
    _root: bytes

    def records(self) -> Iterator[tuple[str, Any | None]]:
        """Each ('collection/key', record) that the newest commit holds, in order of its path;
        None for a record that the commit names but the file does not hold."""
        for path, cid in self._entries():
            yield path, self._load(cid)

    def _entries(self) -> Iterator[tuple[str, bytes]]:
        """The tree, left to right. Each node once: shared nodes could multiply without end."""
        waiting: list[tuple[str, bytes] | bytes] = [self._root]
        visited: set[bytes] = set()
        while waiting:
            here = waiting.pop()
            if isinstance(here, tuple):
                yield here
                continue
            node = self._load(here)
            if here in visited:
                continue
            visited.add(here)
            if node is None:
                yield "", here
                continue
            waiting += reversed(_children(node, self.name))

    def _load(self, cid: bytes) -> Any | None:
        at = self._blocks.get(cid[4:])
        if at is None:
            return None
        self._file.seek(at)
        size = _varint(self._file, self.name) or 0
        return _decoded(self._file.read(size)[_CID:], self.name)

    def close(self) -> None:
        self._file.close()


def open_repository(box: Container, name: str) -> Repository:
    """Check the whole file. Raises `BrokenFile` when it is cut off or a hash does not hold."""
    file = box.spool(name)
    try:
        header = _decoded(file.read(min(_varint(file, name) or 0, MAX_BLOCK)), name)
        root = header["roots"][0]
        blocks = dict(_blocks(file, name))
        commit = _block(file, blocks[root[4:]], name)
        did, data = commit["did"], commit["data"]
        if not (isinstance(did, str) and did.startswith("did:") and isinstance(data, bytes)):
            raise BrokenFile(f"{shown(name)} does not begin with a commit; {AGAIN}.")
    except BrokenFile:
        file.close()
        raise
    except _DAMAGE:
        file.close()
        raise BrokenFile(f"{shown(name)} is not a whole repository file; {AGAIN}.") from None
    return Repository(did, name, file, blocks, data)


def _blocks(file: BinaryIO, name: str) -> Iterator[tuple[bytes, int]]:
    while True:
        at = file.tell()
        size = _varint(file, name)
        if size is None:
            return
        if size > MAX_BLOCK:
            raise BrokenFile(f"{shown(name)} holds a block larger than any record; {AGAIN}.")
        block = file.read(size)
        if len(block) < size or size <= _CID:
            raise BrokenFile(f"{shown(name)} is cut off; {AGAIN}.")
        if block[0] != 1 or block[2:4] != _SHA256:
            raise BrokenFile(f"{shown(name)} names its blocks in an unknown way; {AGAIN}.")
        if hashlib.sha256(block[_CID:]).digest() != block[4:_CID]:
            raise BrokenFile(f"{shown(name)} is damaged: a block has another hash; {AGAIN}.")
        if block[1] == _RECORDS:
            yield block[4:_CID], at


def _block(file: BinaryIO, at: int, name: str) -> Any:
    file.seek(at)
    size = _varint(file, name) or 0
    return _decoded(file.read(size)[_CID:], name)


def _children(node: Any, name: str) -> list[tuple[str, bytes] | bytes]:
    """A node of the tree: `l` is what lies left of it; each entry's key shares `p` bytes with the
    key before it, `v` is its record and `t` what lies between it and the next entry."""
    found: list[tuple[str, bytes] | bytes] = []
    key = b""
    try:
        if node["l"] is not None:
            found.append(node["l"])
        for entry in node["e"]:
            key = key[: entry["p"]] + entry["k"]
            found.append((key.decode("utf-8"), entry["v"]))
            if entry["t"] is not None:
                found.append(entry["t"])
    except _DAMAGE:
        raise BrokenFile(f"{shown(name)} has a damaged index; {AGAIN}.") from None
    return found


def _decoded(block: bytes, name: str) -> Any:
    try:
        return libipld.decode_dag_cbor(block)
    except _DAMAGE:
        raise BrokenFile(f"{shown(name)} holds a damaged block; {AGAIN}.") from None


def _varint(file: BinaryIO, name: str) -> int | None:
    """An unsigned LEB128 number of at most 8 bytes; None at the end of the file."""
    value = 0
    for place in range(8):
        byte = file.read(1)
        if not byte:
            if place == 0:
                return None
            break
        value |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:
            return value
    raise BrokenFile(f"{shown(name)} is cut off or damaged; {AGAIN}.")
