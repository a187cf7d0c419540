"""Pictures: a picture that somebody posted, shown beside the post that was found."""

from __future__ import annotations

from dataclasses import dataclass, field

from demur.assistant.answer import Assistant
from demur.errors import NotFound
from demur.serving.gate import surface


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    data: bytes = field(repr=False)
    media_type: str


@surface("pictures")
def picture(assistant: Assistant, sha256: str) -> Picture:
    """The picture, where a post that may be found now shows it. Raises NotFound otherwise."""
    raise NotFound("There is no such picture here.")
