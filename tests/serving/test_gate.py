"""The gate: it asks anew each time, and whoever cannot be asked is taken to have said no."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from demur.errors import StandingUnreadable
from demur.people import InForce, PersonId
from demur.serving import gate
from demur.serving.gate import Gate


class ListedStanding:
    """A standing kept in a list, as the database would keep it."""

    def __init__(self) -> None:
        self.silent: list[str] = []
        self.readable = True

    def epoch(self) -> int:
        if not self.readable:
            raise StandingUnreadable("The database is gone; start it again.")
        return len(self.silent)

    def in_force(self) -> InForce:
        epoch = self.epoch()
        return InForce(epoch=epoch, silent={PersonId(p): n for n, p in enumerate(self.silent)})


def test_somebody_objects_between_two_answers() -> None:
    standing = ListedStanding()
    asked = Gate(standing).ask()
    standing.silent.append("anna")
    assert not asked.silent
    assert Gate(standing).ask().silent == {"anna": 0}


def test_somebody_objects_during_an_answer() -> None:
    standing = ListedStanding()
    door = Gate(standing)
    asked = door.ask()
    assert door.unchanged(asked)
    standing.silent.append("anna")
    assert not door.unchanged(asked)


def test_nobody_speaks_when_nobody_can_say_who_objects() -> None:
    standing = ListedStanding()
    door = Gate(standing)
    asked = door.ask()
    standing.readable = False
    assert not door.unchanged(asked)
    with pytest.raises(StandingUnreadable):
        door.ask()


def test_a_surface_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    # the real list stays as it is: a story asks every surface that is on it
    surfaces: dict[str, Callable[..., object]] = {}
    monkeypatch.setattr(gate, "_surfaces", surfaces)

    @gate.surface("test: reading aloud")
    def read_aloud() -> str:
        return "words"

    assert surfaces["test: reading aloud"]() == "words"
    with pytest.raises(ValueError, match="two surfaces"):

        @gate.surface("test: reading aloud")
        def another() -> None: ...
