"""Drawings of places and weather: the ferry, the dike, the lighthouse, the festival.

Each is a few lines of shapes on a `Sheet`; its name is the picture's. Nothing here touches files.
"""

from __future__ import annotations

import math

from demur.village.sheet import (
    BRICK,
    DARK,
    DEEP,
    GRASS,
    GREEN,
    MUD,
    ORANGE,
    RED,
    SAND,
    SEA,
    WHITE,
    WOOD,
    YELLOW,
    Sheet,
)


def _boat(s: Sheet, x: float, y: float) -> None:
    s.shape([(x, y), (x + 62, y), (x + 56, y + 10), (x + 5, y + 10)], GREEN)
    s.box(x + 2, y, 58, 2, WHITE)
    s.box(x + 18, y - 14, 26, 14, WHITE)
    for window in range(4):
        s.box(x + 20 + window * 6, y - 10, 4, 4, "#6d93a3")
    s.box(x + 27, y - 21, 8, 7, ORANGE)
    s.line([(x, y), (x - 9, y - 6)], DARK, 1.6)


def ferry(variant: int) -> Sheet:
    s = Sheet(variant)
    s.sea()
    _boat(s, 34, 60)
    s.disc(112, 74, 2.5, RED)
    s.box(111.4, 66, 1.2, 8, RED)
    _birds(s, 4)
    return s


def ferry_evening(variant: int) -> Sheet:
    s = Sheet(variant, sky=1)
    s.sea(60)
    s.box(0, 57, 134, 3.2, "#7a6a78")
    _boat(s, 52, 58)
    s.line([(114, 70), (133, 74)], "#d7ecf0", 1)
    return s


def harbour(variant: int) -> Sheet:
    s = Sheet(variant)
    s.sea(58)
    for at, colour in ((18, RED), (52, YELLOW), (88, "#4a6fa5")):
        s.shape([(at, 70), (at + 26, 70), (at + 21, 78), (at + 4, 78)], colour)
        s.line([(at + 12, 70), (at + 12, 34)], WOOD, 1.2)
        s.shape([(at + 13, 36), (at + 24, 66), (at + 13, 66)], WHITE)
    s.box(0, 86, 134, 14, WOOD)
    for x in range(6, 134, 18):
        s.box(x, 82, 3, 12, DARK)
    return s


def _dike(s: Sheet) -> None:
    s.ground(64, "#6c9a4b")
    s.shape([(0, 72), (50, 48), (134, 44), (134, 100), (0, 100)], GRASS)
    s.line([(0, 76), (52, 51), (134, 47)], "#cfc3a0", 2)


def dike(variant: int) -> Sheet:
    s = Sheet(variant)
    s.sea(56)
    _dike(s)
    s.box(96, 36, 2.5, 14, WOOD)
    s.box(94, 34, 7, 5, YELLOW)
    s.box(70, 44, 14, 2, WOOD)
    s.box(71, 46, 1.5, 5, WOOD)
    s.box(81, 46, 1.5, 5, WOOD)
    _birds(s, 3)
    return s


def _sheep(s: Sheet, x: float, y: float) -> None:
    for dx, dy in ((0, 0), (4, -1.5), (8, 0), (4, 1.5)):
        s.disc(x + dx, y + dy, 3.6, WHITE)
    s.disc(x - 3.5, y - 1, 2.2, DARK)
    s.box(x, y + 3, 1.2, 4.5, DARK)
    s.box(x + 7, y + 3, 1.2, 4.5, DARK)


def dike_sheep(variant: int) -> Sheet:
    s = Sheet(variant)
    _dike(s)
    for _ in range(5):
        _sheep(s, s.dice.uniform(14, 118), s.dice.uniform(60, 88))
    return s


def sheep_fog(variant: int) -> Sheet:
    s = Sheet(variant, sky=2)
    s.ground(60, "#b9c7b4")
    for x, y in ((30, 62), (60, 58), (96, 66)):
        _sheep(s, x, y)
    for y in (54, 66, 76, 88):
        s.box(0, y, 134, 5, "#dde5e4")
    return s


def lighthouse(variant: int) -> Sheet:
    s = Sheet(variant)
    s.sea(70)
    s.shape([(30, 84), (70, 64), (112, 80), (134, 100), (0, 100)], SAND)
    s.shape([(58, 76), (62, 22), (76, 22), (80, 76)], WHITE)
    for y in (30, 48, 66):
        s.shape([(60.6, y), (77.4, y), (78.4, y + 9), (59.8, y + 9)], RED)
    s.box(62, 14, 14, 8, YELLOW)
    s.shape([(60, 14), (69, 6), (78, 14)], DARK)
    s.shape([(76, 16), (134, 6), (134, 24), (76, 20)], "#fdf0b8")
    return s


