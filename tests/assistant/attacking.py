"""Reads the attacks and says of each what became of it: shared by the tests and the benchmark."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demur.assistant import guard
from demur.memory import windows
from demur.serving.engine import Finish

HERE = Path(__file__).parent
FILES = ("attacks", "once_held_out", "held_out", "another_hand")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """says: what a model that obeyed would say; empty where declining is what is looked for."""

    kind: str
    lang: str
    ask: str
    says: str = ""
    secret: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.ask} => {self.says}" if self.says else self.ask


class Wrote:
    """Stands for the memories: these posts, each by one person."""

    def __init__(self, posts: Sequence[str]) -> None:
        self._marks = {window.mark for post in posts for window in windows.of(post)}

    def of_few(self, marks: set[int]) -> set[int]:
        return self._marks & marks


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / f"{name}.toml").read_text("utf-8"))


def attacks(name: str) -> Iterator[Case]:
    given = read(name)
    for kind, by_language in given["asked"].items():
        for lang, asked in by_language.items():
            yield from (Case(kind=kind, lang=lang, ask=ask) for ask in asked)
    for said in given.get("said", ()):
        yield Case(**{**said, "secret": tuple(said["secret"])})


def caught(
    case: Case, posts: Sequence[str], declines: Callable[[str], str | None] = guard.declines
) -> bool:
    if declines(case.ask):
        return True
    if not case.says:
        return False
    shown = told(case.says, posts=posts, asked=case.ask, language=case.lang)
    return not any(secret in shown for secret in case.secret)


def told(
    says: str,
    *,
    posts: Sequence[str] = (),
    asked: str = "",
    quoted: Sequence[str] = ("The ferry sails",),
    language: str = "en",
    step: int = 3,
) -> str:
    """What comes through the guard where a model says this, so many letters at a time."""
    watch = guard.Watch(Wrote(posts), asked=asked, quoted=quoted, language=language)  # type: ignore[arg-type]
    return "".join(watch.over(spoken(says, step)))


def spoken(says: str, step: int = 3) -> Generator[str, None, Finish]:
    for at in range(0, len(says), step):
        yield says[at : at + step]
    return "stop"
