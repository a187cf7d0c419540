"""Taking somebody out of somebody else's post."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.corpus.redaction import MASK, mask
from demur.posts import Mention, handle_key, name_key

ANNA = handle_key("village", "@anna")


def at(text: str, words: str, key: str = ANNA) -> Mention:
    start = text.index(words)
    return Mention(start=start, end=start + len(words), key=key)


@pytest.mark.parametrize(
    ("text", "words", "becomes"),
    [
        ("Fun with @anna at the fair", "@anna", f"Fun with {MASK} at the fair"),
        ("@anna", "@anna", MASK),
        ("🐑🐑 @anna 🐑", "@anna", f"🐑🐑 {MASK} 🐑"),
        ("@anna and again @Anna!", "@anna", f"{MASK} and again {MASK}!"),
        ("(@anna)", "@anna", f"({MASK})"),
        ("thanks @anna.", "@anna", f"thanks {MASK}."),
        ("@anna, not @annabel", "@anna", f"{MASK}, not @annabel"),
        ("@anna, not @anna.b or @anna@elsewhere.example", "@anna", None),
    ],
)
def test_the_mention_goes_and_the_rest_stays(text: str, words: str, becomes: str | None) -> None:
    becomes = becomes or text.replace("@anna,", f"{MASK},")
    assert mask(text, [at(text, words)], {ANNA}).text == becomes


def test_a_tag_by_name_goes_wherever_the_same_name_stands() -> None:
    key = name_key("facebook", "Anna de Vries")
    text = "Met Anna de Vries. ANNA DE VRIES lachte, Anna ook"
    masked = mask(text, [at(text, "Anna de Vries", key)], {key})
    assert masked.text == f"Met {MASK}. {MASK} lachte, Anna ook"


def test_a_link_by_another_word_takes_the_handle_out_too() -> None:
    text = "zij daar is @anna op Mastodon"
    assert mask(text, [at(text, "zij daar")], {ANNA}).text == f"{MASK} is {MASK} op Mastodon"


def test_who_does_not_object_stays_readable_and_keeps_the_key() -> None:
    text = "@anna en @bob"
    bob = handle_key("village", "bob")
    masked = mask(text, [at(text, "@anna"), at(text, "@bob", bob)], {ANNA})
    assert (masked.text, masked.keys) == (f"{MASK} en @bob", (bob,))


def test_spans_of_a_broken_archive_are_cut_to_the_text() -> None:
    spans = [Mention(start=-4, end=2, key=ANNA), Mention(start=90, end=99, key=ANNA)]
    assert mask("hoi allemaal, dag @anna", spans, {ANNA}).text == f"{MASK}i allemaal, dag {MASK}"


def test_the_description_of_a_picture_is_masked_too() -> None:
    text = "kijk @anna"
    assert mask(text, [at(text, "@anna")], {ANNA}, ("@anna lacht", "boom")).alts == (
        f"{MASK} lacht",
        "boom",
    )


texts = st.text(alphabet="ab @.n\n🐑é", max_size=30)
spans = st.lists(
    st.builds(
        Mention,
        start=st.integers(-2, 32),
        end=st.integers(-2, 34),
        key=st.sampled_from([ANNA, "village:@bob", "village:name:a n"]),
    ),
    max_size=5,
)


@given(texts, st.lists(texts, max_size=3), spans)
def test_nothing_of_a_masked_mention_is_left(text: str, around: list[str], marked: list[Mention]):  # type: ignore[no-untyped-def]
    text = " @anna ".join([text, *around])
    masked = mask(text, [*marked, Mention(start=0, end=0, key=ANNA)], {ANNA})
    assert not re.search(r"(?<!\w)@anna(?!\w|[.@-]\w)", masked.text.replace(MASK, " | "))
    assert ANNA not in masked.keys
    assert set(masked.keys) <= {mention.key for mention in marked}


@given(texts, spans)
def test_where_nobody_objects_nothing_changes(text: str, marked: list[Mention]) -> None:
    masked = mask(text, marked, set())
    assert masked.text == text
    assert masked.keys == tuple(mention.key for mention in marked)
