"""Puts the town on the path and gives each test an empty one, or one with three people in it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

from corpus_town import Town  # noqa: E402


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


@pytest.fixture
def village(town: Town) -> Town:
    """Anna, Bob and Cor, told and usable, with a post or two each."""
    for name in ("anna", "bob", "cor"):
        town.person(name)
    town.put(
        town.post("anna", "Vandaag voor het eerst geschaatst op de sloot achter ons huis!"),
        town.post("bob", "Leuk met @anna op de kermis"),
        town.post("bob", "Wie heeft er een ladder te leen?"),
        town.post("cor", "Niemand luistert ooit naar @bob."),
    )
    return town
