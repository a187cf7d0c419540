"""Asking: which questions are declined, and why, by rules over their words (asking.toml).

Questions after somebody's private life, for how to reach them, for a profile of them or for their
likeness. The rules know forms of asking and what a name looks like; they know no people, so a
writer of a century ago is taken for a neighbour where only the name tells them apart.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import re2

from demur.assistant.guarding import readings

Surely = Literal["named", "full"]

_WHO = r"([^\s,;?!:\"“”()]+(?: [^\s,;?!:\"“”()]+){0,4})"
_OPTIONS = re2.Options()
_OPTIONS.case_sensitive = False
_OPTIONS.never_capture = False
_SENTENCE = re2.compile(r"[.?!;\n]+\s")
_RELATIVE = frozenset(("who", "whose", "die", "dat", "wiens"))
_END = ".,;:?!…\"'”)"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The words by which a person is told."""

    words: Mapping[str, frozenset[str]]

    def at(self, said: Sequence[str], surely: Surely, *, roles: bool) -> int:
        """How many of these words, from the first on, name one person; 0: none."""
        if not said:
            return 0
        bare = _bare(said)
        word = bare[0].casefold()
        if said[0].startswith("@") and len(word) > 1:
            return 1
        if word in self.words["pronouns"]:
            return 1 if len(bare) == 1 or bare[1].casefold() not in self.words["humans"] else 2
        if word in self.words["determiners"]:
            return self._human(bare, roles=roles)
        return self._name(bare, surely)

    def among(self, said: Sequence[str]) -> bool:
        """Is one of them named here? The capital that a sentence begins with makes no name."""
        names = self.words["first"] - self.words["words_too"]
        begins = 0 if said and (said[0][0] == "@" or _bare(said)[0].casefold() in names) else 1
        return any(
            said[at][0] == "@"
            or (
                said[at].strip(_END).casefold()
                not in self.words["pronouns"] | self.words["determiners"]
                and self._name(_bare(said[at:]), "full")
            )
            for at in range(begins, len(said))
        )

    def _human(self, bare: Sequence[str], *, roles: bool) -> int:
        """Behind "my", "the" …: one who is somebody's, or (roles) does something in the village."""
        for at, word in enumerate(bare[1:4], 1):
            if word.casefold().removesuffix("'s") in self.words["humans"] or (
                roles and word.casefold() in self.words["roles"]
            ):
                return at + 1
        return 0

    def _name(self, bare: Sequence[str], surely: Surely) -> int:
        """A name: capitals, or a listed first name, with the small words between its parts."""
        length = names = 0
        known = bare[0].casefold() in self.words["first"]
        if bare[0].casefold() in self.words["placing"] | self.words["nobody"]:
            return 0
        for at, word in enumerate(bare):
            low = word.casefold()
            if names and low in self.words["particles"]:
                continue
            listed = low in self.words["first"] and low not in self.words["words_too"]
            if not (word[:1].isupper() or listed) or not _is_word(low):
                break
            if (
                low in self.words["things"]
                and not known
                and bare[at - 1].casefold() not in (self.words["particles"])
            ):
                return 0
            length, names = at + 1, names + 1
        return length if names > (0 if known or surely == "named" else 1) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A form of asking. pattern: its only group, where it has one, must be a person."""

    reason: str
    pattern: Any
    person: Surely | None  # None: the form says enough
    roles: bool = False
    open_left: bool = False
    whole: bool = False
    topics: bool = False
    unless: Any = None

    def fits(self, text: str, people: People) -> bool:
        if self.topics:
            return any(self._is_on_topic(sentence, people) for sentence in _SENTENCE.split(text))
        return any(self._is_about(found, people) for found in _all(self.pattern, text))

    def _is_on_topic(self, sentence: str, people: People) -> bool:
        if not self.pattern.search(f" {sentence} "):
            return False
        if self.unless is not None and self.unless.search(f" {sentence} "):
            return False
        return people.among(sentence.split())

    def _is_about(self, found: Any, people: People) -> bool:
        if self.person is None:
            return True
        said = found.group(1).split()
        for at in range(len(said)) if self.open_left else range(1):
            length = people.at(said[at:], self.person, roles=self.roles)
            ends = at + length == len(said) or (self.whole and said[at + length] in _RELATIVE)
            if length and (ends or not (self.open_left or self.whole)):
                return True
        return False


def reason(asked: str) -> str | None:
    """The name of the reason not to answer this, or None."""
    rules, people = _read()
    for reading in readings.of(asked):
        text = " " + (reading.lower() if reading.isupper() else reading)
        for rule in rules:
            if rule.fits(text, people):
                return rule.reason
    return None


def _all(pattern: Any, text: str) -> Iterator[Any]:
    """Every place where a rule fits: it may fit a thing first and a person behind it."""
    at = 0
    while match := pattern.search(text, at):
        yield match
        at = match.start() + 1


def _bare(said: Sequence[str]) -> list[str]:
    return [word.strip(_END).removesuffix("'s") for word in said]


def _is_word(low: str) -> bool:
    return low.translate(str.maketrans("", "", "-.'")).isalpha()


@cache
def _read() -> tuple[tuple[Rule, ...], People]:
    file = resources.files("demur.assistant.guarding").joinpath("asking.toml")
    read = tomllib.loads(file.read_text("utf-8"))
    people = {name: frozenset(text.split()) for name, text in read["people"].items()}
    rules = tuple(rule for each in read["rule"] for rule in _rules(each, read))
    return rules, People(words=people)


def _rules(each: Mapping[str, Any], read: Mapping[str, Any]) -> Iterator[Rule]:
    lists = {name: _either(words) for name, words in read["lists"].items()}
    unless = each.get("unless")
    more = {
        "person": each.get("person"),
        "roles": each.get("roles", False),
        "open_left": each.get("open") == "left",
        "whole": each.get("whole", False),
        "topics": "topics" in each,
        "unless": unless and _compiled(rf"\b(?:{read['unless'][unless]})\b"),
    }
    topics = [rf"(?:{_either(each['topics'])})[^\w-]"] if "topics" in each else []
    for pattern in [*each.get("patterns", ()), *topics]:
        for name, words in {**lists, "who": _WHO}.items():
            pattern = pattern.replace(f"{{{name}}}", words)  # noqa: PLW2901
        whole = pattern if pattern[0] == "^" else rf"[^\w@](?:{pattern})"
        yield Rule(reason=each["reason"], pattern=_compiled(whole), **more)


def _either(words: str) -> str:
    return "|".join(part.strip() for part in words.replace("\n", "|").split("|") if part.strip())


def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, _OPTIONS)
