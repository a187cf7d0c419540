"""Tiles: c2sp.org/tlog-tiles, the book as files that any web server can hand out.

    tile/<L>/<N>[.p/<W>]        up to 256 hashes of the tree, 32 bytes each
    tile/entries/<N>[.p/<W>]    up to 256 leaves, each behind its length in two bytes

A tile never changes once written; a partial one (`.p/<W>`) is superseded by a wider one. From the
entries alone an outsider recomputes the root of every checkpoint ever signed.

Pure functions over `Nodes` and a getter of leaves. Nothing here opens a file or a socket.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from demur.errors import NotFound, ProofRejected
from demur.tlog.merkle import Nodes

WIDTH = 256  # hashes or leaves in a full tile
HEIGHT = 8  # levels of the tree that one tile spans
DEEPEST = 63  # tlog-tiles: levels run from 0 to 63
LONGEST = 0xFFFF  # bytes in a leaf, by its two-byte length

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    level: int | None  # None: leaves, not hashes
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Below the log's prefix: `tile/0/x001/x234/067.p/5`."""
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_encode(self.index)}{partial}"

    def within(self, size: int) -> bool:
        """Is it part of a tree of `size` leaves, or was it of an earlier one?"""
        available = size >> HEIGHT * (self.level or 0)
        return self.index * WIDTH + self.width <= available


def parse_path(path: str) -> Tile:
    """NotFound for everything that is not exactly a tile's path."""
    match = _PATH.fullmatch(path)
    if match:
        level = None if match["level"] == "entries" else int(match["level"])
        tile = Tile(
            level=level,
            index=int(re.sub(r"[x/]", "", match["index"])),
            width=int(match["width"] or WIDTH),
        )
        if tile.path == path and (level or 0) <= DEEPEST:
            return tile
    raise NotFound(f"{path[:80]!r} is no tile's path; paths look like tile/0/x001/234.p/5.")


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of `size` leaves: entries first, then hashes level by level."""
    yield from _level(None, size)
    level = 0
    while size and level <= DEEPEST:
        yield from _level(level, size)
        size >>= HEIGHT
        level += 1


def hash_tile(nodes: Nodes, tile: Tile) -> bytes:
    """The bytes of a hash tile; ask `tile.within(size)` first."""
    if tile.level is None:
        raise ValueError("an entry bundle holds leaves, not hashes: see entry_bundle")
    first = tile.index * WIDTH
    level = HEIGHT * tile.level
    return b"".join(nodes.get(level, first + offset) for offset in range(tile.width))


def entry_bundle(leaf_at: Callable[[int], bytes], tile: Tile) -> bytes:
    """The bytes of an entry bundle; ask `tile.within(size)` first."""
    first = tile.index * WIDTH
    parts: list[bytes] = []
    for index in range(first, first + tile.width):
        leaf = leaf_at(index)
        if len(leaf) > LONGEST:
            raise ValueError(f"leaf {index} has {len(leaf)} bytes, a bundle holds {LONGEST}")
        parts += (len(leaf).to_bytes(2, "big"), leaf)
    return b"".join(parts)


def leaves_in(bundle: bytes, tile: Tile) -> list[bytes]:
    """The leaves of an entry bundle, as many as its width says; ProofRejected otherwise."""
    leaves: list[bytes] = []
    start = 0
    while start < len(bundle):
        end = start + 2 + int.from_bytes(bundle[start : start + 2], "big")
        if end > len(bundle) or start + 2 > len(bundle):
            break
        leaves.append(bundle[start + 2 : end])
        start = end
    if start != len(bundle) or len(leaves) != tile.width:
        raise ProofRejected(f"{tile.path} does not hold {tile.width} leaves; fetch it again.")
    return leaves


def leaves(read: Callable[[str], bytes | None], size: int) -> Iterator[bytes]:
    """The leaves of an exported book, in order, from its entry bundles.

    `read` gives the bytes at a tile's path or None. A partial bundle may be gone once the full
    one exists, of which it is the beginning. ProofRejected where neither is there.
    """
    for tile in tiles_of(size):
        if tile.level is not None:
            return
        bundle = read(tile.path)
        if bundle is not None:
            yield from leaves_in(bundle, tile)
            continue
        full = Tile(level=None, index=tile.index)
        bundle = read(full.path)
        if bundle is None:
            raise ProofRejected(f"{tile.path} is missing; fetch the whole book once more.")
        yield from leaves_in(bundle, full)[: tile.width]


def _level(level: int | None, available: int) -> Iterator[Tile]:
    full, rest = divmod(available, WIDTH)
    for index in range(full):
        yield Tile(level=level, index=index)
    if rest:
        yield Tile(level=level, index=full, width=rest)


def _encode(index: int) -> str:
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
