"""What the assistant quotes and what it does not know, in the village."""

from __future__ import annotations

from datetime import date

from village_site import Village

from demur.assistant import search
from demur.memory.search import Filter
from demur.village import story


def test_what_nobody_wrote_about_is_not_answered_with_something_else(village: Village) -> None:
    answer = village.ask(village.assistant(), "Wat kost een rijbewijs voor een vrachtauto?")
    assert answer.citations == ()
    assert "Ik vond hierover geen openbaar bericht." in answer.text


def test_with_a_slip_and_another_ending_the_same_post_is_cited(village: Village) -> None:
    assistant = village.assistant()
    asked = village.ask(assistant).citations[0]
    [word] = [one for one in asked.text.split() if len(one) > 7][:1]
    slip = word[:3] + word[4:]
    assert asked.post_id in [hit.post_id for hit in search.find(assistant, slip, 20)]


def test_a_filter_leaves_out_what_is_elsewhere(village: Village) -> None:
    assistant = village.assistant()
    every = search.find(assistant, story.QUESTION_NL, 50)
    platforms = {hit.platform for hit in every}
    assert len(platforms) > 1
    for platform in platforms:
        narrowed = search.find(assistant, story.QUESTION_NL, 50, Filter(platform=platform))
        assert {hit.platform for hit in narrowed} == {platform}
    assert search.find(assistant, story.QUESTION_NL, 50, Filter(until=date(1990, 1, 1))) == []
