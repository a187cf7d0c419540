"""Manifests: what a shard keeps, as one root that changes when any of it does.

A slice's root is the RFC 6962 root over one leaf a person, in the order of `kept.parquet`; the
shard's root is the root over its slices' roots. A leaf is the hash of everything that is kept of
that person and of nothing else, so that one person's leaving changes one leaf. There is no time,
epoch or count of decisions in it: a manifest is a pure function of what is kept and of the law
that was applied (docs/decisions/0020).
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import rfc8785
from numpy.typing import NDArray

from demur.corpus.stored import PHOTO
from demur.errors import ProofRejected
from demur.tlog.merkle import root_of

KEPT_SCHEMA = pa.schema(
    [
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("person", pa.string(), nullable=False),
        pa.field("slice", pa.int16(), nullable=False),
        pa.field("account", pa.string(), nullable=False),
        pa.field("platform", pa.string(), nullable=False),
        pa.field("country", pa.string()),
        pa.field("group", pa.string()),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("uses", pa.int8(), nullable=False),  # bit i: the i-th of people.Use is allowed
        pa.field("lang", pa.string(), nullable=False),
        pa.field("created_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("origin", pa.string()),  # Post.origin
        pa.field("translation_of", pa.string()),  # the origin of another post of its platform
        pa.field("text", pa.string(), nullable=False),  # masked where the law says so
        pa.field("text_hash", pa.binary(16), nullable=False),  # of the text as it was posted
        pa.field("near", pa.list_(pa.int64()), nullable=False),  # of the text as it was posted
        pa.field("mention_keys", pa.list_(pa.string()), nullable=False),  # still readable in it
        pa.field("masked", pa.list_(pa.string()), nullable=False),  # keys of what was taken out
        pa.field("tagged", pa.list_(pa.string()), nullable=False),
        pa.field("url", pa.string()),
        pa.field("attribution", pa.string()),
        pa.field("photos", pa.list_(PHOTO), nullable=False),
    ]
)
"""`kept.parquet`, sorted by slice, person, created_at, post_id: what may be used of a shard."""

VERSION = 3
FORMAT = b"demur kept v3\n"  # what the bytes under a leaf mean; changes with KEPT_SCHEMA
Offsets = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceManifest:
    """root: 64 hexadecimal digits."""

    root: str
    posts: int
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One shard's. policy: the hash of the law under which it was decided."""

    shard: int
    policy: str
    slices: tuple[SliceManifest, ...]
    root: str

    @property
    def posts(self) -> int:
        return sum(each.posts for each in self.slices)

    @property
    def people(self) -> int:
        return sum(each.people for each in self.slices)

    def to_json(self) -> bytes:
        """RFC 8785, so that the same manifest is the same bytes everywhere."""
        return rfc8785.dumps({"v": VERSION, **asdict(self)})

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read one back; `ProofRejected` where its root does not follow from its slices."""
        said = json.loads(path.read_bytes())
        slices = tuple(SliceManifest(**each) for each in said["slices"])
        manifest = cls(shard=said["shard"], policy=said["policy"], slices=slices, root=said["root"])
        if said["v"] != VERSION or manifest.root != _over(slices):
            raise ProofRejected(f"{path} does not hold together; run the build again.")
        return manifest


def of_slices(shard: int, policy: str, slices: Sequence[SliceManifest]) -> Manifest:
    return Manifest(shard=shard, policy=policy, slices=tuple(slices), root=_over(slices))


def of_kept(path: Path, *, shard: int, policy: str, slices: int) -> Manifest:
    """Work a manifest out again from `kept.parquet`: what an auditor or a trainer compares."""
    kept = pq.ParquetFile(path)
    tables = [kept.read_row_group(group) for group in range(kept.num_row_groups)]
    table = pa.concat_tables([kept.schema_arrow.empty_table(), *tables])
    homes = table["slice"].to_numpy()
    bounds = np.searchsorted(homes, np.arange(slices + 1))
    return of_slices(
        shard,
        policy,
        [of_slice(table.slice(a, b - a)) for a, b in itertools.pairwise(bounds)],
    )


def of_slice(rows: pa.Table) -> SliceManifest:
    """rows: one slice's in `KEPT_SCHEMA`, sorted, so that each person's lie together."""
    if rows.schema != KEPT_SCHEMA:
        raise ProofRejected("These rows are not what a build keeps; run the build again.")
    leaves = _leaves(rows)
    return SliceManifest(root=root_of(leaves).hex(), posts=rows.num_rows, people=len(leaves))


def _over(slices: Sequence[SliceManifest]) -> str:
    return root_of([bytes.fromhex(each.root) for each in slices]).hex()


def _leaves(rows: pa.Table) -> list[bytes]:
    """One hash a person, over all columns of their rows.

    A column is a few flat buffers, and a person's part of a buffer is one slice of memory, so
    this costs little more than the hashing itself; a leaf a post, made in Python, would cost ten
    times that (docs/decisions/0020). First come the lengths of everything, then the bytes, so
    that a leaf's bytes can be read back in one way only.
    """
    if rows.num_rows == 0:
        return []
    rows = rows.combine_chunks()
    starts = _people(rows["person"].chunk(0))
    lengths: list[NDArray[Any]] = []
    buffers: list[tuple[memoryview, Offsets]] = []
    for name, column in zip(rows.schema, rows.columns, strict=True):
        buffers += _buffers(column.chunk(0), starts, lengths, nullable=name.nullable)
    sizes = np.stack(lengths, axis=1).astype("<i4")
    buffers.insert(0, (_flat(sizes), starts * sizes.shape[1] * 4))
    counts = np.diff(starts).astype("<i8").tolist()
    digests = [hashlib.sha256(FORMAT + count.to_bytes(8, "little")) for count in counts]
    for buffer, bounds in buffers:
        for digest, (begin, end) in zip(digests, itertools.pairwise(bounds.tolist()), strict=True):
            digest.update(buffer[begin:end])
    return [digest.digest() for digest in digests]


def _people(person: pa.Array) -> Offsets:
    """The row at which each person's rows begin, and the number of rows."""
    changes = pc.not_equal(person.slice(1), person.slice(0, len(person) - 1))
    inner = np.flatnonzero(changes.to_numpy(zero_copy_only=False)) + 1
    return np.concatenate([[0], inner, [len(person)]]).astype(np.int64)


