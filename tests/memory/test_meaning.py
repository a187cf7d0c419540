from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from demur.memory import meaning
from demur.memory.meaning import SIZE, embed

SAYINGS = [
    "Wie wil er zaterdag mee naar de vuurtoren wandelen?",
    "Who wants to walk to the lighthouse on Saturday?",
    "Te koop: een bijna nieuwe wasmachine, twee jaar oud",
    "Our cat has been missing since Tuesday",
]


def test_who_asks_in_dutch_lies_nearest_to_who_said_it_in_english() -> None:
    asked = embed(["wandeling naar de vuurtoren", "missing cat"], kind="query")
    near = asked @ embed(SAYINGS, kind="passage").T
    assert set(np.argsort(-near[0])[:2].tolist()) == {0, 1}
    assert near[1].argmax() == 3


def test_the_same_text_is_the_same_bytes_in_company_alone_and_in_any_thread() -> None:
    together = embed(SAYINGS, kind="passage")
    alone = np.concatenate([embed([one], kind="passage") for one in SAYINGS])
    with ThreadPoolExecutor(4) as threads:
        beside = list(threads.map(lambda _: embed(SAYINGS, kind="passage"), range(8)))
    assert alone.tobytes() == together.tobytes()
    assert {one.tobytes() for one in beside} == {together.tobytes()}


def test_no_text_can_break_the_engine() -> None:
    """The first of these ends the whole process where the engine is given it as it is."""
    hostile = ["\ufdfa" * 20_000, "\0", "", "\ud800", "a\0b"]
    found = embed(hostile, kind="passage")
    assert found.shape == (len(hostile), SIZE)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_of_a_long_text_the_beginning_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meaning, "MOST", 20)
    long = embed([SAYINGS[0] * 5000], kind="passage")
    assert long.tobytes() == embed([SAYINGS[0][:20]], kind="passage").tobytes()


def test_nothing_asked_is_nothing_found() -> None:
    assert embed([], kind="query").shape == (0, SIZE)
