"""Numbers: which runs of digits, or of words for digits, are somebody's telephone, bank, citizen or
card number.

By the arithmetic that is in them (`numerals`), by how they are grouped, and by the word before
them. A date, a price, a book or an order number is left alone; what no rule knows is too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import re2

from demur.assistant.guarding import numerals

Kind = Literal["telephone", "bank", "citizen", "card"]

_HARMLESS = re2.compile(  # dates, times, books and money, which no number may begin or end in
    r"\b\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d\b|\b(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}\b"
    r"|\b\d{1,2}:\d\d(?::\d\d)?\b|(?i:isbn)[\s:\-]*(?:1[03])?[\s:\-]*[\dXx][\dXx \-]{8,16}"
    r"|\b97[89][ \-]?\d[\d \-]{8,13}\d\b|[€$£]\s?[1-9][\d.,]*"
    r"|\b[1-9][\d.,]*(?:,-)?\s?(?:€|%|(?i:euro|eur)\b)"
)
_NUMBER = re2.compile(r"\+?[(]?\d(?:[ .\-/()]{0,3}\d){5,60}")
_GROUP = re2.compile(r"\d+")
_UNITS = {
    "nul": "0", "zero": "0", "oh": "0", "één": "1", "een": "1", "one": "1", "twee": "2", "two": "2",
    "drie": "3", "three": "3", "vier": "4", "four": "4", "vijf": "5", "five": "5", "zes": "6",
    "six": "6", "zeven": "7", "seven": "7", "acht": "8", "eight": "8", "negen": "9", "nine": "9",
    "tien": "10", "ten": "10", "elf": "11", "eleven": "11", "twaalf": "12", "twelve": "12",
    "dertien": "13", "thirteen": "13", "veertien": "14", "fourteen": "14", "vijftien": "15",
    "fifteen": "15", "zestien": "16", "sixteen": "16", "zeventien": "17", "seventeen": "17",
    "achttien": "18", "eighteen": "18", "negentien": "19", "nineteen": "19",
}  # fmt: skip
_TENS = {
    "twintig": "2", "twenty": "2", "dertig": "3", "thirty": "3", "veertig": "4", "forty": "4",
    "vijftig": "5", "fifty": "5", "zestig": "6", "sixty": "6", "zeventig": "7", "seventy": "7",
    "tachtig": "8", "eighty": "8", "negentig": "9", "ninety": "9",
}  # fmt: skip
_COMPOUND = r"(?:(?:een|twee|drie|vier|vijf|zes|zeven|acht|negen)[eë]n)?(?:" + "|".join(_TENS) + ")"
_WORD = rf"(?:{_COMPOUND}|{'|'.join(_UNITS)}|dubbel|double|plus|\d+)"
_SPELLED = re2.compile(rf"(?i)\b{_WORD}(?:[\s,.\-]+{_WORD})+\b")
MAY = re2.compile(rf"(?i)\d|\b{_WORD}\b")
"""What every number has, and every address: without it there is none."""
_SPELLED_WORD = re2.compile(rf"(?i){_WORD}")

# Service numbers are nobody's.
_SERVICE = ("0800", "0900", "0906", "0909", "1800", "1888", "800", "888")
MOST = 19  # groups of one number: none has more digits
_BEFORE = 28  # characters before a number in which a word says what it is
_CALL = re2.compile(
    r"(?i)\b(?:tel|telefoon|telefoonnummer|telefonisch|bel|bellen|belt|gebeld|call|calling|phone|mobile"
    r"|mobiel|mobieltje|whatsapp|app|appen|apps|sms|text|ring|dial|fax|bereikbaar|reach"
    r"|0?6-nummer|(?:mijn|haar|zijn|ons|my|her|his|our|new|nieuwe?)\s+(?:number|nummer|06))\b"
    r"[^\d+]{0,20}[+(]?$"
)
_BANK = re2.compile(
    r"(?i)\b(?:rekening|rekeningnummer|rek|rekeningnr|reknr|giro|gironummer|postbank|banknummer"
    r"|bankrekening|account number|account no|bank account|sort code|iban)\b[^\d]{0,16}$"
)
_CITIZEN = re2.compile(
    r"(?i)\b(?:bsn|burgerservicenummer|sofi|sofinummer|sofi-nummer|rijksregisternummer"
    r"|citizen number|social security)\b[^\d]{0,16}$"
)
_ORDER = re2.compile(
    r"(?i)(?:\border|bestel\w*|ticket|zaak|factuur\w*|invoice|klantnummer|artikel\w*|kenmerk|track|pakket"
    r"|polis\w*|dossier\w*|kvk|serie\w*|serial|issn|ean|barcode|#|id)\W*(?:nummer|number|nr|no)?\W{0,4}$"
)
_AMOUNT = re2.compile(
    r"(?i)^\s?(?:euro|eur|€|%|km|meter|m|kg|gram|liter|stuks|inwoners|people|mensen|jaar|years|views"
    r"|volgers|followers|keer|times|leden|members|bezoekers|visitors)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """Code points `start` to `end` of a text; value: its digits."""

    start: int
    end: int
    kind: Kind
    value: str


def is_number(word: str) -> bool:
    """Is this word the name of a number, of which a longer one may be made?"""
    return bool(_SPELLED_WORD.fullmatch(word.strip(".,-")))


def find(page: str) -> Iterator[Number]:
    page = _HARMLESS.sub(lambda match: "\0" * len(match.group()), page)
    page = re2.sub(r"\b[Oo]6([ \-]?\d)", r"06\1", page)
    for match in _NUMBER.finditer(page):
        groups = [(m.start() + match.start(), m.end() + match.start())
                  for m in _GROUP.finditer(match.group())]  # fmt: skip
        first = 0
        while first < len(groups):
            last, kind = _longest(page, groups, first)
            if kind is None:
                first += 1
                continue
            start, end = groups[first][0], groups[last][1]
            value = numerals.digits(page[start:end])
            while start and page[start - 1] in "+(":
                start -= 1
            yield Number(start=start, end=end, kind=kind, value=value)
            first = last + 1


def _longest(page: str, groups: Sequence[tuple[int, int]], first: int) -> tuple[int, Kind | None]:
    """The groups of digits from `first` on that are one number of some kind: as many as can be,
    but not those of the next number in a row of several."""
    best: tuple[int, Kind | None] = (first, None)
    for last in range(first, min(len(groups), first + MOST)):
        kind = _kind(page, groups[first : last + 1])
        if kind is None:
            continue
        best = (last, kind)
        digits = sum(high - low for low, high in groups[first : last + 1])
        if page[groups[first][0]] == "0" and digits == 10:
            break
        if digits >= 9 and last + 1 < len(groups) and _begins_anew(page, groups[last + 1][0]):
            break
    return best


def _begins_anew(page: str, at: int) -> bool:
    return page[at : at + 2].isdigit() and (page[at] == "0" or page[at - 1] in "+(")


def _kind(page: str, groups: Sequence[tuple[int, int]]) -> Kind | None:
    start, end = groups[0][0], groups[-1][1]
    number = numerals.digits(page[start:end])
    if not 6 <= len(number) <= 19:
        return None
    shape = tuple(high - low for low, high in groups)
    signs = {page[high:low] for (_, high), (low, _) in pairwise(groups)}
    before, after = page[max(0, start - _BEFORE) : start], page[end:]
    if _is_citizen(number, shape, signs, before, after):
        return "citizen"
    if numerals.card(number) and max(shape) >= 4:
        return "card"
    if _is_account(number, shape, before, after):
        return "bank"
    if _is_telephone(number, shape, before, after):
        return "telephone"
    return None


def _is_citizen(
    number: str, shape: tuple[int, ...], signs: set[str], before: str, after: str
) -> bool:
    if _CITIZEN.search(before):
        return len(number) in (8, 9, 11)
    if shape == (2, 2, 2, 3, 2):
        return numerals.belgian_citizen(number)
    if shape == (3, 2, 4):
        return signs == {"-"}  # a social security number of the United States
    thousands = shape == (3, 3, 3) and signs == {"."}
    plain_form = shape in ((9,), (3, 3, 3), (4, 2, 3)) and not thousands
    if not plain_form or _ORDER.search(before) or _AMOUNT.search(after) or before.endswith("+"):
        return False
    return numerals.eleven(number) and not _CALL.search(before) and not _BANK.search(before)


def _is_account(number: str, shape: tuple[int, ...], before: str, after: str) -> bool:
    if _BANK.search(before):
        return len(number) <= 10 and not _AMOUNT.search(after)
    if shape == (3, 7, 2):
        return numerals.belgian_account(number)
    return shape in ((2, 2, 2, 3), (4, 2, 3), (2, 2, 2, 4)) and numerals.account(number)


def _is_telephone(number: str, shape: tuple[int, ...], before: str, after: str) -> bool:
    length, called = len(number), bool(_CALL.search(before))
    abroad = before.endswith(("+", "+("))
    if number.startswith(_SERVICE) and not abroad:
        return False
    if abroad:
        is_one = number[0] != "0" and 8 <= length <= 15
    elif _ORDER.search(before) and not called:
        is_one = False
    elif number.startswith("00"):
        is_one = number[2:3] != "0" and 11 <= length <= 17
    elif number.startswith("0"):
        apart = len(shape) > 1 or called
        book = shape[0] == 1 and len(shape) > 1 and shape[1] > 2  # 0-306-40615-7
        is_one = not book and (length == 10 or (apart and length in (9, 11, 12)))
    elif shape == (3, 3, 4) or (shape == (1, 3, 3, 4) and number[0] == "1"):
        is_one = True  # as numbers are written in North America
    else:
        is_one = called and length <= 13 and not _AMOUNT.search(after)
    return is_one


def spelled(page: str) -> Iterator[Number]:
    """Numbers in words, or some in words: "nul zes twaalf …", "zero two zero …"."""
    for match in _SPELLED.finditer(page):
        words = _SPELLED_WORD.findall(match.group().casefold())
        number = _value(words)
        before = page[max(0, match.start() - _BEFORE) : match.start()]
        plus = number.startswith("+")
        number = number.removeprefix("+")
        if all(word.isdigit() for word in words) or not 8 <= len(number) <= 15 or len(words) < 5:
            continue
        if plus or _is_telephone(number, (1, 1), before, ""):
            yield Number(start=match.start(), end=match.end(), kind="telephone", value=number)


def _value(words: Sequence[str]) -> str:
    number, twice = "", False
    for at, word in enumerate(words):
        if word in ("dubbel", "double"):
            twice = True
            continue
        said = "+" if word == "plus" else word if word.isdigit() else _UNITS.get(word, "")
        if word in _TENS:
            follows = _UNITS.get(words[at + 1], "") if at + 1 < len(words) else ""
            said = _TENS[word] + ("" if len(follows) == 1 and follows != "0" else "0")
        elif not said:  # a Dutch compound: first the unit, then the ten
            ten = next(ten for ten in _TENS if word.endswith(ten))
            unit = word.removesuffix(ten).removesuffix("en").removesuffix("ën")
            said = _TENS[ten] + _UNITS.get(unit, "0")
        number += said * (2 if twice else 1)
        twice = False
    return number
