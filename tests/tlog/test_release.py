from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from demur.errors import ProofRejected
from demur.tlog import release
from demur.tlog.release import Release, ServedImages, ServedShard

RELEASE = Release(
    model="dorp-7",
    base="sha256:aa",
    recipe="sha256:bb",
    shards=(
        ServedShard(shard=0, manifest="m0", adapter="a0"),
        ServedShard(shard=3, manifest="m3", adapter=None),
    ),
    people_root=b"\7" * 32,
)


def test_a_release_is_read_as_it_was_written() -> None:
    assert release.read(RELEASE.payload) == RELEASE


def test_a_model_without_shards_is_a_release_too() -> None:
    bare = Release(model="m", base="b", recipe="r", shards=(), people_root=b"\0" * 32)
    assert release.read(bare.payload) == bare


DRAWING = dataclasses.replace(
    RELEASE,
    image=ServedImages(base="cc", recipe="dd"),
    shards=(dataclasses.replace(RELEASE.shards[0], image="i0"), RELEASE.shards[1]),
)


def test_a_model_that_draws_says_with_what_and_one_that_does_not_says_nothing_of_it() -> None:
    assert release.read(DRAWING.payload) == DRAWING
    assert "image" not in RELEASE.payload
    assert [set(shard) for shard in RELEASE.payload["shards"]] == [
        {"shard", "manifest", "adapter"},
        {"shard", "manifest", "adapter"},
    ], "receipts of before are made of just these"


@pytest.mark.parametrize(
    "changes",
    [
        {"image": None},
        {"image": {}},
        {"image": {"base": "cc"}},
        {"image": {"base": "cc", "recipe": ""}},
        {"image": {"base": 1, "recipe": "dd"}},
        {"shards": [{"shard": 0, "manifest": "m", "adapter": None, "image": None}]},
        {"shards": [{"shard": 0, "manifest": "m", "adapter": None, "image": 1}]},
        {"shards": [{"shard": 0, "manifest": "m", "image": "i"}]},
    ],
)
def test_a_spoilt_model_that_draws_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ProofRejected):
        release.read({**DRAWING.payload, **changes})


def test_shards_do_not_draw_without_an_image_base() -> None:
    payload = {name: value for name, value in DRAWING.payload.items() if name != "image"}
    with pytest.raises(ProofRejected, match="names no image base"):
        release.read(payload)


def spoilt(**changes: Any) -> dict[str, Any]:
    payload = {**RELEASE.payload, **changes}
    return {name: value for name, value in payload.items() if value is not ...}


@pytest.mark.parametrize(
    "payload",
    [
        {},
        *(spoilt(**{name: ...}) for name in sorted(release.MEMBERS)),
        *(spoilt(**{name: None}) for name in sorted(release.MEMBERS)),
        spoilt(more=1),
        spoilt(model=""),
        spoilt(people_root="07" * 31),
        spoilt(people_root="0A" * 32),
        spoilt(shards={}),
        spoilt(shards=[None]),
        spoilt(shards=[{"shard": 0, "manifest": "m"}]),
        spoilt(shards=[{"shard": "0", "manifest": "m", "adapter": None}]),
        spoilt(shards=[{"shard": True, "manifest": "m", "adapter": None}]),
        spoilt(shards=[{"shard": 0, "manifest": None, "adapter": None}]),
        spoilt(shards=[{"shard": 0, "manifest": "m", "adapter": 1}]),
        spoilt(shards=RELEASE.payload["shards"][::-1]),
        spoilt(shards=RELEASE.payload["shards"][:1] * 2),
    ],
)
def test_a_spoilt_release_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(ProofRejected):
        release.read(payload)
