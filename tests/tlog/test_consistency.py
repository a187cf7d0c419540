from __future__ import annotations

from typing import Any

import pytest

from demur.errors import ProofRejected
from demur.tlog import consistency, merkle
from demur.tlog.checkpoint import open_checkpoint
from demur.tlog.consistency import Growth

# The body of add-checkpoint in c2sp.org/tlog-witness.
EXAMPLE = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
"""  # noqa: E501


def test_the_example_of_the_specification_is_read() -> None:
    growth = consistency.parse(EXAMPLE)
    assert (growth.old, len(growth.path)) == (20852014, 4)
    assert str(growth) == EXAMPLE


@pytest.mark.parametrize("old", range(8))
def test_a_book_that_grew_is_shown_to_have_grown(book: Any, old: int) -> None:
    made = Growth(
        old=old, path=tuple(merkle.consistency(book.nodes, old, 7)), checkpoint=book.head()
    )
    growth = consistency.parse(str(made))
    assert growth == made
    before = open_checkpoint(book.head(old), book.key)
    after = open_checkpoint(growth.checkpoint, book.key)
    consistency.require_growth(before, after, growth.path)
    if growth.path:
        with pytest.raises(ProofRejected, match="not shown to continue"):
            consistency.require_growth(before, after, growth.path[1:])


@pytest.mark.parametrize(
    "spoilt",
    [
        "",
        "old 1",
        "old 1\n",
        "old -1\n\nlog\n",
        "old 01\n\nlog\n",
        "old  1\n\nlog\n",
        "new 1\n\nlog\n",
        "old 1\nAAAA\n\nlog\n",
        "old 1\n" + "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n" * 64 + "\nlog\n",
        EXAMPLE.replace("\n", "\r\n"),
    ],
)
def test_a_spoilt_proof_is_refused(spoilt: str) -> None:
    with pytest.raises(ProofRejected):
        consistency.parse(spoilt)
