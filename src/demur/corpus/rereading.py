"""Reading a post again: what an import says anew about posts that the lake already holds.

A No that an import brings stays: names of signals, tags and mentions are only ever added. Who can
see a post is taken from the import, except that an archive older than what we hold opens nothing.
A post that was narrowed, or whose words its author has since changed, loses its words here and
leaves its id, so that taking in an old archive does not bring it back
(docs/decisions/0076-reading-again.md). What was deleted without a trace is not noticed.
"""

# ruff: noqa: S608  (SQL is put together from our own names; values pass as tables)

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from demur.corpus.scan import parquet
from demur.corpus.stored import LAKE_SCHEMA, text_mark
from demur.people import Home
from demur.posts import HIDDEN, Audience, Hidden

PLACE = "hash(platform, account, origin)"
TERMS = (
    'hash(audience, "group", reshare_of, mention_start, mention_end, mention_key, tagged,'
    " photo_refusals, refuses_training, translation_of)"
)
"""64 bits over all that a rule may look at, or a build keeps, and an import can say anew of the
same words."""

_OPENNESS = [*HIDDEN, Audience.UNKNOWN, Audience.UNLISTED, Audience.PUBLIC_GROUP, Audience.PUBLIC]

Row = dict[str, Any]


@dataclass(slots=True)
class Amendments:
    """What changes in the rows of one shard, and which posts that silences or opens.

    pointing: by post, the mention keys and tags that it did not have before.
    """

    rows: list[Row] = field(default_factory=list)
    pointing: dict[str, set[str]] = field(default_factory=dict)
    retracted: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Rereading:
    """The known posts of one shard, and what an import says of them. 24 bytes a known post, and
    as many a post that arrives; a shard that held nothing before costs nothing."""

    parts: Sequence[Path]
    home: Home
    ids: pa.ChunkedArray  # of the known, 16 bytes each
    terms: pa.ChunkedArray
    _arrived: list[pa.Table] = field(default_factory=list)  # post, place
    _differing: list[pa.Table] = field(default_factory=list)  # rows known with other terms
    _hidden: list[Hidden] = field(default_factory=list)
    _newest: dict[str, int] = field(default_factory=dict)  # by account, microseconds since 1970

    @classmethod
    def of(cls, parts: Sequence[Path], home: Home) -> Rereading:
        if not parts:
            empty = pa.chunked_array([], pa.binary(16))
            return cls(parts, home, empty, pa.chunked_array([], pa.uint64()))
        with _quiet() as connection:
            found = connection.sql(
                f"SELECT unhex(post_id) AS post, {TERMS} AS terms FROM {parquet(parts)}"
            ).to_arrow_table()
        return cls(parts, home, found["post"].cast(pa.binary(16)), found["terms"])

    def hear(self, rows: pa.Table, ids: pa.Array) -> None:
        """Rows that are arriving; some of them known. ids: theirs, 16 bytes each."""
        if not self.parts:
            return
        with _quiet() as connection:
            connection.register("rows", rows)
            said = connection.sql(
                f"SELECT {PLACE} AS place, {TERMS} AS terms FROM rows"
            ).to_arrow_table()
        self._arrived.append(pa.table({"post": ids, "place": said["place"]}))
        at = pc.index_in(ids, value_set=self.ids)
        differs = pc.not_equal(said["terms"], self.terms.take(at))
        if pc.any(differs).as_py():
            self._differing.append(rows.filter(pc.fill_null(differs, False)))
        moments = rows["created_at"].cast(pa.int64())
        accounts = pa.table({"account": rows["account"], "created_at": moments})
        accounts = accounts.group_by("account").aggregate([("created_at", "max")])
        for account, newest in zip(*(accounts[name].to_pylist() for name in _NEWEST), strict=True):
            self._newest[account] = max(newest, self._newest.get(account, newest))

    def hide(self, hidden: Hidden) -> None:
        """A post that only few can see; whether it is a known one shows in the end."""
        if self.parts:
            self._hidden.append(hidden)

    def amendments(self, staged: Path) -> Amendments:
        """What changes. staged: the file of the posts that are new, if there are any."""
        made = Amendments()
        if not self.parts or not (self._arrived or self._hidden):
            return made
        with _quiet() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            files = [*self.parts, staged] if staged.is_file() else [*self.parts]
            connection.execute(f"CREATE VIEW known AS FROM {parquet(self.parts)}")
            connection.execute(f"CREATE VIEW every AS FROM {parquet(files)}")
            arrived = [*self._arrived, pa.table({"post": [], "place": []}, _ARRIVED)]
            connection.register("arrived", pa.concat_tables([t.cast(_ARRIVED) for t in arrived]))
            final = self._again(connection, made)
            self._narrowed(connection, made, final)
            self._edited(connection, made, final)
        made.rows += final.values()
        return made

    def _again(self, connection: duckdb.DuckDBPyConnection, made: Amendments) -> dict[str, Row]:
        """Posts that came back with other terms, by id: those whose row changes."""
        final: dict[str, Row] = {}
        told = [row for table in self._differing for row in table.to_pylist()]
        stored = _rows(connection, "known", (row["post_id"] for row in told))
        for row in told:
            old = final.get(row["post_id"], stored[row["post_id"]])
            new = self._together(connection, old, row)
            if new == old:
                continue
            final[row["post_id"]] = new
            if gained := {*_keys(new)} - {*_keys(stored[row["post_id"]])}:
                made.pointing[row["post_id"]] = gained
            if _stricter(stored[row["post_id"]], new):
                made.retracted.append(row["post_id"])
            elif old["audience"] in HIDDEN and new["audience"] not in HIDDEN:
                made.opened.append(row["post_id"])
        return final

    def _together(self, connection: duckdb.DuckDBPyConnection, old: Row, new: Row) -> Row:
        """The stored row and what is said of it now. Opened again, it has its words again."""
        before, audience = old["audience"], new["audience"]
        opens = before != Audience.UNKNOWN and _openness(audience) > _openness(before)
        if audience == Audience.UNKNOWN or (opens and not self._newer(connection, old["account"])):
            audience = before
        if audience in HIDDEN:
            more = {name: sorted({*old[name], *new[name]}) for name in _REFUSALS}
            return {**old, **more, "audience": audience}
        words = new if before in HIDDEN else old
        spans = sorted({*_spans(words), *(_spans(new) if words["text"] == new["text"] else ())})
        return {
            **words,
            "audience": audience,
            "group": new["group"] if audience == new["audience"] else old["group"],
            "reshare_of": old["reshare_of"] or new["reshare_of"],
            "translation_of": new["translation_of"] or old["translation_of"],
            "mention_start": [start for start, _, _ in spans],
            "mention_end": [end for _, end, _ in spans],
            "mention_key": [key for _, _, key in spans],
            **{name: sorted({*old[name], *new[name]}) for name in _ONLY_ADDED},
        }

    def _narrowed(
        self, connection: duckdb.DuckDBPyConnection, made: Amendments, final: dict[str, Row]
    ) -> None:
        """Known posts that only few can see now."""
        if not self._hidden:
            return
        told = [{name: str(getattr(h, name)) for name in _TOLD} for h in self._hidden]
        connection.register("told", pa.Table.from_pylist(told))
        found = connection.sql(
            f"SELECT post_id, any_value(told.audience) FROM known, told"
            f" WHERE {PLACE.replace('(', '(known.').replace(', ', ', known.')}"
            f" = {PLACE.replace('(', '(told.').replace(', ', ', told.')} GROUP BY post_id"
        ).fetchall()
        now = dict(found)
        for post, row in _rows(connection, "known", now).items():
            if row["audience"] not in HIDDEN or post in final:
                final[post] = self._emptied(row, now[post])
                made.retracted.append(post)
                made.opened = [each for each in made.opened if each != post]

    def _edited(
        self, connection: duckdb.DuckDBPyConnection, made: Amendments, final: dict[str, Row]
    ) -> None:
        """Known posts in whose place the import has other words.

        The older words go, whichever archive comes first. Unless the import is clearly the later,
        a No stays with the place: the words that remain carry the signals of those that went.
        """
        places = connection.sql(
            f"""SELECT place, list(post_id), list(post IS NOT NULL)
            FROM (SELECT {PLACE} AS place, post_id, unhex(post_id) AS id FROM every)
            LEFT JOIN (SELECT DISTINCT post FROM arrived) ON post = id
            WHERE place IN (SELECT place FROM arrived)
            GROUP BY place HAVING count(*) > 1 AND bool_or(post IS NULL)"""
        ).fetchall()
        rows = _rows(connection, "every", (post for _, posts, _ in places for post in posts))
        for _, posts, came in places:
            there = {post: final.get(post, rows[post]) for post in posts}
            shown = {p for p, row in there.items() if row["audience"] not in HIDDEN}
            here = shown & {p for p, arrived in zip(posts, came, strict=True) if arrived}
            gone = shown - here
            if not here or not gone:
                continue
            account = there[posts[0]]["account"]
            newer = self._newer(connection, account)
            if not newer and not self._newer(connection, account, or_as_new=True):
                here, gone = gone, here
            said = {n: {x for p in gone for x in there[p][n] if not newer} for n in _REFUSALS}
            for post in gone:
                final[post] = self._emptied(there[post], Audience.DIRECT)
                made.retracted.append(post)
            for post in here:
                more = {name: sorted({*there[post][name], *said[name]}) for name in said}
                if any(more[name] != sorted(there[post][name]) for name in more):
                    final[post] = {**there[post], **more}
                    made.retracted.append(post)

    def _newer(
        self, connection: duckdb.DuckDBPyConnection, account: str, *, or_as_new: bool = False
    ) -> bool:
        """Does the import hold a later post of the account than any that we have?"""
        asked = "SELECT epoch_us(max(created_at)) FROM known WHERE account = $1"
        ((ours,),) = connection.sql(asked, params=[account]).fetchall()
        theirs = self._newest.get(account)
        if ours is None or theirs is None:
            return theirs is not None
        return bool(theirs > ours or (or_as_new and theirs == ours))

    def _emptied(self, row: Row, audience: str) -> Row:
        """What stays of a post whose words are nobody's to read any more: that it was there."""
        gone: Row = {name: [] for name in LAKE_SCHEMA.names if isinstance(row[name], list)}
        gone |= {name: row[name] for name in _REFUSALS} | {"url": None, "attribution": None}
        nothing = {"text": "", "text_hash": text_mark("", self.home), "normal_chars": 0}
        return {**row, **gone, **nothing, "audience": str(audience)}


