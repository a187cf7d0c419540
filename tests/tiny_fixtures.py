"""Fixtures that training and serving share: the tiny base, installed once, and shards for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny_base
from hand_built import build_by_hand

from demur.corpus.build import BuiltShard
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


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., BuiltShard]:
    made = iter(range(1000))

    def make(people: Mapping[str, Sequence[str]], **where: Any) -> BuiltShard:
        return build_by_hand(tmp_path / f"built-{next(made)}", people, **where)

    return make
