"""Arranging: where each pictogram of a scene stands, how large, and what hides what.

Things that are said to be on, behind or beside each other become one block; blocks are put where
such things are found, on the ground, the water or in the sky. The same scene and dice give the same
places. It draws nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from demur.assistant.drawing.pictograms import Pictogram, Zone
from demur.assistant.drawing.scene import Node, Pair, Scene, Thing, things_of

UNIT = 150.0  # a thing of size 1, before a block is fitted into the sheet

# How high of a thing's own height others stand on it; of what is not here, ON_TOP.
ON_TOP = 0.93
SURFACE = {
    "chair": 0.5, "couch and lamp": 0.34, "bed": 0.45, "bench": 0.44, "seat": 0.45, "horse": 0.68,
    "elephant": 0.8, "cow": 0.75, "donkey": 0.7, "camel": 0.75, "ewe": 0.75, "pig": 0.8,
    "bicycle": 0.62, "motorcycle": 0.6, "motor scooter": 0.5, "sled": 0.6, "skateboard": 0.75,
    "sailboat": 0.2, "canoe": 0.45, "ferry": 0.8, "ship": 0.75, "unicorn": 0.68, "dragon": 0.7,
    "bathtub": 0.55, "turtle": 0.85, "spouting whale": 0.7, "desert island": 0.35,
    "fork and knife with plate": 0.45, "table": 1.0, "nest with eggs": 0.6, "empty nest": 0.6,
    "bridge": 0.9,
}  # fmt: skip
HOLDS = {
    "package", "basket", "bucket", "bowl with spoon", "hot beverage", "bathtub", "nest with eggs",
    "empty nest", "automobile", "pot of food", "canoe", "wastebasket", "shopping cart", "handbag",
    "backpack", "bed", "tumbler glass", "wine glass", "jar", "couch and lamp", "wheelbarrow",
    "pickup truck", "sailboat", "potted plant", "toilet", "teacup without handle", "sled",
}  # fmt: skip
_HATS = {"top hat", "crown", "billed cap", "woman's hat", "graduation cap", "military helmet",
         "rescue worker's helmet"}  # fmt: skip
_OF_THE_NIGHT = {"crescent moon", "full moon", "star", "glowing star", "shooting star", "milky way"}
_INDOORS = {"household", "computer", "light-video", "music", "musical-instrument", "book-paper"}
_OUTDOORS = {
    "place-building", "place-religious", "place-other", "transport-ground", "plant-other",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Placed:
    """A pictogram whose visible part fills this box. shadow: it stands on something that is seen;
    x and y grow to the right and down."""

    pictogram: Pictogram
    x: float
    y: float
    wide: float
    high: float
    colour: str | None = None
    shadow: bool = True
    afloat: bool = False

    def moved(self, x: float, y: float, by: float = 1.0) -> Placed:
        return replace(
            self, x=x + self.x * by, y=y + self.y * by, wide=self.wide * by, high=self.high * by
        )


@dataclass(frozen=True, slots=True)
class Block:
    """Things that stay together, from behind to before, in a box of their own."""

    items: tuple[Placed, ...]
    wide: float
    high: float
    zone: Zone

    def scaled(self, by: float) -> Block:
        items = tuple(item.moved(0, 0, by) for item in self.items)
        return Block(items, self.wide * by, self.high * by, self.zone)

    def at(self, x: float, y: float) -> tuple[Placed, ...]:
        return tuple(item.moved(x, y) for item in self.items)


def place_of(scene: Scene) -> str:
    """Where the scene is: as it says, or where such things are found."""
    if scene.background:
        return "plain"
    if scene.place == "sea" and _ashore(scene):
        return "shore"
    if scene.place is not None:
        return scene.place
    zones = {_zone(node) for node in split(scene.nodes)}
    if "water" in zones:
        return "shore" if "ground" in zones else "sea"
    if scene.time or scene.weather:
        return "meadow"
    return _usual_place(zones, {thing.found.pictogram.group for thing in scene.things})


def time_of(scene: Scene) -> str | None:
    """As it says; and the moon and the stars come with the night."""
    shown = {thing.found.pictogram.en for thing in scene.things}
    return scene.time or ("night" if shown & _OF_THE_NIGHT and "sun" not in shown else None)


def _usual_place(zones: set[Zone], groups: set[str]) -> str:
    if "ground" in zones:
        return "room" if groups & _INDOORS and not groups & _OUTDOORS else "meadow"
    if "table" in zones:
        return "table"
    return "sky" if zones & {"sky", "air"} else "plain"


def _ashore(scene: Scene) -> bool:
    """Something stands on land, and is not on board of anything."""
    return any(
        _zone(node) == "ground"
        and not any(t.found.pictogram.zone == "water" for t in things_of(node))
        for node in scene.nodes
    )


def _zone(node: Node) -> Zone:
    """Where a block belongs: as what carries it does."""
    if isinstance(node, Thing):
        return node.found.pictogram.zone
    if node.relation in ("on", "inside", "above", "behind", "front"):
        return _zone(node.second)
    return _zone(node.first)


def block_of(node: Node, dice: Random) -> Block:  # noqa: PLR0911  (a relation a line)
    if isinstance(node, Thing):
        return _several(node, dice)
    first, second = block_of(node.first, dice), block_of(node.second, dice)
    things = list(things_of(node.second))
    below = things[0].found.pictogram if len(things) == 1 and things[0].count == 1 else None
    match node.relation:
        case "on":
            return _on(first, second, SURFACE.get(below.en, ON_TOP) if below else ON_TOP, dice)
        case "inside" if below is not None and below.en in HOLDS:
            return _inside(first, second)
        case "above":
            return _above(first, second)
        case "under" if below is not None and below.zone == "ground":
            return _beneath(first, second, dice)
        case "under":
            return replace(_above(second, first), zone=first.zone)
        case "front" | "inside":
            return _before(first, second, dice)
        case "behind":
            return _before(second, first, dice)
        case "holding":
            return _holding(first, second, below)
        case "right":
            return _beside(second, first)
        case _:
            return _beside(first, second)


def _several(thing: Thing, dice: Random) -> Block:
    """As many as were said: one in the middle, two side by side, more in rows."""
    shape = thing.found.pictogram
    left, top, right, low = shape.edge
    largest = max(right - left, low - top)
    size = shape.size * thing.scale * UNIT
    wide, high = size * (right - left) / largest, size * (low - top) / largest
    floats = shape.zone in ("sky", "air")
    afloat = shape.zone == "water"
    rows = _rows(thing.count)
    step, rise = wide * (1.12 if len(rows) == 1 else 1.05), high * (0.9 if floats else 0.45)
    total = step * (max(rows) - 1) + wide
    items = []
    for row, many in enumerate(rows):
        smaller = 1 - 0.07 * (len(rows) - 1 - row)
        for number in range(many):
            shift = dice.uniform(-0.06, 0.06) * wide if thing.count > 1 else 0
            lift = dice.uniform(0, 0.25 if floats else 0.07) * high if thing.count > 1 else 0
            x = (total - step * (many - 1) - wide) / 2 + number * step + shift
            y = row * rise + high * (1 - smaller) - lift
            items.append(
                Placed(
                    shape, x, y, wide * smaller, high * smaller, thing.colour, not floats, afloat
                )
            )
    return _tight(items, shape.zone)


def _rows(count: int) -> list[int]:
    if count <= 3:
        return [count]
    back = count // 2 if count <= 7 else count // 3
    return [back, count - back] if count <= 7 else [back, back, count - 2 * back]


def _tight(items: Iterable[Placed], zone: Zone) -> Block:
    """A block whose box begins where its items do."""
    items = list(items)
    left, top = min(i.x for i in items), min(i.y for i in items)
    right, low = max(i.x + i.wide for i in items), max(i.y + i.high for i in items)
    return Block(tuple(i.moved(-left, -top) for i in items), right - left, low - top, zone)


def _beside(first: Block, second: Block) -> Block:
    gap = 0.1 * min(first.wide, second.wide) + 6
    low = max(first.high, second.high)
    lifted = 0.35 * low if second.zone == "air" and first.zone != "air" else 0
    items = first.at(0, low - first.high)
    items += second.at(first.wide + gap, low - second.high - lifted)
    return _tight(items, first.zone if first.zone not in ("sky", "air", "any") else second.zone)


def _on(first: Block, second: Block, surface: float, dice: Random) -> Block:
    if first.wide > 0.86 * second.wide:
        first = first.scaled(0.86 * second.wide / first.wide)
    x = (second.wide - first.wide) * dice.uniform(0.4, 0.6)
    foot = second.high * (1 - surface)
    on = tuple(replace(item, shadow=False, afloat=False) for item in first.at(x, foot - first.high))
    return _tight(second.items + on, second.zone)


def _inside(first: Block, second: Block) -> Block:
    first = first.scaled(min(1.0, 0.7 * second.wide / first.wide, 1.3 * second.high / first.high))
    x, y = (second.wide - first.wide) / 2, second.high * 0.42 - first.high
    held = tuple(replace(item, shadow=False, afloat=False) for item in first.at(x, y))
    return _tight(held + second.items, second.zone)


def _above(first: Block, second: Block) -> Block:
    gap = 0.12 * max(first.high, second.high)
    wide = max(first.wide, second.wide)
    up = tuple(replace(i, shadow=False) for i in first.at((wide - first.wide) / 2, 0))
    return _tight(up + second.at((wide - second.wide) / 2, first.high + gap), second.zone)


def _beneath(first: Block, second: Block, dice: Random) -> Block:
    """At the foot of something large, before it."""
    first = first.scaled(min(1.0, 0.5 * second.high / first.high, 0.7 * second.wide / first.wide))
    x = second.wide * dice.choice((0.16, 0.84)) - first.wide / 2
    return _tight(second.items + first.at(x, second.high - first.high * 0.94), second.zone)


def _before(first: Block, second: Block, dice: Random) -> Block:
    """The one behind stays visible by half."""
    if first.high > 0.75 * second.high:
        first = first.scaled(max(0.6, 0.75 * second.high / first.high))
    side = dice.choice((-1, 1))
    room = max(0.0, second.wide / 2 - first.wide * 0.25)
    x = second.wide / 2 - first.wide / 2 + side * min(second.wide * 0.28, room)
    if first.wide > 0.8 * second.wide:
        x = second.wide * 0.55 if side > 0 else second.wide * 0.45 - first.wide
    items = second.items + first.at(x, second.high - first.high + 0.1 * first.high)
    return _tight(items, second.zone)


def _holding(first: Block, second: Block, held: Pictogram | None) -> Block:
    if held is not None and held.en in _HATS:
        hat = second.scaled(0.62 * first.wide / second.wide)
        x = (first.wide - hat.wide) / 2
        on = tuple(replace(item, shadow=False) for item in hat.at(x, -0.72 * hat.high))
        return _tight(first.items + on, first.zone)
    second = second.scaled(min(1.0, 0.55 * first.high / second.high))
    up = 0.5 if second.zone == "air" else 0.0
    y = first.high - second.high - 0.12 * first.high - up * first.high
    near = tuple(replace(item, shadow=False) for item in second.at(first.wide * 0.78, y))
    return _tight(first.items + near, first.zone)


def split(nodes: Sequence[Node]) -> list[Node]:
    """Blocks of their own for what is beside or under something in the sky."""
    found: list[Node] = []
    for node in nodes:
        apart = isinstance(node, Pair) and node.relation in ("beside", "under", "holding", "front")
        if isinstance(node, Pair) and apart and _zone(node.second) == "sky" != _zone(node.first):
            found += [*split([node.first]), node.second]
        elif (
            isinstance(node, Pair)
            and node.relation == "above"
            and _zone(node.first) in ("sky", "air")
            and _zone(node.second) not in ("sky", "air")
        ):
            found += [node.first, *split([node.second])]
        else:
            found.append(node)
    return found
