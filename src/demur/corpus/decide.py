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

# ruff: noqa: S608  (SQL is put together from our own names; values pass `scan.literal`)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from demur.corpus import columns, suppression
from demur.corpus.facts import Circumstances
from demur.corpus.scan import PLACE, literal, parquet, put
from demur.people import Use
from demur.policy import rules
from demur.policy.clause import Outcome, Value, truth
from demur.policy.facts import arranged

WITHHELD = {
    use: sum(1 << i for i, rule in enumerate(rules.RULES) if use in rule.uses) for use in Use
}
"""By use, the bits of the rules that withhold it."""

REDACT_BITS = sum(1 << i for i, r in enumerate(rules.RULES) if r.outcome is Outcome.REDACT)
COPY_BIT = 1 << rules.RULES.index(rules.copy_of_own)
KEPT = f"({' OR '.join(f'mask & {bits} = 0' for bits in WITHHELD.values())})"
"""SQL: some use remains."""


def uses_of(masks: NDArray[np.int64]) -> NDArray[np.int8]:
    """What remains of posts with these reasons: `Use.bit` for each use."""
    uses = np.zeros(len(masks), np.int8)
    for use, bits in WITHHELD.items():
        uses |= np.where(masks & bits == 0, use.bit, 0).astype(np.int8)
    return uses


def decide(
    connection: duckdb.DuckDBPyConnection,
    parts: Sequence[Path],
    people: pa.Table,
    standing: Circumstances,
) -> None:
    """Make the tables `accounts`, `decided` and `edges`. people: as `build.prepared` makes it."""
    _accounts(connection, people, standing)
    _mentions(connection, parts, standing)
    _narrowed(connection, parts, standing)
    suppression.copies(connection, parts, standing)
    _apply_rules(connection, parts, standing)
    _collapse_copies(connection)
    _edges(connection, standing)


def _accounts(
    connection: duckdb.DuckDBPyConnection, people: pa.Table, standing: Circumstances
) -> None:
    asked = "".join(f"{name}, " for name in columns.author_columns_asked())
    law = columns.mask_sql(columns.rules_of_the_author(), standing.today)
    connection.register("people", people)
    connection.execute(f"""
        CREATE TEMP TABLE accounts AS
        SELECT account, person, number, owner, slice, country, declared_audience, suppressing,
               {asked} {law} AS mask
        FROM (SELECT *, {columns.AUTHOR_FACTS} FROM people)""")
    connection.unregister("people")


def _mentions(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], standing: Circumstances
) -> None:
    """Make `mentioning`: where somebody who objects is mentioned, named or tagged."""
    keys = pa.array(sorted(standing.objector_keys), pa.string())
    put(connection, "objector_keys", pa.table({"key": keys}))
    put(connection, "named", pa.table({"post": pa.array(sorted(standing.named), pa.string())}))
    scans = []
    if standing.objector_keys:
        scans.append(f"""
            SELECT place, coalesce(said IN (FROM objector_keys), false) AS said,
                   coalesce(shown IN (FROM objector_keys), false) AS shown
            FROM (SELECT {PLACE} AS place, unnest(mention_key) AS said, unnest(tagged) AS shown
                  FROM {parquet(parts)} p WHERE len(mention_key) > 0 OR len(tagged) > 0)""")
    if standing.named:
        scans.append(f"""
            SELECT {PLACE} AS place, true AS said, false AS shown
            FROM {parquet(parts)} p WHERE post_id IN (FROM named)""")
    nowhere = "SELECT 0::BIGINT AS place, false AS said, false AS shown"
    connection.execute(f"""
        CREATE TEMP TABLE mentioning AS
        SELECT place, bool_or(said) AS mentions, bool_or(shown) AS pictures
        FROM ({" UNION ALL ".join(scans) or nowhere})
        WHERE said OR shown GROUP BY place""")


SCOPES = pa.schema(
    [
        pa.field("person", pa.string(), nullable=False),
        pa.field("platform", pa.string()),
        pa.field("country", pa.string()),
        pa.field("group", pa.string()),
        pa.field("kinds", pa.list_(pa.string()), nullable=False),
        pa.field("post", pa.string()),
        pa.field("since", pa.date32()),
        pa.field("until", pa.date32()),
        pa.field("bits", pa.int8(), nullable=False),  # the uses it withholds
    ]
)


