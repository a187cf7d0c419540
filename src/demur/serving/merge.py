"""Many shards' adapters as one, in whole numbers, so that one can be taken out without a trace.

merged = sum over live shards of round(B · 2^24) / (S · 2^24), S being all shards there are. Sums of
64-bit integers do not depend on order, and subtracting a shard leaves exactly what never adding it
leaves; sums of floats do neither. The weight 1/S is fixed: it must not tell who is missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from demur.errors import ProofRejected

UNIT = (
    2.0**24
)  # a float32 below 1 has no bits under 2^-24 that training did not put there by chance
_LARGEST = 2.0**38  # so that 2^24 shards of it still fit into 63 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """One adapter made of many; B [out, rank] by the adapter's name, empty when nobody speaks.

    The arrays are read-only, and two are equal when their digests are.
    """

    halves: Mapping[str, NDArray[np.float32]] = field(repr=False, compare=False)
    digest: str  # SHA-256 of names and bytes, 64 hexadecimal digits


class Merge:
    """The running sum. `shards` is S, the number of shards that exist, live or not."""

    def __init__(self, shards: int) -> None:
        self._shards = shards
        self._live = 0
        self._sums: dict[str, NDArray[np.int64]] = {}

    def add(self, halves: Mapping[str, NDArray[np.float32]]) -> None:
        """Let a shard speak. Raises ProofRejected for numbers no training of ours makes."""
        for name, whole in _fixed(halves).items():
            held = self._sums.get(name)
            self._sums[name] = whole if held is None else held + whole
        self._live += 1

    def subtract(self, halves: Mapping[str, NDArray[np.float32]]) -> None:
        """Silence a shard that was added with these very numbers."""
        for name, whole in _fixed(halves).items():
            self._sums[name] = self._sums[name] - whole
        self._live -= 1
        if not self._live:
            self._sums.clear()  # all zeros by now: nobody speaks, as at the beginning

    def merged(self) -> Merged:
        """What the model speaks with now."""
        halves = {
            name: (total.astype(np.float64) / (UNIT * self._shards)).astype(np.float32)
            for name, total in sorted(self._sums.items())
        }
        digest = hashlib.sha256()
        for name, half in halves.items():
            half.setflags(write=False)
            digest.update(name.encode() + b"\0" + half.tobytes())
        return Merged(halves=halves, digest=digest.hexdigest())


def _fixed(halves: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.int64]]:
    fixed = {}
    for name, half in halves.items():
        scaled = half.astype(np.float64) * UNIT  # exact: a power of two
        if not np.all(np.abs(scaled) <= _LARGEST):  # false for NaN too
            raise ProofRejected(
                f"The adapter's {name} holds numbers beyond measure; train the shard again."
            )
        fixed[name] = np.rint(scaled).astype(np.int64)
    return fixed
