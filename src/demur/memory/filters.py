"""Filters: which rows a `Filter` looks at, as one mask for words and vectors alike.

Columns of what was built, held in numbers; nothing is read from the disk for a question, and a
filter that names what is not here lets nothing through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demur.memory.search import Filter

COLUMNS = ("account", "platform", "group", "kind", "lang")
DAY = 86_400_000_000  # microseconds

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Columns:
    """What filters look at, row by row through all folders."""

    values: dict[str, dict[str, int]]
    codes: dict[str, NDArray[np.int32]]
    day: NDArray[np.int32]  # since 1970, in UTC

    @classmethod
    def load(cls, built: Sequence[Path]) -> Columns:
        asked = [*COLUMNS, "created_at"]
        table = pa.concat_tables(
            [pq.read_table(folder / "kept.parquet", columns=asked) for folder in built]
        )
        coded = {name: table[name].combine_chunks().dictionary_encode() for name in COLUMNS}
        when = table["created_at"].combine_chunks().cast(pa.int64()).to_numpy()
        return cls(
            {
                name: {value: code for code, value in enumerate(column.dictionary.to_pylist())}
                for name, column in coded.items()
            },
            {
                name: column.indices.fill_null(-1).to_numpy().astype(np.int32)
                for name, column in coded.items()
            },
            (when // DAY).astype(np.int32),
        )

    def __len__(self) -> int:
        return len(self.day)

    def rows(self, where: Filter) -> Rows:
        """[rows]: is this one looked at?"""
        found = np.ones(len(self.day), np.bool_)
        asked = {
            "account": where.accounts,
            "platform": (where.platform,),
            "group": (where.group,),
            "kind": where.kinds,
            "lang": (where.lang,),
        }
        for name, wanted in asked.items():
            if any(value is not None for value in wanted):
                known = self.values[name]
                codes = [known[value] for value in wanted if value in known]
                found &= np.isin(self.codes[name], codes)
        if where.since is not None:
            found &= self.day >= _day(where.since)
        if where.until is not None:
            found &= self.day <= _day(where.until)
        return found


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days
