"""Which runs of eight words stand in somebody's post, and whose those are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from demur.memory import windows
from demur.memory.memories import MANY, Heard
from demur.people import InForce, Use

Stands = Callable[..., InForce]
HERS = "de vuurtoren brandt weer sinds dinsdagavond en wie wil mag zaterdag mee naar boven"
SAYING = "gefeliciteerd met je verjaardag en nog vele jaren in goede gezondheid"


def of_few(heard: Heard, text: str) -> list[str]:
    """The windows of a text that few wrote."""
    every = windows.of(text)
    few = heard.of_few({window.mark for window in every})
    return [text[window.start : window.end] for window in every if window.mark in few]


@pytest.fixture
def village(community: Any) -> Any:
    community.writes("anna", HERS)
    community.writes("anna", HERS)  # twice, and still one person
    for number in range(MANY):
        community.writes(f"person-{number}", SAYING)
    community.writes("joost", "twee mensen delen dit geheim en verder niemand op de wereld")
    community.writes("els", "twee mensen delen dit geheim en verder niemand op de wereld")
    return community


def test_what_one_or_two_wrote_is_theirs_and_what_many_wrote_is_a_saying(
    village: Any, stands: Stands
) -> None:
    heard = village.memories(village.words).under(stands(1))
    assert of_few(heard, f"Hoor: {HERS}!")[0].startswith("de vuurtoren brandt weer sinds")
    assert of_few(heard, SAYING) == []
    assert of_few(heard, "twee mensen delen dit geheim en verder niemand")
    assert of_few(heard, "niemand heeft dit ooit op deze manier hier geschreven dus") == []
    assert of_few(heard, " ".join(HERS.split()[:7])) == [], "seven words are anybody's"


@pytest.mark.parametrize(
    "said",
    [
        HERS.upper(),
        "**" + "** **".join(HERS.split()) + "**",
        "\n".join(HERS.split()),
        "-".join(HERS.split()),
        " ".join(f"{number} {word}" for number, word in enumerate(HERS.split(), 1)),
        HERS.replace("e", "é"),
        HERS.replace("vuur", "vuur\u200b"),
    ],
)
def test_signs_capitals_accents_and_numbers_do_not_hide_it(
    village: Any, stands: Stands, said: str
) -> None:
    assert of_few(village.memories(village.words).under(stands(1)), said)


def test_after_her_no_her_words_are_still_hers(village: Any, stands: Stands) -> None:
    """Her post is neither found nor traced any more, and the guard still keeps it from being
    said; a No never makes words sayable."""
    memories = village.memories(village.words)
    after = memories.under(stands(2, "anna"))
    assert after.trace(HERS) == []
    assert of_few(after, HERS)
    assert of_few(memories.under(stands(3, "anna", "person-0")), SAYING), "two who may be heard"


def test_what_was_kept_for_training_alone_counts_too(community: Any, stands: Stands) -> None:
    community.writes("anna", HERS, uses=Use.TRAINING.bit)
    heard = community.memories(community.words).under(stands(1))
    assert heard.search("vuurtoren", limit=5, use=Use.ANSWERS) == []
    assert of_few(heard, HERS)


def test_writing_without_spaces_has_words_too() -> None:
    assert len(windows.of("今日は天気がいいから散歩しましょう")) == 10
    assert windows.count("zo'n café is 't niet") == 5


def test_a_memory_of_an_older_kind_is_written_again(community: Any) -> None:
    from demur.memory.remember import MARK, folder_of, is_written

    community.writes("anna", HERS)
    words = community.words
    community.memories(words)
    folder = next(
        path for built in community.built() if (path := folder_of(built, community.memory)).exists()
    )
    assert is_written(folder, words)
    mark = folder / MARK
    mark.write_text(mark.read_text().replace('"v": 2', '"v": 1'))
    assert not is_written(folder, words)
