"""Machine-readable wishes: a No is found, nothing is ever turned into a yes."""

from __future__ import annotations

import inspect
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.policy import reservations, signals
from demur.policy.decision import Decision, decide
from demur.policy.facts import PlainFacts

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


VECTORS = [
    pytest.param(vector, id=f"{file.stem}-{number}")
    for file in sorted((Path(__file__).parent / "signals").glob("*.toml"))
    for number, vector in enumerate(tomllib.loads(file.read_text("utf-8"))["vector"], start=1)
]
AS_JSON = {"tdm_file", "credentials", "headers", "meta", "bluesky_intents", "mastodon_profile"}
WITH_PATH = {"robots_txt", "tdm_file", "rsl"}


@pytest.mark.parametrize("vector", VECTORS)
def test_a_published_example_is_read_as_it_says_or_more_strictly(vector: dict[str, Any]) -> None:
    read = getattr(reservations, vector["read"], None) or getattr(signals, vector["read"])
    said = json.loads(vector["said"]) if vector["read"] in AS_JSON else vector["said"]
    where = [vector.get("path")] if vector["read"] in WITH_PATH else []
    assert vector["source"]
    assert read(said, *where) == tuple(vector["names"])


def test_there_are_sixty_vectors_and_more_and_every_reader_has_one() -> None:
    asked = {param.values[0]["read"] for param in VECTORS}
    readers = {
        name
        for name, function in vars(reservations).items()
        if inspect.isfunction(function)
        and function.__module__ == reservations.__name__
        and not name.startswith("_")
    }
    assert len(VECTORS) >= 60
    assert asked == readers - {"everything"} | {"picture", "bluesky_intents", "mastodon_profile"}


@pytest.mark.parametrize(
    ("found", "names"),
    [
        ("text", ("signals?",)),
        (None, ("signals?",)),
        ({"heders": {"Content-Usage": "train-ai=n"}}, ("signals?",)),
        ({"headers": "Content-Usage: train-ai=n"}, ("signals?",)),
        ({"headers": {"content-USAGE": ["train-ai=y", "train-ai=n"]}}, ("aipref:train-ai",)),
        ({"headers": {"Content-Usage": {"train-ai": "n"}}}, ("content-usage?",)),
        ({"headers": {"X-ROBOTS-TAG": "NoAI"}}, ("robots:noai",)),
        ({"headers": {"TDM-Reservation": 1}}, ("tdmrep",)),
        ({"headers": {"TDM-Reservation": True}}, ("tdm-reservation?",)),
        ({"headers": {"Sec-GPC": "1"}}, ("gpc",)),
        ({"meta": {"ROBOTS": "noai"}}, ("robots:noai",)),
        ({"meta": {"robots": ["noai"]}}, ("robots?",)),
        ({"robots_txt": b"bytes"}, ("signals?",)),
        ({"tdmrep": {"tdm-reservation": 1}}, ("tdmrep?",)),
        ({"tdmrep": [{"tdm-reservation": 1}]}, ("tdmrep?",)),
        ({"rsl": '<!DOCTYPE r [<!ENTITY a "b">]><rsl>&a;</rsl>'}, ("rsl?",)),
        ({"rsl": "<html/>"}, ("rsl?",)),
        ({"rsl": {"prohibits": "all"}}, ("signals?",)),
        ({"c2pa": {"label": "cawg.training-mining", "data": "no"}}, ("c2pa?",)),
        ({"path": "/a", "headers": {}, "meta": {}, "tdmrep": []}, ()),
    ],
)
def test_what_a_platform_found_is_read_whole_or_not_at_all(
    found: object, names: tuple[str, ...]
) -> None:
    assert reservations.everything(found) == names


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.text(max_size=30),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=12), inside, max_size=3)
    ),
    max_leaves=8,
)


@given(
    ANYTHING
    | st.dictionaries(
        st.sampled_from(["headers", "meta", "robots_txt", "rsl", "tdmrep", "c2pa", "path"]),
        ANYTHING,
    )
)
def test_nothing_that_is_handed_over_breaks_a_reader(found: object) -> None:
    """A reader that raises would stop an import, and one that swallows would let a No through."""
    assert all(isinstance(name, str) for name in reservations.everything(found))


FOUND = st.fixed_dictionaries(
    {},
    optional={
        "headers": st.dictionaries(
            st.sampled_from(["Content-Usage", "X-Robots-Tag", "tdm-reservation", "Sec-GPC"]),
            st.sampled_from(["train-ai=n", "train-ai=y", "noai", "all", "0", "1", "=", "?"]),
        ),
        "meta": st.dictionaries(
            st.sampled_from(["robots", "tdm-reservation"]), st.sampled_from(["noai", "0", "1"])
        ),
        "robots_txt": st.sampled_from(["User-Agent: *\nContent-Usage: / train-ai=n", "Allow: /"]),
        "tdmrep": st.just([{"location": "/", "tdm-reservation": 0}]),
        "rsl": st.sampled_from(["<rsl", "<rsl/>"]),
        "c2pa": st.just({"label": "c2pa.training-mining", "data": {"entries": {}}}),
    },
)


Usual = Callable[..., PlainFacts]


def decided(usual: Usual, *names: tuple[str, ...]) -> Decision:
    """What the law says of a post that may be used, but for these signals on it."""
    found = signals.combined(*names)
    said = {
        "post_refuses_training": signals.refuses(found),
        "post_wish_unreadable": signals.unreadable(found),
    }
    return decide(usual(**said), policy="0" * 64)


@given(FOUND, FOUND)
def test_adding_a_signal_never_gives_back_what_another_took(
    usual: Usual, one: dict[str, object], more: dict[str, object]
) -> None:
    """Over every reader at once: neither another find, nor another part of the same one, nor
    another header of it ever turns a No into a Yes."""
    alone = reservations.everything(one)
    assert decided(usual, alone, reservations.everything(more)).uses <= decided(usual, alone).uses
    together = {**more, **one}
    assert decided(usual, reservations.everything(together)).uses <= decided(usual, alone).uses
    for part in ("headers", "meta"):
        both = {**dict(more.get(part, {})), **dict(one.get(part, {}))}  # type: ignore[call-overload]
        wider = reservations.everything({**one, part: both})
        assert decided(usual, wider).uses <= decided(usual, alone).uses
