"""Search: public posts about something, as somebody who looks for them finds them."""

from __future__ import annotations

from demur.assistant.answer import Assistant
from demur.memory.search import EVERYWHERE, Filter, Hit
from demur.serving.gate import surface


@surface("search")
def find(assistant: Assistant, text: str, limit: int, where: Filter = EVERYWHERE) -> list[Hit]:
    """Public posts about a text, the best first. Raises StandingUnreadable: then none."""
    return assistant.heard().search(text, limit=limit, where=where)
