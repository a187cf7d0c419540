"""Conversations that a member keeps: begun, gone on with, shown again, carried away, deleted.

A kept answer may quote somebody who has said no since. So nothing kept is shown, carried away or
given to the model again before `voice.may_be_shown` has been asked about every post that went into
it. What goes along with a follow-up question goes into its answer too, so an answer draws on all
that the answers before it drew on. The words of posts are not kept beside an answer; they are read
anew. Who does not own a conversation does not learn that it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import QuerySet

from demur.assistant.said import Answer, Citation, Traced
from demur.assistant.said import Drawn as Post
from demur.corpus.lake import Lake
from demur.errors import NotFound, StandingUnreadable
from demur.rights import erasure
from demur.rights.models import Person, Retracted
from demur.rights.place import Place
from demur.web import learned, shown, voice
from demur.web.models import Thread, Turn
from demur.web.shown import Shown
from demur.web.voice import NotNow, Said

TITLE = 60  # characters of a question that become a title
ALONG = 2000  # characters of earlier turns that go along: a quarter of what a small model can hold

GONE = "gone"  # how an answer ended whose words were erased with somebody's

Drawn = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Along:
    """What goes to the model with a question, and what that draws on."""

    said: tuple[Said, ...] = ()
    drawn: tuple[Drawn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question and what a page shows of its answer.

    answer: None where there is none, or none that may be shown. gone: it may not be shown any
        more. unknown: nobody can say just now whether it may be.
    """

    question: Turn
    kept: Turn | None = None
    answer: Shown | None = None
    gone: bool = False
    unknown: bool = False


def of(user: User | AnonymousUser) -> QuerySet[Thread]:
    """Somebody's conversations, the last one first."""
    return Thread.objects.filter(user_id=user.pk or 0).order_by("-changed", "pk")


def find(user: User | AnonymousUser, thread: UUID) -> Thread:
    """One of theirs. Raises NotFound, also for somebody else's."""
    found = of(user).filter(pk=thread).first()
    if found is None:
        raise NotFound("You have no such conversation; open the list of those you have.")
    return found


def question_of(thread: Thread, number: int) -> Turn:
    """A question in it. Raises NotFound."""
    found = thread.turns.filter(role="question", pk=number).first()
    if found is None:
        raise NotFound("There is no such question in this conversation.")
    return found


def last_question(thread: Thread) -> Turn:
    """The last question in it. Raises NotFound where there is none."""
    found = thread.turns.filter(role="question").order_by("pk").last()
    if found is None:
        raise NotFound("Nothing was asked in this conversation yet; ask something.")
    return found


def begin(user: User, question: str, *, now: datetime) -> Turn:
    title = " ".join(question.split())
    short = title if len(title) <= TITLE else f"{title[: TITLE - 1].rstrip()}…"
    with transaction.atomic():
        thread = Thread.objects.create(id=uuid4(), user=user, title=short, created=now, changed=now)
        return ask(thread, question, now=now)


def ask(thread: Thread, question: str, *, now: datetime) -> Turn:
    with transaction.atomic():
        Thread.objects.filter(pk=thread.pk).update(changed=now)
        return Turn.objects.create(thread=thread, role="question", text=question, created=now)


def edit(question: Turn, text: str, *, now: datetime) -> Turn:
    """Other words for a question; what followed is deleted."""
    thread = question.thread
    gone = thread.turns.filter(role="question", pk__gte=question.pk)
    with learned.taking_back(gone, now=now):
        gone.filter(pk__gt=question.pk).delete()
        question.answers.all().delete()
        question.text, question.created = text, now
        question.save(update_fields=["text", "created"])
        Thread.objects.filter(pk=question.thread_id).update(changed=now)
        return question


def keep(question: Turn, answer: Answer, along: Along, *, stopped: bool, now: datetime) -> None:
    """Keep an answer in the place of the one there was; of a question that is gone, nothing."""
    drawn = {(each.post_id, each.text_hash) for each in answer.drawn}
    drawn |= {(each["post_id"], each["text_hash"]) for each in along.drawn}
    cited = [citation.post_id for citation in answer.citations]
    with transaction.atomic():
        there = Turn.objects.filter(pk=question.pk, text=question.text)
        if not there.exists():
            return
        question.answers.all().delete()
        Turn.objects.create(
            thread_id=question.thread_id,
            role="answer",
            question=question,
            text=answer.text,
            created=now,
            finish="stopped" if stopped and answer.text else answer.finish,
            drawn=[{"post_id": post, "text_hash": text} for post, text in sorted(drawn)],
            declined=answer.declined or "",
            model=answer.model or "",
            language=answer.language,
            why={
                "cited": cited,
                "traced": [asdict(run) for run in answer.traced],
                "shards": list(answer.shards),
                "withheld": list(answer.withheld),
                "memories": answer.memories,
                "halted": answer.halted,
            },
        )


def rename(thread: Thread, title: str) -> None:
    Thread.objects.filter(pk=thread.pk).update(title=title)


def delete(some: QuerySet[Thread], *, now: datetime) -> None:
    """Delete conversations: the rows, and their bytes in the database and its log."""
    with learned.taking_back(Turn.objects.filter(thread__in=some, role="question"), now=now):
        some.delete()
    erasure.overwrite()


