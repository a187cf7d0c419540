"""What somebody asked to be drawn, and what was understood of it."""

from __future__ import annotations

import pytest

from demur.assistant.drawing.description import language_of, read
from demur.assistant.drawing.scene import Node, Thing


def told(description: str) -> str:
    scene = read(description)
    return "; ".join(map(_told, scene.nodes))


def _told(node: Node) -> str:
    if isinstance(node, Thing):
        many = f"{node.count} " if node.count > 1 else ""
        return many + node.found.pictogram.en + (f" {node.colour}" if node.colour else "")
    return f"({_told(node.first)} {node.relation} {_told(node.second)})"


@pytest.mark.parametrize(
    ("dutch", "english", "understood"),
    [
        ("een kat naast een boom", "a cat next to a tree", "(cat beside deciduous tree)"),
        ("drie katten op een bank", "three cats on a couch", "(3 cat on couch and lamp)"),
        ("twee honden en een kat", "two dogs and a cat", "2 dog; cat"),
        ("een rode fiets", "a red bike", "bicycle #e0342b"),
        ("een zwarte kat", "a black cat", "black cat"),
        ("een poes onder een tafel", "a kitty under a table", "(cat under table)"),
        ("een appel links van een peer", "an apple left of a pear", "(red apple left pear)"),
        (
            "een kat tussen een hond en een paard",
            "a cat between a dog and a horse",
            "((dog left cat) left horse)",
        ),
    ],
)
def test_both_languages_say_the_same(dutch: str, english: str, understood: str) -> None:
    assert told(dutch) == understood
    assert told(english) == understood


def test_a_dutch_verb_stands_behind_what_it_joins() -> None:
    assert told("een konijn dat een wortel eet") == "(rabbit holding carrot)"


def test_plurals_diminutives_and_compounds_of_dutch() -> None:
    assert told("huisjes") == "3 house"
    assert told("bomen") == "3 deciduous tree"
    assert told("duiven") == "3 dove"
    assert told("een tuinstoel") == "chair"
    assert told("een tulpenveld") == "7 tulip"


def test_of_a_dish_what_is_in_it_is_drawn_and_of_a_container_both() -> None:
    assert told("een bord spaghetti") == told("a plate of spaghetti") == "spaghetti"
    assert (
        told("a basket of apples") == told("een mand met appels") == "(3 red apple inside basket)"
    )
    assert told("een kat met een hond") == "(cat beside dog)"


def test_places_times_and_weather_are_behind_things_and_not_among_them() -> None:
    scene = read("een hond op het strand bij zonsondergang in de regen")
    assert (scene.place, scene.time, scene.weather) == ("beach", "evening", "rain")
    assert told("een hond op het strand bij zonsondergang in de regen") == "dog"
    assert read("een fiets op een gele achtergrond").background == "#fbc92e"
    assert read("a fish in the sea").place == "underwater"
    assert read("a boat on the sea").place == "sea"


def test_what_nobody_can_draw_is_said() -> None:
    scene = read("een blorptang naast een kat")
    assert scene.missing == ("blorptang",)
    assert [thing.found.pictogram.en for thing in scene.things] == ["cat"]
    assert read("gezelligheid").is_empty


def test_a_word_that_no_list_has_is_looked_for_by_its_meaning_and_called_so() -> None:
    [thing] = read("een saxofonist").things
    assert thing.found.pictogram.en == "saxophone"
    assert thing.found.how == "nearest"


def test_nobody_is_drawn_as_what_is_nearest_to_their_name() -> None:
    scene = read("Donald Trump op een paard")
    assert told("Donald Trump op een paard") == "horse"
    assert scene.missing == ("Donald", "Trump")
    assert read("teken Vandenbroek").is_empty, "and not as the trousers at its end"
    assert told("Tuinstoel") == "chair", "a first word has a capital anyway"


def test_people_are_not_coloured() -> None:
    scene = read("een groene man naast een groene auto")
    assert (
        told("een groene man naast een groene auto") == "(man standing beside automobile #35a64b)"
    )
    assert scene.missing == ("groene",)


def test_draw_me_a_picture_of_is_not_drawn() -> None:
    assert told("Please draw me a picture of a cat") == "cat"
    assert told("Teken een plaatje van een kat") == "cat"
    assert told("a picture of a picture of a cat") == "cat"


@pytest.mark.parametrize("text", ["", "   ", ",,,", "9" * 5000, "kat " * 5000, "\0\ud800", "的 🐱"])
def test_nothing_that_is_typed_breaks_it(text: str) -> None:
    scene = read(text)
    assert len(scene.nodes) <= 8
    assert all(thing.count <= 12 for thing in scene.things)


def test_the_language_of_a_few_words() -> None:
    assert language_of("een kat op het dak") == "nl"
    assert language_of("a cat on the roof") == "en"
