"""Masking: taking a mention out of somebody else's post, so that the author can keep it.

The span that a platform marked goes, and so does every other exact occurrence of what stood
there or of the handle itself, in the text and in the descriptions of its pictures. Plain names
without a mark stay; whose they are is not ours to guess.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from demur.posts import Mention

MASK = "[…]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A text without the objectors' mentions. keys: of the mentions still readable in it; taken:
    of those that are not, each once."""

    text: str
    keys: tuple[str, ...]
    taken: tuple[str, ...]
    alts: tuple[str, ...]


def mask(
    text: str, mentions: Sequence[Mention], objectors: Collection[str], alts: Sequence[str] = ()
) -> Masked:
    """Take out every mention whose key is one of `objectors`. Offsets count code points.

    A span that lies outside the text, as broken archives have them, is cut to what is there; the
    handle in its key is looked for all the same.
    """
    unwanted = [mention for mention in mentions if mention.key in objectors]
    names = {name for mention in unwanted for name in _names(text, mention)}
    holes = _merged((max(m.start, 0), min(m.end, len(text))) for m in unwanted)
    holes = _merged([*holes, *_occurrences(text, names, holes)])
    gone = [m for m in mentions if m.key in objectors or _covered(m, holes)]
    return Masked(
        text=_without(text, holes),
        keys=tuple(mention.key for mention in mentions if mention not in gone),
        taken=tuple(sorted({mention.key for mention in gone})),
        alts=tuple(_without(alt, _merged(_occurrences(alt, names))) for alt in alts),
    )


def _names(text: str, mention: Mention) -> Iterable[str]:
    """What stood in the marked place, and the handle or name that the key itself carries."""
    there = text[max(mention.start, 0) : mention.end].strip()
    _, _, said = mention.key.partition(":")
    return {name for name in (there, said.removeprefix("name:")) if len(name) > 1}


def _occurrences(
    text: str, names: Collection[str], known: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, int]]:
    """Where else these names stand. known: the places that are masked already."""
    # Most handles stand in a post once; asking for that first is 20 times quicker than a pattern.
    rest = _without(text, known).casefold()
    names = [name for name in names if name.casefold() in rest]
    if not names:
        return []
    # "@anna" is not masked inside "@annabel", "@anna.b" or "@anna@elsewhere.example": those are
    # other people. Longest first, so that a name within a name does not end the match early.
    exact = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = rf"(?<!\w)(?:{exact})(?!\w|[.@-]\w)"
    return [found.span() for found in re.finditer(pattern, text, re.IGNORECASE)]


def _merged(holes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(hole for hole in holes if hole[0] < hole[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _covered(mention: Mention, holes: Sequence[tuple[int, int]]) -> bool:
    return any(start <= mention.start and mention.end <= end for start, end in holes)


def _without(text: str, holes: Sequence[tuple[int, int]]) -> str:
    pieces, at = [], 0
    for start, end in holes:
        pieces += [text[at:start], MASK]
        at = end
    return "".join([*pieces, text[at:]])
