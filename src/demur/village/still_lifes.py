"""Drawings of things and animals: bread, bees, a bicycle, a tide pool, the ginger cat.

Each is a few lines of shapes on a `Sheet`; its name is the picture's. Nothing here touches files.
"""

from __future__ import annotations

import math

from demur.village.sheet import (
    BRICK,
    DARK,
    GRASS,
    GREEN,
    MUD,
    ORANGE,
    RED,
    SAND,
    WHITE,
    WOOD,
    YELLOW,
    Sheet,
)


def redshank(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(74, MUD)
    s.disc(70, 74, 40, "#7fbccd", 0.12)
    for x in (62, 71):
        s.line([(x, 56), (x + 2, 66), (x, 80)], RED, 1.6)
    s.disc(66, 50, 15, "#8d7356", 0.62)
    s.disc(84, 36, 6.5, "#8d7356")
    s.shape([(74, 48), (80, 34), (88, 40), (80, 54)], "#8d7356")
    s.line([(89, 36), (106, 38)], RED, 1.6)
    s.disc(86, 35, 1.1, DARK)
    s.shape([(52, 48), (38, 52), (54, 56)], "#6d573f")
    return s


def tide_pool(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(34, MUD)
    s.disc(66, 66, 46, "#5fa9b8", 0.58)
    s.disc(66, 66, 38, "#86c5cc", 0.55)
    for _ in range(9):
        x, y = s.dice.choice([(22, 60), (110, 62), (46, 88), (90, 90), (66, 40)])
        s.disc(x + s.dice.uniform(-6, 6), y, s.dice.uniform(4, 8), "#6d675e", 0.7)
    _star(s, 58, 66, 9, ORANGE)
    s.disc(86, 70, 5, "#b8506e")
    s.disc(86, 70, 2, "#f4b8c6")
    return s


def _star(s: Sheet, x: float, y: float, r: float, fill: str) -> None:
    points = []
    for step in range(10):
        far = r if step % 2 == 0 else r * 0.42
        a = -math.pi / 2 + step * math.pi / 5
        points.append((x + far * math.cos(a), y + far * math.sin(a)))
    s.shape(points, fill)


def starfish(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(0, SAND)
    s.crumbs(24, "#d9c49a")
    _star(s, 66, 54, 34, ORANGE)
    _star(s, 66, 54, 20, "#f0a868")
    s.disc(112, 82, 6, WHITE, 0.7)
    return s


def crab(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(40, SAND)
    for side in (-1, 1):
        for leg in range(3):
            s.line(
                [(66, 62), (66 + side * 30, 60 + leg * 9), (66 + side * 34, 68 + leg * 9)], RED, 2
            )
        s.line([(66 + side * 16, 56), (66 + side * 32, 42)], RED, 3)
        s.disc(66 + side * 35, 38, 7, RED)
        s.shape([(66 + side * 35, 38), (66 + side * 32, 28), (66 + side * 40, 30)], SAND)
        s.disc(66 + side * 6, 47, 1.8, DARK)
    s.disc(66, 60, 21, RED, 0.66)
    return s


def bread(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(60, WOOD)
    s.disc(66, 58, 38, "#b8732e", 0.55)
    s.disc(66, 54, 35, "#d9964a", 0.5)
    for x in (46, 60, 74, 88):
        s.line([(x - 4, 62), (x + 5, 44)], "#f4d7a1", 2.4)
    return s


def cookies(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(0, "#f0e3cf")
    s.crumbs(24, "#d9c49a")
    for x, y in ((34, 34), (74, 30), (104, 52), (48, 68), (86, 78)):
        s.disc(x, y, 10, "#cf9a58", 0.75)
        s.disc(x + 9, y - 7, 4.5, "#cf9a58")
        s.line([(x - 3, y + 6), (x - 3, y + 14)], RED, 1.5)
        s.line([(x + 3, y + 6), (x + 3, y + 14)], RED, 1.5)
    return s


def flour(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(74, WOOD)
    s.shape([(44, 80), (40, 40), (50, 30), (82, 30), (92, 40), (88, 80)], "#e9dfc8")
    s.line([(46, 38), (86, 38)], BRICK, 1.4)
    s.shape([(64, 66), (60, 52), (64, 46), (68, 52)], YELLOW)
    s.disc(104, 80, 14, WHITE, 0.3)
    return s


def soup(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(66, WOOD)
    s.shape([(26, 50), (106, 50), (92, 82), (40, 82)], "#4a6fa5")
    s.disc(66, 50, 40, "#3b5a88", 0.24)
    s.disc(66, 50, 36, "#7d8a3c", 0.2)
    s.line([(72, 50), (92, 12)], "#b9b2a4", 2.4)
    for x in (46, 58):
        s.line([(x, 38), (x + 4, 30), (x, 22), (x + 4, 14)], WHITE, 1.2)
    return s


def mussels(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(0, "#e7ddc8")
    s.disc(66, 56, 46, DARK, 0.72)
    s.disc(66, 54, 42, "#6d7f86", 0.68)
    for _ in range(16):
        x, y = 66 + s.dice.uniform(-30, 30), 54 + s.dice.uniform(-18, 18)
        s.disc(x, y, 7, "#22303c", 0.5)
        s.disc(x + 1, y, 4, ORANGE, 0.4)
    return s


def samphire(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(70, MUD)
    for _ in range(16):
        x = s.dice.uniform(12, 122)
        for tilt in (-7, 0, 7):
            s.line([(x, 86), (x + tilt / 2, 68), (x + tilt, 48)], s.dice.choice([GREEN, GRASS]), 2)
    return s


def strawberry(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(0, "#e3efd2")
    s.crumbs(24, "#d9c49a")
    for x, y in ((38, 44), (76, 36), (104, 64), (58, 76)):
        s.shape([(x - 12, y - 6), (x + 12, y - 6), (x, y + 17)], RED)
        s.disc(x - 6, y - 6, 6.2, RED)
        s.disc(x + 6, y - 6, 6.2, RED)
        _star(s, x, y - 11, 7, GREEN)
        for dx, dy in ((-5, -3), (4, -2), (0, 4)):
            s.disc(x + dx, y + dy, 0.9, YELLOW)
    return s


def bees(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(76, GRASS)
    for row, colour in enumerate(("#e7c27d", "#d9a94f", "#c8913a")):
        s.box(46, 44 + row * 13, 42, 12, colour)
    s.box(42, 40, 50, 5, "#8d8f94")
    s.box(60, 79, 14, 2.4, DARK)
    for _ in range(12):
        x, y = s.dice.uniform(8, 126), s.dice.uniform(14, 74)
        s.disc(x + 1, y - 2, 2, WHITE, 0.7)
        s.disc(x, y, 2.4, YELLOW, 0.7)
        s.box(x - 0.4, y - 1.6, 0.9, 3.2, DARK)
    return s


def honey(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(72, WOOD)
    for x in (22, 54, 86):
        s.box(x, 40, 26, 38, ORANGE)
        s.box(x + 2, 42, 6, 32, "#f3b45f")
        s.box(x - 1, 34, 28, 7, "#8d5a9c")
        s.box(x + 4, 54, 18, 12, WHITE)
    return s


def garden(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(48, "#7a5a3c")
    for row in range(5):
        y = 54 + row * 10
        s.line([(0, y + 4), (134, y + 4)], "#5f442c", 1.4)
        for x in range(6 + (row % 2) * 6, 134, 13):
            s.disc(x, y, 4, s.dice.choice([GRASS, GREEN, "#93bd64"]), 0.8)
    s.box(96, 26, 26, 24, WOOD)
    s.shape([(92, 28), (109, 14), (126, 28)], "#4f3a28")
    return s


def library(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(0, "#e9dcc3")
    for shelf in range(3):
        y = 12 + shelf * 28
        x = 10.0
        while x < 120:
            wide, high = s.dice.uniform(4, 8), s.dice.uniform(15, 22)
            colour = s.dice.choice([RED, GREEN, "#4a6fa5", YELLOW, BRICK, WOOD])
            s.box(x, y + 22 - high, wide, high, colour)
            x += wide + 0.8
        s.box(6, y + 22, 122, 3, WOOD)
    return s


def book(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(70, WOOD)
    s.shape([(66, 40), (22, 34), (18, 74), (66, 80)], WHITE)
    s.shape([(66, 40), (110, 34), (114, 74), (66, 80)], "#f1ead8")
    for row in range(5):
        s.line([(28, 43 + row * 6), (60, 46 + row * 6)], "#b9b2a4", 0.9)
        s.line([(72, 46 + row * 6), (104, 43 + row * 6)], "#b9b2a4", 0.9)
    return s


def bicycle(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(82, "#d8cba8")
    paint = (RED, GREEN, "#4a6fa5")[variant % 3]
    for x in (40, 94):
        s.ring(x, 66, 18, DARK, 1.8)
        s.disc(x, 66, 2, DARK)
    s.line([(40, 66), (58, 40), (86, 40), (66, 66), (40, 66)], paint, 2.4)
    s.line([(58, 40), (66, 66)], paint, 2.4)
    s.line([(94, 66), (84, 32), (92, 30)], paint, 2.4)
    s.box(50, 34, 15, 3, DARK)
    return s


def repair(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(70, WOOD)
    s.box(30, 36, 50, 36, "#b7bec3")
    s.box(38, 30, 32, 7, "#d9964a")
    s.box(80, 46, 4, 10, DARK)
    s.disc(40, 64, 3, RED)
    s.line([(94, 74), (118, 40)], "#8d8f94", 2.6)
    s.line([(110, 51), (122, 34)], RED, 5)
    for x, y in ((96, 82), (60, 84), (20, 82)):
        s.ring(x, y, 3, "#8d8f94", 1.2)
    return s


def pottery(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(72, WOOD)
    for x, colour in ((20, GREEN), (54, "#6f9fae"), (88, "#c9b28a")):
        s.shape([(x, 44), (x + 26, 44), (x + 22, 78), (x + 4, 78)], colour)
        s.ring(x + 27, 58, 7, colour, 2.4)
        s.disc(x + 13, 44, 13, DARK, 0.22)
        s.line([(x + 6, 50), (x + 10, 62), (x + 8, 74)], YELLOW, 0.8)
    return s


def football(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(54, GRASS)
    s.line([(14, 72), (14, 34), (58, 34), (58, 72)], WHITE, 1.8)
    for x in range(20, 58, 6):
        s.line([(x, 34), (x, 70)], "#dfe7ea", 0.4)
    s.disc(92, 78, 9, WHITE)
    for a in range(5):
        turn = a * math.tau / 5
        s.disc(92 + 5 * math.cos(turn), 78 + 5 * math.sin(turn), 1.8, DARK)
    return s


def cat(variant: int) -> Sheet:
    s = Sheet(variant)
    s.sea(52)
    s.box(0, 74, 134, 26, WOOD)
    s.line([(40, 70), (24, 62), (26, 46)], ORANGE, 5)
    s.disc(60, 62, 22, ORANGE, 0.7)
    s.disc(82, 46, 13, ORANGE)
    s.shape([(71, 42), (72, 26), (82, 35)], ORANGE)
    s.shape([(83, 35), (93, 26), (94, 42)], ORANGE)
    for x in (78, 87):
        s.disc(x, 45, 1.7, DARK)
    s.disc(82.5, 50, 1.3, "#f2a6a0")
    s.disc(76, 76, 4, WHITE, 0.8)  # the one white sock
    s.disc(58, 77, 4, ORANGE, 0.8)
    return s
