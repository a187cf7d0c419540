"""Whose pictures may be shown: found by their hash, gone with their owner's No."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from demur.memory.shown import Shown
from demur.people import InForce, PersonId, Scope, Use

Stands = Callable[..., InForce]


def photo(name: str, media_type: str = "image/jpeg") -> dict[str, Any]:
    return {"sha256": sha(name), "media_type": media_type, "alt": "", "look": None}


def sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@pytest.fixture
def village(community: Any) -> Any:
    community.writes("anna", "de pont", photos=[photo("pont"), photo("kade", "image/png")])
    community.writes("bob", "zonder foto")
    community.writes("carla", "ook de pont", photos=[photo("pont")])
    return community


def test_a_picture_is_found_by_its_hash_in_the_shard_of_its_owner(
    village: Any, stands: Stands
) -> None:
    heard = village.memories(village.words).under(stands(1))
    found = heard.picture(sha("kade"))
    assert found is not None
    shard, shown = found
    assert (shown.sha256, shown.media_type) == (sha("kade"), "image/png")
    kept = village.root / "build" / f"shard={shard:04}" / "first"
    assert any(sha("kade") == one.sha256 for _, one in Shown.load([kept]).rows(sha("kade")))
    assert heard.picture(sha("nobody's")) is None


def test_annas_no_takes_her_picture_and_leaves_carlas(village: Any, stands: Stands) -> None:
    memories = village.memories(village.words)
    assert memories.under(stands(1)).picture(sha("kade"))
    heard = memories.under(stands(2, "anna"))
    assert heard.picture(sha("kade")) is None
    assert heard.picture(sha("pont")), "carla posted it too and has not objected"


def test_who_is_not_to_be_found_may_still_be_learned_from(village: Any, stands: Stands) -> None:
    scope = Scope(uses=(Use.SEARCH,))
    memories = village.memories(village.words)
    heard = memories.under(stands(2, narrowed={PersonId("anna"): (scope,)}))
    assert heard.picture(sha("kade")) is None
    other = memories.under(stands(3, narrowed={PersonId("anna"): (Scope(uses=(Use.TRAINING,)),)}))
    assert other.picture(sha("kade"))
