"""Nearness: how near a picture that was drawn just now comes to any that somebody posted.

Compared with every look in the lake, whatever the law says of its post and whoever objects: a
picture of somebody who said no must be repeated least of all. Nothing is kept between two
questions, so what was erased is not compared with any more. What has no look (a plain surface) is
not compared by it; that is said in `docs/images.md`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demur.corpus.likeness import LOOK

_LOOKS = "photos.list.element.look"


def nearest(lake: Path, look: bytes) -> int | None:
    """Bits in which this look differs from the nearest one; None where there is none to compare.

    lake: the folder `lake/` of a site.
    """
    if not look:
        return None
    asked = np.frombuffer(look, np.uint64)
    least: int | None = None
    for part in sorted(lake.glob("posts/*/[!.]*.parquet")):
        looks = _looks(part)
        if len(looks):
            here = int(np.bitwise_count(looks ^ asked).sum(axis=1).min())
            least = here if least is None else min(least, here)
    return least


def _looks(part: Path) -> NDArray[np.uint64]:
    """The looks of a file's pictures, [looks, 4]."""
    photos = pq.ParquetFile(part).read(columns=[_LOOKS])["photos"]
    found = [np.zeros((0, LOOK // 8), np.uint64)]
    for chunk in photos.chunks:
        pictures = chunk.flatten()
        looks = pictures.field("look").drop_null().cast(pa.binary(LOOK))
        words = np.frombuffer(looks.buffers()[1] or b"", np.uint64).reshape(-1, LOOK // 8)
        found.append(words[looks.offset : looks.offset + len(looks)])
    return np.concatenate(found)
