"""vLLM, as its double shows it: what is asked of it, and what stops when somebody objects."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pretend_vllm import PretendVllm, serving
from test_engine import PROMPT, finished, speak
from tiny_fixtures import drawn_adapter

from demur.errors import NotFound, SiteUnusable
from demur.serving.company import Company
from demur.serving.engine import TRIES, Setting
from demur.serving.engine_torch import Torch
from demur.serving.engines import open_engine
from demur.serving.merge import Merged
from demur.training.base import BaseModel
from demur.training.recipe import TINY
from demur.training.student import Student


@pytest.fixture
def vllm(tiny: BaseModel) -> Iterator[PretendVllm]:
    with serving(tiny) as double:
        yield double


def engine_at(double: PretendVllm, tiny: BaseModel, key: str = "") -> Any:
    return open_engine(Setting(kind="vllm", server=double.address, key=key), tiny, TINY, threads=1)


def lying_about(tiny: BaseModel) -> list[Path]:
    return list(tiny.path.parent.glob("lent-*"))


def test_it_says_what_torch_says(vllm: PretendVllm, tiny: BaseModel, adapter: Merged) -> None:
    """The adapter crossed over as PEFT files, and is the same one there."""
    engine, here = engine_at(vllm, tiny), Company(Torch(tiny, TINY, threads=1))
    for carried in (None, adapter):
        wishes: dict[str, Any] = {"adapter": carried, "temperature": 0.0, "max_tokens": 12}
        assert finished(speak(engine, **wishes)) == finished(speak(here, **wishes))
    assert len(vllm.loaded) == 1
    first = vllm.asked[0]
    assert first["prompt"] == PROMPT, "token numbers, no text"
    assert first["frequency_penalty"] == pytest.approx(0.1398, abs=1e-4)


def test_nothing_more_is_said_after_a_no_and_the_line_is_closed(
    vllm: PretendVllm, tiny: BaseModel
) -> None:
    stands = True
    stream = speak(engine_at(vllm, tiny), still=lambda: stands, max_tokens=200)
    next(stream), next(stream)
    stands = False
    assert finished(stream) == ([], "standing-changed")
    assert vllm.hung_up.wait(20), "vLLM went on computing for nobody"
    assert len(vllm.served) < 200


def test_a_no_before_the_question_is_sent_sends_nothing(vllm: PretendVllm, tiny: BaseModel) -> None:
    answered = finished(speak(engine_at(vllm, tiny), still=lambda: False))
    assert answered == ([], "standing-changed")
    assert not vllm.asked


def test_of_a_chunk_that_came_too_late_not_one_token_is_said(
    vllm: PretendVllm, tiny: BaseModel
) -> None:
    vllm.chunk = 5
    answers = iter([True, True, True, False])  # before, one token of the chunk, then the No
    said, finish = finished(speak(engine_at(vllm, tiny), still=lambda: next(answers)))
    assert (len(said), finish) == (1, "standing-changed")


def test_an_adapter_is_there_no_longer_than_somebody_speaks_with_it(
    vllm: PretendVllm, tiny: BaseModel, adapter: Merged, student: Student
) -> None:
    engine = engine_at(vllm, tiny)
    old = speak(engine, adapter=adapter, max_tokens=9)
    next(old)
    [held] = vllm.loras
    assert not lying_about(tiny), "its files went as soon as they were read"
    assert not vllm.loras[held][0].exists()
    newer = speak(engine, adapter=drawn_adapter(student, seed=4), max_tokens=9)
    next(newer)
    assert len(vllm.loras) == 2 and held in vllm.loras
    old.close()
    assert held not in vllm.loras
    newer.close()
    assert len(vllm.loras) == 1  # still the newest: the next question need not load it again
    engine.close()
    assert not vllm.loras


def test_a_server_that_was_started_anew_is_given_the_adapter_again(
    vllm: PretendVllm, tiny: BaseModel, adapter: Merged
) -> None:
    engine = engine_at(vllm, tiny)
    wishes: dict[str, Any] = {"adapter": adapter, "temperature": 0.0, "max_tokens": 3}
    before = finished(speak(engine, **wishes))
    vllm.loras.clear()
    assert finished(speak(engine, **wishes)) == before
    assert len(vllm.loaded) == 2


def test_what_is_refused_is_asked_for_otherwise(vllm: PretendVllm, tiny: BaseModel) -> None:
    engine = engine_at(vllm, tiny)
    wishes: dict[str, Any] = {"temperature": 0.0, "max_tokens": 6}
    [first, *_], _ = finished(speak(engine, **wishes))
    vllm.asked.clear()
    said, finish = finished(speak(engine, **wishes, refuses=lambda said: said[-1] == first))
    assert first not in said
    assert (len(said), finish) == (6, "length")
    assert vllm.asked[1]["logit_bias"] == {str(first): -100.0}
    assert vllm.asked[1]["max_tokens"] == 1, "the bias is for one place only"
    assert vllm.asked[2]["logit_bias"] == {} and vllm.asked[2]["prompt"] == [*PROMPT, said[0]]


def test_an_answer_of_which_everything_is_refused_ends(vllm: PretendVllm, tiny: BaseModel) -> None:
    assert finished(speak(engine_at(vllm, tiny), refuses=lambda _: True)) == ([], "stop")
    assert len(vllm.asked) == TRIES


def test_it_does_not_go_round_in_circles(vllm: PretendVllm, tiny: BaseModel) -> None:
    going_round = iter([65, 66, 67, 68, 65, 66, 67, 68, 69])
    vllm._next = lambda *_: next(going_round)  # type: ignore[method-assign]
    said, _ = finished(speak(engine_at(vllm, tiny), max_tokens=8))
    assert said == [65, 66, 67, 68, 65, 66, 67, 69]
    assert vllm.asked[1]["logit_bias"] == {"68": -100.0}


def test_the_counts_are_not_asked(vllm: PretendVllm, tiny: BaseModel) -> None:
    def over(_: Sequence[int], p: Any) -> Any:
        raise AssertionError("there is nothing here to lay them over")

    finished(speak(engine_at(vllm, tiny), over=over, max_tokens=2))


def test_another_base_is_not_spoken_with(tiny: BaseModel) -> None:
    with serving(tiny) as double:
        double.cards = lambda: {"data": [{"id": "llama", "root": "/models/llama", "parent": None}]}  # type: ignore[method-assign]
        with pytest.raises(SiteUnusable, match=rf"vllm serve .*{tiny.path.name}"):
            next(speak(engine_at(double, tiny)))
        assert not double.asked


def test_the_base_is_known_by_its_name_too(tiny: BaseModel) -> None:
    with serving(tiny, name=f"demur-{tiny.path.name}") as double:
        assert finished(speak(engine_at(double, tiny), max_tokens=1))[1] in ("length", "stop")
        assert double.asked[0]["model"] == f"demur-{tiny.path.name}"


def test_a_server_that_is_away_is_said_to_be_away(tiny: BaseModel) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        engine = open_engine(Setting(kind="vllm", server=address), tiny, TINY, threads=1)
        with pytest.raises(NotFound, match=rf"{address} does not answer.*ask again"):
            next(speak(engine))


@pytest.mark.parametrize("server", ["", "10.0.0.5:8000", "file:///etc/passwd", "http://"])
def test_only_an_address_of_the_web_will_do(tiny: BaseModel, server: str) -> None:
    with pytest.raises(SiteUnusable, match="under \\[model\\]"):
        open_engine(Setting(kind="vllm", server=server), tiny, TINY, threads=1)


def test_a_wrong_key_is_named_and_never_printed(vllm: PretendVllm, tiny: BaseModel) -> None:
    vllm.key = "s3cret"
    with pytest.raises(SiteUnusable, match=r"keys/vllm\.key"):
        next(speak(engine_at(vllm, tiny, key="another")))
    assert finished(speak(engine_at(vllm, tiny, key="s3cret"), max_tokens=1))
    assert "s3cret" not in repr(Setting(kind="vllm", server=vllm.address, key="s3cret"))
