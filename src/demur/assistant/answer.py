"""One road for every answer: ask the gate, retrieve, speak, trace, show.

Nothing here decides who may speak and nothing here remembers who objected: the gate is asked
before every answer and before every token. When nobody can say who objects, the community's
words are not used at all and the base model speaks alone, and the answer says so. When a hold is
on the model itself, the base speaks too, and posts that may be quoted still are.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal

from demur.assistant.generation import Generation, stamp
from demur.corpus.stored import language_of
from demur.errors import StandingUnreadable
from demur.memory.memories import Heard
from demur.memory.search import Hit
from demur.people import InForce, Standing, Use
from demur.serving.engine import Engine, Finish, Over
from demur.serving.gate import Gate, surface
from demur.serving.template import Template
from demur.training.base import BaseModel
from demur.training.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: Literal["system", "user", "assistant"]
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
class Answer:
    """What was said, and by what.

    memories: False where nobody could say who objects: the base model spoke alone.
    halted: True where a hold is on the model: the base spoke, and may have quoted posts.
    model: the release whose weights and counts spoke, as the book names it; None where the base
        spoke without them.
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


QUOTES = 3  # posts that an answer may quote
TOP_K, TOP_P = 40, 0.9
READY = ("en", "nl")  # languages the community's posts have taught, and the pages speak

WORDS = {
    "en": {
        "wrote": "From the community's posts:",
        "nothing": "I found no public post about this.",
        "not-ready": "I am not ready in this language yet; here is what I have in English.",
        "halted": "This community's own model has been halted. The general model answers.",
        "task": "Answer in one or two English sentences, from these posts only.",
        "posts": "Posts",
        "question": "Question",
    },
    "nl": {
        "wrote": "Uit de berichten van de gemeenschap:",
        "nothing": "Ik vond hierover geen openbaar bericht.",
        "not-ready": "",
        "halted": "Het eigen model van deze gemeenschap is stilgelegd."
        " Het algemene model antwoordt.",
        "task": "Antwoord in een of twee Nederlandse zinnen, alleen uit deze berichten.",
        "posts": "Berichten",
        "question": "Vraag",
    },
}


