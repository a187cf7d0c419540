"""Shown: which rows show a picture, found by the picture's SHA-256.

Built when a generation is loaded, from what the build kept; 41 bytes a picture. Whether a row may
be shown now is the caller's to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demur.posts import Photo

_FORMS = ("image/jpeg", "image/png", "image/webp")


@dataclass(frozen=True, slots=True)
class Shown:
    """The pictures of all rows, ordered by their hash."""

    hashes: NDArray[np.bytes_]  # [pictures], 32 bytes each, ascending
    row: NDArray[np.int64]
    form: NDArray[np.int8]

    @classmethod
    def load(cls, built: Sequence[Path]) -> Shown:
        """Read the folders' `kept.parquet`; rows are counted through all of them."""
        hashes, rows, forms, first = [], [], [], 0
        for folder in built:
            photos = pq.read_table(folder / "kept.parquet", columns=["photos"])["photos"]
            lists = pa.concat_arrays(photos.chunks) if photos.num_chunks else photos
            many = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
            each = lists.flatten()
            names = each.field("sha256").to_pylist() if len(each) else []
            types = each.field("media_type").to_pylist() if len(each) else []
            hashes += [bytes.fromhex(name) for name in names]
            forms += [_FORMS.index(kind) if kind in _FORMS else -1 for kind in types]
            rows.append(first + np.repeat(np.arange(len(many)), many))
            first += len(many)
        row = np.concatenate(rows) if rows else np.zeros(0, np.int64)
        known = np.array(hashes, "S32")
        order = np.argsort(known, kind="stable")
        return cls(known[order], row[order].astype(np.int64), np.array(forms, np.int8)[order])

    def rows(self, sha256: str) -> list[tuple[int, Photo]]:
        """The rows that show it, and the picture. sha256: 64 hexadecimal digits."""
        asked = np.array([bytes.fromhex(sha256)], "S32")
        first = int(np.searchsorted(self.hashes, asked, "left")[0])
        last = int(np.searchsorted(self.hashes, asked, "right")[0])
        return [
            (int(self.row[at]), Photo(sha256=sha256, media_type=_FORMS[self.form[at]]))
            for at in range(first, last)
            if self.form[at] >= 0
        ]