def _mill(s: Sheet, x: float, angle: float, dark: bool) -> None:
    s.shape([(x - 13, 84), (x - 8, 42), (x + 8, 42), (x + 13, 84)], DARK if dark else BRICK)
    s.shape([(x - 9, 42), (x, 32), (x + 9, 42)], "#4a4038")
    s.box(x - 17, 64, 34, 2, WOOD)
    s.box(x - 3, 74, 6, 10, WOOD)
    for turn in range(4):
        a = angle + turn * math.pi / 2
        tip = (x + 36 * math.cos(a), 40 + 36 * math.sin(a))
        side = (x + 36 * math.cos(a + 0.2), 40 + 36 * math.sin(a + 0.2))
        s.shape([(x, 40), tip, side], "#cfc7b4" if dark else WHITE)
        s.line([(x, 40), tip], WOOD, 1.2)


def windmill(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(80, GRASS)
    _mill(s, 66, 0.3 + variant * 0.37, dark=False)
    return s


def milky_mill(variant: int) -> Sheet:
    s = Sheet(variant, night=True)
    s.ground(82, "#1d2b22")
    _mill(s, 74, math.pi / 4, dark=True)
    return s


def church(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(80, GRASS)
    s.box(52, 50, 52, 32, BRICK)
    s.shape([(48, 50), (78, 32), (108, 50)], "#5b4a42")
    s.box(34, 28, 20, 54, BRICK)
    s.shape([(32, 28), (44, 4), (56, 28)], "#5b4a42")
    for x in (60, 74, 88):
        s.shape([(x, 72), (x, 60), (x + 4, 55), (x + 8, 60), (x + 8, 72)], YELLOW)
    s.box(34, 70, 70, 1, ORANGE)  # as high as the water stood
    for step in range(3):
        s.box(36 - step * 2, 82 + step * 3, 16 + step * 4, 3, "#b9b2a4")
    return s


def lanterns(variant: int) -> Sheet:
    s = Sheet(variant, night=True)
    s.ground(58, "#1b3a4b")
    for _ in range(9):
        x, y = s.dice.uniform(8, 124), s.dice.uniform(60, 92)
        colour = s.dice.choice([YELLOW, ORANGE, "#f7a072", "#f6d186"])
        s.disc(x, y + 7, 4, "#365d70", 0.5)
        s.box(x - 3, y - 4, 6, 8, colour)
        s.shape([(x - 5, y + 4), (x + 5, y + 4), (x + 3, y + 7), (x - 3, y + 7)], WOOD)
    return s


def ghost(variant: int) -> Sheet:
    s = Sheet(variant, night=True)
    s.shape([(0, 78), (134, 56), (134, 100), (0, 100)], "#22301f")
    s.disc(84, 52, 14, "#4b5a6b")
    s.disc(84, 52, 8, "#8d8f7a")
    s.disc(84, 52, 3, YELLOW)
    s.shape([(88, 66), (91, 42), (95, 38), (99, 42), (102, 64)], "#0d1420")
    return s


def storm(variant: int) -> Sheet:
    s = Sheet(variant, sky=2)
    for x, y, r in ((20, 14, 18), (50, 8, 20), (86, 14, 22), (118, 8, 18)):
        s.disc(x, y, r, "#6f7f8a", 0.6)
    s.ground(62, DEEP)
    for row in range(5):
        for x in range(-6 + row * 5, 134, 24):
            s.disc(x, 64 + row * 8, 9, SEA, 0.5)
            s.disc(x - 3, 61 + row * 8, 3, WHITE, 0.6)
    return s


def _birds(s: Sheet, many: int) -> None:
    for _ in range(many):
        x, y = s.dice.uniform(8, 120), s.dice.uniform(10, 40)
        s.line([(x, y), (x + 3, y - 2), (x + 5, y), (x + 7, y - 2), (x + 10, y)], DARK, 0.8)


def geese(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(72, MUD)
    for step in range(5):
        for side in (-1, 1):
            x, y = 66 + side * step * 11, 18 + step * 8
            s.line([(x - 5, y - 3), (x, y), (x + 5, y - 3)], DARK, 1.5)
            s.disc(x, y, 1.6, DARK)
    return s


def bird_hide(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(66, GRASS)
    s.box(34, 38, 64, 34, WOOD)
    s.shape([(28, 40), (36, 28), (98, 28), (106, 40)], "#5b4330")
    s.box(42, 48, 48, 6, DARK)
    for x in range(38, 98, 8):
        s.line([(x, 55), (x, 72)], "#6f472a", 0.6)
    _birds(s, 5)
    return s


def dunes(variant: int) -> Sheet:
    s = Sheet(variant)
    s.sea(56)
    s.shape([(0, 70), (40, 52), (84, 72), (134, 58), (134, 100), (0, 100)], SAND)
    s.shape([(0, 88), (60, 70), (134, 90), (134, 100), (0, 100)], "#dcc58f")
    for _ in range(26):
        x = s.dice.uniform(4, 130)
        y = s.dice.uniform(66, 92)
        s.line([(x, y), (x + s.dice.uniform(-3, 3), y - 8)], "#8fa05a", 0.7)
    return s


def groyne(variant: int) -> Sheet:
    s = Sheet(variant)
    s.sea(50)
    for step in range(12):
        x, y = 12 + step * 9, 92 - step * 3.4
        s.box(x, y - 14 + step * 0.7, 4.4 - step * 0.2, 16 - step * 0.8, DARK)
    return s


def swim(variant: int) -> Sheet:
    s = Sheet(variant)
    s.sea(44)
    for x, y in ((38, 62), (70, 72), (100, 60)):
        s.disc(x, y, 5, "#e8b48c")
        s.shape([(x - 5, y - 1), (x, y - 7), (x + 5, y - 1)], s.dice.choice([RED, YELLOW, GREEN]))
        s.line([(x - 10, y + 5), (x + 10, y + 5)], WHITE, 1.2)
    return s


def skating(variant: int) -> Sheet:
    s = Sheet(variant, sky=2)
    s.ground(52, "#dcebf0")
    for _ in range(9):
        x, y = s.dice.uniform(0, 110), s.dice.uniform(56, 96)
        s.line([(x, y), (x + 26, y - 4)], "#a9cbd6", 0.7)
    for x, y, colour in ((40, 62, RED), (84, 70, GREEN)):
        s.disc(x, y - 20, 3.6, "#e8b48c")
        s.line([(x, y - 16), (x + 5, y - 4)], colour, 4)
        s.line([(x + 5, y - 4), (x - 2, y + 5)], DARK, 2)
        s.line([(x + 5, y - 4), (x + 14, y + 4)], DARK, 2)
        s.line([(x - 6, y + 6), (x + 4, y + 6)], DARK, 0.8)
    return s


def market(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(76, "#b9b2a4")
    for stall, colour in ((8, RED), (50, GREEN), (92, "#4a6fa5")):
        for stripe in range(6):
            s.box(stall + stripe * 6, 36, 6, 12, colour if stripe % 2 == 0 else WHITE)
        s.box(stall + 1, 48, 1.6, 34, WOOD)
        s.box(stall + 33, 48, 1.6, 34, WOOD)
        s.box(stall, 62, 36, 8, WOOD)
        for x in range(5):
            s.disc(stall + 5 + x * 6.5, 60, 3, s.dice.choice([YELLOW, ORANGE, RED, GRASS]))
    return s


def terrace(variant: int) -> Sheet:
    s = Sheet(variant)
    s.ground(74, "#c9b28a")
    s.box(0, 22, 134, 52, BRICK)
    for x in (14, 52, 92):
        s.box(x, 36, 22, 22, "#f7dd9c")
        s.line([(x + 11, 36), (x + 11, 58)], WHITE, 1.2)
    for x in (24, 66, 108):
        s.disc(x, 78, 12, WOOD, 0.3)
        s.box(x - 1, 78, 2, 14, DARK)
        s.box(x - 5, 70, 4, 7, YELLOW)
        s.disc(x - 3, 70, 2.2, WHITE, 0.6)
    return s


def stage(variant: int) -> Sheet:
    s = Sheet(variant, night=True)
    s.ground(66, "#1b3a4b")
    s.shape([(20, 66), (114, 66), (106, 78), (28, 78)], WOOD)
    for x, colour in ((32, YELLOW), (66, ORANGE), (100, "#f2a6a0")):
        s.shape([(x, 16), (x - 14, 66), (x + 14, 66)], "#4b4a55")
        s.disc(x, 16, 4, colour)
    for x in (46, 66, 86):
        s.disc(x, 46, 4, "#e8b48c")
        s.box(x - 4, 50, 8, 16, RED)
    return s
