"""A sheet of paper with a sky, on which the village's drawings are made.

Coordinates are hundredths of the picture's height, so x runs from 0 to 133. Nothing here touches
files; see `pictures`.
"""

from __future__ import annotations

from functools import cache
from random import Random

from PIL import Image, ImageColor, ImageDraw

SIZE = (384, 288)
_FINER = 2  # drawn larger and shrunk, for smooth edges
_SCALE = SIZE[1] * _FINER / 100

SKIES = (
    ("#bfe3f2", "#eaf6f7"),
    ("#f6c28b", "#fbe7c6"),
    ("#9fb8c8", "#dfe7ea"),
    ("#a9d6c9", "#f3f3dd"),
    ("#f2a6a0", "#fde3c8"),
)
NIGHT = ("#14213d", "#33415c")
SEA, DEEP, MUD, SAND, GRASS, DARK, WHITE = (
    "#3f8ea8", "#2a6f8a", "#8a7a66", "#ecd9a8", "#7fae5a", "#33352f", "#fbf8ef",
)  # fmt: skip
RED, BRICK, WOOD, YELLOW, ORANGE, GREEN = (
    "#c8402f", "#a9553f", "#8a5a35", "#f2c14e", "#e58a34", "#2f6f5e",
)  # fmt: skip

_Point = tuple[float, float]


class Sheet:
    """A piece of paper with a sky, on which things are placed in hundredths of its height."""

    def __init__(self, variant: int, *, night: bool = False, sky: int | None = None) -> None:
        """`variant` chooses the light, unless `sky` does, and where the small things are."""
        self.dice = Random(variant)  # noqa: S311  (a drawing, no secret)
        self.image = Image.new("RGB", (SIZE[0] * _FINER, SIZE[1] * _FINER))
        self.image.paste(
            _sky(*(NIGHT if night else SKIES[(variant if sky is None else sky) % len(SKIES)]))
        )
        self.pen = ImageDraw.Draw(self.image)
        if night:
            for _ in range(40):
                self.disc(self.dice.uniform(0, 133), self.dice.uniform(0, 55), 0.35, WHITE)
        else:
            self.disc(self.dice.uniform(15, 118), self.dice.uniform(12, 26), 6, "#fff3c9")

    def shape(self, points: list[_Point], fill: str) -> None:
        self.pen.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=fill)

    def box(self, x: float, y: float, wide: float, high: float, fill: str) -> None:
        self.shape([(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)], fill)

    def disc(self, x: float, y: float, r: float, fill: str, squeeze: float = 1) -> None:
        box = [(x - r) * _SCALE, (y - r * squeeze) * _SCALE]
        self.pen.ellipse([*box, (x + r) * _SCALE, (y + r * squeeze) * _SCALE], fill=fill)

    def ring(self, x: float, y: float, r: float, fill: str, width: float) -> None:
        box = [(x - r) * _SCALE, (y - r) * _SCALE, (x + r) * _SCALE, (y + r) * _SCALE]
        self.pen.ellipse(box, outline=fill, width=round(width * _SCALE))

    def line(self, points: list[_Point], fill: str, width: float) -> None:
        scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
        self.pen.line(scaled, fill=fill, width=max(1, round(width * _SCALE)), joint="curve")

    def ground(self, y: float, fill: str) -> None:
        self.box(0, y, 134, 100 - y, fill)

    def crumbs(self, many: int, fill: str) -> None:
        """Small things lying about, so that no two pictures are the same."""
        for _ in range(many):
            self.disc(self.dice.uniform(2, 131), self.dice.uniform(2, 97), 0.6, fill)

    def sea(self, y: float = 62) -> None:
        self.ground(y, SEA)
        for _ in range(14):
            x, at = self.dice.uniform(0, 125), self.dice.uniform(y + 3, 98)
            self.line([(x, at), (x + 8, at)], "#7fbccd", 0.8)

    def finished(self) -> Image.Image:
        return self.image.reduce(_FINER)


@cache
def _sky(top: str, low: str) -> Image.Image:
    """From one colour to the other over seven tenths of the height."""
    wide, high = SIZE[0] * _FINER, SIZE[1] * _FINER
    a, b = (ImageColor.getrgb(colour) for colour in (top, low))
    column = Image.new("RGB", (1, high))
    for y in range(high):
        share = min(1.0, y / (high * 0.7))
        column.putpixel(
            (0, y), tuple(round(p + (q - p) * share) for p, q in zip(a, b, strict=True))
        )
    return column.resize((wide, high))
