"""Fixtures that training and serving share: the tiny base, installed once, and shards for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_base
from hand_built import build_by_hand

from demur.corpus.build import BuiltShard
from demur.serving.merge import Merge, Merged
from demur.training.base import BaseModel, install
from demur.training.recipe import TINY
from demur.training.student import Student


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def tiny(models: Path, tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    return install(tiny_base.write(tmp_path_factory.mktemp("source")), models)


@pytest.fixture(scope="session")
def student(tiny: BaseModel) -> Student:
    return Student(tiny, TINY)


@pytest.fixture(scope="session")
def adapter(student: Student) -> Merged:
    """A merged adapter that changes what the tiny base says."""
    return drawn_adapter(student, seed=3)


def drawn_adapter(student: Student, *, seed: int) -> Merged:
    dice = np.random.default_rng(seed)
    merge = Merge(1)
    halves = {name: dice.standard_normal(b.shape) * 0.3 for name, b in student.learned.items()}
    merge.add({name: half.astype(np.float32) for name, half in halves.items()})
    return merge.merged()


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., BuiltShard]:
    made = iter(range(1000))

    def make(people: Mapping[str, Sequence[str]], **where: Any) -> BuiltShard:
        return build_by_hand(tmp_path / f"built-{next(made)}", people, **where)

    return make
