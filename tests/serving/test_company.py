"""Several people ask at once: who waits for whom, and that nobody hears the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_engine import PROMPT, finished, speak

from demur.serving import company
from demur.serving.company import Asked, Company
from demur.serving.engine import READERS, Probabilities
from demur.serving.engine_llamacpp import LlamaCpp
from demur.serving.engine_torch import Torch
from demur.serving.merge import Merged
from demur.training.base import BaseModel
from demur.training.recipe import TINY
from demur.training.student import Student


class Clerk:
    """An honest machine that computes nothing: what comes next is the number of tokens so far.

    It writes down every step, and waits in it while `held`.
    """

    chunk = 4
    stops = frozenset([99])

    def __init__(self) -> None:
        self.steps: list[list[Asked]] = []
        self.adapters: list[str | None] = []
        self.forgotten: list[int] = []
        self.going_on = threading.Event()
        self.going_on.set()
        self.broken = False

    def step(self, adapter: Merged | None, asked: Sequence[Asked]) -> list[Probabilities]:
        self.steps.append([Asked(a.row, list(a.before), list(a.tokens)) for a in asked])
        self.adapters.append(adapter.digest if adapter else None)
        assert self.going_on.wait(20)
        if self.broken:
            raise RuntimeError("no more")
        return [np.eye(100)[len(a.before) + len(a.tokens)] for a in asked]

    def forget(self, row: int) -> None:
        self.forgotten.append(row)

    def close(self) -> None:
        self.going_on.set()


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.001)


def together(*asked: Callable[[], Any]) -> list[Any]:
    """All of them at once, each in a thread; what came of each."""
    came: list[Any] = [None] * len(asked)

    def run(number: int) -> None:
        came[number] = asked[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    return came


def test_two_who_speak_at_once_are_answered_in_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company, "GRACE", 5.0)  # however slow the machine is
    clerk = Clerk()
    house = Company(clerk)
    clerk.going_on.clear()

    def answer() -> Any:
        return finished(speak(house, prompt=[1], temperature=0.0, max_tokens=5))[0]

    def both_are_there() -> None:
        wait_until(lambda: [seat.asked for seat in house._seated] == [[1], [1]])
        clerk.going_on.set()

    said = [1, 2, 3, 4, 5]
    assert together(answer, answer, both_are_there)[:2] == [said, said]
    assert [len(step) for step in clerk.steps][:-1].count(2) >= 3
    for step in clerk.steps:
        assert len({asked.row for asked in step}) == len(step)
    assert sorted(clerk.forgotten) == [0, 1]


def test_whoever_came_first_is_answered_first() -> None:
    clerk = Clerk()
    house = Company(clerk, readers=1)
    order: list[int] = []
    first = speak(house, max_tokens=2)
    next(first)

    def ask(number: int) -> None:
        def answering(_: Sequence[int], p: NDArray[Any]) -> NDArray[Any]:
            order.append(number)
            return p

        finished(speak(house, over=answering, max_tokens=1))

    waiting = []
    for number in range(4):
        waiting.append(threading.Thread(target=ask, args=(number,)))
        waiting[-1].start()
        wait_until(lambda: len(house._waiting) == len(waiting))
    assert order == []
    first.close()  # nobody listens any more
    for thread in waiting:
        thread.join(timeout=20)
    assert order == [0, 1, 2, 3]
    assert not house._waiting and not house._seated


def test_no_more_read_together_than_there_are_seats() -> None:
    house = Company(Clerk())
    streams = [speak(house, max_tokens=9) for _ in range(READERS)]
    for stream in streams:
        next(stream)
    late = threading.Thread(target=lambda: finished(speak(house, max_tokens=1)))
    late.start()
    wait_until(lambda: len(house._waiting) == 1)
    streams[2].close()
    late.join(timeout=20)
    assert not late.is_alive()


def test_a_long_question_lets_the_others_speak_between_its_pieces() -> None:
    clerk = Clerk()
    house = Company(clerk)
    speaking = speak(house, prompt=[1], max_tokens=40, temperature=0.0)
    next(speaking)
    clerk.steps.clear()
    clerk.going_on.clear()
    long = threading.Thread(target=lambda: next(speak(house, prompt=[1] * 40)))
    long.start()
    wait_until(lambda: len(clerk.steps) == 1)
    clerk.going_on.set()
    for _ in range(30):
        next(speaking)
    long.join(timeout=20)
    pieces = [n for n, step in enumerate(clerk.steps) if any(len(a.tokens) == 4 for a in step)]
    words = [n for n, step in enumerate(clerk.steps) if any(len(a.tokens) == 1 for a in step)]
    assert len(pieces) == 10
    assert sum(word < pieces[-1] for word in words) >= 3, "she spoke on while it was read"


def test_two_long_questions_are_read_one_piece_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company, "GRACE", 0.5)
    clerk = Clerk()
    house = Company(clerk)
    together(*(lambda: next(speak(house, prompt=[1] * 12)) for _ in range(2)))
    assert all(len([a for a in step if len(a.tokens) > 1]) <= 1 for step in clerk.steps)


def test_two_adapters_are_never_in_one_step(adapter: Merged, student: Student) -> None:
    clerk = Clerk()
    house = Company(clerk)
    before = speak(house, max_tokens=9, temperature=0.0)
    next(before)
    after = threading.Thread(target=lambda: finished(speak(house, adapter=adapter, max_tokens=1)))
    after.start()
    wait_until(lambda: len(house._waiting) == 1)
    behind = threading.Thread(target=lambda: finished(speak(house, max_tokens=1)))
    behind.start()
    wait_until(lambda: len(house._waiting) == 2)  # of the seated ones' adapter, but not their turn
    next(before)
    assert set(clerk.adapters) == {None}
    before.close()
    after.join(timeout=20)
    behind.join(timeout=20)
    changes = [
        a for a, b in zip(clerk.adapters, [*clerk.adapters[1:], "end"], strict=True) if a != b
    ]
    assert changes == [None, adapter.digest, None]


def test_who_waits_while_somebody_objects_is_not_read_to(adapter: Merged) -> None:
    clerk = Clerk()
    house = Company(clerk)
    stands = True
    before = speak(house, max_tokens=9, still=lambda: stands)
    next(before)
    came: list[Any] = []
    waiting = threading.Thread(
        target=lambda: came.append(finished(speak(house, adapter=adapter, still=lambda: stands)))
    )
    waiting.start()
    wait_until(lambda: len(house._waiting) == 1)
    stands = False
    assert finished(before) == ([], "standing-changed")
    waiting.join(timeout=20)
    assert came == [([], "standing-changed")]
    assert adapter.digest not in clerk.adapters, "it was not even taken up"


def test_a_listener_who_takes_no_more_text_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company, "GRACE", 0.2)
    house = Company(Clerk())
    asleep = speak(house, prompt=[1], max_tokens=90)
    next(asleep)
    began = time.monotonic()
    finished(speak(house, prompt=[1], max_tokens=80, temperature=0.0))
    assert time.monotonic() - began < 80 * 0.2 / 4, "they were waited for once, not at every word"
    asleep.close()


def test_a_machine_that_breaks_tells_everybody_and_goes_on_afterwards() -> None:
    clerk = Clerk()
    house = Company(clerk)
    stream = speak(house, max_tokens=9, temperature=0.0)
    next(stream)
    clerk.broken = True
    with pytest.raises(RuntimeError, match="no more"):
        next(stream)
    clerk.broken = False
    assert finished(speak(house, prompt=[1], max_tokens=2, temperature=0.0))[0] == [1, 2]
    house.close()


@pytest.fixture(scope="module", params=[Torch, LlamaCpp])
def machine(request: pytest.FixtureRequest, tiny: BaseModel) -> Any:
    return request.param(tiny, TINY, threads=1)


def test_an_answer_in_company_is_the_answer_alone(machine: Any, adapter: Merged) -> None:
    """The same words, and the same probabilities up to the rounding of floats."""
    prompts = [PROMPT, list(b"En hoe laat gaat de boot? " * 4), [66], PROMPT[:9]]

    def answer(house: Company, prompt: Sequence[int]) -> tuple[Any, list[NDArray[Any]]]:
        heard: list[NDArray[Any]] = []

        def over(_: Sequence[int], p: NDArray[Any]) -> NDArray[Any]:
            heard.append(p.copy())
            return p

        wishes: dict[str, Any] = {"adapter": adapter, "temperature": 0.0, "max_tokens": 14}
        return finished(speak(house, prompt=prompt, over=over, **wishes)), heard

    steps: list[int] = []

    class Counted:
        chunk, stops, forget, close = machine.chunk, machine.stops, machine.forget, machine.close

        def step(self, adapter: Merged | None, asked: Sequence[Asked]) -> list[Probabilities]:
            steps.append(len(asked))
            return machine.step(adapter, asked)

    house = Company(Counted())
    alone = [answer(house, prompt) for prompt in prompts]
    assert set(steps) == {1}
    among = together(*(lambda p=prompt: answer(house, p) for prompt in prompts))
    assert max(steps) > 1, "they did read together"
    for (said, one), (again, other) in zip(alone, among, strict=True):
        assert said == again
        furthest = max(np.abs(a - b).max() for a, b in zip(one, other, strict=True))
        assert furthest < 1e-5


def test_a_conversation_that_is_over_leaves_no_numbers_behind(tiny: BaseModel) -> None:
    torch_machine = Torch(tiny, TINY, threads=1)
    finished(speak(Company(torch_machine), prompt=PROMPT * 12))
    held = torch_machine._cache._layers
    assert held and not any(keys.any() or values.any() for keys, values in held.values())
