"""Not a test: trains in child processes and kills each at a random moment, for test_kills.py.

Children are forked from one process that has loaded the base, so that a kill costs no start-up.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from hand_built import KEY, build_by_hand

from demur.corpus.build import BuiltShard
from demur.training.base import open_base
from demur.training.exact import exact
from demur.training.recipe import TINY
from demur.training.run import train_shard
from demur.training.student import Student

PEOPLE = {
    f"{n:032x}": [f"bericht {n * post} over de haven" for post in range(5)] for n in range(24)
}


def main(models: Path, base: str, kills: int, out: Path) -> None:
    with exact():  # before anything computes, or the children would miss its threads
        built = build_by_hand(out / "built", PEOPLE)
        student = Student(open_base(models, base), TINY)
        dice = random.Random(7)
        print(sum(_killed(built, student, out, dice.uniform(0.01, 0.25)) for _ in range(kills)))


def _killed(built: BuiltShard, student: Student, out: Path, after: float) -> bool:
    child = os.fork()
    if not child:
        train_shard(built, student, out, home_key=KEY, wanted=lambda: True)
        os._exit(0)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
