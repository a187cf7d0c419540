"""Text as people typed it: mojibake undone, HTML read, handles found, a written No heard.

Nothing here shortens or improves what somebody wrote. Positions count Unicode code points, and
`clean` keeps every position where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import nh3

from demur.policy import signals
from demur.posts import Mention, handle_key

_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without control characters (each becomes a space) and halves of characters (U+FFFD),
    which no file format here can keep. Line breaks and tabs stay; the length does not change."""
    return _SURROGATE.sub("\ufffd", _UNFIT.sub(" ", text))


def unescaped(value: Any) -> Any:
    """Undo Meta's escape in every string of a JSON value: it writes each byte of the UTF-8 form
    as one Latin-1 character. A string that does not decode stays as it is."""
    if isinstance(value, str):
        if value.isascii():
            return value
        try:
            return value.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return value
    if isinstance(value, list):
        return [unescaped(item) for item in value]
    if isinstance(value, dict):
        return {unescaped(key): unescaped(item) for key, item in value.items()}
    return value


@dataclass(slots=True)
class Escaping:
    """Whether a whole file is escaped in Meta's way, decided from all of its strings.

    One string cannot tell: a person may have typed "Ã©". A file can: an escaped one has no
    character above U+00FF, and most of what is not ASCII in it decodes.
    """

    decode: int = 0
    stay: int = 0
    beyond: bool = False

    def hear(self, text: str) -> None:
        if text.isascii():
            return
        try:
            text.encode("latin-1").decode("utf-8")
        except UnicodeEncodeError:
            self.beyond = True
        except UnicodeDecodeError:
            self.stay += 1
        else:
            self.decode += 1

    @property
    def found(self) -> bool:
        return not self.beyond and self.decode > self.stay


def refusals(*texts: str) -> tuple[str, ...]:
    """The No that stands in a post or a bio as a hashtag, by signal name (`policy.signals`)."""
    return signals.hashtags(tag for text in texts for tag in _HASHTAG.findall(text))


_HASHTAG = re.compile(r"(?<![\w&/])#\w+")
_HANDLE = re.compile(r"(?<![\w@/.])@(\w(?:[\w.-]*\w)?(?:@\w[\w-]*(?:\.\w[\w-]*)+)?)")


def handles(text: str, platform: str, known: Iterable[Mention] = ()) -> tuple[Mention, ...]:
    """The mentions already `known`, and every '@handle' in the text that none of them covers."""
    found = list(known)
    taken = {at for mention in found for at in range(mention.start, mention.end)}
    for match in _HANDLE.finditer(text):
        if match.start() not in taken:
            key = handle_key(platform, match.group(1))
            found.append(Mention(start=match.start(), end=match.end(), key=key))
    return tuple(sorted(found, key=lambda mention: (mention.start, mention.end, mention.key)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A link in a text that came from HTML."""

    start: int
    end: int
    href: str
    mention: bool  # marked up as pointing at a person (class "mention", not "hashtag")


_TAGS = {"p", "br", "a", "span", "ul", "ol", "li", "blockquote", "pre", "div", "h1", "h2", "h3"}
_ATTRIBUTES = {"a": {"href", "class"}}
_NEW_LINES = {"p": 2, "div": 2, "blockquote": 2, "pre": 2, "ul": 2, "ol": 2}
_NEW_LINES |= {"h1": 2, "h2": 2, "h3": 2, "li": 1, "br": 1}


def from_html(html: str) -> tuple[str, list[Anchor]]:
    """The plain text of a piece of HTML, and where its links are in it.

    nh3 (a browser's parser) first makes the markup whole and throws scripts and styles away, so
    the small parser below never meets anything hostile.
    """
    tidy = nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, link_rel=None)
    reader = _Reader()
    reader.feed(tidy)
    reader.close()
    return "".join(reader.parts), reader.anchors


@dataclass
class _Reader(HTMLParser):
    parts: list[str] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    length: int = 0
    owed: int = 0  # line breaks to write before the next word
    opened: tuple[int, str, bool] | None = None

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.owed += 1
        elif tag == "a":
            given = dict(attrs)
            classes = (given.get("class") or "").split()
            marked = "mention" in classes and "hashtag" not in classes
            self._settle()
            self.opened = (self.length, given.get("href") or "", marked)
        else:
            self._owe(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.opened:
            start, href, marked = self.opened
            self.anchors.append(Anchor(start=start, end=self.length, href=href, mention=marked))
            self.opened = None
        else:
            self._owe(tag)

    def handle_data(self, data: str) -> None:
        words = re.sub(r"[ \t\r\n]{2,}|[\t\r\n]", " ", clean(data))
        if not self.length or self.owed:
            words = words.lstrip(" ")
        if words:
            self._settle()
            self._write(words)

    def _owe(self, tag: str) -> None:
        self.owed = max(self.owed, _NEW_LINES.get(tag, 0))

    def _settle(self) -> None:
        if self.length:
            self._write("\n" * self.owed)
        self.owed = 0

    def _write(self, words: str) -> None:
        self.parts.append(words)
        self.length += len(words)
