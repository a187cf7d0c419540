"""What the model adds is said a sentence at a time, and only what leans on what it was given."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any

import pytest

from demur.assistant import chat
from demur.assistant.leaning import LOST, Leaning, edited, kept
from demur.assistant.said import Message, Plan
from demur.serving.engine import Finish

POST = (
    "When is the repair café? On the first Saturday of every month, from ten to one, in the old"
    " lifeboat house. Bring what is broken and stay while we mend it together."
)
ASKED = "When is the repair café?"


def spoken(
    pieces: Iterable[str], finish: Finish = "stop", closed: list[bool] | None = None
) -> Generator[str, None, Finish]:
    try:
        yield from pieces
    finally:
        if closed is not None:
            closed.append(True)
    return finish


def heard(pieces: Generator[str, None, Finish]) -> tuple[list[str], Finish]:
    """What is said, without the empty pieces in between; and how it ended."""
    every = []
    while True:
        try:
            every.append(next(pieces))
        except StopIteration as end:
            return list(filter(None, every)), end.value


def said(
    pieces: Generator[str, None, Finish], holds: Callable[[str], bool]
) -> tuple[list[str], Finish]:
    return heard(kept(pieces, holds))


def is_true(sentence: str) -> bool:
    assert sentence == sentence.strip()
    return sentence.startswith("True")


def test_a_sentence_is_said_when_it_is_whole_and_holds() -> None:
    pieces = spoken(["Tr", "ue one. Fal", "se one. True", " two.", " True three and no end"])
    assert said(pieces, is_true) == (["True one.", " True two.", " True three and no end"], "stop")


def test_it_is_not_kept_until_the_answer_ends() -> None:
    walk = kept(spoken(["True", " one. True", " two."]), is_true)
    assert [next(walk) for _ in range(3)] == ["", "", "True one."]


def test_while_words_are_held_back_whoever_listens_can_stop() -> None:
    for walk in (kept(spoken("abc"), is_true), edited(spoken("abc"), str.upper)):
        assert [next(walk) for _ in range(3)] == ["", "", ""]


def test_how_it_ended_is_told_on() -> None:
    assert said(spoken(["True one. True tw"], "length"), is_true)[1] == "length"
    assert said(spoken(["True one. And"], "length"), is_true) == (["True one."], "stop")
    assert said(spoken([]), is_true) == ([], "stop")


def test_nothing_more_is_computed_when_it_has_lost_its_way() -> None:
    closed: list[bool] = []
    endless = (f"False {number}. " for number in range(10**9))
    assert said(spoken(endless, closed=closed), is_true) == ([], "stop")
    assert closed == [True]
    mixed = ["False. ", "True one. "] * (LOST + 1)
    assert len(said(spoken(mixed), is_true)[0]) == LOST + 1, "a good one in between starts afresh"


def test_of_what_was_broken_off_nothing_more_is_said() -> None:
    pieces = spoken(["True one. True tw"], "standing-changed")
    assert said(pieces, is_true) == (["True one."], "standing-changed")


@pytest.mark.parametrize(
    ("made", "finish"), [("Well: ab", "length"), ("≈ something else", "stop"), ("", "stop")]
)
def test_it_is_cut_by_its_length_only_if_its_own_end_is_said(made: str, finish: Finish) -> None:
    assert heard(edited(spoken(["a", "b"], "length"), lambda _: made)) == (
        [made] if made else [],
        finish,
    )


@pytest.mark.parametrize(
    ("sentence", "holds"),
    [
        ("The repair café is on the first Saturday.", True),
        ("They mend what is broken together every month.", True),
        ("It is a present.", False),  # nothing bears it out
        ("The repair café is on the 3rd of every month.", False),  # a number of its own
        ("The repair café is in Amsterdam every month.", False),  # a place of its own
        ("Het Repair Café is op de eerste zaterdag.", False),  # another language
        ("The repair café is on the", False),  # it breaks off
        ("The café.", False),
    ],
)
def test_what_leans_on_a_post(sentence: str, holds: bool) -> None:
    assert Leaning(ASKED, [POST], "en").holds(sentence) is holds


def test_on_nothing_nothing_leans() -> None:
    leaning = Leaning("...", [""], "en")
    assert not leaning
    assert not leaning.holds("It is a walk that everybody can make.")


class Says:
    """Stands in for the assistant: keeps the plan for what nobody here has written about."""

    def speak(self, asked: str, planner: Any, sampling: Any) -> Any:
        self.plan: Plan = planner(Empty())
        return iter(())


class Empty:
    def search(self, *_: Any, **__: Any) -> list[Any]:
        return []


def planned(*messages: Message) -> Plan:
    says = Says()
    chat.reply(says, messages)  # type: ignore[arg-type]
    return says.plan


def test_where_nothing_is_found_there_is_nothing_to_lean_on() -> None:
    [_, part] = planned(Message(role="user", text="Who won the world cup in 1974?")).parts
    assert part.leaning is not None
    assert not part.leaning


def test_what_was_answered_before_is_something_to_lean_on() -> None:
    before = Message(role="assistant", text=POST)
    asked = Message(role="user", text="Say that shorter, please.")
    [_, part] = planned(Message(role="user", text=ASKED), before, asked).parts
    assert part.leaning
    assert part.leaning.holds("The repair café is on the first Saturday.")
    assert not part.leaning.holds("It is a present.")
