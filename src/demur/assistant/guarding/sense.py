"""Sense: what a question is after, where no rule knows its form.

A line through the space of meaning (`memory.meaning`), on one side of which lie questions after
somebody's private life, contacts, profile or likeness, and on the other ordinary ones. It was drawn
by `benchmarks/sense.py` between the examples of `benchmarks/sense.toml`, which anybody can read and
add to; nobody's posts and nobody's questions are in it.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
from safetensors.numpy import load

from demur.assistant.guarding import readings
from demur.memory import meaning
from demur.memory.meaning import Floats

KINDS = ("private-life", "contact", "profile", "likeness")


def reason(asked: str) -> str | None:
    """The name of the reason not to answer this, or None."""
    if not asked.strip():
        return None
    lines = _lines()
    [vector] = vectors([asked])
    if float(lines["asks"] @ vector + lines["asks.bias"][0]) <= 0:
        return None
    return KINDS[int(np.argmax(lines["kind"] @ vector + lines["kind.bias"]))]


def vectors(asked: list[str]) -> Floats:
    """What the lines are drawn through: [questions, meaning.SIZE]."""
    return meaning.embed([next(readings.of(each)) for each in asked], kind="query")


@cache
def _lines() -> dict[str, Floats]:
    """asks: [SIZE] and asks.bias: [1]; kind: [KINDS, SIZE] and kind.bias: [KINDS]."""
    file = resources.files("demur.assistant.guarding").joinpath("sense.safetensors")
    return load(file.read_bytes())