_NEWEST = ("account", "created_at_max")
_TOLD = ("platform", "account", "origin", "audience")
_REFUSALS = ("photo_refusals", "refuses_training")
_ONLY_ADDED = ("tagged", *_REFUSALS)
_ARRIVED = pa.schema([("post", pa.binary(16)), ("place", pa.uint64())])


def _quiet() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1, "python_enable_replacements": "false"})


def _openness(audience: str) -> int:
    return _OPENNESS.index(Audience(audience))


def _stricter(old: Row, new: Row) -> bool:
    """Does the law allow less of it now? A tag or mention that was added is judged by the gate."""
    narrowed = new["audience"] in HIDDEN and old["audience"] not in HIDDEN
    refused = any({*new[name]} - {*old[name]} for name in _REFUSALS)
    return narrowed or refused or (new["reshare_of"] is not None and old["reshare_of"] is None)


def _spans(row: Row) -> Iterable[tuple[int, int, str]]:
    return zip(row["mention_start"], row["mention_end"], row["mention_key"], strict=True)


def _keys(row: Row) -> Iterable[str]:
    yield from row["mention_key"]
    yield from row["tagged"]


def _rows(
    connection: duckdb.DuckDBPyConnection, table: str, posts: Iterable[str]
) -> dict[str, Row]:
    wanted = sorted(set(posts))
    if not wanted:
        return {}
    connection.register("wanted", pa.table({"post": pa.array(wanted, pa.string())}))
    columns = ", ".join(f'"{name}"' for name in LAKE_SCHEMA.names)
    found = connection.sql(f"SELECT {columns} FROM {table} SEMI JOIN wanted ON post_id = post")
    rows = found.to_arrow_table().cast(LAKE_SCHEMA).to_pylist()
    return {row["post_id"]: row for row in rows}
