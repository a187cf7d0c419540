"""Company: several conversations read on in together, each in a thread of its own.

A machine that computes reads on for two in little more time than for one. So whoever wants a next
token says so, one of those who wait does the step for all, and each goes on with its own
probabilities: `over`, the dice and the gate are nobody else's. First come, first served; nobody
sits with a reader whose adapter is another one, and a long question is read in pieces between the
others' tokens. It decides nothing about words.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from demur.errors import Refusal
from demur.serving.engine import CONTEXT, READERS, Finish, Over, Probabilities, Refuses, utter
from demur.serving.merge import Merged

GRACE = 0.01
"""Seconds that a step waits for readers who are still choosing their last word. Without it two
readers fall out of step and each step serves one of them. Whoever is later (a listener who takes
no more text) is not waited for again until they ask."""


@dataclass(frozen=True, slots=True)
class Asked:
    """In the conversation `row`, these `tokens` are to be read after those `before`."""

    row: int
    before: Sequence[int]
    tokens: Sequence[int]


class Machine(Protocol):
    """What computes. One step at a time; it may run in any thread."""

    @property
    def chunk(self) -> int:
        """Prompt tokens that are read in one step: what the others wait for."""
        ...

    @property
    def stops(self) -> frozenset[int]:
        """Tokens that end an answer."""
        ...

    def step(self, adapter: Merged | None, asked: Sequence[Asked]) -> list[Probabilities]:
        """Read on; for each, the probabilities of what comes next."""
        ...

    def forget(self, row: int) -> None:
        """The conversation is over: keep nothing of it."""
        ...

    def close(self) -> None: ...


class _Seat:
    """One conversation: what it has read, what it wants read, and what came of it."""

    def __init__(self, adapter: Merged | None) -> None:
        self.adapter = adapter if adapter and adapter.halves else None
        self.row = -1
        self.read: list[int] = []
        self.asked: Sequence[int] | None = None
        self.next: Probabilities | None = None
        self.failed: BaseException | None = None
        self.late = False

    @property
    def digest(self) -> str | None:
        return self.adapter.digest if self.adapter else None


class Company:
    """An `Engine` for a machine. `readers`: how many read together; the others wait."""

    def __init__(self, machine: Machine, *, readers: int = READERS) -> None:
        self._machine = machine
        self._readers = readers
        self._moved = threading.Condition()
        self._waiting: deque[_Seat] = deque()
        self._seated: list[_Seat] = []
        self._stepping = False

    def stream(
        self,
        prompt: Sequence[int],
        *,
        adapter: Merged | None,
        over: Over | None,
        still: Callable[[], bool],
        refuses: Refuses | None = None,
        max_tokens: int,
        temperature: float,
        top_k: int,
        top_p: float,
        seed: int,
    ) -> Generator[int, None, Finish]:
        """See Engine.stream. Raises Refusal for a conversation of more than CONTEXT tokens."""
        if len(prompt) + max_tokens > CONTEXT:
            raise Refusal(
                f"That is {len(prompt)} tokens, and with the answer at most {CONTEXT} can be read; "
                "ask with fewer words."
            )
        with self._seat(adapter) as seat:
            finish = yield from utter(
                lambda tokens: self._read(seat, tokens),
                prompt,
                chunk=self._machine.chunk,
                stops=self._machine.stops,
                over=over,
                still=still,
                refuses=refuses,
                max_tokens=max_tokens,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                seed=seed,
            )
        return finish

    def close(self) -> None:
        """Waits until nobody speaks."""
        with self._moved:
            self._moved.wait_for(lambda: not self._seated and not self._waiting)
            self._machine.close()

    @contextmanager
    def _seat(self, adapter: Merged | None) -> Iterator[_Seat]:
        seat = _Seat(adapter)
        with self._moved:
            self._waiting.append(seat)
            try:
                self._moved.wait_for(lambda: self._waiting[0] is seat and self._may_sit(seat))
                taken = {each.row for each in self._seated}
                seat.row = min(row for row in range(self._readers) if row not in taken)
                self._seated.append(seat)
            finally:
                self._waiting.remove(seat)
                self._moved.notify_all()
        try:
            yield seat
        finally:
            with self._moved:
                seat.asked, seat.late = None, True
                self._moved.notify_all()
                self._moved.wait_for(lambda: not self._stepping)
                self._machine.forget(seat.row)
                self._seated.remove(seat)
                self._moved.notify_all()

    def _may_sit(self, seat: _Seat) -> bool:
        """Two adapters are never in one step, so whoever brings another one waits for the rest."""
        return len(self._seated) < self._readers and all(
            each.digest == seat.digest for each in self._seated
        )

    def _read(self, seat: _Seat, tokens: Sequence[int]) -> Probabilities:
        with self._moved:
            seat.asked, seat.next, seat.late = tokens, None, False
            self._moved.notify_all()
            while seat.asked is not None:
                if self._stepping:
                    self._moved.wait()
                else:
                    self._step()
            if seat.failed is not None:
                failed, seat.failed = seat.failed, None
                raise failed
            assert seat.next is not None
            return seat.next

    def _step(self) -> None:
        """Do one step for everybody who asks; called, and returning, with the lock held."""
        self._stepping = True
        try:
            everybody = self._moved.wait_for(self._all_have_asked, timeout=GRACE)
            if not everybody:
                for seat in self._seated:
                    seat.late = seat.late or seat.asked is None
            together = self._together()
            asked = [Asked(seat.row, seat.read, seat.asked or ()) for seat in together]
            self._moved.release()
            try:
                came = self._machine.step(together[0].adapter, asked)
                failed = None
            except BaseException as error:
                failed, came = error, []
            finally:
                self._moved.acquire()
            for number, seat in enumerate(together):
                if failed is None and seat.asked is not None:
                    seat.read += seat.asked
                    seat.next = came[number]
                seat.failed, seat.asked = failed, None
        finally:
            self._stepping = False
            self._moved.notify_all()

    def _all_have_asked(self) -> bool:
        return all(seat.asked is not None or seat.late for seat in self._seated)

    def _together(self) -> list[_Seat]:
        """Everybody who wants one token read, and the first of those who want more."""
        asking = [seat for seat in self._seated if seat.asked is not None]
        longer = [seat for seat in asking if len(seat.asked or ()) > 1]
        return [seat for seat in asking if seat not in longer[1:]]
