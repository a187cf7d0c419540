"""Takes up the village's fixtures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_meaning import put_in

sys.path.insert(0, str(Path(__file__).parent))

from street_site import street, street_site
from village_site import objected_site, told, told_site, trained_site, village, without_her

__all__ = [
    "objected_site",
    "street",
    "street_site",
    "told",
    "told_site",
    "trained_site",
    "village",
    "without_her",
]


@pytest.fixture(scope="module", autouse=True)
def _fake_meaning() -> Iterator[None]:
    """What the stories tell does not hang on what posts mean; made sites are remembered anew. A
    module at a time: whoever is tested after the stories has the real one."""
    with put_in():
        yield
