"""From one person's posts to rows of tokens, and from a slice's rows to batches.

A row holds one person's tokens, so its bytes depend on that person's posts alone; the order of
rows is drawn for each of them by a keyed hash, so it does not move when somebody leaves; batches
never cross a slice (forgetting.md, rules 2 and 3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from demur.people import PersonId
from demur.training.kept import place
from demur.training.recipe import Recipe

LOOK_AHEAD = 16
"""Rows further on that may fill up a batch: 16 leave 4 % of it as padding instead of 18 %."""

Encode = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`tokens` are what is read and, one further, what is to be predicted: 2 to row_tokens + 1."""

    person: PersonId
    number: int
    tokens: tuple[int, ...]

    @property
    def width(self) -> int:
        return len(self.tokens) - 1

    @property
    def digest(self) -> bytes:
        """SHA-256 of the tokens alone: what a cache of computed states is keyed by."""
        return hashlib.sha256(np.asarray(self.tokens, dtype="<u4").tobytes()).digest()


def rows_of(
    person: PersonId, texts: Iterable[str], encode: Encode, separator: int, recipe: Recipe
) -> list[Row]:
    """Everything of one person in their posts' order, each post after a separator, cut in rows."""
    stream: list[int] = []
    for text in texts:
        if ids := encode(text):
            stream += [separator, *ids]
    if not stream:
        return []
    stream.append(separator)
    starts = range(0, len(stream) - 1, recipe.row_tokens)
    pieces = [tuple(stream[at : at + recipe.row_tokens + 1]) for at in starts]
    return [
        Row(person=person, number=number, tokens=tokens)
        for number, tokens in enumerate(pieces[: recipe.rows_per_person])
    ]


def batches(rows: Iterable[Row], key: bytes, epoch: int, recipe: Recipe) -> Iterator[list[Row]]:
    """One epoch of one slice: rows in the order of HMAC(key, epoch, person, row), packed.

    Each batch holds rows of at most `recipe.batch_tokens` tokens together.
    """
    waiting = sorted(rows, key=lambda row: place(key, epoch, row.person, row.number))
    while waiting:
        batch: list[Row] = []
        room = recipe.batch_tokens
        for row in waiting[:LOOK_AHEAD]:
            if row.width <= room:
                batch.append(row)
                room -= row.width
        taken = {id(row) for row in batch}
        waiting = [row for row in waiting if id(row) not in taken]
        yield batch
