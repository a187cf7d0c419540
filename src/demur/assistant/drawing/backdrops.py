"""Backdrops: simple landscapes behind what is drawn, by place, time of day and weather.

A few shapes in SVG on a sheet of 512 by 512, varied by the dice that are given. Drawn by us;
nothing here is taken from anybody's picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from demur.assistant.drawing.skies import HORIZON, SIDE, box, disc, falling, night, shade, sky

_GRASS, _SAND, _SNOW = ("#8fc46a", "#7ab457"), ("#f1dba6", "#e5c888"), ("#f6f9fc", "#dfe9f3")
_SEA = ("#4b9fc4", "#2f7ea6")


@dataclass(frozen=True, slots=True)
class Backdrop:
    """behind, before: SVG drawn before and after the things. ground, water: where things stand and
    float (y of their feet), in a sheet of SIDE."""

    behind: str
    before: str
    ground: float
    water: float


def backdrop(
    place: str, time: str | None, weather: str | None, colour: str | None, dice: Random
) -> Backdrop:
    """The backdrop of a place ("plain" where there is none). Raises KeyError for no such place."""
    if colour is not None:
        return Backdrop(_plain(colour, dice), "", 420, 420)
    make, ground, water = _PLACES[place]
    behind = make(time, weather, dice)
    return Backdrop(behind + night(place, time), falling(weather, dice), ground, water)


def _hill(y: float, high: float, fill: str, dice: Random) -> str:
    """A wavy line across, filled down to the foot of the sheet."""
    a, b = dice.uniform(-high, high), dice.uniform(-high, high)
    rise = f"C 154 {y - high + a / 3:.0f}, 205 {y + b / 3:.0f}, 282 {y - high / 3:.0f}"
    fall = f"S 435 {y - high:.0f}, {SIDE} {y + a / 4:.0f}"
    return f'<path d="M0 {y:.0f} {rise} {fall} V {SIDE} H 0 Z" fill="{fill}"/>'


def _tufts(dice: Random, fill: str, many: int, top: float) -> str:
    made = ""
    for _ in range(many):
        x, y = dice.uniform(0, SIDE), dice.uniform(top, SIDE)
        made += (
            f'<path d="M{x:.0f} {y:.0f}q-3-8-6-10M{x:.0f} {y:.0f}q0-9 1-13M{x:.0f}'
            f' {y:.0f}q3-7 7-9" stroke="{fill}" stroke-width="1.6" fill="none"/>'
        )
    return made


def _meadow(time: str | None, weather: str | None, dice: Random) -> str:
    light, dark = _SNOW if weather == "snow" else _GRASS
    far = "#c4d6e4" if weather == "snow" else "#a9d08a"
    return (
        sky(time, weather, dice)
        + _hill(HORIZON + 6, 34, far, dice)
        + _hill(HORIZON + 44, 22, light, dice)
        + _hill(HORIZON + 110, 16, dark, dice)
        + ("" if weather == "snow" else _tufts(dice, "#5f9a45", 16, HORIZON + 70))
    )


def _snowy(time: str | None, weather: str | None, dice: Random) -> str:
    return _meadow(time, "snow", dice)


def _waves(dice: Random, top: float, low: float, many: int) -> str:
    made = ""
    for _ in range(many):
        x, y = dice.uniform(-20, SIDE - 30), dice.uniform(top, low)
        made += (
            f'<path d="M{x:.0f} {y:.0f}q11-6 22 0t22 0" stroke="#fff" stroke-opacity=".45"'
            ' stroke-width="2.4" fill="none" stroke-linecap="round"/>'
        )
    return made


def _sea(time: str | None, weather: str | None, dice: Random) -> str:
    return (
        sky(time, weather, dice)
        + shade("sea", *_SEA)
        + box(HORIZON, SIDE - HORIZON, "url(#sea)")
        + _waves(dice, HORIZON + 14, SIDE - 12, 22)
    )


def _beach(time: str | None, weather: str | None, dice: Random) -> str:
    shore = HORIZON + 78
    return (
        sky(time, weather, dice)
        + shade("sea", *_SEA)
        + box(HORIZON - 10, 120, "url(#sea)")
        + _waves(dice, HORIZON + 2, shore - 14, 10)
        + _hill(shore + 8, 12, "#fdf6e0", dice)
        + _hill(shore + 16, 12, _SAND[0], dice)
        + _hill(shore + 84, 14, _SAND[1], dice)
        + "".join(
            disc(dice.uniform(0, SIDE), dice.uniform(shore + 40, SIDE), 1.6, "#c9a566")
            for _ in range(26)
        )
    )


def _shore(time: str | None, weather: str | None, dice: Random) -> str:
    """The sea, and grass to stand on before it."""
    return (
        sky(time, weather, dice)
        + shade("sea", *_SEA)
        + box(HORIZON - 10, 130, "url(#sea)")
        + _waves(dice, HORIZON + 2, HORIZON + 80, 12)
        + _hill(HORIZON + 96, 18, _GRASS[0], dice)
        + _hill(HORIZON + 150, 12, _GRASS[1], dice)
        + _tufts(dice, "#5f9a45", 12, HORIZON + 120)
    )


def _underwater(time: str | None, weather: str | None, dice: Random) -> str:
    made = shade("deep", "#5cc3e6", "#14598c") + box(0, SIDE, "url(#deep)")
    for _ in range(4):
        x = dice.uniform(0, SIDE)
        made += f'<path d="M{x:.0f} 0h40l-90 {SIDE}h-90z" fill="#fff" opacity=".08"/>'
    made += _hill(440, 18, "#d9c48f", dice)
    for _ in range(6):
        x, high = dice.uniform(10, SIDE - 10), dice.uniform(60, 130)
        made += (
            f'<path d="M{x:.0f} 470q-16-{high / 3:.0f} 0-{high / 2:.0f}t0-{high / 2:.0f}"'
            ' stroke="#2e8f6a" stroke-width="9" fill="none" stroke-linecap="round"/>'
        )
    for _ in range(14):
        made += disc(
            dice.uniform(0, SIDE), dice.uniform(10, 420), dice.uniform(2, 6), "#fff", opacity=0.4
        )
    return made


def _forest(time: str | None, weather: str | None, dice: Random) -> str:
    snow = weather == "snow"
    made = sky(time, weather, dice)
    for row, fill in enumerate(("#9cc9a0", "#6faa74", "#4f8f5b")):
        for step in range(9):
            x = step * 64 + dice.uniform(-18, 18) + row * 20 - 20
            foot, high = HORIZON + 24 + row * 26, dice.uniform(150, 210) - row * 12
            made += _pine(x, foot, high, "#cfdde6" if snow and row < 2 else fill)
    light, dark = _SNOW if snow else ("#7aa95c", "#689a4c")
    return made + _hill(HORIZON + 84, 12, light, dice) + _hill(HORIZON + 140, 12, dark, dice)


def _pine(x: float, foot: float, high: float, fill: str) -> str:
    half = high * 0.24
    steps = ""
    for part in range(3):
        top, low = foot - high + part * high * 0.24, foot - high * (0.52 - part * 0.24)
        wide = half * (0.6 + part * 0.2)
        steps += f"M{x:.0f} {top:.0f}L{x + wide:.0f} {low:.0f}H{x - wide:.0f}Z"
    trunk = f'<rect x="{x - 4:.0f}" y="{foot - 12:.0f}" width="8" height="30" fill="#6b4a35"/>'
    return trunk + f'<path d="{steps}" fill="{fill}"/>'


def _city(time: str | None, weather: str | None, dice: Random) -> str:
    made = sky(time, weather, dice)
    lit = "#ffe9a6" if time in ("night", "evening") else "#dcecf5"
    for row, fills in enumerate((("#b9c4d3", "#c6cfdb"), ("#8d9db5", "#9aa7bc", "#a7899b"))):
        x = -20.0
        while x < SIDE:
            wide, high = dice.uniform(44, 74), dice.uniform(110, 220) - row * 40
            foot = HORIZON + 60
            made += (
                f'<rect x="{x:.0f}" y="{foot - high:.0f}" width="{wide:.0f}" height="{high:.0f}"'
                f' fill="{dice.choice(fills)}"/>'
            )
            if row:
                for line in range(int(high // 26) - 1):
                    for column in range(int(wide // 18)):
                        made += (
                            f'<rect x="{x + 7 + column * 18:.0f}"'
                            f' y="{foot - high + 12 + line * 26:.0f}" width="8" height="12"'
                            f' fill="{lit}" opacity="{dice.choice((0.35, 0.9))}"/>'
                        )
            x += wide + dice.uniform(0, 10)
    return made + box(HORIZON + 56, 60, "#c9c6bf") + box(HORIZON + 100, SIDE, "#9da1a8")


def _mountains(time: str | None, weather: str | None, dice: Random) -> str:
    made = sky(time, weather, dice)
    for fill, high in (("#a9b8cc", 210), ("#8498b3", 165)):
        for _ in range(3):
            x, up = dice.uniform(20, SIDE - 20), high * dice.uniform(0.75, 1)
            foot, half = HORIZON + 40, high * 0.95
            slopes = f"M{x - half:.0f} {foot}L{x:.0f} {foot - up:.0f}L{x + half:.0f} {foot}Z"
            made += f'<path d="{slopes}" fill="{fill}"/>'
            cap = up * 0.28
            made += (
                f'<path d="M{x - half * 0.28:.0f} {foot - up + cap:.0f}L{x:.0f} {foot - up:.0f}'
                f"L{x + half * 0.28:.0f} {foot - up + cap:.0f}l-{half * 0.1:.0f}-{cap * 0.25:.0f}"
                f'l-{half * 0.12:.0f} {cap * 0.4:.0f}l-{half * 0.14:.0f}-{cap * 0.4:.0f}Z"'
                ' fill="#fff"/>'
            )
    light, dark = _SNOW if weather == "snow" else _GRASS
    return made + _hill(HORIZON + 36, 20, light, dice) + _hill(HORIZON + 110, 14, dark, dice)


def _desert(time: str | None, weather: str | None, dice: Random) -> str:
    return (
        sky(time, weather, dice)
        + _hill(HORIZON + 10, 46, "#edc98b", dice)
        + _hill(HORIZON + 50, 34, "#e3b672", dice)
        + _hill(HORIZON + 120, 22, "#d6a45e", dice)
    )


def _road(time: str | None, weather: str | None, dice: Random) -> str:
    made = _meadow(time, weather, dice) + box(396, 82, "#7d8187") + box(396, 4, "#a9adb3")
    return made + "".join(
        f'<rect x="{x}" y="434" width="40" height="6" fill="#f3efdf"/>' for x in range(6, SIDE, 84)
    )


def _space(time: str | None, weather: str | None, dice: Random) -> str:
    made = shade("space", "#0b1030", "#271a4f") + box(0, SIDE, "url(#space)")
    made += disc(dice.uniform(60, 450), dice.uniform(60, 450), 190, "#6a4fb0", opacity=0.22)
    made += disc(dice.uniform(60, 450), dice.uniform(60, 450), 140, "#2f78d6", opacity=0.18)
    for _ in range(110):
        r = dice.choice((0.8, 1.1, 1.6, 2.2))
        made += disc(dice.uniform(0, SIDE), dice.uniform(0, SIDE), r, "#fff", opacity=0.8)
    return made


_WALLS = (
    ("#f4e3d0", "#efd8c0"),
    ("#dfeae4", "#d3e2da"),
    ("#e4e3f1", "#d9d8ea"),
    ("#f7e7e1", "#f0dad2"),
)


def _room(time: str | None, weather: str | None, dice: Random) -> str:
    wall, stripe = dice.choice(_WALLS)
    made = box(0, SIDE, wall)
    made += "".join(
        f'<rect x="{x}" y="0" width="16" height="{HORIZON + 70:.0f}" fill="{stripe}"/>'
        for x in range(dice.randint(0, 30), SIDE, 64)
    )
    return (
        made
        + box(HORIZON + 62, 10, "#fff8ee")
        + box(HORIZON + 72, SIDE, "#c99a6e")
        + "".join(box(HORIZON + 72 + step, 2, "#b88858") for step in (34, 74, 118))
    )


def _table(time: str | None, weather: str | None, dice: Random) -> str:
    wall, _ = dice.choice(_WALLS)
    return (
        shade("wall", wall, "#ffffff")
        + box(0, SIDE, "url(#wall)")
        + box(352, SIDE, "#d2a679")
        + box(352, 7, "#e4bf97")
        + "".join(box(352 + step, 2, "#c2946a") for step in (48, 96, 134))
    )


def _plain(colour: str, dice: Random) -> str:
    return box(0, SIDE, colour) + disc(256, 250, 210, "#ffffff", opacity=0.16)


def _soft(time: str | None, weather: str | None, dice: Random) -> str:
    low = dice.choice(("#ffe9c7", "#d9ecff", "#e2f3da", "#f1e2ff", "#ffe0e0"))
    return shade("soft", "#ffffff", low) + box(0, SIDE, "url(#soft)")


def _open_sky(time: str | None, weather: str | None, dice: Random) -> str:
    return sky(time, weather, dice)


_Maker = Callable[[str | None, str | None, Random], str]
_PLACES: dict[str, tuple[_Maker, float, float]] = {
    "plain": (_soft, 420, 420),
    "meadow": (_meadow, 438, 438),
    "snow": (_snowy, 438, 438),
    "beach": (_beach, 446, 352),
    "shore": (_shore, 452, 372),
    "sea": (_sea, 410, 400),
    "underwater": (_underwater, 452, 330),
    "forest": (_forest, 446, 446),
    "city": (_city, 440, 440),
    "mountains": (_mountains, 442, 442),
    "desert": (_desert, 442, 442),
    "road": (_road, 450, 450),
    "space": (_space, 330, 330),
    "room": (_room, 448, 448),
    "table": (_table, 432, 432),
    "sky": (_open_sky, 440, 440),
}
