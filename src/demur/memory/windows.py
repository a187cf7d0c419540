"""Windows: which runs of eight words stand in somebody's post, whatever stands between the words.

The trace finds what may be shown, to the byte. This finds what the guard keeps the model from
saying, so it looks at every row, the silent ones too, and past capitals, accents, signs, line ends
and numbers. It
says which people wrote a run and gives back no text; who asks must not tell it on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demur.memory.shelf import mapped, save
from demur.posts import normal

WORDS = 8
"""As many as in the answer log's marks. docs/decisions/0096 has the count of false alarms."""

FILES = ("window.npy", "window_row.npy")
Marks = NDArray[np.uint64]

# Apostrophes, combining accents, soft hyphens and what nobody sees stay inside their word. In
# writing without spaces every character is one, as it is for the trace.
_INNER = "'’ʼ\u00ad\u0300-\u036f\u200b-\u200d\u2060\ufe0f\ufeff"
_WORD = re.compile(
    f"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]"
    rf"|[^\W_](?:[^\W_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[{_INNER}])*"
)
_UNHEARD = dict.fromkeys(map(ord, "'’ʼ\u00ad\u200b\u200c\u200d\u2060\ufe0f\ufeff"))
# Any odd number will do: a window is the sum of its words' numbers times its powers.
_POWERS = np.array([pow(0x9E3779B97F4A7C15, n, 2**64) for n in range(WORDS)], np.uint64)


@dataclass(frozen=True, slots=True)
class Window:
    """Code points `start` to `end` of a text, and the mark by which the same words are known."""

    start: int
    end: int
    mark: int


def of(text: str) -> list[Window]:
    """Every run of WORDS words of a text, in order."""
    found = [word for word in _WORD.finditer(text) if not word.group().isdigit()]
    marks = _marks([_number(word.group()) for word in found]).tolist()
    ends = found[WORDS - 1 :]
    return [
        Window(first.start(), last.end(), mark)
        for first, last, mark in zip(found, ends, marks, strict=False)
    ]


def last(text: str) -> int | None:
    """The mark of the last WORDS words of a text; None where it has fewer."""
    ending = _words(text)[-WORDS:]
    if len(ending) < WORDS:
        return None
    mark: int = _marks([_number(word) for word in ending])[0].item()
    return mark


def count(text: str) -> int:
    """How many words a text has, as they are counted here."""
    return len(_words(text))


def write(folder: Path, texts: Sequence[str]) -> None:
    """Write the windows of one shard's texts, in the order of their marks, with their rows."""
    known: dict[str, int] = {}  # of this call alone: words are people's, and outlive nothing
    every = [_marks([_number(word, known) for word in _words(text)]) for text in texts]
    rows = np.repeat(np.arange(len(texts), dtype=np.uint32), [len(marks) for marks in every])
    marks = np.concatenate([np.zeros(0, np.uint64), *every])
    order = np.lexsort((rows, marks))
    marks, rows = marks[order], rows[order]
    new = np.ones(len(marks), np.bool_)  # said twice in one post
    new[1:] = (marks[1:] != marks[:-1]) | (rows[1:] != rows[:-1])
    for name, array in zip(FILES, (marks[new], rows[new]), strict=True):
        save(folder / name, array)


class Windows:
    """The windows of all shards of one generation; rows are numbered through the folders."""

    def __init__(self, shards: Sequence[tuple[Marks, NDArray[np.uint32], int]]) -> None:
        self._shards = shards

    @classmethod
    def load(cls, folders: Sequence[Path], first: Sequence[int]) -> Windows:
        """first: the number of each folder's first row."""
        arrays = ([mapped(folder / name) for name in FILES] for folder in folders)
        return cls([(marks, rows, at) for (marks, rows), at in zip(arrays, first, strict=True)])

    def rows(self, marks: Sequence[int]) -> list[NDArray[np.int64]]:
        """For every mark the rows that hold its words."""
        wanted = np.array(marks, np.uint64)
        found: list[list[NDArray[np.int64]]] = [[] for _ in marks]
        for here, rows, first in self._shards:
            low = np.searchsorted(here, wanted, side="left")
            there = np.flatnonzero(low < len(here))
            for at in there[here[low[there]] == wanted[there]].tolist():
                end = np.searchsorted(here, wanted[at], side="right")
                found[at].append(rows[low[at] : end].astype(np.int64) + first)
        nowhere = np.zeros(0, np.int64)
        return [np.concatenate([nowhere, *each]) for each in found]


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if not word.isdigit()]


def _marks(words: Sequence[int]) -> Marks:
    """One mark for each run of WORDS words; arithmetic modulo 2**64."""
    count = len(words) - WORDS + 1
    if count < 1:
        return np.zeros(0, np.uint64)
    numbers = np.array(words, np.uint64)
    runs = np.lib.stride_tricks.sliding_window_view(numbers, WORDS)
    marks: Marks = (runs * _POWERS).sum(axis=1, dtype=np.uint64)
    return marks


def _number(word: str, known: dict[str, int] | None = None) -> int:
    """64 bits for a word as it is compared."""
    if known is not None and word in known:
        return known[word]
    plain = normal(word.translate(_UNHEARD))
    if not plain.isascii():
        parts = unicodedata.normalize("NFD", plain)
        plain = "".join(one for one in parts if not unicodedata.combining(one))
    data = plain.encode("utf-8", "surrogatepass")
    number = int.from_bytes(blake2b(data, digest_size=8).digest())
    if known is not None:
        known[word] = number
    return number
