"""A fake of meaning for tests in which none matters: the same words mean the same, and no others.

Thousands of posts take the model minutes. `tests/memory/test_meaning.py` and `test_finding.py` ask
the real one.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Literal

import numpy as np

from demur.memory import meaning
from demur.memory.meaning import SIZE, Floats


def fake_embed(texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Floats:
    found = np.full((len(texts), SIZE), 1e-3, np.float32)
    for row, text in enumerate(texts):
        for word in text.casefold().split():
            found[row, zlib.crc32(word.encode("utf-8", "replace")) % SIZE] += 1
    return found / np.linalg.norm(found, axis=1, keepdims=True)  # type: ignore[no-any-return]


def put_in() -> None:
    """For a process of its own; tests in this one use the fixture `fake_meaning`."""
    meaning.embed = fake_embed
