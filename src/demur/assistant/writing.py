"""Writing: an e-mail, a post, a letter, an invitation or a summary, drafted beside its sources.

A draft is a skeleton that is ours, posts of the community quoted as material, and a sentence of the
model's where it keeps to what is known: one that names, counts or dates anything that neither the
asker nor a quoted post did is left out. A summary looks at the given text alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from demur.assistant import skeletons, summary
from demur.assistant.answer import Assistant, cite
from demur.assistant.chat import worth_quoting
from demur.assistant.guarding.sources import quote
from demur.assistant.leaning import OPENERS, Leaning, words_of
from demur.assistant.said import Answer, Citation, Part, Plan, Sampling
from demur.assistant.words import REQUESTS, WORDS
from demur.corpus.stored import language_of
from demur.memory.memories import Heard
from demur.memory.translations import sentences
from demur.people import Use
from demur.serving.gate import surface

Form = Literal["text", "email", "post", "letter", "invitation", "summary"]
Tone = Literal["plain", "friendly", "formal"]
Length = Literal["short", "medium", "long"]

SOURCES = {"short": 2, "medium": 4, "long": 6}  # posts that a draft leans on
SENTENCES = {"short": 2, "medium": 4, "long": 8}  # of a summary
LONGEST = 20_000  # characters of a text to sum up
EXCERPT = 220  # characters of a post that a draft quotes
TOPIC = 60  # characters of a subject line
TOKENS = 48  # of the model's sentence
NEAR = 0.5  # how near it comes to the topic or a post: less than an answer's, for it asserts less
_VERBS = """
am is are was were be been has have had can could will would may might must should do does did
ben bent is zijn was waren heeft heb hebben had hadden kan kunnen kon wil willen moet moeten mag
mogen zal zullen zou gaat gaan komt komen wordt worden werd staat staan ligt liggen doet doen
"""
VERBS = frozenset(_VERBS.split())
"""A small model's Dutch is often words without a verb; one of these is in most sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What is wanted. about: what to write about, or (for a summary) the text to sum up."""

    about: str
    form: Form = "text"
    tone: Tone = "plain"
    length: Length = "short"
    language: Literal["en", "nl"] = "en"


@surface("writing")
def write(
    assistant: Assistant, brief: Brief, sampling: Sampling | None = None
) -> Iterator[str | Answer]:
    """A draft; the posts that it may lean on are the answer's citations."""

    def plan(heard: Heard | None) -> Plan:
        words = WORDS[brief.language]
        if not brief.about.strip():
            return Plan(language=brief.language, opening=(words["nothing-to-write"],))
        return _summary(brief) if brief.form == "summary" else _draft(brief, heard)

    asks = brief.form != "summary"
    return assistant.speak(brief.about, plan, sampling or Sampling(), is_question=asks)


def topic_of(about: str) -> str:
    """What is to be written about, without the asking: of "write me a poem about eels", "eels"."""
    said = " ".join(about.split()).rstrip(" .!?")
    for request in REQUESTS:
        left = request.sub("", said, count=1)
        said = left if left.strip() else said
    if len(said) > TOPIC:
        said = said[:TOPIC].rsplit(" ", 1)[0].rstrip(",;:") + "…"
    return said


