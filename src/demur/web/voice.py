"""The assistant as the pages and the API reach it: opened once a process, few turns at a time.

Answers are slow and objections are not: however many people ask at once, at most ROOM threads are
taken up by it, so that the others are left for somebody who wants to say no. It decides nothing
about whose words may be used; the assistant asks the gate.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypeVar

from django.conf import settings

from demur.errors import NotFound, Refusal
from demur.rights import standing

# The assistant is imported when it is first asked: torch takes seconds to load, and a No must
# neither wait for it nor fail with it.
if TYPE_CHECKING:
    from demur.assistant.answer import Answer, Assistant, Drawn
    from demur.assistant.images import Drawing
    from demur.assistant.pictures import Picture
    from demur.assistant.writing import Brief
    from demur.memory.search import Filter, Hit

T = TypeVar("T")
Said = tuple[Literal["system", "user", "assistant"], str]
"""Who said it, and what."""

TURNS = 2  # generation is bound by the processor: more at once only makes each of them slower
ROOM = 4  # who speaks, waits or searches; the server has at least twice as many threads
PATIENCE = 20.0  # seconds that somebody waits for a turn before being asked to come back
TOKENS = 160  # of an answer, where the asker does not say
TEMPERATURE = 0.4


BUSY = "The assistant is talking to others; ask again in a minute."


class NotNow(Refusal):
    """The assistant cannot speak at this moment: it is busy, or nothing is released yet."""


class Turn:
    """One answer being spoken: iterate over its pieces of text, then read `answer`.

    The first piece is fetched on the way in, so that a refusal arrives before a response has
    begun. `close` gives the turn back, also when the listener has gone.
    """

    def __init__(
        self, start: Callable[[], Iterator[str | Answer]], give_back: Callable[[], None]
    ) -> None:
        self._pieces: Iterator[str | Answer] = iter(())
        self._give_back: Callable[[], None] | None = give_back
        self.answer: Answer | None = None
        try:
            self._pieces = start()
            self._next: str | None = self._fetch()
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[str]:
        try:
            while self._next is not None:
                yield self._next
                self._next = self._fetch()
        finally:
            self.close()

    def _fetch(self) -> str | None:
        for piece in self._pieces:
            if not isinstance(piece, str):
                self.answer = piece
                return None
            if piece:
                return piece
        return None

    def close(self) -> None:
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()
        if self._give_back is not None:
            self._give_back()
            self._give_back = None


class Floor:
    """Where one speaks at a time, or a few."""

    def __init__(self, open_assistant: Callable[[], Assistant]) -> None:
        self._open = open_assistant
        self._assistant: Assistant | None = None
        self._opening = threading.Lock()
        self._turns = threading.BoundedSemaphore(TURNS)
        self._room = threading.BoundedSemaphore(ROOM)

    def ask(self, question: Callable[[Assistant], T]) -> T:
        """What needs no turn: a search, a trace. Raises NotNow, or what it is refused with."""
        self._come_in()
        try:
            with _released():
                return question(self._the_assistant())
        finally:
            self._room.release()

    def turn(
        self,
        speak: Callable[[Assistant], Iterator[str | Answer]],
        *,
        patience: float = PATIENCE,
    ) -> Turn:
        """Start an answer. Raises NotNow, or what the assistant refuses with."""
        self._come_in()
        if not self._turns.acquire(timeout=patience):
            self._room.release()
            raise NotNow(BUSY)
        with _released():
            return Turn(lambda: speak(self._the_assistant()), self._leave)

    def _come_in(self) -> None:
        if not self._room.acquire(blocking=False):
            raise NotNow(BUSY)

    def _leave(self) -> None:
        self._turns.release()
        self._room.release()

    def _the_assistant(self) -> Assistant:
        with self._opening:
            if self._assistant is None:
                self._assistant = self._open()
            return self._assistant


@contextmanager
def _released() -> Iterator[None]:
    """To an asker, a model that is not there yet is one that cannot speak yet."""
    try:
        yield
    except NotFound as refusal:
        raise NotNow(str(refusal)) from refusal


def _open() -> Assistant:
    from demur.assistant.answer import Assistant  # noqa: PLC0415

    site = settings.DEMUR_SITE
    assert site is not None  # no page is served without one
    return Assistant.open(
        site.root,
        standing.of(site, today=lambda: datetime.now(UTC).date()),
        credential=site.picture_credential(datetime.now(UTC)),
    )


FLOOR = Floor(_open)


# ---- the abilities, as pages and programs ask for them ----


def chat(
    said: Sequence[Said],
    *,
    max_tokens: int = TOKENS,
    temperature: float = TEMPERATURE,
    seed: int | None = None,
    patience: float = PATIENCE,
) -> Turn:
    """Answer the last of what was said."""

    def speak(assistant: Assistant) -> Iterator[str | Answer]:
        from demur.assistant import chat  # noqa: PLC0415
        from demur.assistant.answer import Message, Sampling  # noqa: PLC0415

        messages = [Message(role=role, text=text) for role, text in said]
        drawn = Sampling(max_tokens=max_tokens, temperature=temperature, seed=seed)
        return chat.reply(assistant, messages, drawn)

    return FLOOR.turn(speak, patience=patience)


def write(brief: Brief, *, max_tokens: int = TOKENS, seed: int | None = None) -> Turn:
    """A draft of what the brief asks for."""

    def speak(assistant: Assistant) -> Iterator[str | Answer]:
        from demur.assistant import writing  # noqa: PLC0415
        from demur.assistant.answer import Sampling  # noqa: PLC0415

        return writing.write(assistant, brief, Sampling(max_tokens=max_tokens, seed=seed))

    return FLOOR.turn(speak)


def translate(text: str, into: Literal["en", "nl"]) -> Turn:
    """The text in the other language."""

    def speak(assistant: Assistant) -> Iterator[str | Answer]:
        from demur.assistant import translation  # noqa: PLC0415

        return translation.translate(assistant, text, into)

    return FLOOR.turn(speak)


def search(text: str, limit: int, where: Filter | None = None) -> Sequence[Hit]:
    """Public posts about a text."""

    def find(assistant: Assistant) -> Sequence[Hit]:
        from demur.assistant import search  # noqa: PLC0415
        from demur.memory.search import EVERYWHERE  # noqa: PLC0415

        return search.find(assistant, text, limit, where or EVERYWHERE)

    return FLOOR.ask(find)


def draw(description: str, *, seed: int | None = None, size: int = 512) -> Drawing:
    """A picture of what is described."""

    def paint(assistant: Assistant) -> Drawing:
        from demur.assistant import images  # noqa: PLC0415

        return images.draw(assistant, description, seed=seed, size=size)

    return FLOOR.ask(paint)


def picture(sha256: str) -> Picture:
    """A picture that somebody posted. Raises NotFound where it may not be shown now."""

    def look(assistant: Assistant) -> Picture:
        from demur.assistant import pictures  # noqa: PLC0415

        return pictures.picture(assistant, sha256)

    return FLOOR.ask(look)


def may_be_shown(answers: Sequence[Sequence[Drawn]]) -> list[bool]:
    """Which of somebody's kept answers may be shown to them now, by what each draws on."""

    def ask(assistant: Assistant) -> list[bool]:
        from demur.assistant import history  # noqa: PLC0415

        return history.may_be_shown(assistant, answers)

    return FLOOR.ask(ask)
