"""An answer as server-sent events: `piece` (JSON text) …, then `answer` (JSON HTML of our own).

What was said is logged also when the answer breaks off or its reader leaves (`rights.answers`).
Whoever stops an answer gets what was said till then, with what it draws on.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import DatabaseError
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from demur.errors import Refusal
from demur.rights import answers
from demur.web import voice

if TYPE_CHECKING:
    from demur.assistant.said import Answer

Keep = Callable[["Answer", bool], None]
Show = Callable[["Answer"], str]


class Stops:
    """Which answers their readers want to hear no more of, by conversation."""

    def __init__(self) -> None:
        self._wished: dict[UUID, threading.Event] = {}

    def begin(self, thread: UUID) -> threading.Event:
        wished = self._wished[thread] = threading.Event()
        return wished

    def wish(self, thread: UUID) -> None:
        if (wished := self._wished.get(thread)) is not None:
            wished.set()

    def end(self, thread: UUID, wished: threading.Event) -> None:
        if self._wished.get(thread) is wished:
            del self._wished[thread]


STOPS = Stops()


class Spoken:
    """An answer as events. Closing it, as Django does when a reader leaves, frees the turn.

    keep: is given the answer once, and whether it was stopped. show: the page's HTML of it.
    thread: the conversation by which it can be stopped. first: an event before all others.
    """

    def __init__(
        self,
        turn: voice.Turn,
        *,
        surface: str,
        show: Show,
        keep: Keep | None = None,
        thread: UUID | None = None,
        first: bytes = b"",
    ) -> None:
        self._turn, self._surface = turn, surface
        self._show, self._keep, self._thread, self._first = show, keep, thread, first
        self._said: list[str] = []
        self._done = False
        self._wished = threading.Event() if thread is None else STOPS.begin(thread)

    def __iter__(self) -> Iterator[bytes]:
        if self._first:
            yield self._first
        stopped = False
        try:
            for piece in self._turn:
                self._said.append(piece)
                yield event("piece", piece)
                if self._wished.is_set():
                    stopped = True
                    self._turn.stop()
                    break
            answer = self._settle(stopped)
            if answer is not None:
                yield event("answer", self._show(answer))
        except (Refusal, DatabaseError):
            self._done = True
            yield event("stopped", _("The answer stopped here. Ask again in a minute."))

    def close(self) -> None:
        """Whatever was said by now was read: it is kept as stopped, and logged."""
        try:
            if not self._done and self._said:
                self._turn.stop()
                self._settle(True)
        except (Refusal, DatabaseError):
            pass  # the answer broke off, and nobody listens any more
        finally:
            self._turn.close()
            if self._thread is not None:
                STOPS.end(self._thread, self._wished)
            said, self._said = "".join(self._said), []
            answer = self._turn.answer
            model = None if answer is None else answer.model or ""
            answers.log(said, surface=self._surface, model=model, now=datetime.now(UTC))

    def _settle(self, stopped: bool) -> Answer | None:
        self._done = True
        answer = self._turn.answer
        if answer is not None and self._keep is not None:
            self._keep(answer, stopped)
        return answer


def response(spoken: Spoken) -> StreamingHttpResponse:
    made = StreamingHttpResponse(spoken, content_type="text/event-stream; charset=utf-8")
    made["Cache-Control"] = "no-store"
    made["X-Accel-Buffering"] = "no"
    return made


def event(name: str, value: str) -> bytes:
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def listen(turn: voice.Turn, surface: str) -> Answer | None:
    """The whole answer, for a page without scripts. Raises what the assistant refuses with."""
    for _piece in turn:
        pass
    answer = turn.answer
    if answer is not None:
        answers.log(answer.text, surface=surface, model=answer.model or "", now=datetime.now(UTC))
    return answer