def _buffers(
    array: pa.Array, at: Offsets, lengths: list[NDArray[Any]] | None, *, nullable: bool = False
) -> Iterator[tuple[memoryview, Offsets]]:
    """Flat memory of an array, with the byte where the part of each position of `at` begins.

    lengths: where the lengths of row values are gathered, -1 for a null; None inside a list,
    whose lengths are a buffer of their own. Whether a column may be null is the schema's to say:
    asking the rows would let one person's null change another's leaf.
    """
    kind = array.type
    if pa.types.is_fixed_size_binary(kind) and lengths is None:  # in a list: may be absent
        known = array.is_valid().to_numpy(zero_copy_only=False)
        raw = np.frombuffer(array.buffers()[1], np.uint8).reshape(-1, kind.byte_width)
        held = np.where(known[:, None], raw[array.offset : array.offset + len(array)], 0)
        yield _flat(known), at
        yield _flat(held.astype(np.uint8)), at * kind.byte_width
        return
    if array.null_count and not nullable:
        raise ProofRejected("A build kept a post with something missing; run the build again.")
    if pa.types.is_struct(kind):
        for index in range(kind.num_fields):
            yield from _buffers(array.field(index), at, lengths)
    elif pa.types.is_string(kind) or pa.types.is_list(kind):
        known = array.is_valid().to_numpy(zero_copy_only=False)
        array = array.fill_null("") if array.null_count else array
        raw = np.frombuffer(array.buffers()[1], np.int32)
        offsets = raw[array.offset : array.offset + len(array) + 1].astype(np.int64)
        sizes = np.where(known, np.diff(offsets), -1).astype("<i4")
        if lengths is None:
            yield _flat(sizes), at * 4
        else:
            lengths.append(sizes)
        if pa.types.is_list(kind):
            yield from _buffers(array.values, offsets[at], None)
        elif offsets[-1] > offsets[0]:
            yield memoryview(array.buffers()[2]), offsets[at]
    else:
        width = kind.bit_width // 8
        yield memoryview(array.buffers()[1]), (at + array.offset) * width


def _flat(values: NDArray[Any]) -> memoryview:
    return memoryview(values.tobytes())
