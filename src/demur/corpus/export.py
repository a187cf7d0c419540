"""Writing what a shard keeps: sorted, masked where the law says so, under one root.

Works on the table `decided` that `corpus.decide` left in the connection, which says where each
row goes; the rows themselves are read, filtered and gathered once, and only the rare ones with a
mention to mask pass through Python values. Nothing is published here: the files lie in a folder
of their own until `corpus.build` moves the pointer.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demur.corpus import files, manifest
from demur.corpus.decide import EXCLUDE_BITS, REDACT_BITS
from demur.corpus.manifest import KEPT_SCHEMA, Manifest, SliceManifest
from demur.corpus.redaction import mask
from demur.corpus.stored import PARQUET
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

_FROM_THE_LAKE = ["post_id", "person", "account", "platform", "kind", "lang", "created_at", "text"]
_FROM_THE_LAKE += ["text_hash", "mention_key", "tagged", "url", "attribution", "photos"]
_SPANS = ["mention_start", "mention_end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One shard to be written. offset: how many files of other shards came before its own in the
    group that was decided."""

    shard: int
    parts: Sequence[Path]
    offset: int
    folder: Path
    slices: int
    policy: str
    objector_keys: Collection[str] = field(repr=False)


def export(connection: duckdb.DuckDBPyConnection, job: Export) -> Manifest:
    """Write one shard's kept.parquet, decisions.parquet and, last, manifest.json."""
    first, beyond = job.offset << 40, (job.offset + len(job.parts)) << 40
    here = f"FROM decided WHERE place >= {first} AND place < {beyond}" if job.parts else ""
    decisions = DECISIONS_SCHEMA.empty_table()
    kept = KEPT_SCHEMA.empty_table()
    if here:
        outcome = f"CASE WHEN mask & {EXCLUDE_BITS} <> 0 THEN 2 WHEN mask <> 0 THEN 1 ELSE 0 END"
        said = connection.sql(f"""
            SELECT post_id, person, mask AS reasons, ({outcome})::TINYINT AS outcome {here}
            ORDER BY place""")
        decisions = said.to_arrow_table().cast(DECISIONS_SCHEMA)
        order = connection.sql(f"""
            SELECT place - {first} AS place, slice, country,
                   mask & {REDACT_BITS} <> 0 AS masked {here} AND mask & {EXCLUDE_BITS} = 0
            ORDER BY slice, person, created, post_id""")
        kept = _kept(job, order.to_arrow_table())
    names = json.dumps([rule.name for rule in RULES])
    about = {"rules": names, "policy": job.policy}
    _write(job.folder / "decisions.parquet", decisions.replace_schema_metadata(about))
    _write(job.folder / "kept.parquet", kept)
    written = manifest.of_slices(job.shard, job.policy, _slices(kept, job.slices))
    files.write_bytes(job.folder / "manifest.json", written.to_json())
    return written


def _kept(job: Export, order: pa.Table) -> pa.Table:
    """The rows to keep, in their order. order: place, slice, country and masked for each."""
    places = order["place"].to_numpy()
    at = np.argsort(places)  # the rows come from the files in the order of their places
    rows = _read(job.parts, places[at])
    where = np.empty(len(at), np.int64)
    where[at] = np.arange(len(at))
    masked = order["masked"].to_numpy()
    if masked.any():
        changed = [_mask(row, job.objector_keys) for row in rows.take(where[masked]).to_pylist()]
        where[masked] = len(rows) + np.arange(len(changed))
        rows = pa.concat_tables([rows, pa.Table.from_pylist(changed, schema=rows.schema)])
    columns = {name: rows[name].combine_chunks().take(pa.array(where)) for name in _FROM_THE_LAKE}
    columns |= {"slice": order["slice"], "country": order["country"]}
    columns["mention_keys"] = columns.pop("mention_key")
    return pa.table({name: columns[name] for name in KEPT_SCHEMA.names}).cast(KEPT_SCHEMA)


def _read(parts: Sequence[Path], places: NDArray[np.int64]) -> pa.Table:
    """The rows at these places, which are in order: file number << 40 | row number."""
    found: list[pa.RecordBatch] = []
    for number, part in enumerate(parts):
        begin = number << 40
        for batch in pq.ParquetFile(part).iter_batches(
            columns=[*_FROM_THE_LAKE, *_SPANS], use_threads=False
        ):
            inside = slice(*np.searchsorted(places, [begin, begin + len(batch)]))
            found.append(batch.take(pa.array(places[inside] - begin)))
            begin += len(batch)
    return pa.Table.from_batches(found)


def _mask(row: dict[str, Any], objector_keys: Collection[str]) -> dict[str, Any]:
    """One row as it may be used: the objectors' mentions are gone from text and keys."""
    spans = zip(row["mention_start"], row["mention_end"], row["mention_key"], strict=True)
    mentions = [Mention(start=start, end=end, key=key) for start, end, key in spans]
    photos = row["photos"]
    done = mask(row["text"], mentions, objector_keys, [photo["alt"] for photo in photos])
    photos = [photo | {"alt": alt} for photo, alt in zip(photos, done.alts, strict=True)]
    return row | {"text": done.text, "mention_key": done.keys, "photos": photos}


def _slices(kept: pa.Table, slices: int) -> list[SliceManifest]:
    bounds = np.searchsorted(kept["slice"].to_numpy(), np.arange(slices + 1)).tolist()
    return [manifest.of_slice(kept.slice(a, b - a)) for a, b in itertools.pairwise(bounds)]


def _write(path: Path, table: pa.Table) -> None:
    with files.replacing(path) as temporary:
        pq.write_table(table, temporary, **PARQUET)
