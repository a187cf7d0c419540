"""Numerals: is this number one of those that say of themselves what they are?

The arithmetic that banks, states and card companies put into their numbers, so that a price or an
order number is seldom taken for one. It says nothing about whether a number was ever given out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Lengths from the IBAN registry (ISO 13616); the countries a community here writes to.
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "BA": 20, "BE": 16, "BG": 22, "BR": 29, "CH": 21,
    "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18,
    "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MA": 28, "MC": 27,
    "MD": 24, "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "QA": 29,
    "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26,
    "UA": 29, "XK": 20,
}  # fmt: skip

_CARD = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[0-8]\d{10,17}|2[2-7]\d{14}|3[47]\d{13}|3[068]\d{12}|6\d{11,18}"
)


def digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def iban(text: str) -> int:
    """How many characters at the beginning of `text` are an IBAN, signs between them included.

    0: none. A Dutch one is known by its form, though the check digits be wrong: who invents one
    invents somebody's.
    """
    length = IBAN_LENGTHS.get(text[:2].upper(), 0)
    places = [at for at, one in enumerate(text) if one.isalnum()][:length]
    if not length or len(places) < length:
        return 0
    end = places[-1] + 1
    plain = "".join(text[at] for at in places).upper()
    if text[end : end + 1].isalnum():
        return 0
    moved = "".join(str(int(one, 36)) for one in plain[4:] + plain[:4])
    dutch = re.fullmatch(r"NL\d\d[A-Z]{4}\d{10}", plain)
    return end if dutch or int(moved) % 97 == 1 else 0


def eleven(number: str) -> bool:
    """The test of a Dutch citizen number (BSN): nine digits, the last weighing minus one."""
    number = number.zfill(9)
    return len(number) == 9 and int(number) > 0 and _weighed(number, (*range(9, 1, -1), -1)) == 0


def account(number: str) -> bool:
    """The test of a Dutch bank account before IBAN: nine or ten digits, the last weighing one."""
    weights = range(len(number), 0, -1)
    return len(number) in (9, 10) and int(number) > 0 and _weighed(number, weights) == 0


def belgian_account(number: str) -> bool:
    """A Belgian account before IBAN: twelve digits, the last two the rest of the others by 97."""
    return len(number) == 12 and (int(number[:10]) % 97 or 97) == int(number[10:])


def belgian_citizen(number: str) -> bool:
    """A Belgian national number: eleven digits; from 2000 on a 2 is thought before them."""
    if len(number) != 11:
        return False
    body, check = int(number[:9]), int(number[9:])
    return check in (97 - body % 97, 97 - (2_000_000_000 + body) % 97)


def card(number: str) -> bool:
    """A payment card: a known beginning, and the test of Luhn (ISO/IEC 7812)."""
    doubled = "".join(str(int(one) * (1 + at % 2)) for at, one in enumerate(reversed(number)))
    return bool(_CARD.fullmatch(number)) and sum(map(int, doubled)) % 10 == 0


def _weighed(number: str, weights: Sequence[int]) -> int:
    return sum(int(one) * weight for one, weight in zip(number, weights, strict=True)) % 11
