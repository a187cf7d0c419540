"""An answer ends before the words that its asker named, however they are cut into pieces."""

from __future__ import annotations

from collections.abc import Generator

from hypothesis import given
from hypothesis import strategies as st

from demur.assistant.stops import until
from demur.serving.engine import Finish


def pieces(*texts: str) -> Generator[str, None, Finish]:
    yield from texts
    return "length"


def heard(spoken: Generator[str, None, Finish]) -> tuple[str, Finish]:
    said: list[str] = []
    while True:
        try:
            said.append(next(spoken))
        except StopIteration as end:
            return "".join(said), end.value


def test_nothing_is_said_from_the_stop_on_and_the_model_is_not_asked_further():
    source = pieces("one\n", "\nQ", ": two", " three")
    assert heard(until(source, ["\n\nQ:"])) == ("one", "stop")
    assert list(source) == [], "closed: no token more is computed"


def test_what_only_began_like_a_stop_is_said_in_the_end():
    assert heard(until(pieces("a", "b", "ab"), ["abc"])) == ("abab", "length")


def test_nothing_is_held_back_that_cannot_begin_a_stop():
    spoken = until(pieces("hello ", "wor", "ld"), ["END"])
    assert next(spoken) == "hello "


@given(st.text("ab", max_size=30), st.lists(st.text("ab", min_size=1, max_size=4), max_size=4))
def test_it_is_the_text_before_the_first_stop_whatever_the_pieces(text, stops):
    cut = min([at for stop in stops if (at := text.find(stop)) >= 0], default=None)
    said, finish = heard(until(pieces(*text), stops))
    assert finish == ("length" if cut is None else "stop")
    # one letter at a time, a shorter stop is complete before a longer one that began earlier
    assert text.startswith(said)
    assert not any(stop in said for stop in stops)
    if cut is None:
        assert said == text
