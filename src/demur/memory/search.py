"""Search: posts found by their words and the stems of these, and erased to the last byte.

SQLite's FTS5 beside a table of the posts. Builds stand side by side: a new one is put in whole
while the released one is still being asked. Who may be shown is the caller's to say, row by row,
before anything counts towards a limit; nothing here remembers who objects. What posts mean is
found elsewhere (`memory.vectors`), and both are brought together in `memory.finding`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pysqlite3 import dbapi2 as sqlite

from demur.errors import SiteUnusable
from demur.memory import stems

FIRST_BROKEN, LAST_BROKEN = (3, 7, 0), (3, 51, 2)
BUSY_SECONDS = 20

# synchronous=FULL and no mmap: an acknowledged purge must survive a power cut (stack.md).
OPENING = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA mmap_size=0;
PRAGMA temp_store=MEMORY;
"""

VERSION = 3  # of the tables below
# External content: 'secure-delete' takes a deleted word out of the index at once; a contentless
# table would keep the bytes until it is optimized. Words and stems are kept beside the text, since
# only what was put in can be taken out again. detail=column: where in a post a word stands is asked
# by nobody, and is half of the index.
TABLES = """
CREATE TABLE made_by (name TEXT);
CREATE TABLE build (
  id INTEGER PRIMARY KEY, shard INTEGER, root TEXT, whole INTEGER, UNIQUE (shard, root));
CREATE TABLE post (
  id INTEGER PRIMARY KEY, post_id TEXT, account TEXT, platform TEXT, "group" TEXT, kind TEXT,
  lang TEXT, created_at TEXT, url TEXT, attribution TEXT, text TEXT, photos TEXT, alts TEXT,
  words TEXT, stems TEXT);
CREATE VIRTUAL TABLE look USING fts5(
  words, stems, content='post', content_rowid='id', detail=column,
  tokenize='unicode61 remove_diacritics 2');
INSERT INTO look (look, rank) VALUES ('secure-delete', 1);
CREATE VIRTUAL TABLE spelled USING fts5vocab(look, 'col');
CREATE TRIGGER post_in AFTER INSERT ON post BEGIN
  INSERT INTO look (rowid, words, stems) VALUES (new.id, new.words, new.stems); END;
CREATE TRIGGER post_out AFTER DELETE ON post BEGIN
  INSERT INTO look (look, rowid, words, stems) VALUES ('delete', old.id, old.words, old.stems); END;
"""
OLD = ("spelled", "look", "words", "post", "build", "made_by")  # virtual ones first
BUILD = 40  # bits of a post's id that number its row; the rest number its build


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One build of one shard, named by the root of its manifest."""

    shard: int
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A post as it was built: masked where somebody in it objected."""

    row: int  # its number among the build's kept posts
    post_id: str
    account: str
    platform: str
    group: str | None = None
    kind: str
    lang: str | None
    created_at: str  # ISO 8601, UTC
    url: str | None
    attribution: str | None
    text: str
    photos: tuple[str, ...] = ()  # SHA-256 of each, in their order
    alts: tuple[str, ...] = ()  # what each of them shows, in words; "" where nobody said


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit(Stored):
    """score: higher is better; comparable within one question only. near: how alike post and
    question are in meaning; about 0 for two that have nothing to do with each other, 1 at most.
    words: the share of what the question says that stands in it, a rare word counting for more."""

    build: Build
    score: float
    near: float = 0.0
    words: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which posts are looked at. A field that is None or empty narrows nothing.

    accounts: their authors (who). platform, group: where. since, until: days, both included.
    """

    accounts: tuple[str, ...] = ()
    platform: str | None = None
    group: str | None = None
    kinds: tuple[str, ...] = ()  # posts.Kind
    lang: str | None = None
    since: date | None = None
    until: date | None = None


EVERYWHERE = Filter()

COLUMNS = [each.name for each in fields(Stored) if each.name != "row"]
LISTS = ("photos", "alts")
_POST = ", ".join(f'"{column}"' for column in COLUMNS)
_PUT = f"INSERT INTO post (id, {_POST}, words, stems) VALUES (?{', ?' * (len(COLUMNS) + 2)})"  # noqa: S608
# Rows come out of FTS5 in the order of rank, as far as they are asked for.
_QUESTION = "SELECT rowid FROM look WHERE look MATCH ? ORDER BY rank"
_HOLDERS = "SELECT rowid FROM look WHERE look MATCH ?"
_ROWS = f"SELECT id, {_POST} FROM post WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"  # noqa: S608
AT_ONCE = 500  # rows taken from a cursor together

Rows = NDArray[np.bool_]
Admitted = Mapping[Build, Rows]
"""Of each build that may be asked, which of its rows may be found."""


class Search:
    """The index in one file. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        refuse_broken(sqlite.sqlite_version_info)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite.connect(
            str(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._db.executescript(OPENING)
        self._prepare()

    def close(self) -> None:
        self._db.close()

    def has(self, build: Build) -> bool:
        """Is this build here, with nothing purged from it?"""
        where = "SELECT whole FROM build WHERE shard = ? AND root = ?"
        with self._lock:
            found = self._db.execute(where, astuple(build)).fetchone()
        return bool(found and found[0])

    def put(self, build: Build, posts: Iterable[Stored]) -> None:
        """Put a build in, whole or not at all; what was here of the same build is replaced."""
        new = "INSERT INTO build (shard, root) VALUES (?, ?) RETURNING id"
        with self._writing():
            self._drop([build])
            number = self._db.execute(new, astuple(build)).fetchone()[0]
            self._db.executemany(_PUT, (_row(number, post) for post in posts))
            self._db.execute("UPDATE build SET whole = 1 WHERE id = ?", (number,))

    def ranked(
        self, words: Sequence[Sequence[str]], admitted: Admitted, *, most: int
    ) -> list[tuple[Build, int]]:
        """The admitted posts that are most about `words`: build and row, the best first.

        words: for each, the ways in which it may be stored. Any of them is enough. Whatever they
        hold is searched for and never obeyed.
        """
        return self._found(_QUESTION, words, admitted, most) if words else []

    def holders(self, word: Sequence[str], admitted: Admitted, *, most: int) -> int:
        """How many admitted posts have this word; counted as far as `most`."""
        return len(self._found(_HOLDERS, [word], admitted, most))

    def vocabulary(self) -> list[str]:
        """Every word in the index, whoever wrote it: to compare with, and not to show."""
        question = "SELECT term FROM spelled WHERE col = 'words'"
        with self._lock, self._asking(question, ()) as terms:
            return [term for (term,) in terms]

    def read(self, build: Build, rows: Sequence[int]) -> list[Stored]:
        """The posts of these rows of a build, as far as they are still here, in their order."""
        number = next((n for n, each in self._numbers().items() if each == build), None)
        if number is None:
            return []
        ids = json.dumps([(number << BUILD) + row for row in rows])
        with self._lock, self._asking(_ROWS, (ids,)) as found:
            return [_stored(one - (number << BUILD), columns) for one, *columns in found]

    def purge(self, build: Build, rows: Sequence[int]) -> int:
        """Erase these posts of a build, to the last byte; how many there were.

        A build they were taken from is no longer whole: should they ever be used again, it is put
        in afresh. Raises SiteUnusable if a reader that does not end keeps the old bytes alive.
        """
        gone = 0
        with self._writing():
            where = "SELECT id FROM build WHERE shard = ? AND root = ?"
            for (number,) in self._db.execute(where, astuple(build)).fetchall():
                ids = json.dumps([(number << BUILD) + row for row in rows])
                among = "DELETE FROM post WHERE id IN (SELECT value FROM json_each(?))"
                gone = self._db.execute(among, (ids,)).rowcount
                self._db.execute("UPDATE build SET whole = 0 WHERE id = ? AND ?", (number, gone))
        self._truncate()
        return int(gone)

    def retire(self, keep: Iterable[Build]) -> list[Build]:
        """Erase all builds but these, to the last byte; which ones went."""
        kept = set(keep)
        with self._writing():
            here = self._db.execute("SELECT shard, root FROM build").fetchall()
            gone = [Build(shard=shard, root=root) for shard, root in here]
            gone = [build for build in gone if build not in kept]
            self._drop(gone)
        self._truncate()
        return gone

    def _prepare(self) -> None:
        """Make the tables; those that another version made are erased, and builds put in anew."""
        if self._is_ours():
            return
        with self._writing():
            if not self._is_ours():  # nobody else has made them in the meantime
                for table in OLD:
                    self._db.execute(f"DROP TABLE IF EXISTS {table}")
                for statement in _statements(TABLES):
                    self._db.execute(statement)
                self._db.execute("INSERT INTO made_by VALUES (?)", (stems.name(),))
                self._db.execute(f"PRAGMA user_version={VERSION}")
        self._truncate()

    def _is_ours(self) -> bool:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            return False
        return bool(self._db.execute("SELECT name FROM made_by").fetchone() == (stems.name(),))

    def _found(
        self, question: str, words: Sequence[Sequence[str]], admitted: Admitted, most: int
    ) -> list[tuple[Build, int]]:
        numbers = {n: build for n, build in self._numbers().items() if build in admitted}
        asked = " OR ".join(f'"{way}"' for word in words for way in word)
        asked = f"stems : ({asked})"
        found: list[tuple[Build, int]] = []
        with self._lock, self._asking(question, (asked,)) as cursor:
            while len(found) < most and (some := cursor.fetchmany(AT_ONCE)):
                for (one,) in some:
                    build, row = numbers.get(one >> BUILD), one & ((1 << BUILD) - 1)
                    if build is not None and admitted[build][row]:
                        found.append((build, row))
        return found[:most]

    def _numbers(self) -> dict[int, Build]:
        with self._lock:
            rows = self._db.execute("SELECT id, shard, root FROM build").fetchall()
        return {number: Build(shard=shard, root=root) for number, shard, root in rows}

    def _drop(self, builds: Iterable[Build]) -> None:
        for build in builds:
            where = "SELECT id FROM build WHERE shard = ? AND root = ?"
            for (number,) in self._db.execute(where, astuple(build)).fetchall():
                within = (number << BUILD, (number + 1) << BUILD)
                self._db.execute("DELETE FROM post WHERE id >= ? AND id < ?", within)
                self._db.execute("DELETE FROM build WHERE id = ?", (number,))

    def _truncate(self) -> None:
        """Empty the write-ahead log, where deleted words would still stand."""
        with self._lock:
            busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            message = (
                "The posts are out of the search, but a program that is still reading keeps their"
                " bytes in its log; end it and run `demur work --once`."
            )
            raise SiteUnusable(message)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _asking(self, question: str, values: Sequence[object]) -> Iterator[Any]:
        """A cursor that is closed when the answer has been read: an open one blocks a purge."""
        cursor = self._db.execute(question, values)
        try:
            yield cursor
        finally:
            cursor.close()


def said(post: Stored) -> str:
    """What a post is found by: its text, and what its pictures show where that adds to it."""
    text = post.text.casefold()
    return "\n".join((post.text, *(alt for alt in post.alts if alt.casefold() not in text)))


def _row(number: int, post: Stored) -> list[object]:
    columns = {name: getattr(post, name) for name in COLUMNS}
    columns |= {name: json.dumps(columns[name]) for name in LISTS}
    words = stems.words(said(post))
    looked_up = " ".join(words), stems.stored(words, post.lang)
    return [(number << BUILD) + post.row, *columns.values(), *looked_up]


def _stored(row: int, columns: Sequence[Any]) -> Stored:
    said = dict(zip(COLUMNS, columns, strict=True))
    return Stored(row=row, **said | {name: tuple(json.loads(said[name])) for name in LISTS})


def _statements(script: str) -> Iterator[str]:
    """One at a time: `executescript` would end the transaction that they belong to."""
    statement = ""
    for line in script.splitlines():
        statement += f"{line}\n"
        if sqlite.complete_statement(statement):
            yield statement
            statement = ""


def refuse_broken(version: tuple[int, ...]) -> None:
    """SQLite 3.7.0 to 3.51.2 can corrupt a WAL database that has two writers (sqlite.org/wal.html).

    Raises SiteUnusable.
    """
    if FIRST_BROKEN <= version <= LAST_BROKEN:
        message = (
            f"SQLite {'.'.join(map(str, version))} can corrupt the search when two programs write;"
            " install the pysqlite3 wheel with SQLite 3.51.3 or newer."
        )
        raise SiteUnusable(message)
