"""The Merkle search tree in which AT Protocol keeps a repository's records.

Source: atproto.com/specs/repository. A key's height is half the number of zero bits with which its
SHA-256 begins; a node holds the keys of one height, and between them links to nodes one below.
Only builds whole trees; nothing is looked up or changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any


def root_of(records: Mapping[str, bytes], keep: Callable[[object], bytes]) -> bytes:
    """The root of a tree over path -> CID. `keep` stores a node and returns its CID."""
    keys = sorted(path.encode() for path in records)
    values = {path.encode(): value for path, value in records.items()}
    top = max((_height(key) for key in keys), default=0)
    return _node(keys, values, top, keep)


def _node(
    keys: list[bytes], values: Mapping[bytes, bytes], height: int, keep: Callable[[object], bytes]
) -> bytes:
    here = [at for at, key in enumerate(keys) if _height(key) == height]
    edges = [-1, *here, len(keys)]
    below = [
        _node(part, values, height - 1, keep) if (part := keys[left + 1 : right]) else None
        for left, right in pairwise(edges)
    ]
    entries: list[dict[str, Any]] = []
    before = b""
    for at, right in zip(here, below[1:], strict=True):
        shared = _alike(before, keys[at])
        entries.append({"p": shared, "k": keys[at][shared:], "v": values[keys[at]], "t": right})
        before = keys[at]
    return keep({"l": below[0], "e": entries})


def _alike(one: bytes, other: bytes) -> int:
    """With how many equal bytes both begin."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))


def _height(key: bytes) -> int:
    number = int.from_bytes(hashlib.sha256(key).digest(), "big")
    return (256 - number.bit_length()) // 2
