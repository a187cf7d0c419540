"""What is served after somebody objected: each shard's last clean slice, and nothing of hers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hand_built import KEY

from demur.errors import NotFound, ProofRejected, SiteUnusable
from demur.serving.release import (
    FILE,
    Release,
    Speakers,
    clean_slices,
    read_release,
    write_release,
)
from demur.training.chain import path_of
from demur.training.recipe import TINY
from demur.training.run import Adapter, train_shard
from demur.training.student import Student

SHARDS = 3
ALL_CLEAN = dict.fromkeys(range(SHARDS), (0, 0, 0))


@pytest.fixture
def release(build: Callable[..., Any], student: Student, tmp_path: Path) -> Release:
    adapters = []
    for shard in range(SHARDS):
        people = {f"{shard}{n:031x}": [f"bericht {n} uit dorp {shard}"] * 2 for n in range(9)}
        made = train_shard(
            build(people, shard=shard), student, tmp_path, home_key=KEY, wanted=lambda: True
        )
        assert isinstance(made, Adapter)
        adapters.append(made)
    return Release(
        base=student.base.hash,
        recipe=TINY,
        shards=SHARDS,
        adapters=tuple(adapters),
    )


def test_what_was_written_is_read_again(release: Release, tmp_path: Path) -> None:
    assert read_release(tmp_path) is None
    write_release(tmp_path, release)
    assert read_release(tmp_path) == release
    assert release.adapter(2).shard == 2
    with pytest.raises(NotFound):
        release.adapter(9)


def test_a_release_of_another_kind_is_refused(tmp_path: Path) -> None:
    for other in (b'{"v":2}', b'{"v":1}', b"[]", b"{"):
        (tmp_path / FILE).write_bytes(other)
        with pytest.raises(SiteUnusable):
            read_release(tmp_path)


def test_the_slices_before_hers_are_clean() -> None:
    assert [clean_slices(rows) for rows in ((0, 0, 0), (0, 3, 0), (1, 0, 0), ())] == [3, 1, 0, 0]


def test_after_a_no_the_shard_speaks_with_its_last_clean_slice(
    release: Release, tmp_path: Path
) -> None:
    speakers = Speakers(tmp_path, release)
    everybody, who = speakers.merged(ALL_CLEAN)
    assert who == (0, 1, 2)

    fenced, who = speakers.merged({**ALL_CLEAN, 1: (0, 1, 0)})
    assert who == (0, 1, 2)
    assert fenced.digest != everybody.digest

    # as if the last two slices of shard 1 had never been learned
    shorter = Adapter(
        shard=1,
        root="",
        chains=release.adapters[1].chains[:1],
        digests=release.adapters[1].digests[:1],
        profile=release.adapters[1].profile,
    )
    never = Release(
        base=release.base,
        recipe=TINY,
        shards=SHARDS,
        adapters=(release.adapters[0], shorter, release.adapters[2]),
    )
    assert fenced == Speakers(tmp_path, never).merged({0: (0, 0, 0), 1: (0,), 2: (0, 0, 0)})[0]

    # and when it is undone, or the shard retrained, nothing of the detour is left
    assert speakers.merged(ALL_CLEAN)[0] == everybody


def test_somebody_in_the_first_slice_silences_the_shard(release: Release, tmp_path: Path) -> None:
    speakers = Speakers(tmp_path, release)
    speakers.merged(ALL_CLEAN)
    without, who = speakers.merged({**ALL_CLEAN, 1: (2, 0, 0)})
    assert who == (0, 2)
    assert without == Speakers(tmp_path, release).merged({0: (0, 0, 0), 2: (0, 0, 0)})[0]


def test_a_shard_of_which_nothing_is_known_says_nothing(release: Release, tmp_path: Path) -> None:
    assert Speakers(tmp_path, release).merged({})[1] == ()


def test_a_checkpoint_that_is_not_the_released_one_is_not_served(
    release: Release, tmp_path: Path
) -> None:
    mine, theirs = release.adapters[0].chains[-1], release.adapters[1].chains[-1]
    path_of(tmp_path, mine).write_bytes(path_of(tmp_path, theirs).read_bytes())
    with pytest.raises(ProofRejected):
        Speakers(tmp_path, release).merged(ALL_CLEAN)


def test_a_checkpoint_that_is_gone_says_nothing(release: Release, tmp_path: Path) -> None:
    path_of(tmp_path, release.adapters[0].chains[-1]).unlink()
    assert Speakers(tmp_path, release).merged(ALL_CLEAN)[1] == (1, 2)
