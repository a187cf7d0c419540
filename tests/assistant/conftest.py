"""Takes up the square's fixtures, and what its tests share with the stories."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "stories"))

from square_site import same_words, square, square_site

__all__ = ["same_words", "square", "square_site"]
