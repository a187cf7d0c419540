"""Tracing: where a text, whoever wrote it, repeats public posts word for word."""

from __future__ import annotations

from demur.assistant.answer import Assistant, traced
from demur.assistant.said import Traced
from demur.serving.gate import surface


@surface("trace")
def trace(assistant: Assistant, text: str) -> list[Traced]:
    """The runs that stand so in posts that may be shown. Raises StandingUnreadable."""
    return list(traced(assistant.heard(), text))
