"""Training that is killed -9 at random moments ends in the same bytes as undisturbed training."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import kills
from hand_built import KEY, build_by_hand

from demur.training.base import BaseModel
from demur.training.chain import path_of, sweep
from demur.training.run import Adapter, train_shard
from demur.training.student import Student

KILLS = 10


def test_ten_kills_change_no_byte(
    models: Path, tiny: BaseModel, student: Student, tmp_path: Path
) -> None:
    disturbed = tmp_path / "disturbed"
    disturbed.mkdir()
    told = subprocess.run(
        [sys.executable, kills.__file__, models, tiny.hash, str(KILLS), disturbed],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(told.stdout) > KILLS // 3, "too few were killed before they were done"
    built = build_by_hand(tmp_path / "built", kills.PEOPLE)
    made = [
        train_shard(built, student, folder, home_key=KEY, wanted=lambda: True)
        for folder in (disturbed, tmp_path / "undisturbed")
    ]
    assert made[0] == made[1]
    assert isinstance(made[0], Adapter)
    for chain in made[0].chains:
        one = path_of(disturbed, chain).read_bytes()
        assert one == path_of(tmp_path / "undisturbed", chain).read_bytes()
    sweep(disturbed, set(made[0].chains))
    assert all(path.suffix == ".safetensors" for path in (disturbed / "slices").iterdir())
