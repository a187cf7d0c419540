"""Sources: what the model's words may point at, and how a post is quoted.

A number in brackets is one of the answer's citations, a quotation with a number stands in that
post, and a link stands in a post that is cited or in the question; whatever else the model writes
of these is taken out. A post's own brackets, quotation marks and lines cannot end its quotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import re2

from demur.assistant.guarding.readings import seen
from demur.posts import normal

LONGEST = 600  # characters of a quotation that is looked back over

_LINK = re2.compile(
    r"(?i)(?:\b[a-z][a-z0-9+.\-]{1,20}:/{2,}|\bwww\.|\b(?:javascript|data|vbscript|file|mailto):)[^\s<>\"“”\])]+"
    r"|\b[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.(?:nl|be|com|net|org|eu|de|uk|io|info|xyz|ru|example|test)(?:[/:?#][^\s<>\"“”\])]*)"
)
_IMAGE = re.compile(r"!(?=\[)")
_NUMBER = re.compile(r"\s?\[\s*(\d{1,4})\s*\]")
_QUOTED = re.compile(r"[“\"«„]([^“”\"«»„]{1,600})[”\"»]\s*$")
_SIGNS = re.compile(r"[\W_]+")
# No word of any language here, and what a post might be smuggled out in.
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}")


def quote(text: str) -> str:
    """A post between quotation marks, as an answer opens with it and as the model is shown it.

    Whatever it holds, it is one line and one quotation: its own marks become single ones, and its
    own numbers in brackets stand in parentheses, so that they name no citation. Nothing else of it
    is changed.
    """
    line = " ".join(text.split())
    for mark, single in (("“", "‘"), ("”", "’"), ("„", "‘"), ("«", "‹"), ("»", "›")):
        line = line.replace(mark, single)
    line = line.replace("![", "! [")  # a picture in Markdown is fetched by who shows it
    line = re.sub(r"[\[［【]\s*(\d+)\s*[\]］】]", r"(\1)", line)
    return f"“{line}”"


class Sources:
    """What one answer may point at: its citations' texts, in the order of their numbers."""

    def __init__(self, quoted: Sequence[str], asked: str) -> None:
        self._quoted = [_bare(text) for text in quoted]
        self._links = {
            _link(link) for text in (*quoted, asked) for link in _LINK.findall(seen(text))
        }
        self._asked = {int(number) for number in _NUMBER.findall(asked)}
        self._blobs = {blob for text in (*quoted, asked) for blob in _ENCODED.findall(text)}

    def unfounded(self, text: str, past: int) -> Iterator[tuple[int, int, str]]:
        """Stretches of a text from `past` on that point at nothing, and what kind each is of."""
        for match in _LINK.finditer(text, past):
            if _link(match.group()) not in self._links:
                yield match.start(), match.end(), "link"
        for match in _IMAGE.finditer(text, past):
            yield match.start(), match.end(), "image"
        for match in _ENCODED.finditer(text, past):
            if match.group() not in self._blobs and _is_encoded(match.group()):
                yield match.start(), match.end(), "encoded"
        for match in _NUMBER.finditer(text, past):
            if not self._founded(int(match.group(1)), text[: match.start()]):
                yield match.start(), match.end(), "source"

    def _founded(self, number: int, before: str) -> bool:
        if not 1 <= number <= len(self._quoted):
            return number in self._asked
        quotation = _QUOTED.search(before[-LONGEST:])
        return quotation is None or _bare(quotation.group(1)) in self._quoted[number - 1]


def _is_encoded(blob: str) -> bool:
    """A long word has capitals or digits in it or not, but seldom both and small letters too."""
    kinds = (str.isupper, str.islower, str.isdigit)
    mixed = all(any(map(kind, blob)) for kind in kinds)
    return mixed or (
        any(map(str.isdigit, blob)) and all(one in "0123456789abcdefABCDEF" for one in blob)
    )


def _bare(text: str) -> str:
    """A text by its words alone, so that signs and capitals do not matter."""
    return f" {_SIGNS.sub(' ', normal(text)).strip()} "


def _link(found: str) -> str:
    return found.rstrip(".,;:!?'").casefold()
