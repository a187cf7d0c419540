"""What is served after somebody objected: each shard's last clean slice, and nothing of hers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hand_built import KEY
from numpy.typing import NDArray

from demur.corpus.build import BuiltShard
from demur.errors import ProofRejected, SiteUnusable
from demur.people import Home, PersonId
from demur.serving.merge import Merge, Merged
from demur.serving.release import (
    FILE,
    Release,
    Speakers,
    clean_slices,
    read_release,
    write_release,
)
from demur.training.chain import path_of, recall
from demur.training.recipe import TINY
from demur.training.run import Adapter, train_shard
from demur.training.student import Student

SHARDS = 3


@pytest.fixture
def built(build: Callable[..., BuiltShard]) -> list[BuiltShard]:
    return [build(village(shard), shard=shard) for shard in range(SHARDS)]


def village(shard: int) -> dict[str, list[str]]:
    return {f"{shard}{n:031x}": [f"bericht {n} uit dorp {shard}"] * 2 for n in range(9)}


@pytest.fixture
def release(built: list[BuiltShard], student: Student, tmp_path: Path) -> Release:
    adapters = []
    for shard in built:
        made = train_shard(shard, student, tmp_path, home_key=KEY, wanted=lambda: True)
        assert isinstance(made, Adapter)
        adapters.append(made)
    return Release(base=student.base.hash, recipe=TINY, shards=SHARDS, adapters=tuple(adapters))


def rows(built: list[BuiltShard], *unclean: tuple[int, int]) -> NDArray[np.bool_]:
    """All rows of the builds; silenced is the first row of each unclean (shard, slice)."""
    flags = []
    for shard in built:
        for number, part in enumerate(shard.manifest.slices):
            one = np.zeros(part.posts, np.bool_)
            one[:1] = (shard.manifest.shard, number) in unclean
            flags.append(one)
    return np.concatenate(flags)


def test_what_was_written_is_read_again(release: Release, tmp_path: Path) -> None:
    assert read_release(tmp_path) is None
    write_release(tmp_path, release)
    assert read_release(tmp_path) == release
    assert release.get(2) == release.adapters[2]
    assert release.get(9) is None


def test_a_release_of_another_kind_is_refused(tmp_path: Path) -> None:
    for other in (b'{"v":2}', b'{"v":1}', b"[]", b"{"):
        (tmp_path / FILE).write_bytes(other)
        with pytest.raises(SiteUnusable):
            read_release(tmp_path)


def test_only_the_slices_before_hers_are_clean(release: Release, built: list[BuiltShard]) -> None:
    adapter, manifest = release.adapters[0], built[0].manifest
    told = [(0, 0, 0), (0, 3, 0), (1, 0, 0)]
    assert [clean_slices(adapter, manifest, silenced) for silenced in told] == [3, 1, 0]


def test_after_a_no_the_shard_speaks_with_its_last_clean_slice(
    release: Release, built: list[BuiltShard], tmp_path: Path
) -> None:
    speakers = Speakers(tmp_path, release)
    everybody, who = speakers.merged(built, rows(built))
    assert who == (0, 1, 2)

    fenced, who = speakers.merged(built, rows(built, (1, 1)))
    assert who == (0, 1, 2)
    assert fenced != everybody
    assert fenced == only_first_slice_of_shard_1(release, tmp_path)

    # and when it is withdrawn, nothing of the detour is left
    assert speakers.merged(built, rows(built))[0] == everybody


def only_first_slice_of_shard_1(release: Release, models: Path) -> Merged:
    merge = Merge(SHARDS)
    for shard, adapter in enumerate(release.adapters):
        checkpoint = recall(models, adapter.chains[0 if shard == 1 else -1])
        assert checkpoint
        merge.add(checkpoint.learned)
    return merge.merged()


def test_somebody_in_the_first_slice_silences_the_shard(
    release: Release, built: list[BuiltShard], tmp_path: Path
) -> None:
    speakers = Speakers(tmp_path, release)
    speakers.merged(built, rows(built))
    without, who = speakers.merged(built, rows(built, (1, 0)))
    assert who == (0, 2)
    others = [built[0], built[2]]
    assert without == Speakers(tmp_path, release).merged(others, rows(others))[0]


def test_once_rebuilt_without_her_the_old_slice_is_not_believed(
    release: Release,
    built: list[BuiltShard],
    build: Callable[..., BuiltShard],
    student: Student,
    tmp_path: Path,
) -> None:
    speakers = Speakers(tmp_path, release)
    home = Home(key=KEY, shards=1, slices=3)
    her = next(p for p in village(1) if home.slice(PersonId(p)) == 1)
    stayed = {person: texts for person, texts in village(1).items() if person != her}
    rebuilt = [built[0], build(stayed, shard=1), built[2]]
    fenced, _ = speakers.merged(rebuilt, rows(rebuilt))
    assert fenced == only_first_slice_of_shard_1(release, tmp_path)

    again = train_shard(rebuilt[1], student, tmp_path, home_key=KEY, wanted=lambda: True)
    assert isinstance(again, Adapter)
    adapters = (release.adapters[0], again, release.adapters[2])
    retrained = dataclasses.replace(release, adapters=adapters)
    healed, who = Speakers(tmp_path, retrained).merged(rebuilt, rows(rebuilt))
    assert who == (0, 1, 2)
    assert healed != fenced


def test_a_shard_of_which_nothing_is_known_says_nothing(release: Release, tmp_path: Path) -> None:
    assert Speakers(tmp_path, release).merged([], rows_of_nobody())[1] == ()


def rows_of_nobody() -> NDArray[np.bool_]:
    return np.zeros(0, np.bool_)


def test_rows_of_other_builds_are_refused(
    release: Release, built: list[BuiltShard], tmp_path: Path
) -> None:
    with pytest.raises(SiteUnusable, match="do not fit"):
        Speakers(tmp_path, release).merged(built, rows(built)[1:])


def test_a_checkpoint_that_is_not_the_released_one_is_not_served(
    release: Release, built: list[BuiltShard], tmp_path: Path
) -> None:
    mine, theirs = release.adapters[0].chains[-1], release.adapters[1].chains[-1]
    path_of(tmp_path, mine).write_bytes(path_of(tmp_path, theirs).read_bytes())
    with pytest.raises(ProofRejected):
        Speakers(tmp_path, release).merged(built, rows(built))


def test_a_checkpoint_that_is_gone_says_nothing(
    release: Release, built: list[BuiltShard], tmp_path: Path
) -> None:
    path_of(tmp_path, release.adapters[0].chains[-1]).unlink()
    assert Speakers(tmp_path, release).merged(built, rows(built))[1] == (1, 2)


def test_a_release_is_named_by_all_that_makes_it(release: Release) -> None:
    fewer = dataclasses.replace(release, adapters=release.adapters[1:])
    assert len(release.name) == 64
    assert release.name == dataclasses.replace(release).name != fewer.name
