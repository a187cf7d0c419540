"""Skies: what is above a landscape at which time, what falls out of it, and the shapes of both.

SVG on a sheet of SIDE by SIDE, varied by the dice that are given. Drawn by us.
"""

from __future__ import annotations

from random import Random

SIDE = 512
HORIZON = 300.0

_SKIES = {
    None: (("#a9d8f5", "#e9f6fb"), ("#b9e2f2", "#f3f8ee"), ("#9fd3ee", "#eef7f4")),
    "night": (("#101a3c", "#35497c"), ("#141b33", "#3a4a78")),
    "evening": (("#f08a5d", "#fbd9a0"), ("#d9667b", "#fcd7a6"), ("#8e6aa8", "#fbc08a")),
    "morning": (("#a7c7ee", "#fde2c4"), ("#b6cff0", "#fbdcd2")),
}


def box(y: float, high: float, fill: str) -> str:
    return f'<rect x="0" y="{y:.0f}" width="{SIDE}" height="{high:.0f}" fill="{fill}"/>'


def shade(name: str, top: str, low: str) -> str:
    return (
        f'<linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1"><stop offset="0"'
        f' stop-color="{top}"/><stop offset="1" stop-color="{low}"/></linearGradient>'
    )


def disc(x: float, y: float, r: float, fill: str, *, opacity: float = 1, flat: float = 1) -> str:
    return (
        f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{r:.1f}" ry="{r * flat:.1f}" fill="{fill}"'
        f' opacity="{opacity:.2f}"/>'
    )


def sky(time: str | None, weather: str | None, dice: Random, *, high: float = SIDE) -> str:
    top, low = dice.choice(_SKIES[time])
    if weather in ("rain", "fog") and time is None:
        top, low = "#9fb0bd", "#d5dde2"
    if weather == "snow" and time is None:
        top, low = "#b7cbdc", "#eef3f7"
    made = shade("sky", top, low) + box(0, high, "url(#sky)")
    if time == "night":
        for _ in range(46):
            x, y = dice.uniform(0, SIDE), dice.uniform(0, high * 0.6)
            made += disc(x, y, dice.choice((0.9, 1.2, 1.8)), "#fdf7e3", opacity=0.85)
    elif time in ("evening", "morning"):
        at = dice.uniform(90, SIDE - 90)
        made += disc(at, HORIZON - 6, 44, "#fff1c9", opacity=0.9)
        made += disc(at, HORIZON - 6, 74, "#fff1c9", opacity=0.25)
    if time != "night" and weather is None:
        for _ in range(dice.randint(2, 3)):
            made += cloud(dice.uniform(20, SIDE - 90), dice.uniform(30, 150), dice)
    return made


def cloud(x: float, y: float, dice: Random) -> str:
    wide = dice.uniform(0.7, 1.1)
    puffs = ((0, 0, 22), (26, -9, 28), (56, -2, 23), (78, 4, 15))
    return "".join(disc(x + a * wide, y + b, r * wide, "#fff", opacity=0.55) for a, b, r in puffs)


def night(place: str, time: str | None) -> str:
    if time != "night" or place in ("space", "plain"):
        return ""
    return box(0, SIDE, '#0c1640" fill-opacity=".34')


def falling(weather: str | None, dice: Random) -> str:
    made = ""
    if weather == "rain":
        for _ in range(70):
            x, y = dice.uniform(0, SIDE), dice.uniform(-10, SIDE)
            made += f'<path d="M{x:.0f} {y:.0f}l-5 18" stroke="#5f8fb4"'
            made += ' stroke-width="2" opacity=".55"/>'
    elif weather == "snow":
        for _ in range(80):
            x, y, r = dice.uniform(0, SIDE), dice.uniform(0, SIDE), dice.uniform(1.5, 4)
            made += disc(x, y, r, "#fff", opacity=0.85)
    elif weather == "fog":
        for y in range(180, SIDE, 52):
            made += disc(dice.uniform(120, 400), y, 330, "#f2f5f6", opacity=0.33, flat=0.12)
    return made
