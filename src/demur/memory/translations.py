"""Translations: what the community itself put into another language, as examples for translating.

A pair is two posts of which one says that it translates the other. It is put together when a
generation is loaded, from two rows that may lie in different shards: a folder holds of somebody
else's post nothing but its name. Who is silent is told from outside, by row, and takes every pair
they are in with them, whichever side was theirs; nothing here remembers it, and how near a text is
to one pair depends on no other pair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demur.memory.lexicon import Glossed, Lexicon
from demur.posts import normal

COLUMNS = ["person", "platform", "origin", "translation_of", "lang"]
GRAM = 3  # letters compared at a time: endings and compounds of a word still share most of them
BITS = 21  # of a Unicode code point

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text that somebody translated, or one sentence of it, and how."""

    text: str
    translation: str
    rows: tuple[int, int]  # of the posts they stand in
    near: float  # to what was asked; 1: the same but for case, spaces and a full stop


@dataclass(frozen=True, slots=True)
class _Side:
    """One direction of a pair. into: the language of the translation. by: who wrote the post that
    is a translation, as a number. smallest: it is not cut any further."""

    text: str
    translation: str
    into: str
    rows: tuple[int, int]
    by: int = 0
    smallest: bool = True


class Translations:
    """All pairs of one generation, in both directions. Safe to use from several threads."""

    def __init__(self, sides: Sequence[_Side]) -> None:
        self._sides = sides
        self._rows = np.array([side.rows for side in sides], np.int64).reshape(-1, 2)
        self._into = np.array([side.into for side in sides], np.str_)
        grams = [_grams(side.text) for side in sides]
        self._sizes = np.array([len(each) for each in grams], np.int64)
        owner = np.repeat(np.arange(len(sides)), self._sizes)
        flat = np.concatenate([*grams, np.zeros(0, np.uint64)])
        order = np.argsort(flat, kind="stable")
        self._grams, begins = np.unique(flat[order], return_index=True)
        self._begins = np.append(begins, len(flat))
        self._owner = owner[order].astype(np.int32)
        self._units = np.flatnonzero([side.smallest for side in sides])
        units = [sides[number] for number in self._units.tolist()]
        pairs = [(side.text, side.translation) for side in units]
        self._lexicon = Lexicon(pairs, [side.by for side in units])

    @classmethod
    def load(cls, built: Sequence[Path]) -> Translations:
        """Put together from the folders' `kept.parquet`; rows count through all of them."""
        kept = [folder / "kept.parquet" for folder in built]
        named = [pq.read_table(path, columns=["translation_of"]) for path in kept]
        if all(each["translation_of"].null_count == len(each) for each in named):
            return cls([])
        pairs = list(_pairs(pa.concat_tables(pq.read_table(p, columns=COLUMNS) for p in kept)))
        texts = _texts(built, {post.row for pair in pairs for post in pair})
        by: dict[str, int] = {}
        return cls(
            [
                side
                for translation, original in pairs
                for side in _sides(translation, original, by, texts)
            ]
        )

    def __len__(self) -> int:
        return len(self._sides)

    def like(self, text: str, *, into: str, limit: int, silenced: Rows) -> list[Example]:
        """The examples nearest to a text, the nearest first; none with a silenced row.

        What is near shares its letters: twice the groups of three that both have, over all that
        either has (Dice). Of several alike the first of the rows.
        """
        asked = _grams(text)
        usable = self._usable(into, silenced)
        if not len(asked) or not usable.any():
            return []
        at = np.searchsorted(self._grams, asked)
        known = at[at < len(self._grams)]
        known = known[self._grams[known] == asked[at < len(self._grams)]]
        spans = [self._owner[self._begins[one] : self._begins[one + 1]] for one in known.tolist()]
        shared = np.bincount(np.concatenate([*spans, self._owner[:0]]), minlength=len(self._sides))
        near = 2 * shared / (self._sizes + len(asked))
        key, best = _key(text), []
        for number in np.argsort(np.where(usable, -near, 1), kind="stable")[: limit * 4].tolist():
            if not usable[number] or not shared[number]:
                break
            side = self._sides[number]
            same = _key(side.text) == key
            best.append((1.0 if same else min(0.99, float(near[number])), side))
        best.sort(key=lambda each: -each[0])
        return [
            Example(text=side.text, translation=side.translation, rows=side.rows, near=score)
            for score, side in _distinct(best)
        ][:limit]

    def gloss(self, text: str, *, into: str, silenced: Rows) -> Glossed:
        """The text word by word in the other language. See Lexicon."""
        return self._lexicon.gloss(text, self._usable(into, silenced)[self._units])

    def _usable(self, into: str, silenced: Rows) -> Rows:
        usable: Rows = ~silenced[self._rows].any(axis=1) & (self._into == into)
        return usable


