"""A scene: what is to be drawn, as values; `description` reads it, `arranging` gives it places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demur.assistant.drawing.pictograms import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    found: Found
    count: int = 1
    colour: str | None = None
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """`first` stands in this relation to `second`: on it, behind it, beside it."""

    relation: str
    first: Node
    second: Node


Node = Thing | Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is to be drawn.

    place, time, weather: keys of `described.toml`. background: a colour.
    missing: words for which there is no picture, in their order.
    """

    nodes: tuple[Node, ...]
    place: str | None = None
    time: str | None = None
    weather: str | None = None
    background: str | None = None
    missing: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.nodes or self.place or self.time or self.weather)

    @property
    def things(self) -> tuple[Thing, ...]:
        return tuple(thing for node in self.nodes for thing in things_of(node))


def things_of(node: Node) -> Iterator[Thing]:
    if isinstance(node, Thing):
        yield node
    else:
        yield from things_of(node.first)
        yield from things_of(node.second)
