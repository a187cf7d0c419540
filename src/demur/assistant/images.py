"""Images: a picture made from a description."""

from __future__ import annotations

from dataclasses import dataclass, field

from demur.assistant.answer import Assistant
from demur.errors import NotFound
from demur.serving.gate import surface


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture, or why there is none.

    png: its bytes with their provenance; empty where `declined` says why not.
    drew: what drew it: "composer", or the name of an image model.
    parts: what it is composed of or drawn from, in the words shown to the asker.
    shards: the shards whose image adapters drew along.
    """

    png: bytes = field(repr=False)
    language: str
    drew: str
    parts: tuple[str, ...] = ()
    shards: tuple[int, ...] = ()
    declined: str | None = None


@surface("images")
def draw(
    assistant: Assistant, description: str, *, seed: int | None = None, size: int = 512
) -> Drawing:
    """A square picture of `size` pixels of what is described, in English or Dutch."""
    raise NotFound("Nothing here draws yet.")