def _draft(brief: Brief, heard: Heard | None) -> Plan:
    words, topic = WORDS[brief.language], topic_of(brief.about)
    sources = _sources(brief, heard)
    if heard is not None and not sources and brief.form == "text":
        return Plan(language=brief.language, opening=(words["nothing"],))
    skeleton = skeletons.of(brief.form, brief.tone, brief.language)
    given = [topic, *(source.text for source in sources)]
    leans = Leaning(brief.about, given, brief.language, enough=NEAR)
    limit = SENTENCES[brief.length] // 2

    def edited(said: str) -> str:
        kept = kept_of(said, leans, limit=limit)
        return (" " + kept if skeleton.first else kept + "\n\n") if kept else ""

    notes = words["no-posts"] if heard is None else "" if sources else words["nothing"]
    quotes = "\n".join(_quotes(brief, sources))
    material = skeleton.material.format(topic=topic)
    rest = [f"{material}\n{quotes}" if quotes else "", skeleton.end]
    before = (notes, skeleton.begin.format(topic=_capital(topic)))
    return Plan(
        language=brief.language,
        opening=tuple(f"{each}\n\n" for each in before if each),
        then=(
            Part(
                opening=(skeleton.first.format(topic=topic),) if skeleton.first else (),
                prompt=(("user", words[f"write-{brief.form}"].format(topic=topic)),),
                max_tokens=TOKENS * limit,
                edited=edited,
            ),
            Part(opening=tuple(filter(None, ("\n\n" if skeleton.first else "", *_spaced(rest))))),
        ),
        citations=sources,
    )


def _spaced(stretches: Sequence[str]) -> Iterator[str]:
    """With an empty line between those there are."""
    there = [each for each in stretches if each]
    for number, each in enumerate(there):
        yield f"{each}\n\n" if number + 1 < len(there) else f"{each}\n"


def _sources(brief: Brief, heard: Heard | None) -> tuple[Citation, ...]:
    """The posts about it: those that say something before those that only ask, and among them
    those in the language of the draft first."""
    if heard is None:
        return ()
    wanted = SOURCES[brief.length]
    found = worth_quoting(heard.search(topic_of(brief.about), limit=wanted * 6, use=Use.ANSWERS))
    found.sort(key=lambda hit: (hit.text.rstrip().endswith("?"), hit.lang != brief.language))
    return cite(found[:wanted])


def _quotes(brief: Brief, sources: Sequence[Citation]) -> Iterator[str]:
    for source in sources:
        mark = f"{source.number}." if brief.form == "text" else "-"
        yield f"{mark} {quote(excerpt(source.text, brief.about))} [{source.number}]"


def excerpt(text: str, about: str) -> str:
    """A post, or of a long one the sentences in a row that have most to do with it."""
    whole = " ".join(text.split())
    if len(whole) <= EXCERPT:
        return whole
    asked = set(summary.words_of(about))
    every = [part.strip() for part in sentences(whole)]
    runs = [
        " ".join(every[at:end])
        for at in range(len(every))
        for end in range(at + 1, len(every) + 1)
        if len(" ".join(every[at:end])) <= EXCERPT
    ]
    if not runs:
        return whole[:EXCERPT].rsplit(" ", 1)[0] + "…"
    return max(runs, key=lambda run: (len(asked & set(summary.words_of(run))), len(run)))


def _summary(brief: Brief) -> Plan:
    words = WORDS[brief.language]
    if len(brief.about) > LONGEST:
        says = words["too-long-to-sum"].format(longest=LONGEST, length=len(brief.about))
        return Plan(language=brief.language, opening=(says,))
    kept = summary.central(brief.about, SENTENCES[brief.length])
    if not kept:
        return Plan(language=brief.language, opening=(words["nothing-to-sum"],))
    opening = []
    if language_of(brief.about) not in (brief.language, "und"):
        opening.append(words["sums-in-its-own"] + "\n\n")
    opening += [f"- {each}\n" for each in kept]
    return Plan(language=brief.language, opening=tuple(opening))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def kept_of(said: str, leans: Leaning, *, limit: int) -> str:
    """Of the model's words, the first whole sentences that keep to what is known; or nothing.

    They lean on it and have a verb: a model of this size makes up ferries.
    """
    kept: list[str] = []
    for sentence in map(str.strip, sentences(" ".join(said.split()))):
        if len(kept) == limit or not leans.holds(sentence) or not _has_verb(sentence):
            break
        kept.append(sentence)
    return " ".join(kept)


def _has_verb(sentence: str) -> bool:
    first = words_of(sentence.split(maxsplit=1)[0])
    return not first.isdisjoint(OPENERS) or not words_of(sentence).isdisjoint(VERBS)
