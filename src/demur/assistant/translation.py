"""Translation between Dutch and English."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from demur.assistant.answer import Answer, Assistant, Plan, Sampling
from demur.memory.memories import Heard
from demur.serving.gate import surface


@surface("translation")
def translate(
    assistant: Assistant, text: str, into: Literal["en", "nl"], sampling: Sampling | None = None
) -> Iterator[str | Answer]:
    """The text in the other language."""

    def plan(heard: Heard | None) -> Plan:
        return Plan(language=into, prompt=(("user", text),))

    return assistant.speak(text, plan, sampling or Sampling(temperature=0.0))