def _narrowed(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], standing: Circumstances
) -> None:
    """Make `narrowing`: every post of people whose No covers a part, with what it withholds."""
    rows = [
        {name: getattr(scope, name, None) for name in SCOPES.names}
        | {"person": person, "bits": sum(use.bit for use in Use if scope.withholds(use))}
        for person, scopes in standing.narrowed.items()
        for scope in scopes
        if scope.model is None
    ]
    put(connection, "narrowed", pa.Table.from_pylist(rows, schema=SCOPES))
    if not rows:
        connection.execute("CREATE TEMP TABLE narrowing (place BIGINT, withheld TINYINT)")
        return
    connection.execute(f"""
        CREATE TEMP TABLE narrowing AS
        SELECT {PLACE} AS place,
               bit_or(CASE WHEN {columns.NARROWED} THEN n.bits ELSE 0::TINYINT END) AS withheld
        FROM {parquet(parts)} p JOIN narrowed n ON p.person = n.person
        LEFT JOIN accounts a ON p.account = a.account AND p.person = a.person
        GROUP BY ALL""")


def _apply_rules(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], standing: Circumstances
) -> None:
    unknown = columns.of_the_unknown_author()
    authors = "".join(
        f"coalesce(a.{name}, {literal(unknown[name])}) AS {name}, "
        for name in columns.author_columns_asked()
    )
    mentions = bool(standing.objector_keys or standing.named)
    narrowed = bool(standing.narrowed)
    law = columns.mask_sql(columns.rules_of_the_post(), standing.today)
    connection.execute(f"""
        CREATE TEMP TABLE decided AS
        SELECT place, post, number, owner, slice, created, same, author_mask | {law} AS mask
        FROM (
            SELECT {PLACE} AS place, left(p.post_id, 12) AS post,
                   a.number, a.owner, a.slice, epoch_us(p.created_at) AS created,
                   CASE WHEN len(p.photos) = 0 THEN hash(p.text_hash)
                        ELSE hash(p.text_hash, list_transform(p.photos, lambda f: f.sha256))
                        END AS same,
                   {authors} coalesce(a.mask, {_mask_of_the_unknown(standing)}) AS author_mask,
                   {columns.post_facts(standing, mentions=mentions, narrowed=narrowed)}
            FROM {parquet(parts)} p
            LEFT JOIN accounts a ON p.account = a.account AND p.person = a.person
            {f"LEFT JOIN mentioning m ON m.place = {PLACE}" * mentions}
            {f"LEFT JOIN narrowing n ON n.place = {PLACE}" * narrowed}
        )""")


def _mask_of_the_unknown(standing: Circumstances) -> int:
    author = columns.of_the_unknown_author()
    facts = arranged(
        lambda name: Value(author[name]) if name in author else Value(""), Value(standing.today)
    )
    asked = columns.rules_of_the_author()
    return sum(1 << rules.RULES.index(rule) for rule in asked if truth(rule.applies(facts)))


def _collapse_copies(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep the first of each person's equal posts, among those that may be used.

    The window runs over the few rows that have an equal: over all of them it would cost more than
    deciding. 64 bits tell one person's posts apart: among 100,000 of them two would be taken for
    copies once in four billion people.
    """
    connection.execute(f"""
        CREATE TEMP TABLE copies AS
        SELECT place FROM (
            SELECT place, row_number() OVER (PARTITION BY owner, same ORDER BY created, post) AS nth
            FROM decided SEMI JOIN (
                SELECT owner, same FROM decided WHERE {KEPT}
                GROUP BY ALL HAVING count(*) > 1) USING (owner, same)
            WHERE {KEPT})
        WHERE nth > 1;
        UPDATE decided SET mask = mask | {COPY_BIT} WHERE place IN (FROM copies)""")


def _edges(connection: duckdb.DuckDBPyConnection, standing: Circumstances) -> None:
    """Make `edges`: posts at a border of what stands, of which `corpus.proof` decides more again.

    Where a narrowed No, a name, a copy or a hold's first or last day is near, a wrong column
    would keep a post that has no reason to show, so a post of each combination of reasons is not
    enough.
    """
    days = sorted(set(_border_days(standing)))
    near = f"created // 86400000000 IN ({', '.join(map(str, days))})" if days else "false"
    connection.execute(f"""
        CREATE TEMP TABLE edges AS
        SELECT place FROM narrowing UNION SELECT place FROM mentioning
        UNION SELECT place FROM suppressed_places UNION SELECT place FROM decided WHERE {near}""")


def _border_days(standing: Circumstances) -> Iterator[int]:
    """Days since 1970: the first and last of each hold, and those beside them."""
    for scope in standing.holds:
        for day, beside in ((scope.since, -1), (scope.until, 1)):
            if day is not None:
                yield from ((each - date(1970, 1, 1)).days for each in (day, _next(day, beside)))


def _next(day: date, beside: int) -> date:
    return day + timedelta(days=beside) if date.min < day < date.max else day
