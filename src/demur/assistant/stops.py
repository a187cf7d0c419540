"""Stops: an answer ends before the first of some words that its asker named."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing

from demur.serving.engine import Finish


def until(
    pieces: Generator[str, None, Finish], stops: Sequence[str]
) -> Generator[str, None, Finish]:
    """The pieces up to the first stop, which is not said itself; returns how they ended.

    What could be the beginning of a stop is held back until it is known. Closes `pieces`, so that
    nothing more is computed after a stop.
    """
    if not stops:
        return (yield from pieces)
    held = ""
    with closing(pieces):
        while True:
            try:
                held += next(pieces)
            except StopIteration as end:
                if held:
                    yield held
                finish: Finish = end.value
                return finish
            found = [at for stop in stops if (at := held.find(stop)) >= 0]
            if found:
                if before := held[: min(found)]:
                    yield before
                return "stop"
            keep = max(_beginning(held, stop) for stop in stops)
            if said := held[: len(held) - keep]:
                yield said
            held = held[len(held) - keep :]


def _beginning(text: str, stop: str) -> int:
    """How many characters at the end of a text are the beginning of this stop."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)
