"""One road for every answer: ask the gate, plan, speak, guard, trace, show.

Nothing here decides who may speak and nothing here remembers who objected: the gate is asked
before every answer and before every token. When nobody can say who objects, the community's
words are not used at all and the base model speaks alone, and the answer says so. When a hold is
on the model itself, the base speaks too, and posts that may be quoted still are.

An ability (chat, writing, translation …) is a small file beside this one. It says what it wants
said, given what may be heard (`Plan`), and walks this road; there is no other one to a token.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from demur.assistant import guard
from demur.assistant.drawing.provenance import Credential
from demur.assistant.generation import Generation, stamp
from demur.assistant.leaning import edited, kept
from demur.assistant.painting import Easel, Painted
from demur.assistant.said import (
    Answer,
    Citation,
    Drawn,
    Enough,
    Part,
    Plan,
    Planner,
    Sampling,
    Traced,
)
from demur.assistant.stops import until
from demur.assistant.words import WORDS, language_of_answer
from demur.errors import StandingUnreadable
from demur.memory.memories import Heard
from demur.memory.search import Stored
from demur.people import InForce, Standing
from demur.serving.engine import Engine, Finish, Over, Setting
from demur.serving.engines import open_engine
from demur.serving.gate import Gate
from demur.serving.template import Template
from demur.training.base import BaseModel
from demur.training.recipe import Recipe

TOP_K, TOP_P = 40, 0.9


@dataclass(slots=True)
class _Turn:
    """One answer as it comes about. heard: what may be quoted; speaks: what may speak along."""

    generation: Generation
    heard: Heard | None
    speaks: Heard | None
    asked: str
    plan: Plan
    sampling: Sampling
    still: Callable[[], bool]
    tokens_in: int = 0
    shards: tuple[int, ...] = ()
    withheld: list[str] = field(default_factory=list)


class Assistant:
    """Speaks for one site. Safe to use from several threads."""

    def __init__(
        self,
        site: Path,
        standing: Standing,
        *,
        engine: Setting,
        threads: int,
        guarded: bool,
        credential: Credential | None,
    ) -> None:
        self._site, self._credential = site, credential
        self._gate = Gate(standing)
        self._engine = engine
        self._threads, self._guarded = threads, guarded
        self._lock = Lock()
        self._generation: Generation | None = None
        self._speaking: tuple[tuple[BaseModel, Recipe], Template, Engine] | None = None
        self._easel = Easel()

    @classmethod
    def open(
        cls,
        site: Path,
        standing: Standing,
        *,
        engine: Setting = Setting(),  # noqa: B008  (frozen)
        threads: int = 2,
        guarded: bool = True,
        credential: Credential | None = None,
    ) -> Assistant:
        """Opens nothing yet: the first question reads the release, the first answer the model.

        engine: what the site's settings say of it.
        guarded: False for a probe, which looks for what is there behind the guard; nobody reads
            what it is told.
        credential: signs the pictures that are drawn.
        """
        return cls(
            site,
            standing,
            engine=engine,
            threads=threads,
            guarded=guarded,
            credential=credential,
        )

    def speak(
        self, asked: str, planner: Planner, sampling: Sampling, *, is_question: bool = True
    ) -> Iterator[str | Answer]:
        """Pieces of text as they are spoken, the Answer last.

        asked: the words of whoever asks; what the guard declines is not planned at all.
        is_question: False where these words are only put otherwise, and none is declined.
        An answer during which the standing changed is taken back: its Answer has no text.
        Throw Enough into the iterator to hear no more: what was said till then is the Answer.
        Close it when nobody listens any more.
        """
        generation = self._current()
        in_force = self._ask()
        heard = generation.heard(in_force) if in_force else None
        halted = in_force is not None and generation.is_halted(in_force)
        speaks = None if halted else heard
        declined = guard.declines(asked) if self._guarded and is_question else None
        plan = _refusing(asked, declined) if declined else planner(heard)
        still = self._still(in_force)
        turn = _Turn(generation, heard, speaks, asked, plan, sampling, still)
        said: list[str] = []
        finish = yield from _collect(self._spoken(turn, self._notes(plan, halted)), said)
        text = "".join(said)
        runs = traced(heard, text) if heard else ()
        drawn = _drawn(heard, plan.citations, runs)
        if not still():
            finish = "standing-changed"
        taken_back = finish == "standing-changed"
        yield Answer(
            text="" if taken_back else text,
            language=plan.language,
            citations=() if taken_back else plan.citations,
            traced=() if taken_back else runs,
            drawn=() if taken_back else drawn,
            shards=turn.shards,
            memories=heard is not None,
            halted=halted,
            model=None if speaks is None else generation.name,
            finish=finish,
            declined=declined,
            withheld=tuple(dict.fromkeys(turn.withheld)),
            tokens_in=turn.tokens_in,
            tokens_out=self._count(text),
        )

    def _spoken(self, turn: _Turn, notes: tuple[str, ...]) -> Generator[str, None, Finish]:
        """Everything that is said, part by part in its order."""
        plan = turn.plan
        finish: Finish = "stop"
        for part in (Part(opening=notes), *plan.parts):
            for piece in part.opening:
                if not turn.still():
                    return "standing-changed"
                yield piece
            if self._asks(part):
                finish = yield from self._modelled(turn, part)
            if finish == "standing-changed":
                return finish
        if plan.closing is not None and turn.still():
            yield plan.closing()
        return finish

    def _notes(self, plan: Plan, halted: bool) -> tuple[str, ...]:
        """What has to be said first, whatever the ability."""
        speaks = any(map(self._asks, plan.parts))
        return (WORDS[plan.language]["halted"] + "\n\n",) if halted and speaks else ()

    def _asks(self, part: Part) -> bool:
        """Is the model asked? Where all that it said would be left out, by a probe alone."""
        leaning = part.leaning if self._guarded else None
        return bool(part.prompt) and (leaning is None or bool(leaning))

    def _modelled(self, turn: _Turn, part: Part) -> Generator[str, None, Finish]:
        """The model's words in one part."""
        generation, speaks, sampling = turn.generation, turn.speaks, turn.sampling
        template, engine = self._speaker(generation)
        prompt = template.ids(part.prompt)
        turn.tokens_in += len(prompt)
        merged, shards = generation.adapter(speaks) if speaks else (None, ())
        watch = guard.Watch(
            turn.heard,
            asked=turn.asked,
            quoted=[each.text for each in turn.plan.citations],
            language=turn.plan.language,
        )
        tokens = engine.stream(
            prompt,
            adapter=merged,
            over=_over(speaks, len(prompt), generation.base.separator) if speaks else None,
            still=turn.still,
            refuses=(lambda said: watch.refuses(template.text(said))) if self._guarded else None,
            max_tokens=min(sampling.max_tokens, part.max_tokens or sampling.max_tokens),
            temperature=sampling.temperature,
            top_k=TOP_K,
            top_p=TOP_P,
            seed=secrets.randbits(63) if sampling.seed is None else sampling.seed,
        )
        pieces = until(template.pieces(tokens), sampling.stop)
        if self._guarded:
            pieces = watch.over(pieces)
        if part.edited is not None:
            pieces = edited(pieces, part.edited)
        elif part.leaning is not None and self._guarded:
            pieces = kept(pieces, part.leaning.holds)
        finish = yield from _credited(pieces, turn, shards)
        turn.withheld += watch.withheld
        return finish

    def paint(self, description: str, *, seed: int, size: int) -> Painted | None:
        """A square picture by the image model; None where the site has none. Taken back, as an
        answer is, when the standing changes meanwhile. See `painting`."""
        if stamp(self._site) is None:
            return None
        in_force = self._ask()
        still = self._still(in_force)
        return self._easel.paint(
            self._current(), in_force, still, description, seed=seed, size=size
        )

    @property
    def lake(self) -> Path:
        """Where everything that was posted lies. Whoever reads there asks `heard` first."""
        return self._site / "lake"

    @property
    def credential(self) -> Credential | None:
        """With what pictures are signed; None where this site cannot."""
        return self._credential

    def heard(self) -> Heard:
        """The memories as they may be asked now, for a surface that speaks with no model.

        Raises StandingUnreadable: then nobody's words are used. Ask anew for every question.
        """
        return self._current().heard(self._gate.ask())

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
                engine = open_engine(self._engine, *wanted, threads=self._threads)
                self._speaking = (wanted, Template(generation.base), engine)
            return self._speaking[1:]

    def _count(self, text: str) -> int:
        """Tokens of a text; roughly, where no model has been asked for yet."""
        speaking = self._speaking
        return speaking[1].count(text) if speaking else len(text.split())

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


