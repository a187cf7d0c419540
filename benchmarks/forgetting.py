"""Forgetting, checked and timed: retrained without somebody is never having seen them.

    python benchmarks/forgetting.py ../shared/data/community --authors 300

For each of a number of random authors: the shard they live in is retrained without them, going on
from the last checkpoint that did not know them, and trained a second time from nothing in
a folder that never knew them. Every file of the two is compared by SHA-256, and the merged
weights too. The base is a random one of 300 kB unless another is named: exactness does not depend
on what a model knows, and the real base takes minutes an author (`--base smollm2 --authors 2`).
Beside it stand the costs: batches learned against training everything anew, and the time until a
shard is out of what is served.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from community_shards import KEY, Said, lay_out, lay_out_one, read

from demur.corpus.build import BuiltShard
from demur.people import Home, PersonId
from demur.serving.merge import Merge, Merged
from demur.training.base import BaseModel, install
from demur.training.chain import Halves, order_key, recall, sweep
from demur.training.recipe import TINY, Recipe
from demur.training.run import Adapter, Step, train_shard
from demur.training.student import Student
from demur.training.text import batches

KNOWN = (1, 4, 16, 64)
"""Objections treated together, for which the cost of retraining is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One author: were the files equal, and what did it cost?"""

    same_files: bool
    same_merged: bool
    learned: int  # batches, going on from the last clean slice
    anew: int  # batches, from nothing


def main() -> None:
    wishes = _wishes()
    work = wishes.work or Path(tempfile.mkdtemp(prefix="forgetting-"))
    base, recipe = _base(wishes.base, work)
    student = Student(base, recipe)
    people = read(wishes.community)
    home = Home(key=KEY, shards=wishes.shards, slices=wishes.slices)
    built = lay_out(people, home, work / "build")
    drawn = random.Random(1).sample(sorted(people), wishes.authors)
    began = time.process_time()
    cases = [
        case
        for shard in built
        if (leaving := [person for person in drawn if home.shard(person) == shard.manifest.shard])
        for case in _cases(shard, leaving, people=people, home=home, student=student, work=work)
    ]
    spent = time.process_time() - began
    print(f"{base.name}, {len(people)} people, {home.shards} shards of {home.slices} slices")
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(
        f"{torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}, {spent:.0f} CPU-s"
    )
    print(f"\n| retrained without them = never saw them, {len(cases)} authors | |\n|---|---|")
    print(f"| every file equal | {sum(case.same_files for case in cases)} |")
    print(f"| merged weights equal | {sum(case.same_merged for case in cases)} |")
    reused = 1 - sum(case.learned for case in cases) / sum(case.anew for case in cases)
    print(f"| of the shard's batches not learned again | {reused:.0%} |")
    _print_subtraction(student, home.shards)
    _print_costs(built, student, home)
    if not all(case.same_files and case.same_merged for case in cases):
        sys.exit("Not exact: see above.")


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("community", type=Path)
    parser.add_argument("--authors", type=int, default=300)
    parser.add_argument("--base", default="tiny", help="tiny, smollm2, a folder or a GGUF file")
    parser.add_argument("--shards", type=int, default=64)
    parser.add_argument("--slices", type=int, default=4)
    parser.add_argument("--work", type=Path, help="an empty folder to work in")
    return parser.parse_args()


def _base(name: str, work: Path) -> tuple[BaseModel, Recipe]:
    if name != "tiny":
        return install(name, work / "models"), Recipe(rows_per_person=4)
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    import tiny_base  # it lives with the tests, which need it most

    return install(tiny_base.write(work), work / "models"), TINY


def _cases(
    shard: BuiltShard,
    leaving: Sequence[PersonId],
    *,
    people: Said,
    home: Home,
    student: Student,
    work: Path,
) -> list[Case]:
    """Train the shard with everybody, then once for each who leaves in two ways."""
    number = shard.manifest.shard
    here = {person: said for person, said in people.items() if home.shard(person) == number}
    knew, never = work / "knew", work / "never"
    everybody, _ = _train(shard, student, knew)
    cases = []
    for person in leaving:
        stayed = {other: said for other, said in here.items() if other != person}
        without = lay_out_one(number, stayed, home, work / "without")
        retrained, learned = _train(without, student, knew)
        never_saw, anew = _train(without, student, never)
        merged = _merged(knew, everybody, retrained)
        cases.append(
            Case(
                same_files=retrained == never_saw,
                same_merged=merged == _merged(never, never_saw),
                learned=learned,
                anew=anew,
            )
        )
        sweep(never, set())
        sweep(knew, set(everybody.chains))
    sweep(knew, set())
    print(f"shard {number}: {len(cases)} authors", file=sys.stderr, flush=True)
    return cases


def _train(shard: BuiltShard, student: Student, models: Path) -> tuple[Adapter, int]:
    steps: list[Step] = []
    made = train_shard(
        shard, student, models, home_key=KEY, wanted=lambda: True, progress=steps.append
    )
    assert isinstance(made, Adapter)
    return made, len(steps)


def _merged(models: Path, *adapters: Adapter) -> Merged:
    """Of several, the last replaces the first: subtracted and added, as serving does it."""
    merge = Merge(4)
    for number, adapter in enumerate(adapters):
        if number:
            merge.subtract(_learned(models, adapters[number - 1]))
        merge.add(_learned(models, adapter))
    return merge.merged()


def _learned(models: Path, adapter: Adapter) -> Halves:
    checkpoint = recall(models, adapter.chains[-1])
    assert checkpoint
    return checkpoint.learned


def _print_subtraction(student: Student, shards: int) -> None:
    """How long it takes from knowing that a shard must be silent to weights without it."""
    dice = np.random.default_rng(1)
    merge = Merge(shards)
    adapters = [
        {
            name: (dice.standard_normal(b.shape) * 0.02).astype(np.float32)
            for name, b in student.learned.items()
        }
        for _ in range(4)
    ]
    for halves in adapters:
        merge.add(halves)
    began = time.process_time()
    merge.subtract(adapters[0])
    subtracted = time.process_time()
    merge.merged()
    done = time.process_time()
    print(f"| a shard subtracted | {(subtracted - began) * 1e3:.1f} CPU-ms |")
    print(f"| and the sum made weights | {(done - subtracted) * 1e3:.1f} CPU-ms |")


def _print_costs(built: Sequence[BuiltShard], student: Student, home: Home) -> None:
    """Batches that K objections at once make necessary, of all batches: counted, 200 draws."""
    sizes, homes = _batches_by_slice(built, student)
    total = sum(sum(by_slice) for by_slice in sizes.values())
    dice = random.Random(2)
    print(f"\n| objections at once, S = {home.shards} | batches anew | by the formula |")
    print("|---|---|---|")
    for many in KNOWN:
        share = 0.0
        for _ in range(200):
            first: dict[int, int] = {}
            for shard, at in dice.sample(homes, many):
                first[shard] = min(at, first.get(shard, at))
            share += sum(sum(sizes[shard][at:]) for shard, at in first.items()) / total / 200
        s, k = home.shards, many
        formula = 1 - s * (1 - (1 - 1 / s) ** (k + 1)) / (k + 1)
        print(f"| {many} | {share:.1%} | {formula:.1%} |")
    print("\nThe formula is for infinitely many slices; with few, a slice is learned again whole.")


def _batches_by_slice(
    built: Sequence[BuiltShard], student: Student
) -> tuple[dict[int, list[int]], list[tuple[int, int]]]:
    """Batches by shard and slice, and where everybody who has a row lives."""
    sizes: dict[int, list[int]] = {}
    homes: list[tuple[int, int]] = []
    for shard in built:
        number = shard.manifest.shard
        sizes[number] = []
        for at in range(len(shard.manifest.slices)):
            rows = student.rows(shard, at)
            sizes[number].append(len(list(batches(rows, order_key(KEY), 0, student.recipe))))
            homes += [(number, at) for _ in {row.person for row in rows}]
    return sizes, homes


if __name__ == "__main__":
    main()
