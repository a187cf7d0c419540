"""Writing: an e-mail, a post, a letter, an invitation or a summary, drafted beside its sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from demur.assistant.answer import Answer, Assistant, Plan, Sampling, cite
from demur.memory.memories import Heard
from demur.people import Use
from demur.serving.gate import surface

Form = Literal["text", "email", "post", "letter", "invitation", "summary"]
Tone = Literal["plain", "friendly", "formal"]
Length = Literal["short", "medium", "long"]


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
        found = heard.search(brief.about, limit=5, use=Use.ANSWERS) if heard else []
        return Plan(language=brief.language, prompt=(("user", brief.about),), citations=cite(found))

    return assistant.speak(brief.about, plan, sampling or Sampling())
