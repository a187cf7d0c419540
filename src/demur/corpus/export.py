"""Writing what a shard keeps: sorted, masked where the law says so, under one root.

Works on the table `decided` that `corpus.decide` left in the connection, which says where each
row goes; the rows themselves are read once, and only the rare ones with a mention to mask, and
those that are decided a second time, pass through Python values. Nothing is published here: the
files lie in a folder of their own until `corpus.build` moves the pointer.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demur.corpus import files, manifest, proof
from demur.corpus.decide import KEPT, REDACT_BITS, uses_of
from demur.corpus.facts import Circumstances
from demur.corpus.manifest import KEPT_SCHEMA, Manifest, SliceManifest
from demur.corpus.proof import decide_again
from demur.corpus.redaction import mask
from demur.corpus.scan import batches
from demur.corpus.stored import LAKE_SCHEMA, PARQUET
from demur.errors import SiteUnusable
from demur.policy.rules import RULES
from demur.posts import Mention

DECISIONS_SCHEMA = pa.schema(
    [
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("person", pa.string(), nullable=False),
        pa.field("reasons", pa.int64(), nullable=False),  # bit i: the i-th of `rules`
        pa.field("outcome", pa.int8(), nullable=False),  # Outcome.severity
        pa.field("uses", pa.int8(), nullable=False),  # what remains, as in KEPT_SCHEMA
    ]
)

_KEPT = ["post_id", "person", "account", "platform", "group", "kind", "lang", "created_at", "text"]
_KEPT += ["origin", "translation_of", "text_hash", "near", "mention_key", "tagged", "url"]
_KEPT += ["attribution", "photos"]
_MASKING = ["post_id", "text", "mention_start", "mention_end", "mention_key", "photos"]
_MASKED = KEPT_SCHEMA.field("masked")
_CHANGED = pa.schema([*map(LAKE_SCHEMA.field, ["text", "mention_key", "photos"]), _MASKED])
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
        SELECT place, number {here} AND {KEPT}
        ORDER BY slice, owner, created, post""").fetchnumpy()
    places, masks = np.asarray(decided["place"]), np.asarray(decided["mask"])
    again = job.again[slice(*np.searchsorted(job.again, [first, beyond]))]
    every, rows, sampled = _read(job, np.sort(order["place"]), again)
    if len(every) != len(masks):  # somebody was erased, or two became one, in the meantime
        raise SiteUnusable("The lake changed while it was being decided on; build again.")
    decide_again(sampled, masks[np.searchsorted(places, again)].tolist(), job.people, job.standing)
    of_kept = masks[np.searchsorted(places, order["place"])]
    kept = _arranged(job, rows, np.asarray(order["place"]), of_kept)
    kept = kept.append_column("uses", pa.array(uses_of(of_kept)))
    kept = _with_account(kept, job.people, np.asarray(order["number"]))
    uses = uses_of(masks)
    outcome = np.where(uses == 0, 2, np.where(masks & REDACT_BITS, 1, 0))
    decisions = every.append_column("reasons", pa.array(masks))
    decisions = decisions.append_column("outcome", pa.array(outcome, pa.int8()))
    decisions = decisions.append_column("uses", pa.array(uses))
    return kept, decisions.cast(DECISIONS_SCHEMA)


def _read(
    job: Export, keep: Places, again: Places
) -> tuple[pa.Table, pa.Table, list[dict[str, Any]]]:
    """One pass over a shard's files: (post_id, person) of every row, all columns of the rows to
    keep, and the rows to decide again. keep, again: places in order."""
    every, rows, sampled = [], [], []
    needed = list(dict.fromkeys([*_KEPT, *_MASKING]))
    columns = list(dict.fromkeys([*needed, *proof.COLUMNS]))
    for begin, batch in batches(job.parts, columns, first=job.offset):
        end = begin + len(batch)
        every.append(batch.select(["post_id", "person"]))
        rows.append(batch.select(needed).take(_within(keep, begin, end)))
        chosen = batch.select(proof.COLUMNS).take(_within(again, begin, end))
        sampled += chosen.to_pylist()
    return pa.Table.from_batches(every), pa.Table.from_batches(rows), sampled


def _within(places: Places, begin: int, end: int) -> pa.Array:
    inside = slice(*np.searchsorted(places, [begin, end]))
    return pa.array(places[inside] - begin)


def _arranged(job: Export, rows: pa.Table, order: Places, masks: Places) -> pa.Table:
    """The rows in the order of these places, with masked mentions where the mask says so."""
    where = np.empty(len(order), np.int64)
    where[np.argsort(order)] = np.arange(len(order))  # the rows lie in the order of their places
    redacted = np.flatnonzero(masks & REDACT_BITS)
    plain = rows.select(_MASKING).take(where[redacted]).to_pylist()
    masked = pa.Table.from_pylist([_mask(row, job.standing) for row in plain], schema=_CHANGED)
    behind = where.copy()  # the masked ones are laid behind the others
    behind[redacted] = len(rows) + np.arange(len(masked))
    rows = rows.append_column(_MASKED, _empty_lists(len(rows)))
    changed = pa.concat_tables([rows.select(_CHANGED.names), masked])
    columns = {name: (rows[name], where) for name in _KEPT}
    columns |= {name: (changed[name], behind) for name in _CHANGED.names}
    return pa.table(
        {name: values.combine_chunks().take(pa.array(at)) for name, (values, at) in columns.items()}
    )


def _empty_lists(count: int) -> pa.Array:
    return pa.ListArray.from_arrays(np.zeros(count + 1, np.int32), pa.array([], pa.string()))


def _with_account(rows: pa.Table, people: pa.Table, numbers: Places) -> pa.Table:
    accounts = people.select(["slice", "country"]).take(pa.array(numbers))
    columns = {name: rows[name] for name in rows.column_names}
    columns |= {"slice": accounts["slice"], "country": accounts["country"]}
    columns["mention_keys"] = columns.pop("mention_key")
    return pa.table({name: columns[name] for name in KEPT_SCHEMA.names}).cast(KEPT_SCHEMA)


def _mask(row: dict[str, Any], standing: Circumstances) -> dict[str, Any]:
    """What changes of one row: the objectors' mentions and names are gone from text and keys."""
    named = standing.named.get(row["post_id"], ())
    spans = zip(row["mention_start"], row["mention_end"], row["mention_key"], strict=True)
    mentions = [Mention(start=start, end=end, key=key) for start, end, key in spans]
    photos = row["photos"]
    unwanted = standing.objector_keys
    if named:  # adding none would copy them all, once a row
        unwanted = unwanted.union(mention.key for mention in named)
    done = mask(row["text"], [*mentions, *named], unwanted, [photo["alt"] for photo in photos])
    photos = [photo | {"alt": alt} for photo, alt in zip(photos, done.alts, strict=True)]
    return {"text": done.text, "mention_key": done.keys, "photos": photos, "masked": done.taken}


def _slices(kept: pa.Table, slices: int) -> list[SliceManifest]:
    bounds = np.searchsorted(kept["slice"].to_numpy(), np.arange(slices + 1)).tolist()
    return [manifest.of_slice(kept.slice(a, b - a)) for a, b in itertools.pairwise(bounds)]


def _write(path: Path, table: pa.Table) -> None:
    with files.replacing(path) as temporary:
        pq.write_table(table, temporary, **PARQUET)
