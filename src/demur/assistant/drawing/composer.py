"""The composer: a picture put together from pictograms before a backdrop, in a tenth of a second.

It has learned nothing and knows no community: what it draws with is in `art/`. The same description
and seed give the same picture. What it has no pictogram for it says, and leaves out.
"""

from __future__ import annotations

import colorsys
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

import resvg_py
from PIL import Image

from demur.assistant.drawing import description
from demur.assistant.drawing.arranging import Block, Placed, block_of, place_of, split, time_of
from demur.assistant.drawing.backdrops import backdrop
from demur.assistant.drawing.scene import Scene
from demur.assistant.drawing.skies import SIDE

NAME = "composer"
_FREE = ("space", "underwater", "sky", "plain")  # where nothing needs a ground to stand on


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    image: Image.Image = field(repr=False)
    scene: Scene


def compose(asked: str, *, seed: int, size: int) -> Composed:
    """A square picture of what is described; of an empty scene it is the backdrop alone."""
    scene = description.read(asked)
    return Composed(image=_painted(svg(scene, seed), size), scene=scene)


def svg(scene: Scene, seed: int) -> str:
    dice = Random(seed)  # noqa: S311  (a drawing, no secret)
    where = place_of(scene)
    behind = backdrop(where, time_of(scene), scene.weather, scene.background, dice)
    blocks = [block_of(node, dice) for node in split(scene.nodes)]
    placed = _arranged(blocks, where, behind.ground, behind.water, dice)
    numbers = count()
    drawn = "".join(_drawn(item, next(numbers), where) for item in placed)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' viewBox="0 0 {SIDE} {SIDE}">{behind.behind}{drawn}{behind.before}</svg>'
    )


def _painted(drawing: str, size: int) -> Image.Image:
    png = resvg_py.svg_to_bytes(svg_string=drawing, width=size, height=size, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(png))).convert("RGB")


def _arranged(
    blocks: Sequence[Block], where: str, ground: float, water: float, dice: Random
) -> list[Placed]:
    if not blocks:
        return []
    up = [block for block in blocks if block.zone in ("sky", "air")]
    low = [block for block in blocks if block not in up]
    if where in ("space", "underwater"):
        return _row(blocks, 0.84, 0.62, SIDE * 0.52, dice, middle=True)
    if where == "plain" or (not low and where == "sky"):
        return _row(blocks, 0.86, 0.7, SIDE * 0.5, dice, middle=True)
    if not low:
        return _row(blocks, 0.8, 0.42, SIDE * 0.31, dice, middle=True)
    afloat = [block for block in low if block.zone == "water" and water < ground - 20]
    ashore = [block for block in low if block not in afloat]
    roof = 0.58 if up else 0.74
    placed = []
    if up:
        placed += _row(up, 0.8, 0.36, SIDE * 0.21, dice, middle=True, aside=len(low) == 1, much=1.2)
    if afloat:
        alone = 1.0 if not ashore else 0.6
        placed += _row(afloat, 0.84 * alone, roof * alone, water, dice)
    if ashore:
        foot = water if where == "sea" else ground
        placed += _row(ashore, 0.88, roof, foot, dice, aside=bool(afloat))
    return placed


def _row(
    blocks: Sequence[Block],
    wide: float,
    high: float,
    y: float,
    dice: Random,
    *,
    middle: bool = False,
    aside: bool = False,
    much: float = 3.2,
) -> list[Placed]:
    """Blocks side by side, as large as the sheet allows; their feet (or middles) at y."""
    gap = 0.12 * min(block.wide for block in blocks)
    total = sum(block.wide for block in blocks) + gap * (len(blocks) - 1)
    tallest = max(block.high for block in blocks)
    by = min(wide * SIDE / total, high * SIDE / tallest, much)
    x = (SIDE - total * by) / 2
    if aside:  # so that what is behind or above is seen
        x *= dice.choice((0.3, 1.7))
    elif len(blocks) == 1:
        x += dice.uniform(-0.12, 0.12) * max(0.0, SIDE - total * by)
    placed: list[Placed] = []
    for block in blocks:
        one = block.scaled(by)
        drift = dice.uniform(-0.04, 0.04) * SIDE if len(blocks) > 1 else 0
        top = y - one.high / 2 + drift if middle else y - one.high + abs(drift) * 0.6
        placed += one.at(x, top)
        x += one.wide + gap * by
    return placed


def _drawn(item: Placed, number: int, where: str) -> str:
    shape = item.pictogram
    left, top, right, _ = shape.edge
    by = item.wide / (right - left)
    body = _own(_tinted(shape.svg, shape.main, item.colour), number)
    under = _shadow(item, where) if item.shadow and where not in _FREE else ""
    across = item.x - left * by
    down = item.y - top * by
    return f'{under}<g transform="translate({across:.2f} {down:.2f}) scale({by:.4f})">{body}</g>'


def _shadow(item: Placed, where: str) -> str:
    """What lies under it: foam where it floats, shade where it stands."""
    foam = item.afloat and where in ("sea", "shore", "beach")
    look = 'fill="#fff" opacity="0.45"' if foam else 'fill="#000" opacity="0.16"'
    x, y = item.x + item.wide / 2, item.y + item.high * 0.985
    flat = max(3.0, item.wide * 0.06)
    return (
        f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{item.wide * 0.46:.1f}" ry="{flat:.1f}" {look}/>'
    )


def _own(body: str, number: int) -> str:
    """The same drawing with names of its own, so that two on a sheet do not share a gradient."""
    body = re.sub(r'\bid="([^"]+)"', rf'id="p{number}-\1"', body)
    return re.sub(r'(url\(#|href="#)([^")]+)', rf"\g<1>p{number}-\2", body)


def _tinted(body: str, main: str, colour: str | None) -> str:
    """The drawing with its main colour, and what shades it, turned into another."""
    if colour is None:
        return body
    hue, middle, vivid = _hls(main)
    to_hue, to_light, to_vivid = _hls(colour)

    def turned(found: re.Match[str]) -> str:
        h, light, s = _hls(found.group(0))
        apart = min(abs(h - hue), 1 - abs(h - hue))
        grey = vivid < 0.18
        if (grey and s > 0.25) or (not grey and (apart > 0.09 or s < 0.18)):
            return found.group(0)
        new = min(0.97, max(0.05, to_light + (light - middle) * 0.75))
        red, green, blue = colorsys.hls_to_rgb(to_hue, new, to_vivid if to_vivid > 0.1 else 0.02)
        return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"

    return re.sub(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b", turned, body)


def _hls(colour: str) -> tuple[float, float, float]:
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(one * 2 for one in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    return colorsys.rgb_to_hls(*parts)
