"""Plain names in others' posts: where a name stands unmarked, for its bearer to say if it is them.

It proposes and decides nothing: a name is many people's, so nothing is masked before its bearer
confirmed the place (`facts.Stands.named`). Only what anybody could read where it was posted is
looked through. The caller asks with the asker's own names alone; otherwise this would be a search
engine for people.

A name is found whatever its accents and its Unicode form, with or without the particles of a
surname ("de", "van der") and in either case of theirs, as whole words that begin with a capital,
unless the text has no capitals at all. Misspellings, nicknames, initials and a surname alone are
not found; `benchmarks/mentions.py` counts what that misses.
"""

# ruff: noqa: S608  (SQL is put together from our own names; values pass as parameters)

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import duckdb
import pyarrow as pa

from demur.corpus import scan
from demur.corpus.lake import Lake
from demur.people import AccountId, PersonId
from demur.posts import Audience

AROUND = 60  # characters shown on either side
READABLE = (Audience.PUBLIC, Audience.PUBLIC_GROUP, Audience.UNLISTED)
_DUTCH = "aan bij de den der di het in op 't te ten ter tot uit van vanden vander voor"
_ELSEWHERE = "al da das del des do dos du el im la le los und vom von zu zum zur"
PARTICLES = frozenset(f"{_DUTCH} {_ELSEWHERE}".split())
"""What stands between a first name and a surname, or is left out there."""

