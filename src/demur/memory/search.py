"""Search: the posts that are about something, found by their words, and erased to the last byte.

SQLite's FTS5 beside a table of the posts. Builds stand side by side: a new one is put in whole
while the released one is still being asked. Who may be shown is the caller's to say, row by row,
before anything counts towards a limit; nothing here remembers who objects.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from demur.errors import SiteUnusable
from demur.memory.stopwords import subject

FIRST_BROKEN, LAST_BROKEN = (3, 7, 0), (3, 51, 2)
BUSY_SECONDS = 20

# synchronous=FULL and no mmap: an acknowledged purge must survive a power cut (stack.md).
OPENING = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA mmap_size=0;
PRAGMA temp_store=MEMORY;
"""

# External content: the index holds no second copy of a text, and 'secure-delete' takes a deleted
# word out of it at once; a contentless table would keep the bytes until it is optimized.
TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS build (
  id INTEGER PRIMARY KEY, shard INTEGER, root TEXT, whole INTEGER, UNIQUE (shard, root));
CREATE TABLE IF NOT EXISTS post (
  id INTEGER PRIMARY KEY, build INTEGER, row INTEGER,
  post_id TEXT, account TEXT, platform TEXT, kind TEXT, lang TEXT, created_at TEXT,
  url TEXT, attribution TEXT, text TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS post_row ON post (build, row);
CREATE INDEX IF NOT EXISTS post_name ON post (post_id);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
  text, content='post', content_rowid='id', tokenize='unicode61 remove_diacritics 2');
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER IF NOT EXISTS post_in AFTER INSERT ON post BEGIN
  INSERT INTO words (rowid, text) VALUES (new.id, new.text); END;
CREATE TRIGGER IF NOT EXISTS post_out AFTER DELETE ON post BEGIN
  INSERT INTO words (words, rowid, text) VALUES ('delete', old.id, old.text); END;
PRAGMA user_version=1;
COMMIT;
"""


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
    kind: str
    lang: str | None
    created_at: str  # ISO 8601, UTC
    url: str | None
    attribution: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit(Stored):
    build: Build
    score: float  # higher is better; comparable within one question only


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

COLUMNS = [field.name for field in fields(Stored)]
_columns = attrgetter(*COLUMNS)  # dataclasses.astuple copies every value
_POST = ", ".join(f"post.{column}" for column in COLUMNS)
# Rows come out of FTS5 in the order of rank, one at a time, as far as they are asked for.
_QUESTION = f"""
SELECT build.shard, build.root, {_POST}, -words.rank
FROM words JOIN post ON post.id = words.rowid JOIN build ON build.id = post.build
WHERE words MATCH ? ORDER BY rank
"""  # noqa: S608
_ROWS = f"""
SELECT {_POST} FROM build JOIN post ON post.build = build.id
WHERE shard = ? AND root = ? AND row IN (SELECT value FROM json_each(?)) ORDER BY row
"""  # noqa: S608


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
        if not self._db.execute("PRAGMA user_version").fetchone()[0]:
            self._db.executescript(TABLES)

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
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        with self._writing():
            self._drop([build])
            number = self._db.execute(new, astuple(build)).fetchone()[0]
            rows = ((number, *_columns(post)) for post in posts)
            into = f"INSERT INTO post (build, {', '.join(COLUMNS)}) VALUES ({marks})"  # noqa: S608
            self._db.executemany(into, rows)
            self._db.execute("UPDATE build SET whole = 1 WHERE id = ?", (number,))

    def query(self, text: str, *, limit: int, admit: Callable[[Build, int], bool]) -> list[Hit]:
        """The posts that are most about `text` and that `admit(build, row)` lets through.

        Whatever `text` holds is searched for and never obeyed. Any of its words is enough; stop
        words count only where there is nothing else.
        """
        words = " OR ".join(f'"{word}"' for word in subject(text))
        hits: list[Hit] = []
        if not words or limit < 1:
            return hits
        with self._lock, self._asking(_QUESTION, (words,)) as rows:
            for shard, root, *columns, score in rows:
                build = Build(shard=shard, root=root)
                if admit(build, columns[0]):
                    stored = dict(zip(COLUMNS, columns, strict=True))
                    hits.append(Hit(build=build, score=score, **stored))
                if len(hits) == limit:
                    break
        return hits

    def read(self, build: Build, rows: Sequence[int]) -> list[Stored]:
        """The posts of these rows of a build, as far as they are still here."""
        with self._lock, self._asking(_ROWS, (*astuple(build), json.dumps(list(rows)))) as found:
            return [Stored(**dict(zip(COLUMNS, columns, strict=True))) for columns in found]

    def purge(self, post_ids: Sequence[str]) -> int:
        """Erase these posts from every build, to the last byte; how many there were.

        A build they were taken from is no longer whole: should they ever be used again, it is put
        in afresh. Raises SiteUnusable if a reader that does not end keeps the old bytes alive.
        """
        ids = json.dumps(list(post_ids))
        among = "IN (SELECT value FROM json_each(?))"
        with self._writing():
            touched = f"SELECT build FROM post WHERE post_id {among}"  # noqa: S608
            self._db.execute(f"UPDATE build SET whole = 0 WHERE id IN ({touched})", (ids,))  # noqa: S608
            gone = self._db.execute(f"DELETE FROM post WHERE post_id {among}", (ids,)).rowcount  # noqa: S608
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

    def _drop(self, builds: Iterable[Build]) -> None:
        where = "(SELECT id FROM build WHERE shard = ? AND root = ?)"
        for build in builds:
            self._db.execute(f"DELETE FROM post WHERE build = {where}", astuple(build))  # noqa: S608
            self._db.execute(f"DELETE FROM build WHERE id = {where}", astuple(build))  # noqa: S608

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
