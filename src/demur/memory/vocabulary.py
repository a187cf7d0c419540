"""The vocabulary: how a text becomes the numbers that are counted, and which words need care.

All of it comes from the base model's tokenizer and so is fixed before any post is read
(forgetting.md, exact means, rule 5). Nothing here knows a person or a model's weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vocabulary:
    """`start` stands before every post and is never spoken; `end` closes it and may be.

    They may be one mark, as in a model that only knows a separator.
    """

    name: str  # hash of tokenizer and marks; memories made with another vocabulary are refused
    start: int
    end: int
    careful: NDArray[np.bool_] = field(repr=False)  # by token id: part of a name or a number?
    tokenizer: Tokenizer = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.careful)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """One row a text: start, tokens, end. A mark spelled out in a post is only text."""
        found = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [[self.start, *one.ids, self.end] for one in found]


def of(tokenizer: Tokenizer, *, start: str, end: str) -> Vocabulary:
    """The vocabulary of a base model. `start` and `end` are two of the tokenizer's own marks.

    Raises KeyError for a mark that the tokenizer does not have.
    """
    spelling = tokenizer.to_str()
    own = Tokenizer.from_str(spelling)
    own.no_truncation()
    own.no_padding()
    own.encode_special_tokens = True  # somebody may write "<|im_end|>" in a post
    ids = own.get_vocab(with_added_tokens=True)
    size = max(ids.values()) + 1
    words = own.decode_batch([[number] for number in range(size)], skip_special_tokens=False)
    named = careful(words)
    named[[ids[start], ids[end]]] = False  # however they are spelled
    return Vocabulary(
        name=hashlib.sha256("\0".join((spelling, start, end)).encode()).hexdigest()[:16],
        start=ids[start],
        end=ids[end],
        careful=named,
        tokenizer=own,
    )


def careful(words: Sequence[str]) -> NDArray[np.bool_]:
    """Which tokens look like part of a name or a number: those with a capital or a digit in them.

    Cheap and blunt on purpose: it also takes the first word of a sentence for a name, which only
    asks one person more before that word is learned (docs/decisions/0030).
    """
    return np.array([_looks_named(word) for word in words], np.bool_)


def _looks_named(word: str) -> bool:
    return any(letter.isupper() or letter.isdigit() for letter in word)
