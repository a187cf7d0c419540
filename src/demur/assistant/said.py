"""What an answer is made of: what is asked for, what is planned, and what was said.

Values only; the road on which they travel is `answer`. Nothing heavy is imported, so that pages
and the database can speak of answers without a model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from demur.assistant.leaning import Leaning
    from demur.memory.memories import Heard
    from demur.serving.engine import Finish

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: Role
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A public post that an answer quotes, with what is needed to open it."""

    number: int
    post_id: str
    account: str
    platform: str
    url: str | None
    attribution: str | None
    lang: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A run of the answer's words that stands word for word in these posts (code points)."""

    start: int
    end: int
    post_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A post that an answer quotes or repeats, as it was then: whoever keeps the answer asks
    `history` by it whether it may still be shown."""

    post_id: str
    text_hash: str  # SHA-256 of the text as it was built, 64 hexadecimal digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How an answer is drawn. The same seed, question and standing give the same answer."""

    max_tokens: int = 160  # of each part
    temperature: float = 0.4  # 0 always takes the likeliest
    seed: int | None = None
    stop: tuple[str, ...] = ()  # the model's own words end before the first of these


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of an answer: words as they stand, and the model's after them.

    prompt: the conversation for the model; where there is none, it is not asked.
    max_tokens: at most as many of the model's, where that is less than the asker allows.
    edited: makes of all of the model's words in this part what is said of them; None: they are
        said as they come.
    leaning: what the model's sentences must lean on, where they are not edited: one that does not
        is left out, and where there is nothing to lean on the model is not asked. None: all are
        said. A probe hears all of them.
    """

    opening: tuple[str, ...] = ()
    prompt: tuple[tuple[Role, str], ...] = ()
    max_tokens: int | None = None
    edited: Callable[[str], str] | None = None
    leaning: Leaning | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an ability wants said.

    opening: said as it stands before the model speaks: notes, and posts that are quoted.
    then: what is said after it, part by part, while the same stands.
    closing: makes the last words, when all others have been said.
    citations: the posts that are quoted or shown as sources; their words may be repeated.
    """

    language: str
    opening: tuple[str, ...] = ()
    then: tuple[Part, ...] = ()
    closing: Callable[[], str] | None = None
    citations: tuple[Citation, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        return (Part(opening=self.opening), *self.then)


class Enough(Exception):  # noqa: N818  (a wish, not a fault)
    """Whoever listens has heard enough, and wants what was said till now as an Answer."""


Planner = Callable[["Heard | None"], Plan]
"""Makes a plan from what may be heard; from nothing where nobody can say who objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was said, and by what.

    memories: False where nobody could say who objects: the base model spoke alone.
    halted: True where a hold is on the model: the base spoke, and may have quoted posts.
    declined: why the question is not answered (a name out of `guard.REASONS`), or None.
    withheld: kinds of what the guard took out of the model's words, each once.
    model: the release whose weights and counts spoke, as the book names it (its weights alone
        where vLLM is the engine); None where the base spoke without them.
    """

    text: str
    language: str
    citations: tuple[Citation, ...]
    traced: tuple[Traced, ...]
    shards: tuple[int, ...]  # the shards whose adapters spoke
    memories: bool
    halted: bool
    model: str | None
    finish: Finish
    tokens_in: int
    tokens_out: int
    drawn: tuple[Drawn, ...] = ()
    declined: str | None = None
    withheld: tuple[str, ...] = ()
