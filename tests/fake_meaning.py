"""A fake of meaning for tests in which none matters: the same words mean the same, and no others.

The model takes 50 ms a post, and a village is remembered more than once in the tests.
`tests/memory/test_meaning.py` and `test_finding.py` ask the real one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import numpy as np

from demur.assistant.guarding import sense
from demur.memory import meaning
from demur.memory.meaning import SIZE, Floats


def fake_embed(texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Floats:
    found = np.full((len(texts), SIZE), 1e-3, np.float32)
    for row, text in enumerate(texts):
        for word in text.casefold().split():
            found[row, zlib.crc32(word.encode("utf-8", "replace")) % SIZE] += 1
    return found / np.linalg.norm(found, axis=1, keepdims=True)  # type: ignore[no-any-return]


@contextmanager
def put_in() -> Iterator[None]:
    """The fake in the place of the model, until the block ends. Nothing has a sense then, so of the
    guard only the rules decline."""
    real, meaning.embed = meaning.embed, fake_embed
    sensed, sense.reason = sense.reason, lambda asked: None
    meaning._middle.cache_clear()
    try:
        yield
    finally:
        meaning.embed = real
        sense.reason = sensed
        meaning._middle.cache_clear()
