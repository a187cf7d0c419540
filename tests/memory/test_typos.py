from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from demur.memory.typos import Spelling, distances

LETTERS = st.text(alphabet="abcd", max_size=7)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abcd", min_size=1, max_size=7), st.text("abcd", min_size=1, max_size=7))
def test_the_distance_is_the_one_of_the_textbook(one: str, other: str) -> None:
    many = np.array([other]).view(np.uint32)[None]
    assert distances(np.array([one]).view(np.uint32), many)[0] == slips(one, other)


def slips(one: str, other: str) -> int:
    """Optimal string alignment, word for word as it is defined."""
    table = {(at, -1): at + 1 for at in range(-1, len(one))}
    table |= {(-1, at): at + 1 for at in range(-1, len(other))}
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i, j] = min(
                table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b)
            )
            if i and j and a == other[j - 1] and one[i - 1] == b:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(one) - 1, len(other) - 1]


def test_one_slip_in_a_short_word_and_two_in_a_long_one() -> None:
    known = Spelling(["fiets", "vuurtoren", "pont", "punt", "zo", "0612345678", "a" * 900])
    assert known.near("fitse") == []
    assert known.near("feits") == [("fiets", 1)]
    assert known.near("vuurtroenn") == [("vuurtoren", 2)]
    assert known.near("pent") == [("pont", 1), ("punt", 1)]
    for odd in ("0612345679", "zu", "", "𝒻" * 5000, "fiets"):
        assert known.near(odd) == []
