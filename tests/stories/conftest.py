"""Takes up the village's fixtures."""

from __future__ import annotations

import sys
from pathlib import Path

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
