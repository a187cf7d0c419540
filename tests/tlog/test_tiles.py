from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.errors import NotFound, ProofRejected
from demur.tlog import merkle, tiles
from demur.tlog.tiles import Tile


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(level=0, index=1234067), "tile/0/x001/x234/067"),  # the specification's example
        (Tile(level=0, index=0), "tile/0/000"),
        (Tile(level=63, index=999, width=255), "tile/63/999.p/255"),
        (Tile(level=1, index=1000, width=1), "tile/1/x001/000.p/1"),
        (Tile(level=None, index=1234, width=5), "tile/entries/x001/234.p/5"),
    ],
)
def test_paths_are_spelled_as_the_specification_spells_them(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert tiles.parse_path(path) == tile


@given(
    level=st.none() | st.integers(0, 63),
    index=st.integers(0, 10**21 - 1),
    width=st.integers(1, 256),
)
def test_every_path_leads_back_to_its_tile(level: int | None, index: int, width: int) -> None:
    tile = Tile(level=level, index=index, width=width)
    assert tiles.parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile/0/0", "tile/0/0000",
        "tile/00/000", "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/a/000", "tile/0/x000/000",
        "tile/0/x001", "tile/0/001/000", "tile/0/x01/000", "tile/0/000.p/0", "tile/0/000.p/256",
        "tile/0/000.p/01", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/-1", "tile/0/000.p/1/2",
        "tile/entries/000\n", "tile/Entries/000", "tile/entries/../../keys/log.pem",
        "tile/0/\u0660\u0660\u0660", "tile/0/" + "x001/" * 7 + "000",
    ],
)  # fmt: skip
def test_no_other_path_leads_anywhere(path: str) -> None:
    with pytest.raises(NotFound):
        tiles.parse_path(path)


def widths(size: int, level: int | None) -> list[int]:
    return [tile.width for tile in tiles.tiles_of(size) if tile.level == level]


def test_a_tree_of_seventy_thousand_is_the_specifications_example() -> None:
    assert widths(70_000, 0) == [256] * 273 + [112]
    assert widths(70_000, 1) == [256, 17]
    assert widths(70_000, 2) == [1]
    assert widths(70_000, None) == widths(70_000, 0)
    assert {tile.level for tile in tiles.tiles_of(70_000)} == {None, 0, 1, 2}


def test_small_trees_have_no_empty_tiles() -> None:
    assert list(tiles.tiles_of(0)) == []
    assert [tile.path for tile in tiles.tiles_of(1)] == ["tile/entries/000.p/1", "tile/0/000.p/1"]
    assert [tile.path for tile in tiles.tiles_of(256)] == [
        "tile/entries/000",
        "tile/0/000",
        "tile/1/000.p/1",
    ]


def test_only_tiles_of_the_tree_are_handed_out() -> None:
    assert Tile(level=0, index=1, width=44).within(300)
    assert Tile(level=0, index=1, width=3).within(300)  # an earlier head needed it
    assert not Tile(level=0, index=1, width=45).within(300)
    assert not Tile(level=0, index=1).within(300)
    assert Tile(level=1, index=0, width=1).within(300)
    assert not Tile(level=1, index=0, width=2).within(300)
    assert not Tile(level=2, index=0, width=1).within(300)
    assert not Tile(level=None, index=10**20, width=1).within(300)


@pytest.fixture
def long_book(nodes: Any) -> tuple[Any, list[bytes]]:
    leaves = [b"leaf %d" % number for number in range(600)]
    for size, leaf in enumerate(leaves):
        merkle.append(nodes, size, leaf)
    return nodes, leaves


def test_hash_tiles_hold_what_the_tree_holds(long_book: tuple[Any, list[bytes]]) -> None:
    nodes, leaves = long_book
    tile = tiles.hash_tile(nodes, Tile(level=0, index=2, width=88))
    assert tile == b"".join(map(merkle.leaf_hash, leaves[512:]))
    above = tiles.hash_tile(nodes, Tile(level=1, index=0, width=2))
    assert above == merkle.root_of(leaves[:256]) + merkle.root_of(leaves[256:512])


def test_the_whole_book_can_be_read_back_from_its_entry_bundles(
    long_book: tuple[Any, list[bytes]],
) -> None:
    _, leaves = long_book
    files = {
        tile.path: tiles.entry_bundle(leaves.__getitem__, tile)
        for tile in tiles.tiles_of(600)
        if tile.level is None
    }
    assert list(tiles.leaves(files.get, 600)) == leaves
    # An earlier head's partial bundle is gone; the full one begins with it.
    assert list(tiles.leaves(files.get, 300)) == leaves[:300]
    del files["tile/entries/001"]
    with pytest.raises(ProofRejected, match="tile/entries/001 is missing"):
        list(tiles.leaves(files.get, 600))


@pytest.mark.parametrize(
    "spoilt",
    [b"\0", b"\0\2a", b"\0\1a\0\1b\0", b"\0\1a\0\1b\0\2c", b"\0\1a", b"\0\1a\0\1b\0\1c", b""],
)
def test_a_spoilt_bundle_is_refused(spoilt: bytes) -> None:
    with pytest.raises(ProofRejected, match="2 leaves"):
        tiles.leaves_in(spoilt, Tile(level=None, index=0, width=2))


def test_a_leaf_too_long_for_a_bundle_is_refused() -> None:
    with pytest.raises(ValueError, match="65535"):
        tiles.entry_bundle(lambda _: b"x" * 65536, Tile(level=None, index=0, width=1))