_SURNAME = re.compile(r"\s+(?:(?:van|de|den|der|ten|ter|von)\s+)*(\w[\w'’-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One place where a name stands. Offsets count code points of the post's text.

    person, account: whose post it is. full: the first name and the surname; otherwise the first
    name alone, which is many more people's.
    """

    post_id: str
    start: int
    end: int
    person: PersonId
    account: AccountId
    created_at: datetime
    before: str
    name: str
    after: str
    full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a name stands in a text."""

    start: int
    end: int
    full: bool


def propose(lake: Lake, names: Sequence[str], *, but: PersonId | None, limit: int) -> list[Named]:
    """The newest `limit` places where one of these names stands in a public post.

    but: whose own posts are left out. Reads the texts of the whole lake.
    """
    return list(islice(_proposed(lake, [Name(name) for name in names], but), limit))


def count(lake: Lake, keys: Collection[str]) -> int:
    """How many posts mention or tag somebody by one of these keys (`Account.keys`)."""
    parts = _parts(lake)
    if not parts or not keys:
        return 0
    with duckdb.connect(config={"threads": 1}) as connection:
        scan.put(connection, "wanted", pa.table({"key": pa.array(sorted(keys), pa.string())}))
        found = connection.sql(f"""
            SELECT count(DISTINCT post_id) FROM (
                SELECT post_id, unnest(list_concat(mention_key, tagged)) AS key
                FROM {scan.parquet(parts)} p) WHERE key IN (FROM wanted)""").fetchall()
    return int(found[0][0])


class Name:
    """One name as it is looked for: `first` is what a text must contain to be looked at."""

    def __init__(self, name: str) -> None:
        words = [word for word in map(_word, name.split()) if len(word) > 1]
        self.first = words[0] if words and words[0] not in PARTICLES else ""
        last = words[-1] if len(words) > 1 and words[-1] not in PARTICLES else ""
        between = "|".join(map(re.escape, sorted({*words[1:-1], *PARTICLES})))
        surname = rf"(?P<last>\s+(?:(?:{between})\s+)*{re.escape(last)}(?!\w))?" if last else ""
        self._pattern = re.compile(rf"(?<!\w){re.escape(self.first)}(?!\w){surname}")

    def places(self, text: str) -> Iterator[Place]:
        """Where it stands in a text, from the beginning."""
        if not self.first:
            return
        folded, at = _folded(text)
        no_capitals = not any(map(str.isupper, text))
        for found in self._pattern.finditer(folded):
            start, end = at[found.start()], at[found.end() - 1] + 1
            end += _marks_after(text, end)
            full = bool(found.groupdict().get("last"))
            capital = no_capitals or not text[start].islower()
            if full and not no_capitals:
                surname = folded.rfind(" ", 0, found.end())
                capital = capital and not text[at[max(surname + 1, found.start())]].islower()
            if capital and not _part_of_more(text, start, end, full=full):
                yield Place(start=start, end=end, full=full)


def _proposed(lake: Lake, names: Sequence[Name], but: PersonId | None) -> Iterator[Named]:
    firsts = sorted({name.first for name in names if name.first})
    parts = _parts(lake)
    if not parts or not firsts:
        return
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        # The same folding as `_folded`, near enough: it only has to let everything through.
        folded = "replace(replace(strip_accents(lower(text)), 'ß', 'ss'), 'ς', 'σ')"
        said = " OR ".join(f"contains({folded}, ?)" for _ in firsts)
        rows = connection.sql(
            f"""
            SELECT post_id, person, account, created_at, text, mention_start, mention_end
            FROM {scan.parquet(parts)} p
            WHERE person <> ? AND audience IN {tuple(map(str, READABLE))} AND ({said})
            ORDER BY created_at DESC, post_id""",
            params=[but or "", *firsts],
        )
        for batch in rows.to_arrow_reader(1_000):
            for row in batch.to_pylist():
                yield from _in_post(row, names)


def _in_post(row: dict[str, Any], names: Sequence[Name]) -> Iterator[Named]:
    text = row["text"]
    marked = zip(row["mention_start"], row["mention_end"], strict=True)
    taken = list(marked)  # tags and handles are masked by their keys
    found = sorted((place for name in names for place in name.places(text)), key=_longest_last)
    for place in {place.start: place for place in found}.values():
        if any(start < place.end and place.start < end for start, end in taken):
            continue
        yield Named(
            post_id=row["post_id"],
            start=place.start,
            end=place.end,
            person=PersonId(row["person"]),
            account=AccountId(row["account"]),
            created_at=row["created_at"],
            before=text[max(place.start - AROUND, 0) : place.start],
            name=text[place.start : place.end],
            after=text[place.end : place.end + AROUND],
            full=place.full,
        )


def _longest_last(place: Place) -> tuple[int, int]:
    return place.start, place.end


def _part_of_more(text: str, start: int, end: int, *, full: bool) -> bool:
    """Is it a piece of an address, of a double name, or of another person's full name?"""
    run = text[:start].rsplit(" ", maxsplit=1)[-1] + text[end:].split(" ", maxsplit=1)[0]
    if "://" in run or "@" in run or run.startswith("www."):
        return True
    if re.match(r"-\w", text[end:]) or re.search(r"\w-$", text[:start]):
        return True  # Anna-Marie is not Anna
    follows = _SURNAME.match(text, end)  # Anna Jansen and Anna van Dam are not Anna de Vries
    shouted = not any(map(str.islower, text))
    return bool(not full and follows and follows[1][0].isupper() and not shouted)


def _word(word: str) -> str:
    folded, _ = _folded(word)
    return re.sub(r"^[^\w']+|[^\w]+$", "", folded)


def _folded(text: str) -> tuple[str, list[int]]:
    """Without accents and in one case, and for each character its place in the text."""
    letters: list[str] = []
    at: list[int] = []
    for place, character in enumerate(text):
        for piece in unicodedata.normalize("NFD", character):
            if not unicodedata.combining(piece):
                folded = piece.casefold()
                letters.append(folded)
                at += [place] * len(folded)
    return "".join(letters), at


def _marks_after(text: str, end: int) -> int:
    """How many combining marks belong to the last letter of a match."""
    return next(
        (n for n, each in enumerate(text[end:]) if not unicodedata.combining(each)), len(text) - end
    )


def _parts(lake: Lake) -> list[Any]:
    return [part for shard in range(lake.home.shards) for part in lake.parts(shard)]
