"""Machine-readable wishes: a No is found, nothing is ever turned into a yes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.policy import signals

PLUS = "http://ns.useplus.org/ldf/vocab/"


@pytest.mark.parametrize(
    ("actor", "names"),
    [
        ({}, ()),
        ({"indexable": True}, ()),
        ({"indexable": False}, ("mastodon:indexable",)),
        ({"Indexable": False}, ("mastodon:indexable",)),
        ({"indexable": "false"}, ("mastodon:indexable?",)),
        ({"noindex": True}, ("mastodon:noindex",)),
        ({"noindex": False, "indexable": True}, ()),
        ({"noindex": None}, ()),
        ({"summary": "<p>one of the #noailing club</p>"}, ()),
        ({"note": "wood<br />#noml"}, ("hashtag:noml",)),
        ({"summary": '<p>painter <a href="x">#<span>NoAI</span></a></p>'}, ("hashtag:noai",)),
        ({"summary": "<p>painter, #NoAI.</p>"}, ("hashtag:noai",)),
    ],
)
def test_mastodon(actor: dict[str, object], names: tuple[str, ...]) -> None:
    assert signals.mastodon_profile(actor) == names


@pytest.mark.parametrize(
    ("record", "names"),
    [
        ({}, ()),
        ({"syntheticContentGeneration": {"allow": True}}, ()),
        (
            {"syntheticContentGeneration": {"allow": False}},
            ("bluesky:syntheticContentGeneration",),
        ),
        ({"syntheticContentGeneration": {}}, ()),
        (
            {"syntheticContentGeneration": {"allow": "no"}},
            ("bluesky:syntheticContentGeneration?",),
        ),
        ({"syntheticContentGeneration": False}, ("bluesky:syntheticContentGeneration?",)),
        ({"bulkDataset": {"allow": False}}, ()),
    ],
)
def test_bluesky(record: dict[str, object], names: tuple[str, ...]) -> None:
    assert signals.bluesky_intents(record) == names


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, ()),
        ("", ()),
        (PLUS + "DMI-UNSPECIFIED", ()),
        (PLUS + "DMI-ALLOWED", ()),
        (PLUS + "DMI-PROHIBITED", ("plus:DataMining",)),
        (PLUS + "DMI-PROHIBITED-AIMLTRAINING", ("plus:DataMining",)),
        (PLUS + "DMI-PROHIBITED-GENAIMLTRAINING", ("plus:DataMining",)),
        (PLUS + "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING", ("plus:DataMining",)),
        (PLUS + "DMI-PROHIBITED-SEECONSTRAINT", ("plus:DataMining",)),
        ("DMI-PROHIBITED", ("plus:DataMining",)),
        ("yes please", ("plus:DataMining?",)),
    ],
)
def test_pictures(value: str | None, names: tuple[str, ...]) -> None:
    assert signals.picture(value) == names


def test_hashtags_are_read_with_or_without_their_sign() -> None:
    assert signals.hashtags(["#NoAI", "art", "noml,"]) == ("hashtag:noai", "hashtag:noml")


names = st.sets(st.sampled_from(["a", "b?", "hashtag:noai", "plus:DataMining?"]))


@given(names, names)
def test_one_more_signal_never_takes_a_no_back(some: set[str], more: set[str]) -> None:
    both = signals.combined(some, more)
    assert signals.refuses(both) or not (signals.refuses(some) or signals.refuses(more))
    assert signals.unreadable(both) or not signals.unreadable(some)
