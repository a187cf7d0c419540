"""Summing up: which sentences of a text say most of what it says.

Sentences are compared by their words; those that resemble the others most are kept, in their
order, and none that only says another again (LexRank, Erkan and Radev 2004, in its plainest form;
maximal marginal relevance, Carbonell and Goldstein 1998). Nothing is said that the text does not.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from demur.memory.stopwords import STOP
from demur.memory.translations import sentences

MOST = 400  # sentences of a text that are looked at
SHORTEST = 3  # words, below which a line is a heading or a cry and no sentence to keep
AGAIN = 0.6  # so alike that the second says nothing new


def central(text: str, limit: int) -> list[str]:
    """At most `limit` sentences of the text, as they stand there and in their order."""
    every = [" ".join(each.split()) for each in sentences(text)]
    said = list(dict.fromkeys(each for each in every if len(each.split()) >= SHORTEST))[:MOST]
    if len(said) <= limit:
        return said
    alike = _alike(said)
    # The first sentence of a text tells most often what it is about.
    worth = alike.sum(axis=1) * (1 + 0.5 * (np.arange(len(said)) == 0))
    kept: list[int] = []
    for number in np.argsort(-worth, kind="stable").tolist():
        if len(kept) < limit and all(alike[number, other] < AGAIN for other in kept):
            kept.append(number)
    return [said[number] for number in sorted(kept)]


def words_of(text: str) -> list[str]:
    """The words of a text that say something, in their order."""
    return [word for word in re.findall(r"[^\W_]+", text.casefold()) if word not in STOP]


def _alike(said: list[str]) -> NDArray[np.float64]:
    """[sentences, sentences]: the cosine of their words, rare ones counting more."""
    counted = [Counter(words_of(each)) for each in said]
    spread = Counter(word for each in counted for word in each)
    number = {word: place for place, word in enumerate(spread)}
    weights = np.zeros((len(said), max(1, len(number))))
    for row, each in enumerate(counted):
        for word, times in each.items():
            weights[row, number[word]] = times * np.log(1 + len(said) / spread[word])
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    weights /= np.where(lengths, lengths, 1)
    alike: NDArray[np.float64] = weights @ weights.T
    np.fill_diagonal(alike, 0)
    return alike
