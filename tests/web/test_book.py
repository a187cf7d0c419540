"""An outsider reads the book over HTTP and checks it with nothing but the tlog functions."""

from __future__ import annotations

from django.db import transaction

from demur.rights import book
from demur.tlog import checkpoint, merkle, note, tiles

from .conftest import NOW


def write(lines: int) -> None:
    with transaction.atomic():
        for number in range(lines):
            book.append("import", {"counts": {"n": number}}, now=NOW)


def head_of(visitor) -> checkpoint.Checkpoint:
    key = note.parse_key(visitor.get("/log/key").content.decode().strip())
    return checkpoint.open_checkpoint(visitor.get("/log/checkpoint").content.decode(), key)


def test_the_whole_book_is_rebuilt_from_its_tiles(visitor):
    write(300)
    head = head_of(visitor)
    assert head.size == 300
    leaves: list[bytes] = []
    for tile in tiles.tiles_of(head.size):
        response = visitor.get(f"/log/{tile.path}")
        assert response.status_code == 200, tile.path
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Cache-Control"] == "public, max-age=31536000, immutable"
        if tile.level is None:
            leaves += tiles.leaves_in(response.content, tile)
        elif tile.level == 0:
            first = tile.index * tiles.WIDTH
            own = leaves[first : first + tile.width]
            assert response.content == b"".join(merkle.leaf_hash(leaf) for leaf in own)
    assert merkle.root_of(leaves) == head.root


def test_the_head_is_asked_for_each_time_and_by_anyone(visitor):
    response = visitor.get("/log/checkpoint")
    assert response["Cache-Control"] == "no-cache"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Content-Type"].startswith("text/plain")
    before = head_of(visitor).size
    write(1)
    assert head_of(visitor).size == before + 1


def test_a_tile_beyond_the_head_or_misspelt_is_not_there(visitor):
    write(3)
    for path in ("0/000", "0/001", "0/000.p/4", "0/0", "0/000.p/0", "64/000", "../../demur.toml"):
        assert visitor.get(f"/log/tile/{path}").status_code == 404, path
    assert visitor.get("/log/tile/0/000.p/3").status_code == 200
    assert visitor.get("/log/tile/entries/000.p/2").status_code == 200  # an earlier book's


def test_the_page_for_people_shows_the_same_head(visitor):
    write(2)
    page = visitor.get("/log/").content.decode()
    assert "<dd>2</dd>" in page
    assert "UNWITNESSED" in page
    assert str(book.key(book.here()))[:30] in page
