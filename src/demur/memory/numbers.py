"""Numbers: what is needed of arrays here and numpy does too slowly, or not at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The values, none of them negative, in ascending order and each once.

    numpy.unique hashes whole numbers since 2.3: 0.61 s for a million pairs, against 0.02 s.
    """
    ordered = np.sort(values)
    return ordered[np.flatnonzero(np.diff(ordered, prepend=-1))]


def stretches(begin: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int64]:
    """The whole numbers from each `begin` on, as many as its `length` says, one after another."""
    ends = np.cumsum(length)
    return np.repeat(begin - (ends - length), length) + np.arange(ends[-1] if len(ends) else 0)


def numbered(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number for each value, from 0 on, that only equal values share."""
    order = np.argsort(values, kind="stable")
    number = np.zeros(len(values), np.int64)
    number[order[1:]] = np.cumsum(values[order][1:] != values[order][:-1])
    return number
