"""Rows and batches: one person's tokens, an order that nobody else's leaving moves."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from demur.people import PersonId
from demur.training.recipe import TINY
from demur.training.text import Row, batches, rows_of

KEY = b"k" * 32
SEPARATOR = 999

people = st.dictionaries(
    st.text("abcdef0123456789", min_size=4, max_size=4),
    st.lists(st.text(max_size=90), min_size=1, max_size=6),
    min_size=1,
    max_size=8,
)


def rows_for(everybody: dict[str, list[str]]) -> list[Row]:
    return [
        row
        for person in sorted(everybody)
        for row in rows_of(PersonId(person), everybody[person], str.encode, SEPARATOR, TINY)
    ]


@settings(deadline=None)
@given(people, st.data())
def test_a_row_holds_one_persons_words_whoever_else_is_there(
    everybody: dict[str, list[str]], data: st.DataObject
) -> None:
    somebody = data.draw(st.sampled_from(sorted(everybody)))
    among = [row for row in rows_for(everybody) if row.person == somebody]
    alone = rows_for({somebody: everybody[somebody]})
    assert among == alone
    written = b"".join(text.encode() for text in everybody[somebody])
    spoken = bytes(t for row in alone for t in row.tokens[:-1] if t != SEPARATOR)
    assert written.startswith(spoken)


@settings(deadline=None)
@given(people, st.data(), st.integers(0, 3))
def test_when_somebody_leaves_the_others_keep_their_order(
    everybody: dict[str, list[str]], data: st.DataObject, epoch: int
) -> None:
    leaver = data.draw(st.sampled_from(sorted(everybody)))
    roomy = type(TINY)(row_tokens=TINY.row_tokens, batch_tokens=10**6, rows_per_person=8)
    before = [row for batch in batches(rows_for(everybody), KEY, epoch, roomy) for row in batch]
    stayed = {person: texts for person, texts in everybody.items() if person != leaver}
    after = [row for batch in batches(rows_for(stayed), KEY, epoch, roomy) for row in batch]
    # at most LOOK_AHEAD rows fit in one batch here, so batches show the plain order
    assert after == [row for row in before if row.person != leaver]


@settings(deadline=None)
@given(people)
def test_every_row_is_learned_once_an_epoch_and_no_batch_is_too_full(
    everybody: dict[str, list[str]],
) -> None:
    rows = rows_for(everybody)
    packed = list(batches(rows, KEY, 0, TINY))
    assert sorted((r.person, r.number) for b in packed for r in b) == sorted(
        (r.person, r.number) for r in rows
    )
    assert all(sum(row.width for row in batch) <= TINY.batch_tokens for batch in packed)
    assert all(row.width >= 1 for row in rows)


def test_another_epoch_reads_in_another_order() -> None:
    rows = rows_for({f"p{number}": ["goedemorgen allemaal"] for number in range(12)})
    orders = [[r for b in batches(rows, KEY, epoch, TINY) for r in b] for epoch in range(2)]
    assert orders[0] != orders[1]


def test_somebody_who_wrote_very_much_does_not_drown_the_others() -> None:
    rows = rows_of(PersonId("p"), ["x" * 10_000], str.encode, SEPARATOR, TINY)
    assert len(rows) == TINY.rows_per_person


def test_somebody_who_wrote_nothing_has_no_rows() -> None:
    assert rows_of(PersonId("p"), ["", ""], str.encode, SEPARATOR, TINY) == []