def cite(hits: Sequence[Stored]) -> tuple[Citation, ...]:
    """Posts as numbered citations, in their order; personal data in them is masked."""
    return tuple(
        Citation(
            number=number,
            post_id=hit.post_id,
            account=hit.account,
            platform=hit.platform,
            url=hit.url,
            attribution=hit.attribution,
            lang=hit.lang or "",
            text=guard.masked(hit.text, hit.lang),
        )
        for number, hit in enumerate(hits, 1)
    )


def hash_of(text: str) -> str:
    """The hash by which a kept answer knows a post's text again. See Drawn."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def traced(heard: Heard, text: str) -> tuple[Traced, ...]:
    """The runs of a text that stand word for word in posts that may be shown."""
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


def _drawn(
    heard: Heard | None, cited: Sequence[Citation], runs: Sequence[Traced]
) -> tuple[Drawn, ...]:
    if heard is None:
        return ()
    ids = {citation.post_id for citation in cited}.union(*(run.post_ids for run in runs))
    return tuple(
        Drawn(post_id=post.post_id, text_hash=hash_of(post.text))
        for post in heard.named(sorted(ids))
    )


def _refusing(asked: str, reason: str) -> Plan:
    """The guard's plan: the reason in a sentence, and nothing else."""
    language, _ = language_of_answer(asked)
    return Plan(language=language, opening=(guard.REASONS[reason][language],))


def _collect(pieces: Generator[str, None, Finish], said: list[str]) -> Generator[str, None, Finish]:
    with closing(pieces):
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                finish: Finish = end.value
                return finish
            said.append(piece)
            try:
                yield piece
            except Enough:
                return "stop"


def _credited(
    pieces: Generator[str, None, Finish], turn: _Turn, shards: tuple[int, ...]
) -> Generator[str, None, Finish]:
    """The pieces, while the same stands: what was held back is asked for once more. The shards
    have spoken when something is said, and not when all was left out."""
    with closing(pieces):
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                finish: Finish = end.value
                return finish
            if piece:
                if not turn.still():
                    return "standing-changed"
                turn.shards = shards
            yield piece


def _over(heard: Heard, prompt: int, start: int) -> Over:
    """The counts hear a post's beginning and what was said since, not the question."""
    return lambda context, p: heard.over([start, *context[prompt:]], p)
