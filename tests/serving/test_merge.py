"""Taking a shard out of the merge leaves exactly what never putting it in leaves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from demur.errors import ProofRejected
from demur.serving.merge import Merge

Halves = dict[str, NDArray[np.float32]]


def shard(seed: int) -> Halves:
    dice = np.random.default_rng(seed)
    return {name: (dice.standard_normal((6, 2)) * 0.02).astype(np.float32) for name in ("a", "b")}


@settings(deadline=None)
@given(st.lists(st.integers(0, 999), min_size=1, max_size=8, unique=True), st.data())
def test_subtracted_is_never_added(seeds: list[int], data: st.DataObject) -> None:
    leaver = data.draw(st.sampled_from(seeds))
    knew, never = Merge(16), Merge(16)
    for seed in data.draw(st.permutations(seeds)):
        knew.add(shard(seed))
    for seed in seeds:
        if seed != leaver:
            never.add(shard(seed))
    knew.subtract(shard(leaver))
    assert knew.merged() == never.merged()
    assert knew.merged().halves.keys() == never.merged().halves.keys()


def test_sums_of_floats_do_not_do_that() -> None:
    """The reason for whole numbers; without them the test above fails."""
    added = [shard(seed)["a"] for seed in range(16)]
    total = sum(added[1:], start=added[0])
    without = sum(added[2:], start=added[1])
    assert not np.array_equal(total - added[0], without)


def test_it_is_the_mean_over_all_shards_that_exist() -> None:
    merge = Merge(4)
    merge.add({"a": np.full((1, 1), 0.5, np.float32)})
    assert merge.merged().halves["a"] == np.float32(0.125)


def test_numbers_beyond_measure_are_refused() -> None:
    for bad in (np.nan, np.inf, 1e30):
        with pytest.raises(ProofRejected, match="beyond measure"):
            Merge(4).add({"a": np.array([[bad]], np.float32)})


def test_what_is_handed_out_cannot_be_written_to() -> None:
    merge = Merge(1)
    merge.add(shard(1))
    with pytest.raises(ValueError, match="read-only"):
        merge.merged().halves["a"][0, 0] = 1.0
