"""Translation between Dutch and English, with what the community itself translated at hand.

What somebody already put into the other language is not translated again: it is quoted, with its
source. Anything else is translated sentence by sentence, the model shown the nearest translations
as examples. What it says is checked twice: by what it means, and by what the words say one by one.
Where it fails, those words are given and marked; where they fail too, the text is left.
Examples are data: nothing in them is obeyed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from demur.assistant import guard
from demur.assistant.answer import Assistant, cite
from demur.assistant.guarding.sources import quote
from demur.assistant.said import Answer, Citation, Part, Plan, Role, Sampling
from demur.assistant.words import LANGUAGES, READY, WORDS
from demur.corpus.stored import language_of
from demur.memory import meaning
from demur.memory.lexicon import WORD, Glossed
from demur.memory.memories import Heard
from demur.memory.search import Stored
from demur.memory.translations import Example, sentences
from demur.posts import normal
from demur.serving.gate import surface

LONGEST = 2_000  # characters: on two cores a sentence takes seconds
EXAMPLES = 6  # shown to the model for each sentence; see docs/decisions/0095
NEAR = 0.5  # from here on an example is a source of the translation, and is cited
FEW = 3  # words, below which a text is too short for its language to be told for certain
ANSWERS = 2  # ways to say the same that are quoted
SOURCES = 2  # examples of a sentence that are cited
KNOWN = 0.5  # of a sentence's words, below which going word by word says too little
AGREES = 0.5  # of the words gone through one by one, that the model's sentence has too
ALIKE = 0.5  # cosine seen from the middle of ordinary talk, from which two sentences may be one

Into = Literal["en", "nl"]
FROM: dict[Into, Into] = {"en": "nl", "nl": "en"}


@surface("translation")
def translate(
    assistant: Assistant, text: str, into: Into, sampling: Sampling | None = None
) -> Iterator[str | Answer]:
    """The text in the other language. See Assistant.speak for what is yielded."""

    def plan(heard: Heard | None) -> Plan:
        if says := refusal(text, into):
            return Plan(language=into, opening=(says,))
        return Translating(heard, into).plan(text)

    asked = sampling or Sampling(temperature=0.0)
    # What follows the model's first line is more of the conversation that it imagines.
    asked = replace(asked, stop=(*asked.stop, "\n"))
    return assistant.speak(text, plan, asked, is_question=False)


def refusal(text: str, into: Into) -> str | None:
    """The sentence that is said where there is nothing to translate, or not from this language."""
    words = WORDS[into]
    if not text.strip():
        return words["nothing-to-translate"]
    if len(text) > LONGEST:
        return words["too-long"].format(longest=LONGEST, length=len(text))
    if len(text.split()) >= FEW:
        language = language_of(text)
        if language == into:
            return words["already"]
        if language not in (*READY, "und"):
            name = LANGUAGES.get(language, {}).get(into)
            return words["not-from"].format(language=name) if name else words["not-from-this"]
    return None


class Translating:
    """One translation: planned before the model speaks, judged as it does."""

    def __init__(self, heard: Heard | None, into: Into) -> None:
        self._heard, self._into, self._words = heard, into, WORDS[into]
        self._posts: dict[int, Stored] = {}  # by row, as far as they were examples
        self._cited: dict[int, Citation] = {}  # by row
        self._notes: dict[str, None] = {}  # names of sentences, in their order

    def plan(self, text: str) -> Plan:
        whole = [each for each in self._like(text, ANSWERS) if each.near == 1]
        if whole:
            quotes = [self._quoted(each) for each in whole]
            opening = (self._words["put-so"] + "\n", *(f"{each}\n" for each in quotes))
            return Plan(language=self._into, opening=opening, citations=self._sources())
        if self._heard is None:
            self._notes["no-memory"] = None
        parts = tuple(self._part(each) for each in sentences(text.strip()))
        sources = self._sources()
        return Plan(language=self._into, then=parts, closing=self._closing, citations=sources)

    def _part(self, sentence: str) -> Part:
        """What is said of one sentence, and of the spaces around it."""
        core = sentence.strip()
        before, _, after = sentence.partition(core) if core else (sentence, "", "")
        if not any(letter.isalnum() for letter in core) or self._is_there(core):
            return Part(opening=(sentence,))
        found = self._like(core, EXAMPLES)
        if found and found[0].near == 1:
            return Part(opening=(before, self._quoted(found[0]), after))
        near = [each for each in found if each.near >= NEAR][:SOURCES]
        for each in near:
            self._source(each)
        glossed = self._heard.gloss(core, self._into) if self._heard else None
        return Part(
            opening=(before,) if before else (),
            prompt=prompt(core, self._into, found),
            max_tokens=16 + len(core) // 2,
            edited=lambda said: self._better(core, said.strip(), glossed, bool(near)) + after,
        )

    def _is_there(self, sentence: str) -> bool:
        """Is this sentence in the other language as it stands?"""
        return len(sentence.split()) > FEW and language_of(sentence) == self._into

    def _better(self, asked: str, line: str, glossed: Glossed | None, near: bool) -> str:
        """The model's sentence, where it means what was asked and has what the words say one by
        one; else those words, where they mean it; else what was asked.

        The three come about in different ways: where they agree, none of them made it up.
        """
        stands = bool(line) and self._is_ready(line) and alike(asked, line) >= ALIKE
        if glossed is not None and glossed.known and glossed.known >= KNOWN * glossed.words:
            if stands and glossed.agreement(set(WORD.findall(normal(line)))) >= AGREES:
                return line
            if alike(asked, glossed.text) >= ALIKE:
                self._notes["word-by-word"] = None
                return f"≈ {glossed.text}"
        elif stands and (near or self._heard is None):
            return line
        elif stands:
            self._notes["unsure"] = None
            return f"[?] {line}"
        self._notes["left"] = None
        return f"[{FROM[self._into]}] {asked}"

    def _is_ready(self, line: str) -> bool:
        return len(line.split()) < FEW or language_of(line) in (self._into, "und")

    def _closing(self) -> str:
        notes = [self._words[name] for name in self._notes]
        if numbers := ", ".join(f"[{each.number}]" for each in self._sources()):
            notes.append(self._words["leans-on"].format(sources=numbers))
        return "\n\n" + " ".join(notes) if notes else ""

    def _like(self, text: str, limit: int) -> list[Example]:
        """The nearest examples whose two posts can be shown."""
        if self._heard is None:
            return []
        found = self._heard.translations(text, self._into, limit)
        rows = sorted({row for each in found for row in each.rows})
        self._posts |= {post.row: post for post in self._heard.posts(rows)}
        return [each for each in found if self._posts.keys() >= {*each.rows}]

    def _quoted(self, example: Example) -> str:
        return f"{quote(guard.masked(example.translation, self._into))} [{self._source(example)}]"

    def _source(self, example: Example) -> int:
        """The number under which the translation is cited; what it translates comes after it."""
        for row in reversed(example.rows):
            if row not in self._cited:
                [citation] = cite([self._posts[row]])
                self._cited[row] = replace(citation, number=len(self._cited) + 1)
        return self._cited[example.rows[1]].number

    def _sources(self) -> tuple[Citation, ...]:
        return tuple(self._cited.values())


def alike(one: str, other: str) -> float:
    """How near two sentences come in what they mean, in whichever languages; 1 at most."""
    first, second = meaning.bearings([one, other], kind="passage")
    return float(first @ second)


def prompt(text: str, into: Into, examples: Sequence[Example]) -> tuple[tuple[Role, str], ...]:
    """The conversation in which a text is translated, after examples, the nearest of them last."""
    turns: list[tuple[Role, str]] = []
    for example in reversed(examples):
        turns += [("user", _one_line(example.text)), ("assistant", _one_line(example.translation))]
    return (*turns, ("user", _one_line(text)))


def _one_line(text: str) -> str:
    return " ".join(text.split())
