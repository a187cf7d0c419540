"""Evidence: where a person's own words were found in what was answered, and how that is shown.

Values and their spelling. It holds ids, counts, moments, and excerpts of the person's own posts;
never what else an answer said and never who asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import rfc8785

from demur import posts
from demur.rights import models

WINDOW = 8  # words: shorter runs are said by many, and prove nothing about one of them
LONGEST = 300  # characters of an excerpt

Found = Literal["log", "probe", "paste"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One post, or one handle, of a person that came up in one answer.

    found: in the answer log, by one of our own questions, or in an answer that they pasted.
    at, model: when it was answered or looked at, and by which release. question: ours, made from
    their own words. windows: how many runs of WINDOW words; 0 where only their name or their post
    was given as a source.
    """

    found: Found
    post: str
    words: str  # theirs
    windows: int
    at: datetime
    model: str
    surface: str = ""
    question: str = ""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat(timespec="seconds")}


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is compared, and the stretch of the text that it came from."""

    normal: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """The words of a text as they are compared: `posts.normal`, without what stands between them,
    so that quotation marks around a post do not hide its first and last word."""
    found: list[Word] = []
    at = 0
    for piece in text.split():
        at = text.index(piece, at)
        inner = "".join(c if c.isalnum() or c == "_" else " " for c in posts.normal(piece))
        found += [Word(word, at, at + len(piece)) for word in inner.split()]
        at += len(piece)
    return found


def windows(said: Sequence[Word]) -> Iterator[str]:
    """Every run of WINDOW words, in order; none where there are fewer."""
    normal = [word.normal for word in said]
    for at in range(len(normal) - WINDOW + 1):
        yield " ".join(normal[at : at + WINDOW])


def excerpt(text: str, said: Sequence[Word], starts: Iterable[int]) -> str:
    """The longest stretch of a person's text that these windows cover without a gap."""
    runs: list[list[int]] = []
    for at in sorted(set(starts)):
        if runs and at <= runs[-1][1] + 1:
            runs[-1][1] = at
        else:
            runs.append([at, at])
    first, last = max(runs, key=lambda run: run[1] - run[0])
    return text[said[first].start : said[last + WINDOW - 1].end][:LONGEST]


def repeated(
    answer: str, theirs: Mapping[str, str], *, but: str = ""
) -> dict[str, tuple[int, str]]:
    """Which of these texts (by id) an answer repeats: how many windows, and an excerpt of the text.

    but: the question; what stands in it is an echo and counts for nothing.
    """
    spoken = set(windows(words(answer))) - set(windows(words(but)))
    found = {}
    for id_, text in theirs.items() if spoken else ():
        said = words(text)
        starts = [at for at, window in enumerate(windows(said)) if window in spoken]
        if starts:
            found[id_] = (len(starts), excerpt(text, said, starts))
    return found


def digest(evidence: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of the canonical JSON: what a line of the book commits to, without a word of it."""
    return hashlib.sha256(rfc8785.dumps(list(evidence))).hexdigest()


def as_json(request: models.Request) -> bytes:
    """What is attached to the letter, for a program or a lawyer."""
    value = {"request": str(request.pk), "evidence": request.evidence}
    value["digest"] = digest(request.evidence)
    return json.dumps(value, ensure_ascii=False, indent=2).encode()


def as_text(request: models.Request) -> str:
    """The same, to be read: one paragraph for each find."""
    return "\n\n".join(
        "\n".join(f"{name}: {value}" for name, value in each.items() if value not in ("", 0))
        for each in request.evidence
    )
