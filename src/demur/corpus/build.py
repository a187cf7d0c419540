"""The builder: from the lake and what stands today to one folder and one manifest a shard.

Three steps, each a map over groups of shards that exchange nothing: find what people who object
posted, decide and write beside what is served, and then, only if every group agreed with itself
when it decided a second time, move the pointers. A kill at any moment leaves every shard either
as it was or as it will be; building again ends the same. What an objector wrote does not linger:
the folder it was in goes as soon as the pointer has moved.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import chain
from operator import or_
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demur.corpus import files, proof
from demur.corpus.decide import decide
from demur.corpus.export import Export, export
from demur.corpus.facts import PEOPLE_SCHEMA, Circumstances, Stands
from demur.corpus.lake import Lake
from demur.corpus.manifest import Manifest
from demur.corpus.mentions import whose_copies
from demur.corpus.scan import connect
from demur.corpus.stored import PARQUET
from demur.corpus.suppression import Suppressed, of_people
from demur.errors import NotFound, SiteUnusable
from demur.execution.local import Map, in_process
from demur.people import Home, PersonId
from demur.policy.version import policy_hash

GROUP = 2_500_000
"""Posts decided together. Many small groups cost twice as much (the accounts are read for each),
larger ones only memory: about 60 bytes a post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltShard:
    """What a shard keeps now. Read it through `current`, again whenever it may have changed."""

    path: Path
    manifest: Manifest

    @property
    def kept(self) -> Path:
        return self.path / "kept.parquet"

    @property
    def decisions(self) -> Path:
        return self.path / "decisions.parquet"


def current(out: Path, shard: int) -> BuiltShard:
    """The build of a shard that is in force. out: the site's `build/`."""
    folder = out / f"shard={shard:04d}"
    pointer = folder / "current"
    if not pointer.is_file():
        raise NotFound(f"Shard {shard} has not been built yet; run `demur build` first.")
    path = folder / pointer.read_text("utf-8").strip()
    return BuiltShard(path=path, manifest=Manifest.load(path / "manifest.json"))


def build(
    lake: Lake, stands: Stands, *, out: Path, seed: int, execution: Map = in_process
) -> list[Manifest]:
    """Decide every post of the lake and replace the builds of the shards in which that changes
    what is kept. One manifest a shard, in order.

    stands: everything that stands at this moment. seed: draws the sample that is decided twice.
    `ProofRejected` where the two differ: then nothing is replaced.
    """
    people = _checked(stands.people)
    stands = replace(stands, people=people)
    groups = list(_groups(lake))
    whose = whose_copies(people, stands.narrowed)
    found = execution(_posted, [(group, whose) for group in groups])
    standing = Circumstances.of(stands, reduce(or_, found, Suppressed()))
    fresh = out / ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    task = _Task(
        shards=(),
        people=prepared(people, lake.home, standing),
        standing=standing,
        slices=lake.home.slices,
        fresh=fresh,
        policy=policy_hash(stands.regimes),
        seed=seed,
    )
    with files.replacing(lake.root / "people.parquet") as temporary:
        pq.write_table(people, temporary, **PARQUET)
    made = list(execution(_build_group, [replace(task, shards=group) for group in groups]))
    manifests = sorted(chain.from_iterable(made), key=lambda manifest: manifest.shard)
    for manifest in manifests:
        _put_in_force(fresh, out, manifest)
    shutil.rmtree(fresh, ignore_errors=True)
    return manifests


Group = tuple[tuple[int, tuple[Path, ...]], ...]  # shards and their files


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One group of shards and all that is needed to build it, wherever that happens."""

    shards: Group
    people: pa.Table = field(repr=False)
    standing: Circumstances
    slices: int
    fresh: Path
    policy: str
    seed: int


def _groups(lake: Lake) -> Iterator[Group]:
    group: list[tuple[int, tuple[Path, ...]]] = []
    posts = 0
    for shard in range(lake.home.shards):
        parts = tuple(lake.parts(shard))
        here = sum(pq.read_metadata(part).num_rows for part in parts)
        if group and posts + here > GROUP:
            yield tuple(group)
            group, posts = [], 0
        group.append((shard, parts))
        posts += here
    yield tuple(group)


def _posted(task: tuple[Group, frozenset[PersonId]]) -> Suppressed:
    group, people = task
    return of_people([part for _, parts in group for part in parts], people)


def _build_group(task: _Task) -> list[Manifest]:
    everything = [part for _, parts in task.shards for part in parts]
    made = []
    spill = task.fresh / f"spill-{task.shards[0][0]:04d}"
    with connect(spill) as connection:
        if everything:
            decide(connection, everything, task.people, task.standing)
        again = proof.sample(connection, task.seed) if everything else np.zeros(0, np.int64)
        offset = 0
        for shard, parts in task.shards:
            job = Export(
                shard=shard,
                parts=parts,
                offset=offset,
                folder=task.fresh / f"shard={shard:04d}",
                slices=task.slices,
                policy=task.policy,
                people=task.people,
                standing=task.standing,
                again=again,
            )
            made.append(export(connection, job))
            offset += len(parts)
    return made


def _checked(people: pa.Table) -> pa.Table:
    people = people.select(PEOPLE_SCHEMA.names).cast(PEOPLE_SCHEMA)
    if pc.count_distinct(people["account"]).as_py() != people.num_rows:
        raise SiteUnusable("The people table names an account twice; give each account one row.")
    return people


def prepared(people: pa.Table, home: Home, standing: Circumstances) -> pa.Table:
    """Beside each account: its number, its person's rank and slice, whether copies of theirs are
    suppressed, and the first day of its collection window. All that deciding in columns needs and
    a rule does not say."""
    person = people["person"].combine_chunks().dictionary_encode()
    slices = pa.array(map(home.slice, map(PersonId, person.dictionary.to_pylist())), pa.int16())
    days = {
        country: standing.regimes.of(country, standing.today).window_from(standing.today)
        for country in people["country"].unique().to_pylist()
    }
    window = [days[country] for country in people["country"].to_pylist()]
    people = people.append_column("number", pa.array(range(people.num_rows), pa.int32()))
    owner = pc.rank(people["person"], tiebreaker="dense").cast(pa.int32())
    people = people.append_column("owner", owner)
    own = pc.is_in(people["person"], pa.array(sorted(standing.suppressing), pa.string()))
    people = people.append_column("suppressing", own)
    people = people.append_column("slice", slices.take(person.indices))
    return people.append_column("window_from", pa.array(window, pa.date32()))


def _put_in_force(fresh: Path, out: Path, manifest: Manifest) -> None:
    """Move one shard's build into place, point at it, and remove what it replaces."""
    folder = out / f"shard={manifest.shard:04d}"
    made, name = fresh / folder.name, manifest.root[:16]
    if (folder / name).is_dir():  # the same is kept: its words are not written again
        for part in ("decisions.parquet", "manifest.json"):
            (made / part).replace(folder / name / part)
        files.sync_folder(folder / name)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        made.replace(folder / name)
        files.sync_folder(folder)
    files.write_bytes(folder / "current", name.encode())
    for old in _folders(folder):
        if old.name != name:
            shutil.rmtree(old)


def _folders(folder: Path) -> Sequence[Path]:
    return [path for path in folder.iterdir() if path.is_dir()]
