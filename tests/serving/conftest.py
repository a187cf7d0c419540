"""Puts the folders of shared test code on the path and takes up the tiny base's fixtures."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

from tiny_fixtures import adapter, build, models, student, tiny  # noqa: E402

__all__ = ["adapter", "build", "models", "student", "tiny"]
