"""Writing what a shard keeps: sorted, masked where the law says so, under one root.

Works on the tables that `corpus.decide` left in the connection. Only the rare rows with a mention
to mask pass through Python; the rest goes from DuckDB to Parquet as it is. Nothing is published
here: the files lie in a folder of their own until `corpus.build` moves the pointer.
"""

# ruff: noqa: S608  (SQL is put together from our own names; values pass `columns.literal`)

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from demur.corpus import files, manifest
from demur.corpus.decide import EXCLUDE_BITS, REDACT_BITS, parquet
from demur.corpus.manifest import KEPT_SCHEMA, Manifest
from demur.corpus.redaction import mask
from demur.corpus.stored import PARQUET, PHOTO
from demur.policy.rules import RULES
from demur.posts import Mention

DECISIONS_SCHEMA = pa.schema(
    [
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("person", pa.string(), nullable=False),
        pa.field("reasons", pa.int64(), nullable=False),  # bit i: the i-th of `rules`
        pa.field("outcome", pa.int8(), nullable=False),  # Outcome.severity
    ]
)
_MASKED_SCHEMA = pa.schema(
    [
        ("place", pa.int64()),
        ("text", pa.string()),
        ("keys", pa.list_(pa.string())),
        ("photos", pa.list_(PHOTO)),
    ]
)


def export(
    connection: duckdb.DuckDBPyConnection,
    parts: Sequence[Path],
    offset: int,
    folder: Path,
    *,
    shard: int,
    slices: int,
    policy: str,
    objector_keys: Collection[str],
) -> Manifest:
    """Write one shard's kept.parquet, decisions.parquet and, last, manifest.json into `folder`.

    parts: the shard's files. offset: how many files of other shards came before them in the
    group that was decided.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE here AS
        SELECT place - ({offset}::BIGINT << 40) AS place, mask FROM decided
        WHERE place >> 40 BETWEEN {offset} AND {offset + len(parts) - 1}""")
    _write_decisions(connection, offset, len(parts), folder / "decisions.parquet", policy)
    masked = _masked(connection, parts, objector_keys)
    made = _write_kept(connection, parts, masked, folder / "kept.parquet", slices)
    written = manifest.of_slices(shard, policy, made)
    files.write_bytes(folder / "manifest.json", written.to_json())
    return written


def write_nothing(folder: Path, *, shard: int, slices: int, policy: str) -> Manifest:
    """The same files for a shard that nobody's posts are in."""
    _write(folder / "decisions.parquet", _named(DECISIONS_SCHEMA.empty_table(), policy))
    _write(folder / "kept.parquet", KEPT_SCHEMA.empty_table())
    empty = manifest.of_slice(KEPT_SCHEMA.empty_table())
    written = manifest.of_slices(shard, policy, [empty] * slices)
    files.write_bytes(folder / "manifest.json", written.to_json())
    return written


def _write_decisions(
    connection: duckdb.DuckDBPyConnection, offset: int, count: int, path: Path, policy: str
) -> None:
    outcome = f"CASE WHEN mask & {EXCLUDE_BITS} <> 0 THEN 2 WHEN mask <> 0 THEN 1 ELSE 0 END"
    rows = connection.sql(f"""
        SELECT post_id, person, mask AS reasons, ({outcome})::TINYINT AS outcome FROM decided
        WHERE place >> 40 BETWEEN {offset} AND {offset + count - 1}""")
    _write(path, _named(rows.to_arrow_table().cast(DECISIONS_SCHEMA), policy))


def _named(decisions: pa.Table, policy: str) -> pa.Table:
    names = json.dumps([rule.name for rule in RULES])
    return decisions.replace_schema_metadata({"rules": names, "policy": policy})


def _masked(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], objector_keys: Collection[str]
) -> pa.Table:
    """The rows that train with a mention taken out, as they will be kept."""
    rows = connection.sql(f"""
        SELECT place, text, mention_start, mention_end, mention_key, photos
        FROM ({_scan(parts)}) JOIN here USING (place)
        WHERE mask & {EXCLUDE_BITS} = 0 AND mask & {REDACT_BITS} <> 0""").to_arrow_table()
    kept = [_mask_row(row, objector_keys) for row in rows.to_pylist()]
    return pa.Table.from_pylist(kept, schema=_MASKED_SCHEMA)


def _mask_row(row: dict[str, Any], objector_keys: Collection[str]) -> dict[str, Any]:
    spans = zip(row["mention_start"], row["mention_end"], row["mention_key"], strict=True)
    mentions = [Mention(start=start, end=end, key=key) for start, end, key in spans]
    alts = [photo["alt"] for photo in row["photos"]]
    masked = mask(row["text"], mentions, objector_keys, alts)
    photos = [photo | {"alt": alt} for photo, alt in zip(row["photos"], masked.alts, strict=True)]
    return {"place": row["place"], "text": masked.text, "keys": masked.keys, "photos": photos}


def _write_kept(
    connection: duckdb.DuckDBPyConnection,
    parts: Sequence[Path],
    masked: pa.Table,
    path: Path,
    slices: int,
) -> list[manifest.SliceManifest]:
    connection.register("masked", masked)
    rows = connection.sql(f"""
        SELECT p.post_id, p.person, a.slice, p.account, p.platform, a.country, p.kind, p.lang,
               p.created_at, coalesce(m.text, p.text) AS text, p.text_hash,
               coalesce(m.keys, p.mention_key) AS mention_keys, p.tagged, p.url, p.attribution,
               coalesce(m.photos, p.photos) AS photos
        FROM ({_scan(parts)}) p JOIN here USING (place) JOIN accounts a USING (account)
        LEFT JOIN masked m USING (place)
        WHERE here.mask & {EXCLUDE_BITS} = 0
        ORDER BY a.slice, p.person, p.created_at, p.post_id""")
    kept = rows.to_arrow_table().cast(KEPT_SCHEMA)
    connection.unregister("masked")
    _write(path, kept)
    bounds = np.searchsorted(kept["slice"].to_numpy(), np.arange(slices + 1))
    edges = zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    return [manifest.of_slice(kept.slice(begin, end - begin)) for begin, end in edges]


def _scan(parts: Sequence[Path]) -> str:
    return f"SELECT file_index::BIGINT << 40 | file_row_number AS place, * FROM {parquet(parts)}"


def _write(path: Path, table: pa.Table) -> None:
    with files.replacing(path) as temporary:
        pq.write_table(table, temporary, **PARQUET)
