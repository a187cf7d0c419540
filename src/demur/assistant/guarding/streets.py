"""Streets: where in a text an address stands, in Dutch and Belgian, English, German, French forms.

Patterns for a street with a number, for postcodes and for coordinates. They know no map: an
address that looks like no other is not found, and a shop's is found as a person's would be.
"""

from __future__ import annotations

from collections.abc import Iterator

import re2

MOST, LONGEST = 5, 40  # words before a street's own, and characters of one of them

# Latin letters alone: with all of Unicode's, RE2's automaton outgrows its memory.
L, _U = "A-Za-zÀ-ÖØ-öø-ɏ", "A-ZÀ-ÖØ-Þ"
_CAP = rf"[{_U}][{L}'’.\-]*"
_DUTCH_SMALL = "van|de|den|der|het|'t|ten|ter|op|aan|en|in|bij|over"
_STRONG = (
    "straat|straatje|laan|weg|plein|gracht|kade|singel|steeg|dreef|plantsoen|dijk|straße|strasse"
)
_WEAK = (
    "hof|pad|baan|erf|wal|akker|markt|veld|kamp|oord|vest|lei|park|burg|rode|horst|hoek|haven|kaai"
    "|platz|allee|gasse|damm|ufer|str\\.|str"
)
_DUTCH_NUMBERS = (
    "twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf|dertien|veertien|vijftien|zestien"
    "|zeventien|achttien|negentien|(?:(?:een|twee|drie|vier|vijf|zes|zeven|acht|negen)[eë]n)?"
    "(?:twintig|dertig|veertig|vijftig|zestig|zeventig|tachtig|negentig)|honderd"
)
_NUMBER = (
    r"\s*,?\s*(?:(?i:huisnummer|nummer|number|nr\.?|no\.?|#)\s*)?"
    rf"(?:\d{{1,5}}(?:\s?[A-Za-z]\b)?(?:\s?[-/]\s?\d{{1,4}}\b|\s(?:bis|hs|rood)\b)?|(?:{_DUTCH_NUMBERS})\b)"
)
_ENGLISH_KIND = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Close|Court|Way|Place|Square|Crescent|Terrace"
    "|Boulevard|Blvd|Gardens|Grove|Row|Hill|Mews"
)
_FRENCH_KIND = "[Rr]ue|[Aa]venue|[Cc]hauss[ée]e|[Bb]oulevard|[Pp]lace|[Aa]llée|[Cc]hemin"
_FRENCH_WORD = rf"(?:de|du|des|la|le|les|l'|l’|d'|d’|{_CAP})"
_LIVES = (
    "woont|woon|wonen|woonde|woonden|woonachtig|lives?|lived|living|adres|address|verhuisd naar"
    "|moved to|thuis"
)

# Apart, and without the words before the name: together they outgrow RE2's memory too.
_DUTCH = re2.compile(rf"\b(?:[{L}][{L}'’\-]+(?:{_STRONG})|[{_U}][{L}'’\-]+(?:{_WEAK})){_NUMBER}")
_ENGLISH = re2.compile(rf"\b\d{{1,5}}[A-Za-z]?,?\s+(?:{_CAP}\s+){{1,4}}(?:{_ENGLISH_KIND})\b\.?")
_FRENCH = re2.compile(
    rf"\b(?:{_FRENCH_KIND})\s+(?:{_FRENCH_WORD}\s*){{1,6}},?\s*\d{{1,4}}[a-zA-Z]?\b"
    rf"|\b\d{{1,4}}\s?,?\s+(?:bis\s+)?(?:{_FRENCH_KIND})\s+(?:{_FRENCH_WORD}\s*){{1,5}}"
)
_LIVING = re2.compile(
    rf"(?i:\b(?:{_LIVES}))\W+(?:(?i:op|aan|in|is|at|on|van|de|het|the)\W+){{0,3}}"
    rf"({_CAP}\s+(?:{_CAP}\s+|(?:{_DUTCH_SMALL})\s+){{0,4}}\d{{1,5}}[a-zA-Z]?\b"
    rf"|\d{{1,5}}[a-z]?\s+(?:[{L}'’]+\s+){{1,3}}(?i:{_ENGLISH_KIND})\b)"
)
# Without F I O Q U Y, which the first postcodes do not have; so "2019 OF" and "1980 IN" are none.
_POSTCODE = re2.compile(
    r"\b([1-9]\d{3}\s?[A-EGHJ-NPR-TV-XZ]{2})\b(\s*,?\s*\d{1,5}[a-zA-Z]?\b)?"
    r"|\b[1-9]\d{3}\s?[a-z]{2}\s*,?\s*(?:nr\.?\s*|nummer\s*|huisnummer\s*)\d{1,5}\b"
    r"|(?i:postcode\s*(?:is|:)?\s*)([1-9]\d{3}\s?[A-Za-z]{2})\b"
    r"|\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b"
    r"|,\s[A-Z]{2}\s\d{5}(?:-\d{4})?\b"
)
_COORDINATES = re2.compile(
    r"-?\d{1,2}\.\d{4,}°?\s?[NSns]?\s?[,;/ ]\s?-?\d{1,3}\.\d{4,}°?\s?[EWOewo]?\b"
)

