"""Whose translations are used as examples, how near they are, and who takes them away again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from demur.memory.translations import sentences
from demur.people import InForce, Scope, Use

Stands = Callable[..., InForce]
BOAT = "De laatste pont vaart om kwart over zeven."
SHIP = "The last ferry leaves at quarter past seven."
BREAD = "Het brood is om tien uur op. Kom dus vroeg."
LOAF = "The bread is sold out by ten. So come early."


@pytest.fixture
def village(community: Any) -> Any:
    """Anna writes Dutch and Bob puts it into English; Bob writes Dutch too, and Carla the other."""
    community.anna = community.writes("anna", BOAT, origin="1")
    community.bob = community.writes("bob", SHIP, lang="en", origin="2", translation_of="1")
    community.writes("bob", BREAD, origin="3")
    community.writes("carla", LOAF, lang="en", origin="4", translation_of="3")
    return community


def said(village: Any, in_force: InForce, text: str, into: str, limit: int = 3) -> list[str]:
    heard = village.memories(village.words).under(in_force)
    return [example.translation for example in heard.translations(text, into, limit)]


def test_a_translation_teaches_both_directions(village: Any, stands: Stands) -> None:
    heard = village.memories(village.words).under(stands(1))
    [there] = heard.translations("de LAATSTE pont vaart om kwart over zeven", "en", 1)
    assert (there.translation, there.near) == (SHIP, 1.0)
    assert {post.post_id for post in heard.posts(there.rows)} == {village.anna, village.bob}
    [back] = heard.translations("The last ferry leaves at quarter past six.", "nl", 1)
    assert back.translation == BOAT
    assert 0.7 < back.near < 1


def test_sentences_teach_where_both_posts_have_as_many(village: Any, stands: Stands) -> None:
    assert said(village, stands(1), "Kom dus vroeg!", "en", 1) == ["So come early."]
    village.posts[2]["text"] += " Echt."
    again = village.memories(village.words, name="again").under(stands(1))
    [nearest] = again.translations("Kom dus vroeg!", "en", 1)
    assert nearest.translation == LOAF


@pytest.mark.parametrize("who", ["anna", "bob"])
def test_the_no_of_either_takes_the_pair_away_in_both_directions(
    village: Any, stands: Stands, who: str
) -> None:
    assert said(village, stands(1), BOAT, "en")[0] == SHIP
    assert said(village, stands(1), SHIP, "nl")[0] == BOAT
    assert SHIP not in said(village, stands(2, who), BOAT, "en")
    assert BOAT not in said(village, stands(2, who), SHIP, "nl")


@pytest.mark.parametrize("use", [Use.TRANSLATION, Use.ANSWERS])
def test_a_no_to_translating_or_to_being_shown_is_enough(
    village: Any, stands: Stands, use: Use
) -> None:
    """An example can be repeated, so it is one only while it may be shown beside its source."""
    narrowed = {"anna": (Scope(uses=(use,)),)}
    assert SHIP not in said(village, stands(2, narrowed=narrowed), BOAT, "en")
    harmless = {"anna": (Scope(uses=(Use.TRAINING, Use.SEARCH)),)}
    assert said(village, stands(3, narrowed=harmless), BOAT, "en")[0] == SHIP


def test_what_was_not_kept_for_translating_is_no_example(village: Any, stands: Stands) -> None:
    village.posts[1]["uses"] -= Use.TRANSLATION.bit
    assert SHIP not in said(village, stands(1), BOAT, "en")


def test_how_near_a_text_is_does_not_depend_on_who_else_is_heard(
    village: Any, stands: Stands
) -> None:
    asked = "De eerste pont vaart om kwart over acht."
    memories = village.memories(village.words)
    [before] = memories.under(stands(1)).translations(asked, "en", 1)
    [after] = memories.under(stands(2, "carla")).translations(asked, "en", 1)
    assert after == before


def test_a_name_that_two_posts_bear_is_nobody_s(village: Any, stands: Stands) -> None:
    village.writes("dirk", "Iets heel anders", origin="1")
    assert SHIP not in said(village, stands(1), BOAT, "en")
    village.posts[-1]["platform"] = "forum"
    again = village.memories(village.words, name="again").under(stands(1))
    assert again.translations(BOAT, "en", 1)[0].translation == SHIP


def test_a_pair_in_one_language_or_of_a_post_with_itself_is_none(
    village: Any,
) -> None:
    village.writes("dirk", "Ik geloof er niets van", origin="9", translation_of="9")
    village.writes("dirk", "De pont gaat om zeven uur", origin="8", translation_of="1")
    assert len(village.memories(village.words).translations) == 8  # 2 x (1 + 1 + 2)


def test_nothing_and_nonsense_have_no_example(village: Any, stands: Stands) -> None:
    heard = village.memories(village.words).under(stands(1))
    for text in ("", " ", "...", "\x00", "\ud800", "🐑" * 9):
        assert heard.translations(text, "en", 3) == []


def test_a_text_is_cut_into_its_sentences_and_can_be_joined_again() -> None:
    text = "Kom vroeg. Het is om 10.30 uur op!\n\nEcht waar? Ja…"
    found = [part.strip() for part in sentences(text) if part.strip()]
    assert found == ["Kom vroeg.", "Het is om 10.30 uur op!", "Echt waar?", "Ja…"]
    assert "".join(sentences(text)) == text