def sweep(site: Place) -> int:
    """Empty kept answers that draw on words which their author has erased or taken back for good;
    how many. Those of somebody who only said no may be theirs to hear again: they stay unseen."""
    if not (Retracted.objects.exists() or Person.objects.exclude(erased_at=None).exists()):
        return 0
    answers = Turn.objects.filter(role="answer").exclude(drawn=[])
    drawn = {
        pk: {each["post_id"] for each in posts}
        for pk, posts in answers.values_list("pk", "drawn").iterator()
    }
    there = Lake(site.lake, site.home).worded(set().union(*drawn.values()))
    gone = [pk for pk, posts in drawn.items() if not posts <= there]
    for pk in gone:
        Turn.objects.filter(pk=pk).update(text="", drawn=[], why={}, finish=GONE)
    if gone:
        erasure.overwrite()
    return len(gone)


def along(thread: Thread | None, before: Turn | None = None) -> Along:
    """Of what was said in a conversation, as much of the latest as goes along with a question.

    An answer that may not be shown does not, and neither does what followed from it: its drawn
    posts are theirs too. before: the question itself, where it is asked again.
    """
    if thread is None:
        return Along()
    pairs = [pair for pair in _pairs(thread) if before is None or pair[0].pk < before.pk]
    answers = [kept for _, kept in pairs if kept is not None]
    may = _may_be_shown(answers)
    said: list[Said] = []
    drawn: list[Drawn] = []
    room = ALONG
    for question, kept in reversed(pairs):
        if kept is None or not kept.text or kept.declined or not may[kept.pk]:
            continue
        room -= len(question.text) + len(kept.text)
        if room < 0:
            break
        said[:0] = [("user", question.text), ("assistant", kept.text)]
        drawn += kept.drawn
    return Along(said=tuple(said), drawn=tuple(drawn))


def exchanges(thread: Thread, reader: User | AnonymousUser) -> list[Exchange]:
    """The conversation as it may be shown now."""
    pairs = _pairs(thread)
    answers = [kept for _, kept in pairs if kept is not None]
    may = _may_be_shown(answers)
    posts = _posts({post for kept in answers if may[kept.pk] for post in kept.why["cited"]})
    for kept in answers:
        if may[kept.pk] and not posts.keys() >= set(kept.why["cited"]):
            may[kept.pk] = None  # somebody said no between the two questions
    return [
        Exchange(
            question=question,
            kept=kept,
            answer=_shown(kept, posts, reader) if kept and may[kept.pk] else None,
            gone=kept is not None and may[kept.pk] is False,
            unknown=kept is not None and may[kept.pk] is None,
        )
        for question, kept in pairs
    ]


def export(threads: Iterable[Thread]) -> list[dict[str, Any]]:
    """Conversations as values, to carry away: the owner's words, and answers that may be shown."""
    return [
        {
            "title": thread.title,
            "created": thread.created.isoformat(),
            "turns": _exported(thread),
        }
        for thread in threads
    ]


def _exported(thread: Thread) -> list[dict[str, Any]]:
    every = [turn for pair in _pairs(thread) for turn in pair if turn is not None]
    may = _may_be_shown([turn for turn in every if turn.role == "answer"])
    return [
        {
            "role": turn.role,
            "created": turn.created.isoformat(),
            "text": turn.text if may.get(turn.pk, True) else None,
        }
        | ({"withheld": not may[turn.pk], "finish": turn.finish} if turn.pk in may else {})
        for turn in every
    ]


def _pairs(thread: Thread) -> list[tuple[Turn, Turn | None]]:
    """Each question with its answer, where it has one."""
    turns = list(thread.turns.order_by("pk"))
    answers = {turn.question_id: turn for turn in turns if turn.role == "answer"}
    return [(turn, answers.get(turn.pk)) for turn in turns if turn.role == "question"]


def _may_be_shown(answers: Sequence[Turn]) -> dict[int, bool | None]:
    """By answer: may it be shown? None where nobody can say; what draws on nothing always may."""
    asking = [turn for turn in answers if turn.drawn]
    may: dict[int, bool | None]
    may = {turn.pk: turn.finish != GONE for turn in answers if not turn.drawn}
    if not asking:
        return may
    try:
        verdicts = voice.may_be_shown([[Post(**each) for each in turn.drawn] for turn in asking])
    except (StandingUnreadable, NotNow):
        return may | dict.fromkeys((turn.pk for turn in asking), None)
    return may | {turn.pk: verdict for turn, verdict in zip(asking, verdicts, strict=True)}


def _posts(post_ids: set[str]) -> Mapping[str, Citation]:
    if not post_ids:
        return {}
    try:
        return voice.sources(post_ids)
    except (StandingUnreadable, NotNow):
        return {}


def _shown(turn: Turn, posts: Mapping[str, Citation], reader: User | AnonymousUser) -> Shown:
    why = turn.why
    return shown.shown(
        reader,
        text=turn.text,
        language=turn.language,
        finish=turn.finish,
        memories=why["memories"],
        halted=why["halted"],
        declined=turn.declined,
        withheld=why["withheld"],
        model=turn.model,
        shards=why["shards"],
        citations=[
            replace(posts[post], number=number) for number, post in enumerate(why["cited"], 1)
        ],
        traced=[
            Traced(start=run["start"], end=run["end"], post_ids=tuple(run["post_ids"]))
            for run in why["traced"]
        ],
        anchor=f"{turn.pk}-",
    )
