"""Pictograms: openly licensed drawings of things, found by what people call them.

Thirteen hundred things with Dutch and English names, out of one file (`art/`, made by
`benchmarks/pictograms.py`). A word is looked up first: as it stands, in the singular, as the head
of a Dutch compound. Only a word that nobody knows is asked about by meaning, across languages, and
what is then found is called the nearest. Nothing here comes from a community, and nothing is
learned.
"""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from demur.memory import meaning

ART = Path(__file__).parent / "art"

Zone = Literal["ground", "table", "water", "sky", "air", "any"]
How = Literal["named", "nearest"]

SENTENCES = {"en": "a picture of: {}", "nl": "een afbeelding van: {}"}
NEAR = 0.64  # cosine from the middle of all names; below it, mostly something else was meant
SHARED = 12  # a keyword that more pictograms have says nothing ("animal", "food")

_IRREGULAR = {
    "geese": "goose", "mice": "mouse", "men": "man", "women": "woman", "children": "child",
    "feet": "foot", "teeth": "tooth", "people": "person", "oxen": "ox", "policemen": "policeman",
    "calves": "calf", "wolves": "wolf", "leaves": "leaf", "loaves": "loaf", "knives": "knife",
    "mensen": "mens", "kinderen": "kind", "eieren": "ei", "kalveren": "kalf", "lammeren": "lam",
    "bladeren": "blad", "schepen": "schip", "koeien": "koe", "vlooien": "vlo", "steden": "stad",
    "runderen": "rund", "goederen": "goed", "gelederen": "gelid", "biggen": "big",
    "vrouwen": "vrouw",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictogram:
    """box: width and height of its coordinates. edge: where in them it begins and ends.
    main: the colour that most of it has."""

    en: str
    nl: str
    zone: Zone
    size: float  # beside others: a grown person is 0.95
    group: str
    box: tuple[float, float]
    edge: tuple[float, float, float, float]
    main: str
    svg: str = field(repr=False)

    def name(self, language: str) -> str:
        return self.nl if language == "nl" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A pictogram for some words; many: they were a plural."""

    pictogram: Pictogram
    words: str
    how: How = "named"
    many: bool = False


class Collection:
    """All pictograms, and which words mean which."""

    def __init__(self, pictograms: list[Pictogram], words: list[dict[str, list[int]]]) -> None:
        self.pictograms = pictograms
        self._words = words  # the surest first: our own words, names, keywords

    @classmethod
    @cache
    def open(cls) -> Collection:
        pictograms: list[Pictogram] = []
        words: list[dict[str, list[int]]] = [{}, {}, {}]
        with gzip.open(ART / "pictograms.json.gz", "rt", encoding="utf-8") as file:
            for number, line in enumerate(file):
                said = json.loads(line)
                keywords = said.pop("words")
                box, edge = tuple(said.pop("box")), tuple(said.pop("edge"))
                pictograms.append(Pictogram(**said, box=box, edge=edge))
                for name in (said["en"], said["nl"]):
                    words[1].setdefault(plain(name), []).append(number)
                for kind, _, word in keywords:
                    words[0 if kind == "said" else 2].setdefault(plain(word), []).append(number)
        return cls(pictograms, words)

    def named(self, words: str, *, keywords: bool = True) -> Found | None:
        """What these words name, as one term; in the singular where they are a plural.

        keywords: False where only a name of its own will do.
        """
        asked = plain(words)
        for term, many in _forms(asked):
            for known in self._words[:2]:
                if term in known:
                    return self._found(known[term], words, many)
        for term, many in _forms(asked) if keywords else ():
            if 0 < len(set(self._words[2].get(term, ()))) <= SHARED:
                return self._found(self._words[2][term], words, many, term)
        return None

    def compound(self, word: str) -> Found | None:
        """A Dutch compound by its head, which stands last: "tuinstoel" is a chair."""
        asked = plain(word)
        for start in range(3, len(asked) - 2):
            for head, many in _forms(asked[start:]):
                for known in self._words[:2]:
                    if len(head) > 2 and head in known:
                        return self._found(known[head], word, many)
        return None

    def nearest(self, words: str) -> Found | None:
        """What these words are nearest to in meaning, if they are near anything."""
        best, number = max(_near(words, lang) for lang in SENTENCES)
        if best < NEAR:
            return None
        return Found(pictogram=self.pictograms[number], words=words, how="nearest")

    def _found(self, numbers: list[int], words: str, many: bool, term: str = "") -> Found:
        """Of several, the one whose name holds the word; of those, the plainest name."""

        def rank(number: int) -> tuple[bool, int, int]:
            names = (self.pictograms[number].en, self.pictograms[number].nl)
            holds = [name for name in map(plain, names) if term in name.split()]
            return not holds, len(min(holds or names, key=len)), number

        number = min(numbers, key=rank) if term else numbers[0]
        return Found(pictogram=self.pictograms[number], words=words, many=many)


def plain(words: str) -> str:
    """Lower case, without accents: how names and words are compared."""
    apart = unicodedata.normalize("NFKD", words.casefold().replace("’", "'"))
    return " ".join("".join(c for c in apart if not unicodedata.combining(c)).split())


def _forms(term: str) -> Iterator[tuple[str, bool]]:
    """The term, and what it may be the plural or the diminutive of, in either language."""
    yield term, False
    *before, last = term.split(" ")
    for form, many in _singulars(last):
        if len(form) > 1:
            yield " ".join([*before, form]), many


def _singulars(word: str) -> Iterator[tuple[str, bool]]:
    if word in _IRREGULAR:
        yield _IRREGULAR[word], True
    for ending, instead in (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("es", ""), ("'s", "")):
        if word.endswith(ending):
            yield word.removesuffix(ending) + instead, True
    if word.endswith("en") and len(word) > 4:
        stem = word.removesuffix("en")
        yield stem, True
        yield from ((one, True) for one in _lengthened(stem))
    if word.endswith("s") and not word.endswith("ss"):
        yield word.removesuffix("s"), True
    small = word.removesuffix("s")
    for ending in ("etje", "pje", "tje", "je"):
        if small.endswith(ending) and len(small) > len(ending) + 1:
            stem = small.removesuffix(ending)
            for one in (stem, *_lengthened(stem)):
                yield one, word.endswith("s")
            if ending == "je" and stem.endswith("k"):  # koninkje, but also "haringkje"
                yield stem[:-1] + "g", word.endswith("s")


def _lengthened(stem: str) -> Iterator[str]:
    """Dutch spelling: kat-ten, bo-men, hui-zen, dui-ven."""
    if len(stem) > 2 and stem[-1] == stem[-2]:
        yield stem[:-1]
    if len(stem) > 2 and stem[-2] in "aeou" and stem[-1] not in "aeiouw":
        longer = stem[:-1] + stem[-2] + stem[-1]
        yield longer
        yield longer[:-1] + {"z": "s", "v": "f"}.get(stem[-1], stem[-1])
    if stem[-1:] in ("z", "v"):
        yield stem[:-1] + {"z": "s", "v": "f"}[stem[-1]]


def _near(words: str, lang: str) -> tuple[float, int]:
    """The cosine with the nearest name in this language, and its number."""
    vectors, middle = _meanings()[lang]
    asked = meaning.embed([SENTENCES[lang].format(words.casefold())], kind="query")[0] - middle
    cosine = vectors @ (asked / np.linalg.norm(asked))
    number = int(cosine.argmax())
    return float(cosine[number]), number


@cache
def _meanings() -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    with np.load(ART / "meanings.npz") as kept:
        found = {}
        for lang in SENTENCES:
            vectors = kept[lang].astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            found[lang] = (vectors, kept[f"{lang}_middle"])
        return found
