"""JSON files of any size, looked through to the last byte before anything of them is believed.

The first pass checks and measures, the second yields items one by one, so a file that is cut off
after its thousandth post yields none. Memory holds one item at a time.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import ijson

from demur.archives.container import AGAIN, BrokenFile, Container, shown
from demur.archives.content import Notes
from demur.archives.text import Escaping, unescaped

MAX_DEPTH = 200  # the deepest export seen has 12
MAX_SMALL = 32 << 20  # bytes of a file that is loaded whole: a profile, an identity document


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the first pass found: the outermost kind ('list', 'object' or 'value'), the names at the
    top of an object, and whether the strings are escaped in Meta's way."""

    top: str
    keys: frozenset[str]
    escaped: bool


def examine(box: Container, name: str) -> Shape:
    """Read the whole file once. Raises `BrokenFile` with what is wrong with it."""
    escaping = Escaping()
    top = "value"
    seen: list[set[str]] = []  # the names used so far in each open object; lists have an empty one
    outermost: frozenset[str] = frozenset()
    try:
        with closing(_stream(box, name)) as stream:
            for event, value in ijson.basic_parse(stream):
                if event == "map_key":
                    # Mastodon writes "@context" twice, which says nothing about anybody.
                    if value in seen[-1] and not value.startswith("@"):
                        raise BrokenFile(f"{shown(name)} says one thing twice; {AGAIN}.")
                    seen[-1].add(value)
                    escaping.hear(value)
                elif event == "string":
                    escaping.hear(value)
                elif event in ("start_map", "start_array"):
                    if not seen:
                        top = "object" if event == "start_map" else "list"
                    seen.append(set())
                    if len(seen) > MAX_DEPTH:
                        raise BrokenFile(f"{shown(name)} is nested too deeply; {AGAIN}.")
                elif event in ("end_map", "end_array"):
                    closed = seen.pop()
                    outermost = outermost if seen else frozenset(closed)
    except (ijson.JSONError, UnicodeDecodeError, ValueError) as fault:
        raise BrokenFile(_sentence(name, fault)) from None  # the fault quotes the file
    return Shape(top=top, keys=outermost, escaped=escaping.found)


def items(box: Container, name: str, notes: Notes, *paths: str) -> Iterator[Any]:
    """Each item at the first of `paths` (in ijson's way: "item", "comments_v2.item") that the file
    has, Meta's escape undone. A file that is broken or has none of them becomes a problem."""
    try:
        shape = examine(box, name)
        path = next((p for p in paths if _fits(p, shape)), None)
        if path is None:
            raise BrokenFile(f"{shown(name)} does not hold what its name promises; {AGAIN}.")
    except BrokenFile as broken:
        notes.problems.append(str(broken))
        return
    with closing(_stream(box, name)) as stream:
        for item in ijson.items(stream, path):
            yield unescaped(item) if shape.escaped else item


def load(box: Container, name: str) -> Any:
    """The whole of a small file, checked the same way. Raises `BrokenFile`."""
    if box.sizes[name] > MAX_SMALL:
        raise BrokenFile(f"{shown(name)} is larger than {MAX_SMALL:,} bytes; {AGAIN}.")
    shape = examine(box, name)
    with closing(_stream(box, name)) as stream:
        value = next(ijson.items(stream, ""))
    return unescaped(value) if shape.escaped else value


def _fits(path: str, shape: Shape) -> bool:
    return shape.top == "list" if path == "item" else path.removesuffix(".item") in shape.keys


def _stream(box: Container, name: str) -> io.BufferedReader:
    stream = box.open(name)
    head = stream.peek(4)[:4]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
        raise BrokenFile(f"{shown(name)} is not UTF-8 text; {AGAIN}.")
    if head.startswith(b"\xef\xbb\xbf"):  # a byte order mark, harmless and common on Windows
        stream.read(3)
    return stream


def _sentence(name: str, fault: Exception) -> str:
    reason = str(fault)
    if "premature EOF" in reason:
        return f"{shown(name)} is cut off; {AGAIN}."
    if isinstance(fault, UnicodeDecodeError) or "UTF8" in reason:
        return f"{shown(name)} is not UTF-8 text; {AGAIN}."
    return f"{shown(name)} is not whole JSON; {AGAIN}."
