"""The guard: what is never said, whoever asks and whatever a post says.

It declines questions, masks personal data in what is quoted, and stands between the model's words
and whoever reads them. It decides by rules over texts; it knows neither people nor what stands.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from demur.memory.memories import Heard
from demur.serving.engine import Finish

REASONS: dict[str, dict[str, str]] = {}
"""Why a question is not answered: the sentence that is said instead, by language."""


def declines(asked: str) -> str | None:
    """The name of the reason not to answer this, or None."""
    return None


def masked(text: str) -> str:
    """A post as it may be quoted: without addresses, telephone numbers and bank numbers."""
    return text


class Watch:
    """Stands over one answer: holds words back until they may be said."""

    def __init__(self, heard: Heard | None, *, asked: str, quoted: Sequence[str]) -> None:
        self.withheld: tuple[str, ...] = ()

    def over(self, pieces: Generator[str, None, Finish]) -> Generator[str, None, Finish]:
        """The pieces that may be said, in their order; returns what `pieces` returns."""
        return (yield from pieces)
