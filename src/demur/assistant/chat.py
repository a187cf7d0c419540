"""Chat: a question about the community, answered with its own posts, quoted and numbered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from demur.assistant.answer import Assistant, cite
from demur.assistant.guarding.sources import quote
from demur.assistant.leaning import Leaning
from demur.assistant.said import Answer, Citation, Message, Part, Plan, Role, Sampling
from demur.assistant.words import WORDS, language_of_answer
from demur.memory.memories import Heard
from demur.memory.search import Hit
from demur.people import Use
from demur.serving.gate import surface

QUOTES = 3  # posts that an answer may quote
# How much a post is about a question: how near it comes in what it means, and a part of the share
# that it has of the question's words. ENOUGH of it may be quoted, and so may HALF of the words: a
# question of two words means little by itself. What these let through is in docs/benchmarks.md,
# "Questions", and how they were chosen in docs/decisions/0093.
WORDS_COUNT, ENOUGH, HALF = 0.3, 0.5, 0.5


@surface("chat")
def reply(
    assistant: Assistant, messages: Sequence[Message], sampling: Sampling | None = None
) -> Iterator[str | Answer]:
    """Answer the last message. See Assistant.speak for what is yielded."""
    asked = messages[-1].text
    language, ready = language_of_answer(asked)

    def plan(heard: Heard | None) -> Plan:
        cited = _retrieve(heard, asked)
        return Plan(
            language=language,
            opening=tuple(_opening(language, ready, cited, heard is not None)),
            then=(_added(messages, language, cited, heard is not None),),
            citations=cited,
        )

    return assistant.speak(asked, plan, sampling or Sampling())


def _retrieve(heard: Heard | None, question: str) -> tuple[Citation, ...]:
    """The posts to quote: those that are most about the question. None is better than one that is
    not: then the answer says that it found nothing."""
    if heard is None:
        return ()
    return cite(worth_quoting(heard.search(question, limit=QUOTES * 4, use=Use.ANSWERS))[:QUOTES])


def worth_quoting(found: Sequence[Hit]) -> list[Hit]:
    """Of what was found, the posts that are about the question, those that are it most first; the
    others are only the best of what is beside the point."""

    def much(hit: Hit) -> float:
        return hit.near + WORDS_COUNT * hit.words

    enough = [hit for hit in found if much(hit) >= ENOUGH or hit.words >= HALF]
    return sorted(enough, key=much, reverse=True)


def _opening(
    language: str, ready: bool, cited: Sequence[Citation], memories: bool
) -> Iterator[str]:
    """What is known before the model speaks: the posts themselves, quoted and numbered."""
    words = WORDS[language]
    if not ready:
        yield words["not-ready"] + "\n\n"
    if cited:
        yield words["wrote"] + "\n"
        for citation in cited:
            yield f"{quote(citation.text)} [{citation.number}]\n"
        yield "\n"
    elif memories:
        yield words["nothing"] + "\n\n"


def _added(
    messages: Sequence[Message], language: str, cited: Sequence[Citation], memories: bool
) -> Part:
    """What the model adds: as far as it leans on the posts, or on what it answered before. Without
    the memories the base model speaks alone and unchecked, and the answer says so."""
    before = [message.text for message in reversed(messages) if message.role == "assistant"]
    given = [*(citation.text for citation in cited), *before]
    return Part(
        prompt=_prompt(messages, language, cited),
        leaning=Leaning(messages[-1].text, given, language) if memories else None,
    )


def _prompt(
    messages: Sequence[Message], language: str, cited: Sequence[Citation]
) -> tuple[tuple[Role, str], ...]:
    """The conversation, with the posts as data before its last question."""
    words = WORDS[language]
    turns: list[tuple[Role, str]] = [(message.role, message.text) for message in messages]
    if not cited:
        return tuple(turns)
    posts = "\n".join(f"[{citation.number}] {quote(citation.text)}" for citation in cited)
    role, question = turns[-1]
    asked = f"{words['posts']}:\n{posts}\n\n{words['task']}\n{words['question']}: {question}"
    return (*turns[:-1], (role, asked))
