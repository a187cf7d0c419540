"""Scanning the lake: DuckDB's connection, the files, a row by where it lies, values as SQL.

Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import ConstantExpression

from demur.policy.clause import Plain

PLACE = "(p.file_index::BIGINT << 40 | p.file_row_number)"
"""Where a row of the scan `p` lies in the scanned files: one number that needs no column."""


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """A connection of one thread that spills to `scratch` when a group is larger than memory."""
    scratch.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        config={
            "threads": 1,
            "preserve_insertion_order": False,
            "temp_directory": str(scratch),
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET python_enable_replacements = false")  # a table is never a variable
    return connection


def literal(value: Plain) -> str:
    """A value as SQL, quoted by DuckDB's own rules."""
    return str(ConstantExpression(value))


def parquet(parts: Sequence[Path]) -> str:
    """SQL of a scan of these files; their order gives `file_index`."""
    names = ", ".join(literal(str(part)) for part in parts)
    return f"read_parquet([{names}], hive_partitioning = false)"


def put(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Make a temporary table of these rows."""
    connection.register("incoming", rows)
    connection.execute(f"CREATE TEMP TABLE {name} AS FROM incoming")
    connection.unregister("incoming")


def batches(
    parts: Sequence[Path], columns: Sequence[str], *, first: int = 0
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """These columns of the files in order, each batch with the place of its first row (`PLACE`).

    first: the number of the first file, where others come before it in the scan.
    """
    for number, part in enumerate(parts, start=first):
        place = number << 40
        for batch in pq.ParquetFile(part).iter_batches(columns=list(columns), use_threads=False):
            yield place, batch
            place += len(batch)
