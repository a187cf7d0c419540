"""Writing what a shard keeps: sorted, masked where the law says so, under one root.

Works on the table `decided` that `corpus.decide` left in the connection, which says where each
row goes; the rows themselves are read once, and only the rare ones with a mention to mask, and
those that are decided a second time, pass through Python values. Nothing is published here: the
files lie in a folder of their own until `corpus.build` moves the pointer.
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

from demur.corpus import files, manifest, proof
from demur.corpus.decide import EXCLUDE_BITS, REDACT_BITS
from demur.corpus.facts import Circumstances
from demur.corpus.manifest import KEPT_SCHEMA, Manifest, SliceManifest
from demur.corpus.proof import decide_again
from demur.corpus.redaction import mask
from demur.corpus.stored import PARQUET
from demur.errors import SiteUnusable
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

_KEPT = ["post_id", "person", "account", "platform", "kind", "lang", "created_at", "text"]
_KEPT += ["text_hash", "mention_key", "tagged", "url", "attribution", "photos"]
_KEPT += ["mention_start", "mention_end"]  # not kept, but masking needs them
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One shard to be written. offset: how many files of other shards came before its own in the
    group that was decided. again: the places in the group that are decided a second time."""

    shard: int
    parts: Sequence[Path]
    offset: int
    folder: Path
    slices: int
    policy: str
    people: pa.Table = field(repr=False)
    standing: Circumstances
    again: Places


def export(connection: duckdb.DuckDBPyConnection, job: Export) -> Manifest:
    """Write one shard's kept.parquet, decisions.parquet and, last, manifest.json.

    `errors.ProofRejected` where plain Python decides one of its posts otherwise.
    """
    kept, decisions = KEPT_SCHEMA.empty_table(), DECISIONS_SCHEMA.empty_table()
    if job.parts:
        kept, decisions = _shard(connection, job)
    names = json.dumps([rule.name for rule in RULES])
    about = {"rules": names, "policy": job.policy}
    _write(job.folder / "decisions.parquet", decisions.replace_schema_metadata(about))
    _write(job.folder / "kept.parquet", kept)
    written = manifest.of_slices(job.shard, job.policy, _slices(kept, job.slices))
    files.write_bytes(job.folder / "manifest.json", written.to_json())
    return written


def _shard(connection: duckdb.DuckDBPyConnection, job: Export) -> tuple[pa.Table, pa.Table]:
    """What is kept of a shard, in its order, and what was decided about every post."""
    first, beyond = job.offset << 40, (job.offset + len(job.parts)) << 40
    here = f"FROM decided WHERE place >= {first} AND place < {beyond}"
    decided = connection.sql(f"SELECT place, mask {here} ORDER BY place").fetchnumpy()
    order = connection.sql(f"""
        SELECT place, number {here} AND mask & {EXCLUDE_BITS} = 0
        ORDER BY slice, owner, created, post""").fetchnumpy()
    places, masks = np.asarray(decided["place"]), np.asarray(decided["mask"])
    again = job.again[slice(*np.searchsorted(job.again, [first, beyond]))]
    every, rows, sampled = _read(job, np.sort(order["place"]), again)
    if len(every) != len(masks):  # somebody was erased, or two became one, in the meantime
        raise SiteUnusable("The lake changed while it was being decided on; build again.")
    decide_again(sampled, masks[np.searchsorted(places, again)].tolist(), job.people, job.standing)
    kept = _arranged(
        job, rows, np.asarray(order["place"]), masks[np.searchsorted(places, order["place"])]
    )
    kept = _with_account(kept, job.people, np.asarray(order["number"]))
    outcome = np.where(masks & EXCLUDE_BITS, 2, np.where(masks, 1, 0))
    decisions = every.append_column("reasons", pa.array(masks))
    decisions = decisions.append_column("outcome", pa.array(outcome, pa.int8()))
    return kept, decisions.cast(DECISIONS_SCHEMA)


def _read(
    job: Export, keep: Places, again: Places
) -> tuple[pa.Table, pa.Table, list[dict[str, Any]]]:
    """One pass over a shard's files: (post_id, person) of every row, all columns of the rows to
    keep, and the rows to decide again. keep, again: places in order."""
    every, rows, sampled = [], [], []
    columns = list(dict.fromkeys([*_KEPT, *proof.COLUMNS]))
    for number, part in enumerate(job.parts, start=job.offset):
        begin = number << 40
        for batch in pq.ParquetFile(part).iter_batches(columns=columns, use_threads=False):
            end = begin + len(batch)
            every.append(batch.select(["post_id", "person"]))
            rows.append(batch.select(_KEPT).take(_within(keep, begin, end)))
            chosen = batch.select(proof.COLUMNS).take(_within(again, begin, end))
            sampled += chosen.to_pylist()
            begin = end
    return pa.Table.from_batches(every), pa.Table.from_batches(rows), sampled


def _within(places: Places, begin: int, end: int) -> pa.Array:
    inside = slice(*np.searchsorted(places, [begin, end]))
    return pa.array(places[inside] - begin)


def _arranged(job: Export, rows: pa.Table, order: Places, masks: Places) -> pa.Table:
    """The rows in the order of these places, with masked mentions where the mask says so."""
    where = np.empty(len(order), np.int64)
    where[np.argsort(order)] = np.arange(len(order))  # the rows lie in the order of their places
    redacted = masks & REDACT_BITS != 0
    if redacted.any():
        keys = job.standing.objector_keys
        changed = [_mask(row, keys) for row in rows.take(where[redacted]).to_pylist()]
        where[redacted] = len(rows) + np.arange(len(changed))
        rows = pa.concat_tables([rows, pa.Table.from_pylist(changed, schema=rows.schema)])
    arranged = {name: rows[name].combine_chunks().take(pa.array(where)) for name in _KEPT}
    return pa.table(arranged)


def _with_account(rows: pa.Table, people: pa.Table, numbers: Places) -> pa.Table:
    accounts = people.select(["slice", "country"]).take(pa.array(numbers))
    columns = {name: rows[name] for name in rows.column_names}
    columns |= {"slice": accounts["slice"], "country": accounts["country"]}
    columns["mention_keys"] = columns.pop("mention_key")
    return pa.table({name: columns[name] for name in KEPT_SCHEMA.names}).cast(KEPT_SCHEMA)


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
