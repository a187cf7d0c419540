"""Mentions that are certain: the newest public posts that point at somebody, for that somebody.

A handle, a tag or a link says itself whom it means (`Account.keys`); plain names are another
module's (`corpus.names`). It shows what anybody could read where it was posted, and decides
nothing.
"""

# ruff: noqa: S608  (SQL is put together from our own names; values pass as parameters)

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import duckdb

from demur.corpus import scan
from demur.corpus.lake import Lake
from demur.corpus.names import AROUND, READABLE, Named
from demur.people import AccountId, PersonId


def newest(lake: Lake, keys: Collection[str], *, limit: int) -> list[Named]:
    """One place in each of the newest `limit` posts that mention somebody by one of these keys."""
    parts = [part for shard in range(lake.home.shards) for part in lake.parts(shard)]
    if not parts or not keys:
        return []
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = connection.sql(
            f"""
            SELECT post_id, person, account, created_at, text,
                   mention_start, mention_end, mention_key
            FROM {scan.parquet(parts)} p
            WHERE audience IN {tuple(map(str, READABLE))} AND list_has_any(mention_key, ?)
            ORDER BY created_at DESC, post_id LIMIT ?""",
            params=[sorted(keys), limit],
        )
        found = rows.to_arrow_table().to_pylist()
    return [next(_places(row, keys)) for row in found]


def _places(row: dict[str, Any], keys: Collection[str]) -> Iterator[Named]:
    text = row["text"]
    spans = zip(row["mention_start"], row["mention_end"], row["mention_key"], strict=True)
    for start, end, key in spans:
        if key in keys:
            yield Named(
                post_id=row["post_id"],
                start=start,
                end=end,
                person=PersonId(row["person"]),
                account=AccountId(row["account"]),
                created_at=row["created_at"],
                before=text[max(start - AROUND, 0) : start],
                name=text[start:end],
                after=text[end : end + AROUND],
                full=True,
            )
