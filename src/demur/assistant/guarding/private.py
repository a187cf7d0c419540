"""Private: addresses, telephone, bank, citizen and card numbers, e-mail addresses and plates.

It finds them in a text by their form and their arithmetic, and writes a visible mark in their
place. It cannot know whose a number is: a shop's is masked as a neighbour's is, and what is
written so that only a person reads it is missed (docs/guard.md lists what).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import re2

from demur.assistant.guarding import numbers, numerals, streets

Kind = Literal["email", "telephone", "address", "bank", "citizen", "card", "plate"]

MARKS: dict[str, dict[Kind, str]] = {
    "en": {
        "email": "[e-mail address]",
        "telephone": "[telephone number]",
        "address": "[address]",
        "bank": "[bank number]",
        "citizen": "[citizen number]",
        "card": "[card number]",
        "plate": "[number plate]",
    },
    "nl": {
        "email": "[e-mailadres]",
        "telephone": "[telefoonnummer]",
        "address": "[adres]",
        "bank": "[rekeningnummer]",
        "citizen": "[burgerservicenummer]",
        "card": "[kaartnummer]",
        "plate": "[kenteken]",
    },
}

_TLDS = "nl|be|com|net|org|eu|de|fr|uk|info|nu|io|me|email|online|frl|amsterdam|gov|edu|at|ch|es|it"
_AT = (
    r"(?:\s*(?:@|[(\[{<]\s*(?i:at|apenstaart|apenstaartje)\s*[)\]}>])\s*"
    r"|\s+(?i:at|apenstaart|apenstaartje)\s+)"
)
_DOT = r"(?:\.|\s\.\s|\s*[(\[{<]\s*(?i:dot|punt)\s*[)\]}>]\s*|\s+(?i:dot|punt)\s+)"
_SPELLED_DOT = r"(?:\s*[(\[{<]\s*(?i:dot|punt)\s*[)\]}>]\s*|\s+(?i:dot|punt)\s+)"
_LABEL = rf"[{streets.L}\d_+\-]+"
_LOCAL = rf"{_LABEL}(?:{_DOT}{_LABEL}){{0,3}}"
_EMAIL = re2.compile(
    rf"[{streets.L}\d._%+'\-]+@[{streets.L}\d\-]+(?:\.[{streets.L}\d\-]+)+"
    rf"|\b{_LOCAL}\s*(?:@|[(\[{{<]\s*(?i:at|apenstaart|apenstaartje)\s*[)\]}}>])\s*"
    rf"{_LABEL}(?:{_DOT}{_LABEL}){{0,2}}{_DOT}(?i:{_TLDS})\b"
    rf"|\b{_LOCAL}{_AT}{_LABEL}(?:{_DOT}{_LABEL}){{0,2}}{_SPELLED_DOT}(?i:{_TLDS})\b"
)
_IBAN = re2.compile(r"\b[A-Za-z]{2}[ .\-]?\d[ .\-]?\d(?:[ .\-]{0,2}[A-Za-z0-9]){11,40}")
_MAIL = re2.compile(r"(?i)@|[^a-z](?:dot|punt)[^a-z]|[(\[{<]\s*(?:at|apenstaart)")
_PLATE = re2.compile(r"\b[A-Z0-9]{1,3}-[A-Z0-9]{2,3}-[A-Z0-9]{1,3}\b")
_PLATES = frozenset(
    ("AA-99-99", "99-99-AA", "99-AA-99", "AA-99-AA", "AA-AA-99", "99-AA-AA", "99-AAA-9", "9-AAA-99"
     , "AA-999-A", "A-999-AA", "AAA-99-A", "A-99-AAA", "9-AA-999", "999-AA-9", "9-AAA-999")
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Code points `start` to `end` of a text are somebody's. value: the same however written."""

    start: int
    end: int
    kind: Kind
    value: str


def masked(text: str, language: str) -> str:
    """The text with a mark in the place of each; in English where we do not speak the language."""
    marks, end = MARKS.get(language, MARKS["en"]), 0
    parts: list[str] = []
    for each in find(text):
        parts += [text[end : each.start], marks[each.kind]]
        end = each.end
    return "".join((*parts, text[end:]))


def find(text: str) -> list[Found]:
    """What is private in a text, in its order; nothing of it overlaps."""
    page = plain(text)
    found: list[Found] = []
    if not numbers.MAY.search(page) and not _MAIL.search(page):
        return found
    for look in (_emails, _ibans, _numbers, _plates, _addresses):
        for each in look(page):
            found.append(each)
            page = page[: each.start] + "\0" * (each.end - each.start) + page[each.end :]
    return sorted(found, key=lambda each: each.start)


def plain(text: str) -> str:
    """The same text, as long, with every digit, letter, dash and space in its plain form."""
    return text if text.isascii() else "".join(map(_plain, text))


def _plain(one: str) -> str:
    if one.isascii() or (one.isalpha() and ord(one) < 0x250):
        return one
    if one.isdecimal():
        return str(unicodedata.decimal(one))
    kind = unicodedata.category(one)
    if kind == "Zs":
        return " "
    if kind == "Pd" or one in "\u2212\ufe0f\u20e3·•∙":  # a keycap is a digit and two signs
        return "-"
    same = unicodedata.normalize("NFKC", one)
    return same if len(same) == 1 else one


def _emails(page: str) -> Iterator[Found]:
    if not _MAIL.search(page):
        return
    for match in _EMAIL.finditer(page):
        if page[: match.start()].endswith("@"):
            continue  # @anna@dorp.example is a handle, by which people are named in public
        value = match.group().casefold()
        for spelled in ("apenstaartje", "apenstaart"):
            value = value.replace(spelled, "@")
        value = re2.sub(r"[\s()\[\]{}<>]+(?:at)[\s()\[\]{}<>]+", "@", value)
        value = re2.sub(r"[\s()\[\]{}<>]+(?:dot|punt)[\s()\[\]{}<>]+", ".", value)
        yield Found(
            start=match.start(), end=match.end(), kind="email", value="".join(value.split())
        )


def _ibans(page: str) -> Iterator[Found]:
    at = 0
    while match := _IBAN.search(page[at:]):
        start = at + match.start()
        length = numerals.iban(match.group())
        if length:
            value = "".join(filter(str.isalnum, match.group()[:length])).upper()
            yield Found(start=start, end=start + length, kind="bank", value=value)
        at = start + (length or 2)


def _numbers(page: str) -> Iterator[Found]:
    for look in (numbers.find, numbers.spelled):
        for one in look(page):
            yield Found(start=one.start, end=one.end, kind=one.kind, value=one.value)


def _plates(page: str) -> Iterator[Found]:
    for match in _PLATE.finditer(page):
        form = "".join("-" if c == "-" else "9" if c.isdigit() else "A" for c in match.group())
        if form in _PLATES:
            yield Found(start=match.start(), end=match.end(), kind="plate", value=match.group())


def _addresses(page: str) -> Iterator[Found]:
    end = 0
    for start, after in sorted(streets.find(page)):
        stop = start + len(page[start:after].rstrip())
        if start >= end and "\0" not in page[start:stop]:
            value = " ".join(page[start:stop].casefold().replace(",", " ").split())
            yield Found(start=start, end=stop, kind="address", value=value)
            end = stop
