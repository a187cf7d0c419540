"""A description, read: which things, how many, of which colour, where, and what is beside what.

English and Dutch, by the words in `described.toml` and no grammar but this: a relation joins what
was read before it with the one thing after it, "and" begins anew. What is not understood is said,
never guessed away. It draws nothing and learns nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from demur.assistant.drawing.pictograms import Collection, Found, plain
from demur.assistant.drawing.scene import Node, Pair, Scene, Thing, things_of
from demur.assistant.words import language_of_answer

MOST = 12  # of one thing; more are not counted at a glance
FIELD = 7  # of what a field is of

# "a bowl of cherries": of a dish what is in it is drawn, of a container both.
DISHES = {
    "bowl with spoon", "fork and knife with plate", "tumbler glass", "wine glass", "hot beverage",
    "pie", "shortcake", "teacup without handle",
}  # fmt: skip
CONTAINERS = {"basket", "bucket", "package", "wheelbarrow", "shopping cart", "backpack"}
THINGS = 8  # different ones; more than that is a crowd
LONGEST = 400  # characters that are read


def read(description: str) -> Scene:
    """The scene that is described. Only the beginning of a long description is read."""
    return _Reader(description[:LONGEST]).scene()


def language_of(description: str) -> str:
    """Dutch or English, by the small words: a description is too short for its letters to tell."""
    said = {plain(word) for word in _words(description[:LONGEST])}
    dutch, english = (
        len(said & {plain(word) for word in _listed(_described()["languages"][language])})
        for language in ("nl", "en")
    )
    if dutch != english:
        return "nl" if dutch > english else "en"
    return language_of_answer(description)[0]


def refused(description: str) -> str | None:
    """Why this is not drawn ("cruel", "sexual", "hateful"), by the words in `described.toml`."""
    said = " ".join(plain(word) for word in _words(description))
    for why, pattern in _refusals().items():
        if pattern.search(said):
            return why
    return None


@cache
def _refusals() -> Mapping[str, re.Pattern[str]]:
    found = {}
    for why, terms in _described()["refused"].items():
        each = [
            re.escape(plain(term.rstrip("*"))) + r"\w*" * term.endswith("*")
            for term in _listed(terms)
        ]
        found[why] = re.compile(rf"\b(?:{'|'.join(each)})\b")
    return found


@dataclass(slots=True)
class _About:
    """What has been said about the thing that is to come."""

    count: int | None = None
    colour: str | None = None
    colour_word: str = ""
    scale: float = 1.0
    odd: list[str] = field(default_factory=list)  # words that nobody knows, so far


class _Reader:
    def __init__(self, description: str) -> None:
        said = _words(description)
        self.words = _without_asking(said)
        self.begins = len(said) == len(self.words)  # with a capital that says nothing
        self.pictograms = Collection.open()
        self.nodes: list[Node] = []
        self.missing: list[str] = []
        self.set: dict[str, str] = {}
        self.relation: str | None = None
        self.touching = False  # nothing but "of" has been read since the last thing
        self.about = _About()

    def scene(self) -> Scene:
        at = 0
        while at < len(self.words):
            at += self._step(at)
        self._give_up()
        return Scene(nodes=tuple(self.nodes[:THINGS]), missing=tuple(self.missing), **self.set)

    def _step(self, at: int) -> int:
        """Read what stands here; how many words it took."""
        if self.words[at] == ",":
            self.touching = False
            self._give_up()
            self.relation = None
            return 1
        if took := self._background(at):
            return took
        for length in range(min(5, len(self.words) - at), 0, -1):
            term = " ".join(self.words[at : at + length])
            if "," in self.words[at : at + length]:
                continue
            if self._known(term, at, length) or self._named(term, at, length):
                return length
        self._odd(self.words[at])
        return 1

    def _known(self, term: str, at: int, length: int) -> bool:
        """Is it one of the words of `described.toml`? Then note what it says."""
        kind, value = _vocabulary().get(plain(term), ("", ""))
        if kind == "relations":
            self.touching = False
            self._give_up()
            if value == "holding" and self._verb_last(at + length):
                return True
            self.relation = "and" if plain(term) in ("and", "en", "plus") else value
            return True
        if kind in ("places", "times", "weather"):
            if kind == "places" and not self._is_place(term, value, at + length):
                return False
            self._settle(kind, value)
            return True
        if kind == "counts":
            self.about.count = int(value)
        elif kind == "colours":
            self._colour(value, term, at + length)
        elif kind == "sizes":
            self.about.scale *= float(value)
        elif term.isdecimal():
            self.about.count = max(1, min(int(term[:3]), MOST))
        elif kind != "silent":
            return False
        return True

    def _verb_last(self, after: int) -> bool:
        """ "een konijn dat een wortel eet": a Dutch verb behind the two that it joins."""
        ends = after >= len(self.words) or self.words[after] == ","
        if not ends or len(self.nodes) < 2:
            return False
        second, first = self.nodes.pop(), self.nodes.pop()
        self.nodes.append(Pair(relation="holding", first=first, second=second))
        return True

    def _is_place(self, term: str, place: str, after: int) -> bool:
        """A place is one where something is in it or on it, or where nothing is drawn of it."""
        if self.about.count or self.about.colour:
            return False
        known = self.pictograms.named(term, keywords=False)
        located = self.relation in ("on", "inside", "beside", "with", "under", "above", "front")
        if place == "sea" and self.relation == "inside" and self._swimmers():
            self.set.setdefault("place", "underwater")
        return located or known is None or (not self.nodes and after >= len(self.words))

    def _swimmers(self) -> bool:
        fish = [thing.found.pictogram.group == "animal-marine" for thing in self._things()]
        return bool(fish) and all(fish)

    def _things(self) -> list[Thing]:
        return [thing for node in self.nodes for thing in things_of(node)]

    def _settle(self, kind: str, value: str) -> None:
        self._give_up()
        self.set.setdefault({"places": "place", "times": "time"}.get(kind, kind), value)
        self.relation = None

    def _colour(self, value: str, term: str, after: int) -> None:
        """A colour belongs to what follows; where nothing does, to what came before it."""
        rest = self.words[after:]
        kind = _vocabulary().get(plain(rest[0]), ("", ""))[0] if rest else ""
        if (not rest or rest[0] == "," or kind == "relations") and self.nodes and not self.relation:
            self.nodes[-1] = _coloured(self.nodes[-1], value)
            return
        self.about.colour, self.about.colour_word = value, term

    def _named(self, term: str, at: int, length: int) -> bool:
        """Is there a pictogram of that name? Then it stands in the scene."""
        found = None
        if self.about.colour_word:  # "black cat" is a pictogram of its own
            found = self.pictograms.named(f"{self.about.colour_word} {term}")
            if found is not None:
                self.about.colour = None
        found = found or self.pictograms.named(term)
        if found is None and length == 1:
            if self._field_of(term):
                return True
            if not term[0].isupper() or (at == 0 and self.begins):
                found = self.pictograms.compound(term)
        if found is None:
            return False
        self._place(found)
        return True

    def _field_of(self, word: str) -> bool:
        """ "tulpenveld": Dutch for a field, and many of what grows there."""
        for end in ("veld", "velden", "akker", "weide"):
            if word.endswith(end) and (found := self.pictograms.named(word.removesuffix(end))):
                self.set.setdefault("place", "meadow")
                self.relation = None
                self.about.count = self.about.count or FIELD
                self._place(replace(found, words=word))
                return True
        return False

    def _place(self, found: Found) -> None:
        about, self.about = self.about, _About()
        self.missing += about.odd
        count = about.count or (3 if found.many else 1)
        if about.colour and found.pictogram.group.startswith(("person", "hand", "body")):
            self.missing.append(about.colour_word)  # nobody is dipped in paint
            about.colour = None
        thing = Thing(found=found, count=count, colour=about.colour, scale=about.scale)
        relation, self.relation = self.relation, None
        touching, self.touching = self.touching, True
        if (touching and not relation) or (relation == "with" and self.nodes):
            if self._filled(thing):
                return
            relation = relation and "beside"
        if relation == "between" and self.nodes:
            self.nodes[-1] = Pair(relation="between", first=self.nodes[-1], second=thing)
        elif relation == "and" and self._waits_for_two():
            self._second_of_two(thing)
        elif relation in (None, "and", "between") or not self.nodes:
            self.nodes.append(thing)
        else:
            self._join(relation or "beside", thing)

    def _filled(self, thing: Thing) -> bool:
        """ "een mand appels", "a glass of milk": what came before only holds this."""
        last = self.nodes[-1]
        holder = last.second if isinstance(last, Pair) else last
        if not isinstance(holder, Thing):
            return False
        name = holder.found.pictogram.en
        if name in DISHES:
            full: Node = replace(thing, count=max(holder.count, thing.count))
        elif name in CONTAINERS:
            full = Pair(relation="inside", first=thing, second=holder)
        else:
            return False
        self.nodes[-1] = replace(last, second=full) if isinstance(last, Pair) else full
        return True

    def _join(self, relation: str, thing: Thing) -> None:
        """The relation holds for all that "and" has put together before it."""
        mine = [self.nodes.pop()]
        while relation not in ("beside", "holding") and self.nodes and _is_plain(self.nodes[-1]):
            mine.insert(0, self.nodes.pop())
        first = mine[0]
        for other in mine[1:]:
            first = Pair(relation="beside", first=first, second=other)
        self.nodes.append(Pair(relation=relation, first=first, second=thing))

    def _waits_for_two(self) -> bool:
        last = self.nodes[-1] if self.nodes else None
        return (
            isinstance(last, Pair) and last.relation == "between" and isinstance(last.second, Thing)
        )

    def _second_of_two(self, thing: Thing) -> None:
        between = self.nodes.pop()
        assert isinstance(between, Pair)
        left = Pair(relation="left", first=between.second, second=between.first)
        self.nodes.append(Pair(relation="left", first=left, second=thing))

    def _odd(self, word: str) -> None:
        self.about.odd.append(word)

    def _give_up(self) -> None:
        """The thing has not come: what was said about it is asked about by its meaning."""
        odd, colour = self.about.odd, self.about.colour
        if not odd:
            self.about = _About(colour=None) if colour is None else self.about
            return
        for words in dict.fromkeys((odd[-1], " ".join(odd[-2:]))):
            # With a capital it is somebody's name, and nobody is drawn as what is nearest to them.
            found = None if words != words.casefold() else self.pictograms.nearest(words)
            if found:
                self.about.odd = odd[: -len(words.split(" "))]
                self._place(found)
                return
        self.missing += odd
        self.about = _About()

    def _background(self, at: int) -> int:
        """ "on a blue background": a colour behind everything."""
        for length in range(2, 6):
            words = [plain(word) for word in self.words[at : at + length]]
            kinds = [_vocabulary().get(word, ("", "")) for word in words]
            if len(words) == length and kinds[-1][0] == "backgrounds":
                colours = [value for kind, value in kinds if kind == "colours"]
                if colours and kinds[0][0] in ("relations", "silent", "colours"):
                    self._give_up()
                    self.set["background"] = colours[-1]
                    self.relation = None
                    return length
        return 0


def _is_plain(node: Node) -> bool:
    return isinstance(node, Thing)


def _coloured(node: Node, colour: str) -> Node:
    if isinstance(node, Thing):
        return replace(node, colour=colour)
    return replace(node, second=_coloured(node.second, colour))


def _words(description: str) -> list[str]:
    return re.findall(
        r"'s (?=nachts|avonds|ochtends)|[^\W_]+(?:['’-][^\W_]+)*|[,.;:!?\n]", description
    )


def _without_asking(words: list[str]) -> list[str]:
    """Without "draw me a picture of" before it; every mark a comma."""
    marked = ["," if re.fullmatch(r"[,.;:!?\n]", word) else word.strip() for word in words]
    asked = _asking()
    start = 0
    while start < len(marked) and plain(marked[start]) in asked:
        start += 1
    # "a cat": these words only ask where one of them is a verb or a picture
    said = {plain(word) for word in marked[:start]}
    return marked[start:] if said & asked - {"a", "an", "the", "een", "of", "van"} else marked


@cache
def _asking() -> frozenset[str]:
    return frozenset(plain(word) for word in _listed(_described()["silent"]["asked"]))


@cache
def _described() -> Mapping[str, Any]:
    path = Path(__file__).with_name("described.toml")
    return tomllib.loads(path.read_text("utf-8"))


@cache
def _vocabulary() -> Mapping[str, tuple[str, str]]:
    """Each term, and what kind of thing it says."""
    known: dict[str, tuple[str, str]] = {}
    for kind, values in _described().items():
        if kind in ("languages", "refused"):
            continue
        for value, terms in values.items():
            if value == "asked":
                continue
            for term in _listed(terms):
                known.setdefault(plain(term), (kind, value))
    return known


def _listed(terms: str) -> list[str]:
    return [term.strip() for term in terms.split(",") if term.strip()]