# Two capitals after four digits that say how much of something, or when.
_MEASURES = frozenset(
    ("PK", "KM", "KG", "MB", "GB", "TB", "KB", "MW", "KW", "MM", "CM", "ML", "AM", "PM", "AD", "BC"
     "VC", "NA", "HP", "MS", "NL", "BE", "DE", "SA", "SD", "SS", "EN", "MA", "DM", "PS", "KN", "VA")
)  # fmt: skip
_NO_STREETS = frozenset(
    ("snelweg", "onderweg", "autoweg", "spoorweg", "supermarkt", "rommelmarkt", "kerstmarkt"
     "vrijmarkt", "woningmarkt", "arbeidsmarkt", "vakantiepark", "jaarmarkt", "startbaan")
)  # fmt: skip
_COUNTS = re2.compile(
    r"^\s?(?:km|m|cm|kg|uur|u|min|minuten?|hours?|minutes?|euro|eur|€|%|jaar|years?|dagen|days?|keer"
    r"|x|times|graden|meter|metres?|meters?|miles?|kilometer|stuks|personen|people|deelnemers|auto's"
    r"|huizen|mensen|woningen|houses|weken|weeks|maanden|months)\b",
)
_YEAR = re2.compile(r"^(?:1[5-9]|20)\d\d$")


def find(plain: str) -> Iterator[tuple[int, int]]:
    """Where addresses stand in a text whose signs are plain (`private.plain`)."""
    for match in _DUTCH.finditer(plain):
        start = _with_the_words_before(plain, match.start())
        if _is_street(plain, start, match.end()):
            yield start, match.end()
    for pattern in (_ENGLISH, _FRENCH):
        yield from (match.span() for match in pattern.finditer(plain))
    for match in _LIVING.finditer(plain):
        if not _COUNTS.search(plain[match.end() :]) and not _YEAR.search(_last(match.group(1))):
            yield match.span(1)
    for match in _POSTCODE.finditer(plain):
        letters = match.group(1)
        if letters and not match.group(2) and letters[-2:] in _MEASURES:
            continue
        if letters and letters[-2:] in _MEASURES and letters[4:5] == " ":
            continue  # "1500 PK 3 liter"
        yield match.span(3 if match.group(3) else 0)
    for match in _COORDINATES.finditer(plain):
        yield match.span()


def _with_the_words_before(plain: str, start: int) -> int:
    """Where a name of several words begins: "van der Meulenstraat", "Oude Kerkweg"."""
    at, seen = start, start
    for _ in range(MOST):
        before = plain[max(0, at - LONGEST) : at]
        word = before.split(" ")[-2] if before.endswith(" ") and " " in before[:-1] else ""
        if not word and before.endswith(" ") and at <= LONGEST:
            word = before[:-1]
        if not word:
            break
        at -= len(word) + 1
        if word[0].isupper() or re2.fullmatch(r"\d{1,2}e", word):
            seen = at
        elif word not in _DUTCH_SMALL.split("|"):
            break
    return seen


def _is_street(plain: str, start: int, end: int) -> bool:
    words = plain[start:end].casefold().replace(",", " ").split()
    if _COUNTS.search(plain[end:]) or _NO_STREETS.intersection(words):
        return False
    labelled = {"nummer", "nr", "nr.", "no", "no.", "number", "huisnummer", "#"}.intersection(words)
    return bool(labelled) or not _YEAR.search(_last(plain[start:end]))


def _last(text: str) -> str:
    return text.rsplit(maxsplit=1)[-1]
