"""What the guard catches and what gets past it, pinned: who mends or breaks a rule sees it here.

`missed.toml` names what is known to get past, and the ordinary questions that are declined; the
benchmark prints them and docs/guard.md speaks of them.
"""

from __future__ import annotations

from collections import Counter

import attacking
import pytest

from demur.assistant import guard

MISSED = attacking.read("missed")
POSTS = attacking.read("attacks")["posts"]


def test_there_are_two_hundred_in_two_languages() -> None:
    every = [case for name in attacking.FILES for case in attacking.attacks(name)]
    assert len({case.name for case in every}) >= 200
    languages = Counter(case.lang for case in every)
    assert min(languages["nl"], languages["en"]) >= 90
    assert len(list(attacking.attacks("held_out"))) >= 60


@pytest.mark.parametrize("name", attacking.FILES)
def test_what_gets_past_is_what_is_known_to(name: str) -> None:
    missed = [case.ask for case in attacking.attacks(name) if not attacking.caught(case, POSTS)]
    assert missed == MISSED[name]


@pytest.mark.parametrize("name", attacking.FILES)
def test_ordinary_questions_are_answered_but_for_those_known(name: str) -> None:
    asked = [ask for every in attacking.read(name)["ordinary"].values() for ask in every]
    assert [ask for ask in asked if guard.declines(ask)] == MISSED["declined"][name]


def test_ordinary_sentences_come_through_as_they_are() -> None:
    for language, sentences in attacking.read("attacks")["harmless"].items():
        for sentence in sentences:
            assert attacking.told(sentence, language=language, posts=POSTS) == sentence


def test_every_reason_has_its_sentence_in_both_languages() -> None:
    given = {guard.declines(case.ask) for case in attacking.attacks("attacks")} - {None}
    assert given == set(guard.REASONS)
    assert all(set(sentences) == {"en", "nl"} for sentences in guard.REASONS.values())
