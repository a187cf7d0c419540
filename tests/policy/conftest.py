"""The post of a usual adult, from which cases and hypothesis depart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from demur.policy.facts import PlainFacts, plain

TODAY = date(2026, 11, 21)

USUAL: dict[str, Any] = {
    "post_kind": "post",
    "post_audience": "public",
    "post_created_on": date(2024, 3, 1),
    "post_is_reshare": False,
    "post_refuses_training": False,
    "post_picture_refuses": False,
    "post_wish_unreadable": False,
    "post_mentions_objector": False,
    "post_pictures_objector": False,
    "post_copies_suppressed": False,
    "post_objects_to_training": False,
    "post_objects_to_answers": False,
    "post_objects_to_search": False,
    "post_objects_to_translation": False,
    "post_on_hold": False,
    "post_held_from_training": False,
    "post_held_from_answers": False,
    "post_held_from_search": False,
    "post_held_from_translation": False,
    "post_repeats_own": False,
    "author_known": True,
    "author_country": "NL",
    "author_profile": "open",
    "author_age_known": True,
    "author_adult_from": date(1998, 3, 3),
    "author_choice": "opt-out",
    "author_opted_in": False,
    "author_told": True,
    "author_notice_queued": False,
    "author_usable_from": date(2026, 11, 11),
    "author_untold_of_training": False,
    "author_untold_of_answers": False,
    "author_untold_of_search": False,
    "author_untold_of_translation": False,
    "author_objects_here": False,
    "author_objects_elsewhere": False,
    "author_restricted": False,
    "author_memorial": False,
    "author_refuses_training": False,
    "author_wish_unreadable": False,
    "author_chats_on": False,
    "author_window_from": date(2001, 1, 1),
}


def facts(today: date = TODAY, **differing: Any) -> PlainFacts:
    unheard = differing.keys() - USUAL.keys()
    assert not unheard, f"no such facts: {unheard}"
    return plain(USUAL | differing, today)


@pytest.fixture(scope="session")
def usual() -> Callable[..., PlainFacts]:
    """Facts of the usual post, but for those given by their column's name."""
    return facts
