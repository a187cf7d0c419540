# ruff: noqa: S608  (SQL is put together from our own names and numbers)
"""Deciding a second time, in plain Python, before anything is published.

Column engines have had silent wrong-result bugs; one of them once made minors eligible. So every
build takes a random sample, one post of every combination of reasons and a sample of those at a
border of what stands (`decide.edges`), gathers their facts and asks the rules again through
`facts.gather` and `policy.decide`, and refuses the whole build on any difference, in the reasons
or in the uses that remain. It cannot show that a build is right, only that two ways of reading
agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from demur.corpus.decide import uses_of
from demur.corpus.facts import Circumstances, gather
from demur.errors import ProofRejected
from demur.policy.clause import Outcome
from demur.policy.decision import Decision, decide, mask_of

RANDOM = 256  # posts a group of shards, beside one of every combination of reasons
EDGES = 1024  # of those at a border: 50 ms, and every one where few people have narrowed their No

COLUMNS = ["post_id", "person", "account", "platform", "kind", "audience", "group", "created_at"]
COLUMNS += ["text_hash", "near", "normal_chars", "reshare_of", "mention_key", "tagged", "photos"]
COLUMNS += ["photo_refusals", "refuses_training"]
"""What deciding a post again reads of its row in the lake."""


def sample(connection: duckdb.DuckDBPyConnection, seed: int) -> NDArray[np.int64]:
    """The places, in order, of the posts to decide again: a random sample, one post of every
    combination of reasons, a sample of the edges, and all that may be copies of one of these."""
    drawn = connection.sql(f"""
        WITH drawn AS (
            (SELECT place FROM decided ORDER BY hash(place, {seed}) LIMIT {RANDOM})
            UNION (SELECT min(place) FROM decided GROUP BY mask)
            UNION (SELECT place FROM edges ORDER BY hash(place, {seed}) LIMIT {EDGES})),
        equals AS (SELECT owner, same FROM decided SEMI JOIN drawn USING (place))
        SELECT place FROM decided SEMI JOIN equals USING (owner, same)
        UNION FROM drawn ORDER BY place""")
    return np.asarray(drawn.fetchnumpy()["place"], np.int64)


def decide_again(
    rows: Sequence[dict[str, Any]],
    masks: Sequence[int],
    people: pa.Table,
    standing: Circumstances,
) -> None:
    """Compare the masks of some rows with plain Python; `ProofRejected` on a difference.

    rows: `COLUMNS` of the lake, with each person's equal posts together in one call.
    """
    accounts = pa.array(sorted({row["account"] for row in rows}), pa.string())
    theirs = people.filter(pc.is_in(people["account"], accounts))
    known = {row["account"]: row for row in theirs.to_pylist()}

    def decided(row: dict[str, Any], *, repeats_own: bool) -> Decision:
        facts = gather(row, known.get(row["account"]), standing, repeats_own=repeats_own)
        return decide(facts, policy="-")

    alone = [decided(row, repeats_own=False) for row in rows]
    first = _first_of_each(rows, alone)
    remaining = uses_of(np.array(masks, np.int64)).tolist()
    for row, decision, mask, uses in zip(rows, alone, masks, remaining, strict=True):
        repeats = first.get(_what(row), row["post_id"]) != row["post_id"]
        again = repeats and decision.outcome is not Outcome.EXCLUDE
        whole = decided(row, repeats_own=True) if again else decision
        if (mask_of(whole), sum(use.bit for use in whole.uses)) != (mask, uses):
            raise ProofRejected(
                f"Post {row['post_id']} was decided one way in columns and another way in plain"
                f" Python (DuckDB {duckdb.__version__}). Nothing was replaced; report this and"
                " build with another version of DuckDB."
            )


def _what(row: dict[str, Any]) -> tuple[object, ...]:
    return row["person"], row["text_hash"], tuple(photo["sha256"] for photo in row["photos"])


def _first_of_each(
    rows: Sequence[dict[str, Any]], alone: Sequence[Decision]
) -> dict[tuple[object, ...], str]:
    """Of each person's equal posts, the first that may be used."""
    usable: dict[tuple[object, ...], list[tuple[Any, str]]] = defaultdict(list)
    for row, decision in zip(rows, alone, strict=True):
        if decision.outcome is not Outcome.EXCLUDE:
            usable[_what(row)].append((row["created_at"], row["post_id"]))
    return {what: min(posts)[1] for what, posts in usable.items()}