class Assistant:
    """Speaks for one site. Safe to use from several threads; one answer is spoken at a time."""

    def __init__(self, site: Path, standing: Standing, *, threads: int) -> None:
        self._site = site
        self._gate = Gate(standing)
        self._threads = threads
        self._lock = Lock()
        self._generation: Generation | None = None
        self._speaking: tuple[tuple[BaseModel, Recipe], Template, Engine] | None = None

    @classmethod
    def open(cls, site: Path, standing: Standing, *, threads: int = 2) -> Assistant:
        """Opens nothing yet: the first question reads the release, the first answer the model."""
        return cls(site, standing, threads=threads)

    @surface("chat")
    def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int = 160,
        temperature: float = 0.4,
        seed: int | None = None,
    ) -> Iterator[str | Answer]:
        """Pieces of text as they are spoken, the Answer last.

        An answer during which the standing changed is taken back: its Answer has no text.
        Close the iterator when nobody listens any more.
        """
        generation = self._current()
        in_force = self._ask()
        heard = generation.heard(in_force) if in_force else None
        halted = in_force is not None and generation.is_halted(in_force)
        speaks = None if halted else heard
        language, ready = _language(messages)
        cited = self._retrieve(heard, messages[-1].text, language)
        still = self._still(in_force)
        notes = [note for note, due in (("not-ready", not ready), ("halted", halted)) if due]
        opening = _opening(language, notes, cited, heard is not None)
        said: list[str] = []
        finish: Finish = "stop"
        for piece in opening:
            if not still():
                finish = "standing-changed"
                break
            said.append(piece)
            yield piece
        template, engine = self._speaker(generation)
        prompt = template.ids(_prompt(messages, language, cited))
        merged, shards = None, tuple[int, ...]()
        if speaks is not None:
            merged, shards = generation.adapter(speaks)
        if finish == "stop":
            tokens = engine.stream(
                prompt,
                adapter=merged,
                over=_over(speaks, len(prompt), generation.base.separator) if speaks else None,
                still=still,
                max_tokens=max_tokens,
                temperature=temperature,
                top_k=TOP_K,
                top_p=TOP_P,
                seed=secrets.randbits(63) if seed is None else seed,
            )
            finish = yield from _collect(template.pieces(tokens), said)
        text = "".join(said)
        traced = self._traced(heard, text)
        if not still():
            finish = "standing-changed"
        taken_back = finish == "standing-changed"
        yield Answer(
            text="" if taken_back else text,
            language=language,
            citations=() if taken_back else cited,
            traced=() if taken_back else traced,
            shards=shards,
            memories=heard is not None,
            halted=halted,
            model=None if speaks is None else generation.name,
            finish=finish,
            tokens_in=len(prompt),
            tokens_out=template.count("".join(said)),
        )

    @surface("search")
    def search(self, text: str, limit: int) -> list[Hit]:
        """Public posts about a text, the best first. Raises StandingUnreadable: then none."""
        return self._current().heard(self._gate.ask()).search(text, limit=limit)

    @surface("trace")
    def trace(self, text: str) -> list[Traced]:
        """Where a text repeats public posts word for word. Raises StandingUnreadable."""
        return list(self._traced(self._current().heard(self._gate.ask()), text))

    def _current(self) -> Generation:
        """What is released now; read anew when the worker has released something else."""
        with self._lock:
            if self._generation is None or self._generation.stamp != stamp(self._site):
                self._generation = Generation.load(self._site)
            return self._generation

    def _speaker(self, generation: Generation) -> tuple[Template, Engine]:
        with self._lock:
            wanted = (generation.base, generation.recipe)
            if self._speaking is None or self._speaking[0] != wanted:
                engine = Engine(generation.base, generation.recipe, threads=self._threads)
                self._speaking = (wanted, Template(generation.base), engine)
            return self._speaking[1:]

    def _ask(self) -> InForce | None:
        """What stands; None where nobody can say, and then the base model speaks alone."""
        try:
            return self._gate.ask()
        except StandingUnreadable:
            return None

    def _still(self, in_force: InForce | None) -> Callable[[], bool]:
        if in_force is None:
            return lambda: True  # nobody's words are in it
        return lambda: self._gate.unchanged(in_force)

    def _retrieve(self, heard: Heard | None, question: str, language: str) -> tuple[Citation, ...]:
        """The posts to quote: of the best that are found, those in the asker's language first."""
        if heard is None:
            return ()
        found = heard.search(question, limit=QUOTES * 4, use=Use.ANSWERS)
        found.sort(key=lambda hit: hit.lang != language)
        return tuple(
            Citation(
                number=number,
                post_id=hit.post_id,
                account=hit.account,
                platform=hit.platform,
                url=hit.url,
                attribution=hit.attribution,
                lang=hit.lang or "",
                text=hit.text,
            )
            for number, hit in enumerate(found[:QUOTES], 1)
        )

    def _traced(self, heard: Heard | None, text: str) -> tuple[Traced, ...]:
        if heard is None:
            return ()
        spans = heard.trace(text)
        posts = {
            post.row: post.post_id
            for post in heard.posts(sorted({row for span in spans for row in span.rows}))
        }
        return tuple(
            Traced(
                start=span.start,
                end=span.end,
                post_ids=tuple(posts[row] for row in span.rows if row in posts),
            )
            for span in spans
        )


def _collect(pieces: Generator[str, None, Finish], said: list[str]) -> Generator[str, None, Finish]:
    with closing(pieces):
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                finish: Finish = end.value
                return finish
            said.append(piece)
            yield piece


def _over(heard: Heard, prompt: int, start: int) -> Over:
    """The counts hear a post's beginning and what was said since, not the question."""
    return lambda context, p: heard.over([start, *context[prompt:]], p)


def _language(messages: Sequence[Message]) -> tuple[str, bool]:
    """The language to answer in, and whether it is the one that was asked in."""
    asked = language_of(messages[-1].text)
    return (asked, True) if asked in READY else ("en", asked == "und")


def _opening(
    language: str, notes: Sequence[str], cited: Sequence[Citation], memories: bool
) -> Iterator[str]:
    """What is known before the model speaks: the posts themselves, quoted and numbered."""
    words = WORDS[language]
    for note in notes:
        yield words[note] + "\n\n"
    if cited:
        yield words["wrote"] + "\n"
        for citation in cited:
            yield f"“{citation.text.strip()}” [{citation.number}]\n"
        yield "\n"
    elif memories:
        yield words["nothing"] + "\n\n"


def _prompt(
    messages: Sequence[Message], language: str, cited: Sequence[Citation]
) -> list[tuple[str, str]]:
    """The conversation, with the posts as data before its last question."""
    words = WORDS[language]
    turns: list[tuple[str, str]] = [(message.role, message.text) for message in messages]
    if not cited:
        return turns
    posts = "\n".join(f"[{citation.number}] {citation.text}" for citation in cited)
    role, question = turns[-1]
    asked = f"{words['posts']}:\n{posts}\n\n{words['task']}\n{words['question']}: {question}"
    return [*turns[:-1], (role, asked)]
