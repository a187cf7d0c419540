"""What a root says about what is kept: all of it, each person apart, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from demur.corpus import manifest
from demur.corpus.manifest import KEPT_SCHEMA, Manifest, of_slice, of_slices
from demur.errors import ProofRejected

PHOTO = {"sha256": "a" * 64, "media_type": "image/png", "alt": "een boom", "look": b"l" * 32}


def row(person: str, text: str, **differing: Any) -> dict[str, Any]:
    return {
        "post_id": text.encode().hex().ljust(32, "0")[:32],
        "person": person,
        "slice": 0,
        "account": f"village:{person}",
        "platform": "village",
        "country": "NL",
        "group": None,
        "kind": "post",
        "uses": 15,
        "lang": "nl",
        "created_at": datetime(2024, 1, 1, tzinfo=UTC),
        "text": text,
        "text_hash": text.encode().ljust(16)[:16],
        "near": [1, -2],
        "mention_keys": ["village:@bob"],
        "masked": [],
        "tagged": [],
        "url": None,
        "attribution": "CC BY",
        "photos": [PHOTO],
    } | differing


def leaves(*rows: dict[str, Any]) -> list[bytes]:
    return manifest._leaves(pa.Table.from_pylist(list(rows), schema=KEPT_SCHEMA))


ROWS = (row("anna", "een"), row("bob", "twee"), row("bob", "🐑"), row("cor", "drie"))


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Twee"},
        {"country": None},
        {"country": ""},
        {"url": ""},
        {"created_at": datetime(2024, 1, 1, 0, 0, 0, 1, tzinfo=UTC)},
        {"mention_keys": []},
        {"mention_keys": ["village:@", "bob"]},
        {"tagged": ["village:@bob"]},
        {"photos": []},
        {"photos": [PHOTO | {"alt": "een boo"}]},
        {"photos": [PHOTO, PHOTO]},
        {"account": "villageb:ob"},
        {"text_hash": b"x" * 16},
        {"uses": 14},
        {"group": "Buurtapp"},
        {"near": [1, -3]},
        {"near": [1]},
        {"masked": ["village:@anna"]},
        {"origin": "p1"},
        {"translation_of": "p1"},
        {"photos": [PHOTO | {"look": b"m" * 32}]},
        {"photos": [PHOTO | {"look": None}]},
    ],
    ids=str,
)
def test_whatever_changes_in_a_row_changes_that_person_s_leaf_alone(change: dict[str, Any]) -> None:
    anna, bob, cor = leaves(*ROWS)
    after = leaves(ROWS[0], ROWS[1] | change, *ROWS[2:])
    assert after[1] != bob
    assert (after[0], after[2]) == (anna, cor)


def test_the_same_bytes_cut_elsewhere_are_another_leaf() -> None:
    one = leaves(row("anna", "ab", url="c"))
    other = leaves(row("anna", "ab", url="c", post_id="0" * 31 + "1"))
    moved = leaves(row("anna", "abc", url="", post_id=row("anna", "ab")["post_id"]))
    assert len({*one, *other, *moved}) == 3


def test_a_person_s_leaf_is_the_same_in_any_company() -> None:
    alone = leaves(*ROWS[1:3])
    among = leaves(*ROWS)
    table = pa.Table.from_pylist([*ROWS, row("dirk", "vijf", country=None)], schema=KEPT_SCHEMA)
    sliced = manifest._leaves(table.slice(1, 2))
    assert alone == among[1:2] == sliced == manifest._leaves(table)[1:2]


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    empty = of_slice(KEPT_SCHEMA.empty_table())
    full = of_slice(pa.Table.from_pylist(list(ROWS), schema=KEPT_SCHEMA))
    written = of_slices(3, "p" * 64, [empty, full])
    assert (written.posts, written.people) == (4, 3)
    assert empty.root.startswith("e3b0c442"), "RFC 6962: the root of no leaves is SHA-256 of ''"
    path = tmp_path / "manifest.json"
    path.write_bytes(written.to_json())
    assert Manifest.load(path) == written
    path.write_bytes(written.to_json().replace(full.root.encode(), empty.root.encode()))
    with pytest.raises(ProofRejected, match="build again"):
        Manifest.load(path)


def test_rows_of_another_shape_have_no_manifest() -> None:
    with pytest.raises(ProofRejected):
        of_slice(pa.table({"text": ["een"]}))
