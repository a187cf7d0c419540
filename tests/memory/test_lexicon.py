"""Which words go together, said only where two people said so."""

from __future__ import annotations

import numpy as np

from demur.memory.lexicon import Glossed, Lexicon

TEXTS = [
    ("Het brood is vers.", "The bread is fresh."),
    ("Anna eet brood, dacht ik.", "Anna eats bread, I thought."),
    ("Anna slaapt, dacht ik.", "Yesterday Anna slept, I thought."),
    ("Het geheim is 4711 krekels.", "The secret is 4711 crickets."),
]


def gloss(text: str, people: tuple[int, ...] = (1, 2, 1, 1), heard: str = "1111") -> str:
    usable = np.array([letter == "1" for letter in heard])
    return Lexicon(TEXTS, people).gloss(text, usable).text


def test_words_are_put_one_by_one_and_the_rest_stays_as_it_is() -> None:
    found = Lexicon(TEXTS, (1, 2, 1, 1)).gloss("Brood, zegt Anna!", np.ones(4, np.bool_))
    assert (found.text, found.known, found.words) == ("Bread, zegt Anna!", 2, 3)
    assert found.agreement({"bread", "and", "butter"}) == 0.5


def test_small_words_are_no_agreement_where_there_are_others() -> None:
    """ "It is" stands in half of all sentences."""
    assert Glossed("", ("it", "is", "bread"), 3).agreement({"it", "is", "fine"}) == 0
    assert Glossed("", ("it", "is"), 3).agreement({"it", "is", "fine"}) == 1


def test_what_one_person_translated_is_not_said() -> None:
    """Both texts with bread by the same translator, and a secret that stands in one text only."""
    assert gloss("brood") == "bread"
    assert gloss("brood", people=(1, 1, 1, 1)) == "brood"
    assert gloss("geheim krekels") == "geheim krekels"


def test_a_silent_translation_counts_as_never_made() -> None:
    assert gloss("brood", heard="0111") == "brood"
    assert gloss("Anna dacht ik", heard="1111").startswith("Anna ")
    never = Lexicon(TEXTS[:3], (1, 2, 1)).gloss("Brood, zegt Anna", np.ones(3, np.bool_))
    silent = Lexicon(TEXTS, (1, 2, 1, 1)).gloss("Brood, zegt Anna", np.array([1, 1, 1, 0], bool))
    assert silent == never


def test_nothing_is_glossed_from_nothing() -> None:
    empty = Lexicon([], [])
    for text in ("", "...", "Brood", "\ud800"):
        assert empty.gloss(text, np.zeros(0, np.bool_)).text == text
