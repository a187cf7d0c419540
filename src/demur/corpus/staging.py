"""An import on its way into the lake: buffered by shard, written as it comes, in bounded memory.

It skips what the lake already holds, so that importing an archive again changes nothing, and
writes down what is said anew of it (`corpus.rereading`). It does not know who acknowledges an
import; see `corpus.lake`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demur.corpus import files
from demur.corpus.rereading import Amendments, Rereading
from demur.corpus.stored import LAKE_SCHEMA, PARQUET
from demur.people import Home
from demur.posts import Hidden, Photo

HELD = 96 << 20
"""Bytes of posts held before the fullest shard is written: with 64 shards still row groups of
several thousand posts, below which reading them costs more than deciding."""

CHUNK = 1_000  # rows held as Python values, a shard


class Staging:
    """A folder `staging/<import>` being filled. As a context: an error inside removes it."""

    def __init__(self, folder: Path, known: Callable[[int], Sequence[Path]], home: Home) -> None:
        """known: the files of a shard in the lake."""
        self.new = 0
        self.amendments = Amendments()  # complete when the context is left
        self._folder = folder
        self._known = known
        self._home = home
        self._shards: dict[int, _Shard] = {}
        self._held = 0
        self._photos: set[Path] = set()

    def __enter__(self) -> Staging:
        self._folder.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            for shard in self._shards.values():
                self._write(shard)
        for shard in self._shards.values():
            shard.close()
        if kind is None:
            for shard in self._shards.values():
                self._amend(shard)
        if kind is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, shard: int, row: dict[str, Any]) -> None:
        self._held += self._shard(shard).add(row)
        if self._held > HELD:
            self._write(max(self._shards.values(), key=lambda each: each.held))

    def hide(self, shard: int, hidden: Hidden) -> None:
        """Only few can see this post; it is looked up, never stored."""
        self._shard(shard).rereading.hide(hidden)

    def keep_photo(self, photo: Photo, lasting: Path) -> None:
        """Store a photo's bytes once. lasting: where it will lie in the lake."""
        staged = self._folder / "photos" / lasting.parent.name / lasting.name
        if photo.data and staged not in self._photos and not lasting.is_file():
            files.write_bytes(staged, photo.data)
            self._photos.add(staged)

    def _shard(self, shard: int) -> _Shard:
        if shard not in self._shards:
            part = self._folder / "posts" / f"shard={shard:04d}.parquet"
            self._shards[shard] = _Shard(part, Rereading.of(self._known(shard), self._home))
        return self._shards[shard]

    def _amend(self, shard: _Shard) -> None:
        said = shard.rereading.amendments(shard.part)
        if said.rows:
            path = self._folder / "amended" / shard.part.name
            path.parent.mkdir(exist_ok=True)
            with files.replacing(path) as temporary:
                rows = pa.Table.from_pylist(said.rows, schema=LAKE_SCHEMA)
                pq.write_table(rows, temporary, **PARQUET)
        self.amendments.rows += [{"post_id": row["post_id"]} for row in said.rows]
        self.amendments.pointing |= said.pointing
        self.amendments.retracted += said.retracted
        self.amendments.opened += said.opened

    def _write(self, shard: _Shard) -> None:
        self._held -= shard.held
        self.new += shard.write()


class _Shard:
    """What one shard will get: rows, then Arrow chunks, then row groups of its file."""

    def __init__(self, part: Path, rereading: Rereading) -> None:
        self.held = 0
        self.part = part
        self.rereading = rereading
        self._rows: list[dict[str, Any]] = []
        self._chunks: list[pa.Table] = []
        self._pending: set[str] = set()
        self._known = rereading.ids.chunks
        self._writer: pq.ParquetWriter | None = None

    def add(self, row: dict[str, Any]) -> int:
        """Take a row unless it came before; how many bytes more are held."""
        if row["post_id"] in self._pending:
            return 0
        self._pending.add(row["post_id"])
        self._rows.append(row)
        return self._pack() if len(self._rows) >= CHUNK else 0

    def write(self) -> int:
        """Write what is held and new to the lake; how many rows that were."""
        self._pack()
        if not self._chunks:
            return 0
        table = pa.concat_tables(self._chunks).combine_chunks()
        ids = _binary(table["post_id"].chunk(0))
        self.rereading.hear(table, ids)
        known = pa.chunked_array(self._known, type=ids.type)
        fresh = table.filter(pc.invert(pc.is_in(ids, value_set=known)))
        self._chunks, self._pending, self.held = [], set(), 0
        if fresh.num_rows:
            self._known.append(_binary(fresh["post_id"].combine_chunks()))
            self._open().write_table(fresh)
        return int(fresh.num_rows)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            files.sync_file(self.part)

    def _open(self) -> pq.ParquetWriter:
        if self._writer is None:
            self.part.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self.part, LAKE_SCHEMA, **PARQUET)
        return self._writer

    def _pack(self) -> int:
        if not self._rows:
            return 0
        chunk = pa.Table.from_pylist(self._rows, schema=LAKE_SCHEMA)
        self._rows = []
        self._chunks.append(chunk)
        self.held += chunk.nbytes
        return int(chunk.nbytes)


def _binary(ids: pa.Array) -> pa.Array:
    """32 hexadecimal digits as 16 bytes: half the memory for every post the lake knows."""
    packed = bytes.fromhex("".join(ids.to_pylist()))
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), len(ids), [None, pa.py_buffer(packed)]
    )
