"""Painting: the road of a picture by an image model, as `answer` is the road of words.

The gate is asked before it is begun and before every step; where nobody can say who objects, or a
hold is on the model, the base draws alone. An ability that shows pictures (`images`) looks at what
was asked, at what came out, and says who drew; this only draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from PIL import Image

from demur.assistant.generation import Generation
from demur.people import InForce
from demur.serving.painter import StandingChanged, Studio
from demur.training.image_base import ImageBase
from demur.training.recipe import ImageRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """What was drawn, and by what.

    picture: None where the standing changed meanwhile: then nothing is shown.
    name: of the image base. shards: those whose image adapters drew along.
    memories: False where nobody could say who objects: the base drew alone.
    halted: True where a hold is on the model, so the base drew alone.
    model: the release whose image adapters drew, as the book names it; None where the base drew
        without them.
    """

    picture: Image.Image | None = field(repr=False, compare=False)
    name: str
    shards: tuple[int, ...]
    memories: bool
    halted: bool
    model: str | None


class Easel:
    """Keeps the image base open between two pictures, and nothing else."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: tuple[tuple[ImageBase, ImageRecipe], Studio] | None = None

    def paint(
        self,
        generation: Generation,
        in_force: InForce | None,
        still: Callable[[], bool],
        description: str,
        *,
        seed: int,
        size: int,
    ) -> Painted | None:
        """None where this release has no image model."""
        drawing = generation.drawing
        if drawing is None:
            return None
        base, recipe = drawing
        halted = in_force is not None and generation.is_halted(in_force)
        draws = None if in_force is None or halted else generation.heard(in_force)
        adapter, shards = generation.image_adapter(draws) if draws else (None, ())
        painter = self._studio(base, recipe).painter(adapter)
        try:
            picture = painter.paint(description, seed=seed, size=size, still=still)
        except StandingChanged:
            picture = None
        return Painted(
            picture=picture,
            name=painter.name,
            shards=shards,
            memories=in_force is not None,
            halted=halted,
            model=generation.name if draws else None,
        )

    def _studio(self, base: ImageBase, recipe: ImageRecipe) -> Studio:
        with self._lock:
            if self._open is None or self._open[0] != (base, recipe):
                self._open = None  # before the next one is opened: two may not fit
                self._open = ((base, recipe), Studio(base, recipe))
            return self._open[1]
