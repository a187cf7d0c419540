"""The page of pitfalls names tests; each of them exists, and no text promises too much."""

from __future__ import annotations

import re
from pathlib import Path

HOUSE = Path(__file__).parents[1]
PROMISES = re.compile(
    r"\b(gdpr|avg|dsgvo|rgpd)[ -](compliant|proof|konform|konforme?|conforme)\b"
    r"|voldoe[tn] aan de avg|fully compliant|100 ?% (safe|veilig|sicher|sûr)",
    re.IGNORECASE,
)


def test_every_test_on_the_page_of_pitfalls_exists() -> None:
    page = (HOUSE / "docs/pitfalls.md").read_text("utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    files = (HOUSE / "tests").rglob("test_*.py")
    there = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}
    assert len(named) > 40
    assert named - there == set()


def test_no_page_or_letter_promises_what_nobody_can_show() -> None:
    shown = [*(HOUSE / "src/demur").rglob("*.html"), *(HOUSE / "src/demur").rglob("*.txt")]
    shown += [*(HOUSE / "src/demur").rglob("*.po"), HOUSE / "README.md"]
    assert len(shown) > 80
    found = [file.name for file in shown if PROMISES.search(file.read_text("utf-8"))]
    assert found == []
