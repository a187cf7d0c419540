"""Deciding a group of shards in DuckDB, without reading a text.

It leaves a table `decided` in the connection, one row a post, numbers only (58 bytes):

    place    where the post lies in the group's files (`PLACE`)
    post     the first 48 bits of its id, which order posts of one microsecond
    number   the row of its account in the people table, null where nobody is on record
    owner    the rank of its person among all, null likewise
    slice    where that person lives
    created  microseconds since 1970
    same     64 bits over the normal text's hash and the pictures
    mask     bit i: the i-th rule applies

Copies are collapsed within one person only, who lives in one shard, so groups need nothing of
each other (forgetting.md, rule 8).
"""

# ruff: noqa: S608  (SQL is put together from our own names; values pass `columns.literal`)

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from demur.corpus import columns
from demur.corpus.facts import OWN_WORDS, Circumstances
from demur.policy import rules
from demur.policy.clause import Outcome, Value, truth
from demur.policy.facts import arranged

EXCLUDE_BITS = sum(1 << i for i, r in enumerate(rules.RULES) if r.outcome is Outcome.EXCLUDE)
REDACT_BITS = sum(1 << i for i, r in enumerate(rules.RULES) if r.outcome is Outcome.REDACT)
COPY_BIT = 1 << rules.RULES.index(rules.copy_of_own)

PLACE = "(file_index::BIGINT << 40 | file_row_number)"


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """A connection of one thread that spills to `scratch` when a group is larger than memory."""
    scratch.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        config={
            "threads": 1,
            "preserve_insertion_order": False,
            "temp_directory": str(scratch),
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET python_enable_replacements = false")  # a table is never a variable
    return connection


def parquet(parts: Sequence[Path]) -> str:
    """SQL of a scan of these files; their order gives `file_index`."""
    names = ", ".join(columns.literal(str(part)) for part in parts)
    return f"read_parquet([{names}], hive_partitioning = false)"


def texts_of_objectors(
    parts: Sequence[Path], people: pa.Table, among: Collection[bytes] | None = None
) -> list[bytes]:
    """The hashes of texts of people who object: nobody's copy of those is used either.

    among: only whether these are such texts, for one person's explanation.
    """
    if not parts:
        return []
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("people", people)
        wanted = ""
        if among is not None:
            _put(connection, "wanted", "text_hash", sorted(among), pa.binary())
            wanted = "AND text_hash IN (FROM wanted)"
        found = connection.sql(
            f"SELECT DISTINCT text_hash FROM {parquet(parts)} WHERE normal_chars >= {OWN_WORDS}"
            f" AND person IN (SELECT person FROM people WHERE objects) {wanted}"
        )
        return [bytes(row[0]) for row in found.fetchall()]


def decide(
    connection: duckdb.DuckDBPyConnection,
    parts: Sequence[Path],
    people: pa.Table,
    standing: Circumstances,
) -> None:
    """Make the tables `accounts` and `decided`. people: as `build.prepared` makes it."""
    _put(connection, "suppressed", "text_hash", sorted(standing.suppressed), pa.binary())
    _put(connection, "objector_keys", "key", sorted(standing.objector_keys), pa.string())
    _accounts(connection, people, standing)
    if standing.objector_keys:
        _mentions(connection, parts)
    _apply_rules(connection, parts, standing)
    _collapse_copies(connection)


def _put(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    values: Sequence[object],
    kind: pa.DataType,
) -> None:
    connection.register("incoming", pa.table({column: pa.array(values, kind)}))
    connection.execute(f"CREATE TEMP TABLE {table} AS FROM incoming")
    connection.unregister("incoming")


def _accounts(
    connection: duckdb.DuckDBPyConnection, people: pa.Table, standing: Circumstances
) -> None:
    asked = "".join(f"{name}, " for name in columns.author_columns_asked())
    law = columns.mask_sql(columns.rules_of_the_author(), standing.today)
    connection.register("people", people)
    connection.execute(f"""
        CREATE TEMP TABLE accounts AS
        SELECT account, person, number, owner, slice, country, declared_audience, objects,
               {asked} {law} AS mask
        FROM (SELECT *, {columns.AUTHOR_FACTS} FROM people)""")
    connection.unregister("people")


def _mentions(connection: duckdb.DuckDBPyConnection, parts: Sequence[Path]) -> None:
    connection.execute(f"""
        CREATE TEMP TABLE mentioning AS
        SELECT place, bool_or(said) AS mentions, bool_or(shown) AS pictures FROM (
            SELECT place, coalesce(said IN (FROM objector_keys), false) AS said,
                   coalesce(shown IN (FROM objector_keys), false) AS shown
            FROM (SELECT {PLACE} AS place, unnest(mention_key) AS said, unnest(tagged) AS shown
                  FROM {parquet(parts)} WHERE len(mention_key) > 0 OR len(tagged) > 0))
        WHERE said OR shown GROUP BY place""")


def _apply_rules(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], standing: Circumstances
) -> None:
    unknown = columns.of_the_unknown_author()
    authors = "".join(
        f"coalesce(a.{name}, {columns.literal(unknown[name])}) AS {name}, "
        for name in columns.author_columns_asked()
    )
    mentions = bool(standing.objector_keys)
    law = columns.mask_sql(columns.rules_of_the_post(), standing.today)
    connection.execute(f"""
        CREATE TEMP TABLE decided AS
        SELECT place, post, number, owner, slice, created, same, author_mask | {law} AS mask
        FROM (
            SELECT {PLACE.replace("file", "p.file")} AS place, left(p.post_id, 12) AS post,
                   a.number, a.owner, a.slice, epoch_us(p.created_at) AS created,
                   CASE WHEN len(p.photos) = 0 THEN hash(p.text_hash)
                        ELSE hash(p.text_hash, list_transform(p.photos, lambda f: f.sha256))
                        END AS same,
                   {authors} coalesce(a.mask, {_mask_of_the_unknown(standing)}) AS author_mask,
                   {columns.post_facts(standing, mentions=mentions)}
            FROM {parquet(parts)} p
            LEFT JOIN accounts a ON p.account = a.account AND p.person = a.person
            {f"LEFT JOIN mentioning m ON m.place = {PLACE.replace('file', 'p.file')}" * mentions}
        )""")


def _mask_of_the_unknown(standing: Circumstances) -> int:
    author = columns.of_the_unknown_author()
    facts = arranged(
        lambda name: Value(author[name]) if name in author else Value(""), Value(standing.today)
    )
    asked = columns.rules_of_the_author()
    return sum(1 << rules.RULES.index(rule) for rule in asked if truth(rule.applies(facts)))


def _collapse_copies(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep the first of each person's equal posts, among those that may train.

    The window runs over the few rows that have an equal: over all of them it would cost more than
    deciding. 64 bits tell one person's posts apart: among 100,000 of them two would be taken for
    copies once in four billion people.
    """
    may_train = f"mask & {EXCLUDE_BITS} = 0"
    connection.execute(f"""
        CREATE TEMP TABLE copies AS
        SELECT place FROM (
            SELECT place, row_number() OVER (PARTITION BY owner, same ORDER BY created, post) AS nth
            FROM decided SEMI JOIN (
                SELECT owner, same FROM decided WHERE {may_train}
                GROUP BY ALL HAVING count(*) > 1) USING (owner, same)
            WHERE {may_train})
        WHERE nth > 1;
        UPDATE decided SET mask = mask | {COPY_BIT} WHERE place IN (FROM copies)""")