def sentences(text: str) -> list[str]:
    """A text cut after each sentence and at each line end; joined again, it is the text."""
    return [part for part in re.split(r"(?<=[.!?…])(?=\s)|(?<=\n)", text) if part]


def _distinct(best: list[tuple[float, _Side]]) -> Iterator[tuple[float, _Side]]:
    """Of what was said twice, the nearer: an example teaches once."""
    seen = set()
    for score, side in best:
        said = (_key(side.text), _key(side.translation))
        if said not in seen:
            seen.add(said)
            yield score, side


@dataclass(frozen=True, slots=True)
class _Post:
    row: int
    lang: str
    person: str


def _pairs(table: pa.Table) -> Iterator[tuple[_Post, _Post]]:
    """Translation and original, where exactly one kept post is the one that is named."""
    says = np.flatnonzero(pc.is_valid(table["translation_of"]).to_numpy(zero_copy_only=False))
    asking = table.take(pa.array(says)).to_pylist()
    names = pa.array(sorted({row["translation_of"] for row in asking}), pa.string())
    named = np.flatnonzero(pc.is_in(table["origin"], names).to_numpy(zero_copy_only=False))
    places: dict[tuple[str, str], list[_Post]] = {}
    for number, row in zip(named.tolist(), table.take(pa.array(named)).to_pylist(), strict=True):
        post = _Post(number, row["lang"], row["person"])
        places.setdefault((row["platform"], row["origin"]), []).append(post)
    for number, row in zip(says.tolist(), asking, strict=True):
        found = places.get((row["platform"], row["translation_of"]), [])
        if len(found) == 1 and found[0].row != number and found[0].lang != row["lang"]:
            yield _Post(number, row["lang"], row["person"]), found[0]


def _texts(built: Sequence[Path], rows: set[int]) -> dict[int, str]:
    """What these rows say; a folder is read only where one of them is."""
    found: dict[int, str] = {}
    first = 0
    for folder in built:
        count = pq.read_metadata(folder / "kept.parquet").num_rows
        here = sorted(row for row in rows if first <= row < first + count)
        if here:
            texts = pq.read_table(folder / "kept.parquet", columns=["text"])["text"]
            said = texts.take([row - first for row in here]).to_pylist()
            found |= dict(zip(here, said, strict=True))
        first += count
    return found


def _sides(new: _Post, old: _Post, by: dict[str, int], texts: dict[int, str]) -> Iterator[_Side]:
    """Both directions of the whole, and of its sentences where both sides have as many."""
    who = by.setdefault(new.person, len(by))
    whole = texts[new.row].strip(), texts[old.row].strip()
    parts = [[part.strip() for part in sentences(text) if part.strip()] for text in whole]
    said = [whole]
    if len(parts[0]) == len(parts[1]) > 1:
        said += [each for each in zip(*parts, strict=True) if _alike(*each)]
    for number, (one, another) in enumerate(said):
        if one and another:
            smallest = number > 0 or len(said) == 1
            yield _Side(another, one, new.lang, (old.row, new.row), who, smallest)
            yield _Side(one, another, old.lang, (new.row, old.row), who, smallest)


def _alike(one: str, other: str) -> bool:
    """Are they long enough alike to say the same? A sentence can be left out or cut in two."""
    return max(len(one), len(other)) <= 2 * min(len(one), len(other)) + 8


def _key(text: str) -> str:
    return normal(text).strip(" .!…\"'“”‘’«»")


def _grams(text: str) -> NDArray[np.uint64]:
    """The distinct groups of three letters of a text, each as one number."""
    letters = np.frombuffer(f" {_key(text)} ".encode("utf-32-le", "surrogatepass"), np.uint32)
    if len(letters) < GRAM:
        return np.zeros(0, np.uint64)
    wide = letters.astype(np.uint64)
    packed = wide[:-2] << np.uint64(2 * BITS) | wide[1:-1] << np.uint64(BITS) | wide[2:]
    return np.unique(packed)
