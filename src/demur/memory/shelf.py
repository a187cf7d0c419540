"""The shelf: a shard's memory stands on it whole or not at all.

A folder is drafted beside its place and renamed into it, so a writer that is killed leaves the
former generation as it was and a draft that the next writer throws away. Nothing here knows what
is written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """Yield an empty draft that takes the place of `folder` when the block ends without error."""
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    yield draft
    _sync(draft)
    shutil.rmtree(folder, ignore_errors=True)  # one made with another vocabulary, if any
    draft.rename(folder)
    _sync(folder.parent)


def save(path: Path, array: NDArray[Any]) -> None:
    """One array as an .npy file that can be memory-mapped; the same array gives the same bytes."""
    with path.open("wb") as file:
        np.save(file, array)
        file.flush()
        os.fsync(file.fileno())


def write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def mapped(path: Path) -> NDArray[Any]:
    """The array in `path`, read from the disk as it is looked at."""
    # A plain view: numpy's memmap class costs a microsecond more for every element asked for.
    return np.load(path, mmap_mode="r").view(np.ndarray)  # type: ignore[no-any-return]


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
