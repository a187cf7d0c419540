"""Leaning: what the model adds to an answer is said where it leans on what is in front of it.

A small model writes one sentence that the posts bear out and two that nothing does. So its words
are held back until a sentence is whole, and said if it is one, brings neither a name nor a number
of its own, and comes near in meaning to something that it was given. A larger base passes the same
by keeping to the posts: nothing has to be set when the base is changed (docs/decisions/0107).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import cached_property

from demur.corpus.stored import language_of
from demur.memory import meaning
from demur.memory.meaning import Floats
from demur.memory.stopwords import STOP
from demur.memory.translations import sentences
from demur.serving.engine import Finish

NEAR, WORDS_COUNT = 0.72, 0.3  # how near a sentence has to come; see Leaning.near
LOST = 2  # sentences left out one after another, after which no better one is waited for
MOST = 40  # sentences of what it was given that are compared
FEWEST = 4  # words of a sentence
_OPENERS = """
come join enjoy visit explore discover whether let bring take walk see feel welcome every all
kom geniet bezoek ontdek laat neem loop kijk welkom elke alle
"""
OPENERS = frozenset(_OPENERS.split())
"""Words that may begin a sentence with a capital and name nobody; stop words may too."""
_NAMED = re.compile(r"\b[A-Z][^\W_]*|\S*\d\S*|\S*[@/\[\]]\S*")
"""What names, counts or points somewhere. A capital at the beginning of a sentence could."""


class Leaning:
    """Judges the sentences of one answer by what it was given: posts, and what was said before.

    enough: how near a sentence has to come.
    """

    def __init__(
        self, asked: str, given: Sequence[str], language: str, *, enough: float = NEAR
    ) -> None:
        self._given, self._language, self._enough = given, language, enough
        self._known = words_of(" ".join((asked, *given)))

    def __bool__(self) -> bool:
        """Is there anything to lean on?"""
        return any(text.strip() for text in self._given)

    def holds(self, sentence: str) -> bool:
        return (
            _is_whole(sentence, self._language)
            and _brings_nothing(sentence, self._known)
            and self.near(sentence) >= self._enough
        )

    def near(self, sentence: str) -> float:
        """How near it comes to the one of the texts that bears it out most: to its nearest sentence
        in meaning, and a part of the share of words that it has from that text."""
        [vector] = meaning.bearings([sentence], kind="passage")
        telling = words_of(sentence) - STOP or words_of(sentence)
        each = (
            float((vectors @ vector).max()) + WORDS_COUNT * len(telling & words) / len(telling)
            for words, vectors in self._texts
        )
        return max(each, default=0.0)  # a topic may be nothing but marks

    @cached_property
    def _texts(self) -> list[tuple[frozenset[str], Floats]]:
        """Of each text its words and its sentences' vectors [sentences, meaning.SIZE]; made when
        the model has said something to compare."""
        left, found = MOST, []
        for text in self._given:
            every = [part.strip() for part in sentences(text) if part.strip()][:left]
            if every:
                found.append((words_of(text), meaning.bearings(every, kind="passage")))
            left -= len(every)
        return found


def _is_whole(sentence: str, language: str) -> bool:
    """Is it a sentence to its end, in this language?"""
    ends = sentence.endswith((".", "!", "?"))
    return ends and len(sentence.split()) >= FEWEST and language_of(sentence) == language


def _brings_nothing(sentence: str, known: frozenset[str]) -> bool:
    """Does it name, count and point at nothing that is not known?"""
    named = words_of(" ".join(_NAMED.findall(sentence)))
    return "[" not in sentence and (known | STOP | OPENERS).issuperset(named)


def words_of(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", text.casefold()))


def kept(
    pieces: Generator[str, None, Finish], holds: Callable[[str], bool]
) -> Generator[str, None, Finish]:
    """The pieces, sentence by sentence, without those that do not hold; returns how they ended:
    by their length only where the last one was said and is cut by it. Nothing ("") is said for each
    piece that is held back, so that whoever listens can stop between two words.

    Closes `pieces`, so that nothing more is computed when LOST were left out in a row.
    """
    held, lost, finish = "", 0, None
    with closing(pieces):
        while finish is None and lost < LOST:
            try:
                held += next(pieces)
            except StopIteration as end:
                finish = end.value
            else:
                yield ""
            if finish == "standing-changed":
                break
            whole = sentences(held)
            if finish is None:
                held = whole.pop() if whole else ""
            for sentence in whole:
                if holds(sentence.strip()):
                    lost = 0
                    yield sentence
                elif sentence.strip():
                    lost += 1
    return "stop" if finish is None or (lost and finish == "length") else finish


def edited(
    pieces: Generator[str, None, Finish], edit: Callable[[str], str]
) -> Generator[str, None, Finish]:
    """All of them first, then what is made of them; nothing of what was broken off. They are cut
    short by their length only if it is their own end that is said. "" for each, as in `kept`."""
    held: list[str] = []
    with closing(pieces):
        while True:
            try:
                held.append(next(pieces))
            except StopIteration as end:
                finish: Finish = end.value
                break
            yield ""
    if finish == "standing-changed":
        return finish
    said = "".join(held).strip()
    made = edit(said)
    yield made
    return finish if said and made.rstrip().endswith(said) else "stop"
