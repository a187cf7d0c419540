"""Deciding a second time, in plain Python, before anything is published.

Column engines have had silent wrong-result bugs; one of them once made minors eligible. So every
build takes a random sample and one post of every combination of reasons, gathers their facts and
asks the rules again through `facts.gather` and `policy.decide`, and refuses the whole build on
any difference. It cannot show that a build is right, only that two ways of reading agree.
"""

# ruff: noqa: S608  (SQL is put together from our own names; values pass `columns.literal`)

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from demur.corpus.decide import PLACE, parquet
from demur.corpus.facts import Circumstances, gather
from demur.errors import ProofRejected
from demur.policy.clause import Outcome
from demur.policy.decision import Decision, decide, mask_of

RANDOM = 256  # posts a group of shards, beside one of every combination of reasons

_READ = """place, p.post_id, p.person, account, platform, kind, audience, "group", created_at,
    p.text_hash, normal_chars, reshare_of, mention_key, tagged, photos, photo_refusals,
    refuses_training, mask"""


def decide_again(
    connection: duckdb.DuckDBPyConnection,
    parts: Sequence[Path],
    people: pa.Table,
    standing: Circumstances,
    *,
    seed: int,
) -> int:
    """Compare `decided` with plain Python; how many posts were. `ProofRejected` on a difference."""
    rows = _sampled(connection, parts, seed)
    accounts = pc.field("account").isin(list({row["account"] for row in rows}))
    known = {row["account"]: row for row in people.filter(accounts).to_pylist()}

    def decided(row: dict[str, Any], *, repeats_own: bool) -> Decision:
        facts = gather(row, known.get(row["account"]), standing, repeats_own=repeats_own)
        return decide(facts, policy="-")

    alone = [decided(row, repeats_own=False) for row in rows]
    first = _first_of_each(rows, alone)
    for row, decision in zip(rows, alone, strict=True):
        repeats = first.get(_what(row), row["post_id"]) != row["post_id"]
        again = repeats and decision.outcome is not Outcome.EXCLUDE
        if mask_of(decided(row, repeats_own=True) if again else decision) != row["mask"]:
            raise ProofRejected(
                f"Post {row['post_id']} was decided one way in columns and another way in plain"
                f" Python (DuckDB {duckdb.__version__}). Nothing was replaced; report this and"
                " build with another version of DuckDB."
            )
    return len(rows)


def _sampled(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], seed: int
) -> list[dict[str, Any]]:
    """The sample, with every post that might be a copy of one in it."""
    found = connection.sql(f"""
        WITH sample AS (
            (SELECT place FROM decided ORDER BY hash(place, {seed}) LIMIT {RANDOM})
            UNION (SELECT min(place) FROM decided GROUP BY mask)),
        chosen AS (
            SELECT place, mask FROM decided SEMI JOIN (
                SELECT person, text_hash, pics FROM decided SEMI JOIN sample USING (place))
            USING (person, text_hash, pics))
        SELECT {_READ} FROM (SELECT {PLACE} AS place, * FROM {parquet(parts)}) p
        JOIN chosen USING (place)""")
    rows: list[dict[str, Any]] = found.to_arrow_table().to_pylist()
    return rows


def _what(row: dict[str, Any]) -> tuple[object, ...]:
    return row["person"], row["text_hash"], tuple(photo["sha256"] for photo in row["photos"])


def _first_of_each(
    rows: Sequence[dict[str, Any]], alone: Sequence[Decision]
) -> dict[tuple[object, ...], str]:
    """Of each person's equal posts, the first that may train."""
    may_train: dict[tuple[object, ...], list[tuple[Any, str]]] = defaultdict(list)
    for row, decision in zip(rows, alone, strict=True):
        if decision.outcome is not Outcome.EXCLUDE:
            may_train[_what(row)].append((row["created_at"], row["post_id"]))
    return {what: min(posts)[1] for what, posts in may_train.items()}
