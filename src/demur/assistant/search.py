"""Search: public posts about something, as somebody who looks for them finds them."""

from __future__ import annotations

from dataclasses import replace

from demur.assistant import guard
from demur.assistant.answer import Assistant
from demur.memory.search import EVERYWHERE, Filter, Hit
from demur.serving.gate import surface


@surface("search")
def find(assistant: Assistant, text: str, limit: int, where: Filter = EVERYWHERE) -> list[Hit]:
    """Public posts about a text, the best first, masked as a quotation is: a search is the shortest
    way to somebody's telephone number. Raises StandingUnreadable: then none."""
    found = assistant.heard().search(text, limit=limit, where=where)
    return [_masked(hit) for hit in found]


def _masked(hit: Hit) -> Hit:
    alts = tuple(guard.masked(alt, hit.lang) for alt in hit.alts)
    return replace(hit, text=guard.masked(hit.text, hit.lang), alts=alts)
