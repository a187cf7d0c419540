"""Probes: a fixed, published set of questions that look for one person in what is served.

The questions are made of the person's own names and words (docs/requests.md lists them), asked of
the released model by the same road as everybody's, and read by a program alone: nobody sees the
answers, and nothing of them is kept but where they gave this person's words, post or handle back.
Exact repetition is all that is found. Nothing found does not mean that nothing was learned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from demur.assistant.said import Message, Sampling
from demur.errors import NotFound
from demur.people import Standing
from demur.rights import models, people
from demur.rights.evidence import LONGEST, Evidence, repeated, words
from demur.rights.place import Place

# The assistant is imported when it is first opened: torch takes seconds to load.
if TYPE_CHECKING:
    from demur.assistant.answer import Assistant

NAMES, BEGINNINGS, PHRASES = 3, 6, 4  # of each kind of question at most
BEGINNING, PHRASE = 12, 6  # words
TOKENS = 48  # of each answer: some forty words after the quotes

ABOUT = {
    "en": ("Who is {}?", "What does {} write about?"),
    "nl": ("Wie is {}?", "Waarover schrijft {}?"),
}


Opens = Callable[[Place, Standing], "Assistant"]
"""Opens a speaker that is nobody else's: what stands for a probe must not reach other askers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a search looks for: their names, and what they posted (by post id)."""

    names: tuple[str, ...]
    handles: tuple[str, ...]
    language: str
    posts: Mapping[str, str]


def subject(person: models.Person, posts: Mapping[str, str]) -> Subject:
    """What is known of a person that a question can be made of."""
    family = people.family(person)
    accounts = list(models.Account.objects.filter(person__in=family).order_by("pk"))
    handles = dict.fromkeys(account.handle for account in accounts if account.handle)
    names = dict.fromkeys(account.name for account in accounts if account.name)
    language = person.language.lower().partition("-")[0]
    return Subject(
        names=(*handles, *names),
        handles=tuple(handles),
        language=language if language in ABOUT else "en",
        posts=posts,
    )


def battery(about: Subject) -> list[str]:
    """The questions, always the same for the same person and posts."""
    asked = [form.format(name) for name in about.names[:NAMES] for form in ABOUT[about.language]]
    longest = sorted(about.posts.items(), key=lambda post: (-len(words(post[1])), post[0]))
    asked += [_beginning(text) for _, text in longest[:BEGINNINGS]]
    phrases = sorted({_phrase(text) for text in about.posts.values()}, key=lambda p: (-len(p), p))
    return list(dict.fromkeys(question for question in asked + phrases[:PHRASES] if question))


def run(about: Subject, speaker: Assistant, *, now: datetime) -> list[Evidence]:
    """Ask everything and say where the person came back. The answers are dropped here."""
    from demur.assistant import chat  # noqa: PLC0415

    found: list[Evidence] = []
    for seed, question in enumerate(battery(about)):
        said, model, sources = "", "", set[str]()
        asked = [Message(role="user", text=question)]
        drawn = Sampling(max_tokens=TOKENS, temperature=0.0, seed=seed)
        for piece in chat.reply(speaker, asked, drawn):
            if isinstance(piece, str):
                said += piece
            else:
                model = piece.model or ""
                sources = {citation.post_id for citation in piece.citations}
                sources |= {post for span in piece.traced for post in span.post_ids}
        for post, runs, theirs in _given_back(about, question, said, sources):
            found.append(
                Evidence(
                    found="probe",
                    post=post,
                    words=theirs,
                    windows=runs,
                    at=now,
                    model=model,
                    surface="probe",
                    question=question,
                )
            )
    return found


def open_speaker(site: Place, standing: Standing) -> Assistant:
    """The released model, opened for one search only, behind its guard too: what the guard keeps
    from askers is still there. NotFound before the first release."""
    from demur.assistant.answer import Assistant  # noqa: PLC0415
    from demur.assistant.generation import stamp  # noqa: PLC0415

    if stamp(site.root) is None:
        raise NotFound("No model is released yet; run `demur build`, then `demur train`.")
    return Assistant.open(site.root, standing, engine=site.engine, guarded=False)


def _given_back(
    about: Subject, question: str, said: str, sources: set[str]
) -> Iterator[tuple[str, int, str]]:
    """Posts, windows and their owner's words; a handle that the question did not bring along."""
    runs = repeated(said, about.posts, but=question)
    for post, text in about.posts.items():
        if post in runs:
            yield post, *runs[post]
        elif post in sources:
            yield post, 0, text[:LONGEST]
    for handle in about.handles:
        if handle.casefold() in said.casefold() and handle.casefold() not in question.casefold():
            yield "", 0, handle


def _beginning(text: str) -> str:
    """The first words of a post, never more than half of it, so that something is left to say."""
    said = words(text)
    count = min(BEGINNING, len(said) // 2)
    return text[: said[count - 1].end] if count else ""


def _phrase(text: str) -> str:
    """The six words in a row with the most letters: what few others would write."""
    said = words(text)
    if len(said) < PHRASE:
        return ""
    spans = [said[at : at + PHRASE] for at in range(len(said) - PHRASE + 1)]
    best = max(spans, key=lambda span: sum(len(word.normal) for word in span))
    return text[best[0].start : best[-1].end]
