"""The lexicon: which words of two languages go together, by what people here translated.

Counted anew for every question, among the pairs that are heard then: there is nothing to forget
afterwards. Like the counts, it says nothing that only one person wrote; a word that fewer than two
translated so stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demur.memory.stopwords import STOP
from demur.posts import normal

PEOPLE = 2  # who translated a word so; see memory.counts
TRIED = 3  # words, of which the likeliest may be one person's alone
LEAST = 0.2  # Dice, below which two words only met; a twentieth of the words, and no chrF lost
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

Ints = NDArray[np.int64]
Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Glossed:
    """A text word by word in the other language.

    found: what its words are there, as far as they are known. words: how many it has.
    """

    text: str
    found: tuple[str, ...]
    words: int

    @property
    def known(self) -> int:
        return len(self.found)

    def agreement(self, words: Collection[str]) -> float:
        """How much of what was found is among these words, in normal form; small words, which are
        in every sentence, only where there are no others."""
        every = {normal(each) for each in self.found}
        wanted = every - STOP or every
        return len(wanted & set(words)) / max(1, len(wanted))


@dataclass(frozen=True, slots=True)
class _Lists:
    """Numbers in one line, and where those of each thing begin."""

    begin: Ints
    value: Ints

    @classmethod
    def of(cls, things: int, thing: Ints, value: Ints) -> _Lists:
        order = np.argsort(thing, kind="stable")
        begin = np.searchsorted(thing[order], np.arange(things + 1))
        return cls(begin, value[order])

    def __getitem__(self, thing: int) -> Ints:
        return self.value[self.begin[thing] : self.begin[thing + 1]]


class Lexicon:
    """Texts and their translations as sets of words. Units are numbered in the order given."""

    def __init__(self, texts: Sequence[tuple[str, str]], people: Iterable[int]) -> None:
        """texts: each with its translation. people: who wrote the translation, as a number."""
        self._people = np.array(list(people), np.int64)
        self._numbers: dict[str, int] = {}
        here = [self._coded(text) for text, _ in texts]
        there = [self._coded(translation) for _, translation in texts]
        owner = np.repeat(np.arange(len(texts)), [len(each) for each in here])
        self._asked = _Lists.of(len(self._numbers), _flat(here), owner)
        self._owner = np.repeat(np.arange(len(texts)), [len(each) for each in there])
        self._said = _Lists.of(len(texts), self._owner, _flat(there))
        self._words = list(self._numbers)
        self._cased = {
            (unit, self._numbers[word]): 1 if is_name else -1
            for unit, (_, translation) in enumerate(texts)
            for word, is_name in _cased(translation)
        }

    def gloss(self, text: str, usable: Rows) -> Glossed:
        """The text with each word in the other language, by the units that are usable.

        Of the words that stand in the translations of a word's texts, the one that is most its
        own: twice the texts with both, over all that have either (Dice).
        """
        total = np.bincount(self._said.value[usable[self._owner]], minlength=len(self._words))
        asked = {normal(word) for word in WORD.findall(text)}
        other = {word: said for word in sorted(asked) if (said := self._word(word, usable, total))}
        glossed = WORD.sub(lambda match: other.get(normal(match[0]), match[0]), text)
        if text[:1].isupper():
            glossed = glossed[:1].upper() + glossed[1:]
        return Glossed(glossed, tuple(other.values()), len(asked))

    def _word(self, word: str, usable: Rows, total: Ints) -> str | None:
        if word not in self._numbers:
            return None
        units = self._asked[self._numbers[word]]
        units = units[usable[units]]
        if len(units) < PEOPLE:
            return None
        spans = [self._said[unit] for unit in units.tolist()]
        shared = np.bincount(np.concatenate(spans), minlength=len(self._words))
        dice = np.where(shared >= PEOPLE, 2 * shared / (len(units) + np.maximum(total, 1)), 0.0)
        for best in np.argsort(-dice, kind="stable")[:TRIED].tolist():
            if dice[best] < LEAST:
                break
            holders = [u for u, span in zip(units.tolist(), spans, strict=True) if best in span]
            if len(set(self._people[holders].tolist())) >= PEOPLE:
                said: str = self._words[best]
                named = sum(self._cased.get((unit, best), 0) for unit in holders) > 0
                return said[:1].upper() + said[1:] if named else said
        return None

    def _coded(self, text: str) -> list[int]:
        """The distinct words of a text as numbers."""
        words = dict.fromkeys(WORD.findall(normal(text)))
        return [self._numbers.setdefault(word, len(self._numbers)) for word in words]


def _cased(text: str) -> Iterator[tuple[str, bool]]:
    """The words of a text that begin no sentence, and whether each begins with a capital."""
    for match in WORD.finditer(text):
        if re.search(r"[^\s.!?:“”‘\"(][\s,;]*$", text[: match.start()]):
            for word in WORD.findall(normal(match[0])):
                yield word, match[0][0].isupper()


def _flat(lists: Sequence[Sequence[int]]) -> Ints:
    return np.array([number for each in lists for number in each], np.int64)
