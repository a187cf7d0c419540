"""An independent program checks our book: `aics-tlog` (PyPI, Python 3.12 or newer).

    python3.12 -m venv somewhere && somewhere/bin/pip install aics-tlog
    PATH="$PATH:somewhere/bin" pytest tests/tlog/test_outsider.py

It shares no code with us. Without it on the PATH these tests are skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from demur.tlog import tiles

OUTSIDER = shutil.which("aics-tlog")
pytestmark = pytest.mark.skipif(
    OUTSIDER is None, reason="aics-tlog (needs Python 3.12) is not on the PATH"
)


@pytest.fixture
def exported(book: Any, tmp_path: Path) -> Path:
    """Three hundred lines, so that there are full and partial tiles on two levels."""
    (tmp_path / "early").write_text(book.head())
    for number in range(293):
        book.append("import", {"number": number})
    folder = tmp_path / "log"
    for tile in tiles.tiles_of(300):
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if tile.level is None:
            path.write_bytes(tiles.entry_bundle(book.leaves.__getitem__, tile))
        else:
            path.write_bytes(tiles.hash_tile(book.nodes, tile))
    (folder / "checkpoint").write_text(book.head())
    (tmp_path / "key").write_text(str(book.key))
    (tmp_path / "leaf").write_bytes(book.leaves[7])
    return folder


def asked(exported: Path, *arguments: str) -> bool:
    assert OUTSIDER is not None
    there = exported.parent
    command = [OUTSIDER, *arguments, "--vkey-file", str(there / "key"), "--tiles", str(exported)]
    done = subprocess.run(command, cwd=there, capture_output=True, timeout=60, check=False)
    answer = json.loads(done.stdout)
    assert answer["ok"] is (done.returncode == 0)
    return bool(answer["ok"])


def test_an_outsider_finds_the_head_signed(exported: Path, book: Any) -> None:
    assert asked(exported, "verify-checkpoint", "--origin", book.origin)


def test_an_outsider_finds_a_line_in_the_book(exported: Path) -> None:
    assert asked(exported, "verify-inclusion", "--leaf", "leaf", "--index", "7")
    assert not asked(exported, "verify-inclusion", "--leaf", "leaf", "--index", "8")


def test_an_outsider_finds_that_the_book_only_grew(exported: Path) -> None:
    assert asked(exported, "verify-consistency", "--old-checkpoint", "early")


def test_an_outsider_notices_a_changed_tile(exported: Path) -> None:
    tile = exported / "tile/0/000"
    tile.write_bytes(b"\0" * 32 + tile.read_bytes()[32:])
    assert not asked(exported, "verify-inclusion", "--leaf", "leaf", "--index", "7")


def test_an_outsider_notices_a_changed_head(exported: Path) -> None:
    head = exported / "checkpoint"
    head.write_text(head.read_text().replace("\n300\n", "\n299\n"))
    assert not asked(exported, "verify-checkpoint")
