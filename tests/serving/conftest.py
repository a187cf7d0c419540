"""Puts the folders of shared test code on the path and takes up the tiny base's fixtures."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

from tiny_fixtures import build, models, student, tiny  # noqa: E402

from demur.serving.merge import Merge, Merged  # noqa: E402
from demur.training.student import Student  # noqa: E402

__all__ = ["adapter", "build", "models", "student", "tiny"]


@pytest.fixture(scope="session")
def adapter(student: Student) -> Merged:
    """A merged adapter that changes what the tiny base says."""
    return drawn_adapter(student, seed=3)


def drawn_adapter(student: Student, *, seed: int) -> Merged:
    dice = np.random.default_rng(seed)
    merge = Merge(1)
    merge.add(
        {
            name: (dice.standard_normal(learned.shape) * 0.3).astype(np.float32)
            for name, learned in student.learned.items()
        }
    )
    return merge.merged()
