from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demur.memory import vectors
from demur.memory.meaning import SIZE
from demur.memory.vectors import STEP, Vectors


def spread(count: int, dice: np.random.Generator) -> np.ndarray:
    """Directions as posts have them: around a few things that are talked about."""
    about = dice.standard_normal((1000, SIZE))
    found = about[dice.integers(0, 1000, count)] + 0.7 * dice.standard_normal((count, SIZE))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def opened(values: np.ndarray, folders: int) -> Vectors:
    numbers = np.clip(np.rint(values / STEP), -127, 127).astype(np.int8)
    return Vectors(np.array_split(numbers, folders))


def test_the_nearest_are_those_of_a_full_comparison() -> None:
    dice = np.random.default_rng(5)
    values = spread(40_000, dice)
    kept = opened(values, 3)
    everybody = np.ones(len(values), np.bool_)
    hits = 0
    for row in dice.integers(0, len(values), 20):
        question = values[row] + 0.02 * dice.standard_normal(SIZE).astype(np.float32)
        question /= np.linalg.norm(question)
        true = np.argsort(-(values @ question))[:10].tolist()
        found = kept.nearest(question, everybody, most=10)
        assert found[0] == row
        hits += len(set(true) & set(found))
    assert hits >= 190


def test_what_may_not_be_found_is_out_before_anything_is_ranked() -> None:
    dice = np.random.default_rng(6)
    values = np.repeat(spread(2, dice), [3000, 5], axis=0)
    admitted = np.arange(3005) >= 3000
    assert opened(values, 4).nearest(values[0], admitted, most=3) == [3000, 3001, 3002]
    assert max(opened(values, 4).nearest(values[0], ~admitted, most=3)) < 3000


def test_nothing_here_is_nothing_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    question = np.ones(SIZE, np.float32) / np.sqrt(SIZE, dtype=np.float32)
    assert Vectors([]).nearest(question, np.zeros(0, np.bool_), most=5) == []
    monkeypatch.setattr(vectors.meaning, "bearings", lambda *_, **__: pytest.fail("embedded"))
    vectors.write(tmp_path, ["", " \n"])
    silent = Vectors.load([tmp_path])
    assert silent.nearest(question, np.ones(2, np.bool_), most=5) == []
    assert silent.cosines(question, np.arange(2)).tolist() == [0, 0]
