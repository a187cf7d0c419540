"""The worker: where the models wanted differ from the models served, it makes them the same.

It is told nothing and remembers nothing: each round it reads what stands, lets the law decide,
compares with what is released and does the difference. Killed anywhere, the next round begins
again and ends in the same state. The gate does not wait for it: whoever objects is silent before
it has begun.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq

from demur.assistant.generation import words_of
from demur.corpus import build as corpus
from demur.corpus import explain as explaining
from demur.corpus.build import BuiltShard
from demur.corpus.explain import Explanation
from demur.corpus.lake import Lake
from demur.corpus.manifest import Manifest
from demur.errors import NotFound, SiteUnusable, StandingUnreadable
from demur.execution.local import processes
from demur.memory.origins import Origins
from demur.memory.remember import remember, retire
from demur.people import PersonId, Use
from demur.policy import regimes
from demur.policy.version import policy_hash
from demur.rights import (
    answers,
    book,
    counted,
    deletion,
    intake,
    mail,
    mailbox,
    models,
    notice,
    people,
    release,
    spool,
    standing,
)
from demur.serving.release import Images, Release, read_release, write_release
from demur.site.folder import Site
from demur.site.start import elsewhere
from demur.tlog.release import ServedImages, ServedShard
from demur.training import base as bases
from demur.training import image, image_base
from demur.training.base import BaseModel
from demur.training.chain import Profile, digest_of, path_of, profile_here, sweep
from demur.training.image import ImageStudent
from demur.training.image_base import ImageBase
from demur.training.recipe import ImageRecipe, Recipe
from demur.training.run import Adapter, Learner, chains_for, train_shard
from demur.training.run import rebuild as retrain
from demur.training.student import Student
from demur.web import learned, threads

RECIPE = Recipe()
IMAGE_RECIPE = ImageRecipe()
PAUSE = timedelta(seconds=1)  # between two rounds: a receipt's letter leaves within ten seconds

Clock = Callable[[], datetime]
Say = Callable[[str], None]
Task = tuple[Path, str, int]


def work(site: Site, *, now: Clock, once: bool) -> Iterator[str]:
    """Rounds until stopped, or one. Yields a line for whatever it did, for an operator to read."""
    seen: tuple[int, date, int] | None = None
    while True:
        if changed := _stands(site, now) != seen:
            yield from deletion.due(site, now())
            answers.forget(now())
            notice.remind(now=now(), regimes=regimes.load())
            if moved := learned.bring(site, now=now()):
                yield f"{moved} questions to the assistant taken in or given back"
            if swept := threads.sweep(site):
                yield f"{swept} kept answers emptied, whose sources were erased"
        yield from _post(site, now)
        if changed or _stands(site, now) != seen:
            # read before the round: what changes during it is seen by the next one
            seen = _stands(site, now)
            yield from _round(site, now)
        if once:
            return
        time.sleep(PAUSE.total_seconds())


def build(site: Site, *, now: datetime) -> list[Manifest]:
    """Decide, write the manifests, remember what is kept, and release what is clean of it.

    Where a shard has changed it speaks with its last clean slice until it is trained again.
    """
    with _alone(site):
        return _build(site, now)


def train(site: Site, *, now: Clock, progress: Say) -> Release:
    """Train what the manifests ask for and release it; what is trained already costs nothing."""
    with _alone(site):
        for line in _train(site, now):
            progress(line)
    released = read_release(site.models)
    if released is None:
        raise SiteUnusable("Nothing has been built yet; run `demur build` first.")
    return released


def rebuild(site: Site, shard: int, *, progress: Say) -> tuple[str, ...]:
    """Retrain a shard from nothing beside the served one and compare every file's digest.

    Returns the digests by slice, of the words and then of the pictures, where there are such.
    Raises ProofRejected where one differs.
    """
    released = read_release(site.models)
    if released is None:
        raise NotFound("No model is released yet; run `demur build`, then `demur train`.")
    claimed = released.get(shard)
    if claimed is None:
        raise NotFound(f"There is no shard {shard}; there are {released.shards}, from 0 on.")
    student = Student(bases.open_base(site.models, released.base), released.recipe)
    _again(site, claimed, student, "", progress)
    drawn = released.images
    pictures = drawn.get(shard) if drawn else None
    if drawn is None or pictures is None:
        return claimed.digests
    base = image_base.open_image_base(site.models, drawn.base)
    learner = ImageStudent(base, drawn.recipe, Lake(site.lake, site.home))
    _again(site, pictures, learner, "pictures ", progress)
    return (*claimed.digests, *pictures.digests)


def _again(site: Site, claimed: Adapter, student: Learner, what: str, progress: Say) -> None:
    shard = claimed.shard
    with TemporaryDirectory(dir=site.models, prefix=".rebuild-") as scratch:
        retrain(
            corpus.current(site.build, shard),
            student,
            site.models,
            claimed,
            home_key=site.home.key,
            scratch=Path(scratch),
            progress=lambda step: progress(
                f"{what}shard {step.shard} slice {step.slice + 1}/{step.slices}"
                f" step {step.step}/{step.steps}"
            ),
        )


def explain(site: Site, what: str, *, now: datetime) -> list[Explanation]:
    """The decision about a post (by its id), or about every post of an account's person."""
    lake = Lake(site.lake, site.home)
    stands = standing.stands(today=now.date(), regimes=regimes.load())
    if lake.post(what) is not None:
        return [explaining.explain_post(lake, stands, what)]
    return explaining.explain(lake, stands, PersonId(people.find(what).pk))


def _post(site: Site, now: Clock) -> Iterator[str]:
    """What comes and goes every second, and costs next to nothing where there is none of it."""
    if taken := spool.replay(site, now()):
        yield f"{taken} objections taken from the spool"
    if came := mailbox.fetch(site, now(), every=mailbox.ASKED):
        yield f"{came} mails taken"
    if sent := mail.send_due(now()):
        yield f"{sent} letters sent"


def _stands(site: Site, now: Clock) -> tuple[int, date, int]:
    """What the last round was for; a hold starts and a wait ends by the day, without a line."""
    epoch = standing.of(site, today=_today).epoch()
    return epoch, now().date(), models.Import.objects.count()


def _round(site: Site, now: Clock) -> Iterator[str]:
    with _alone(site):
        intake.recover(site)
        manifests = _build(site, now())
        yield f"{sum(manifest.posts for manifest in manifests)} posts kept"
        yield from _train(site, now)


def _build(site: Site, now: datetime) -> list[Manifest]:
    law = regimes.load()
    _say_policy(now)
    manifests = corpus.build(
        Lake(site.lake, site.home),
        standing.stands(today=now.date(), regimes=law),
        out=site.build,
        seed=int.from_bytes(os.urandom(4), "big"),  # another sample is decided twice each time
    )
    counted.built(list(_built(site)), now=now)
    base = bases.install(site.config.base, site.models)
    for built in _built(site):
        remember(built.path, site.memory, words_of(base))
    _release(site, _subjects(site), now)
    return manifests


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What a shard is taught, words or pictures; all that names the chain but the manifest."""

    recipe: Recipe | ImageRecipe
    base: BaseModel | ImageBase
    profile: Profile
    teach: str  # the task that teaches a shard of it, as `start.elsewhere` takes it
    at_once: int  # shards side by side


def _subjects(site: Site) -> list[_Subject]:
    """Words, and pictures where an image base is set."""
    words = _Subject(
        recipe=RECIPE,
        base=bases.install(site.config.base, site.models),
        profile=profile_here(),
        teach="demur.worker:train_one",
        at_once=os.cpu_count() or 1,
    )
    if not site.config.image_base:
        return [words]
    pictures = _Subject(
        recipe=IMAGE_RECIPE,
        base=image_base.install(site.config.image_base, site.models),
        profile=image.profile_here(),
        teach="demur.worker:train_pictures",
        at_once=1,  # a machine has one GPU, and two image bases rarely fit it
    )
    return [words, pictures]


def _train(site: Site, now: Clock) -> Iterator[str]:
    subjects = _subjects(site)
    for subject in subjects:
        wanted = {b.manifest.shard: set(_chains(site, b, subject)) for b in _built(site)}
        tasks = [
            (site.root, subject.teach, shard)
            for shard, names in wanted.items()
            if any(not path_of(site.models, name).exists() for name in names)
        ]
        if tasks:
            every = sorted(set(chain.from_iterable(wanted[shard] for *_, shard in tasks)))
            yield from _watched(site, tasks, every, subject.at_once)
            _release(site, subjects, now())
            yield "released"
    counted.measured(site, today=_today, now=now())


def _watched(
    site: Site, tasks: Sequence[Task], names: Sequence[str], at_once: int
) -> Iterator[str]:
    """Train shards side by side; the checkpoints that appear on the disk are the progress."""
    count = min(len(tasks), at_once)
    side_by_side = processes(count, ready=["demur.training.run"])
    said = -1
    with ThreadPoolExecutor(1) as waiting:
        training = waiting.submit(lambda: list(side_by_side(elsewhere, tasks)))
        while not training.done():
            wait([training], timeout=1)
            done = sum(path_of(site.models, name).exists() for name in names)
            if done != said:
                said = done
                yield f"trained {done} of {len(names)} slices"
        for shard, finished in training.result():
            if not finished:
                yield f"shard {shard} stopped: somebody in it may not be used any more"


def train_one(site: Site, shard: int) -> tuple[int, bool]:
    """In a process of its own: train one shard. False: it was no longer wanted."""
    return _taught(site, shard, Student(bases.install(site.config.base, site.models), RECIPE))


def train_pictures(site: Site, shard: int) -> tuple[int, bool]:
    """The same, of the pictures that its people posted."""
    base = image_base.install(site.config.image_base, site.models)
    return _taught(site, shard, ImageStudent(base, IMAGE_RECIPE, Lake(site.lake, site.home)))


def _taught(site: Site, shard: int, student: Learner) -> tuple[int, bool]:
    built = corpus.current(site.build, shard)
    outcome = train_shard(
        built,
        student,
        site.models,
        home_key=site.home.key,
        wanted=Wanted(site, built),
    )
    return shard, isinstance(outcome, Adapter)


def _today() -> date:
    """The day by which somebody is of age and a hold has begun; a training asks it for hours."""
    return datetime.now(UTC).date()


class Wanted:
    """May this build still be learned? Asked between two batches, and answered by what stands."""

    def __init__(self, site: Site, built: BuiltShard) -> None:
        self._standing = standing.of(site, today=_today)
        self._origins = Origins.load([built.path])
        self._learned = self._origins.kept_for(Use.TRAINING)
        self._seen: tuple[int, date] | None = None

    def __call__(self) -> bool:
        try:
            # the day too: a hold can start, and somebody's wait begin, without any new line
            stands = (self._standing.epoch(), _today())
            if stands != self._seen:
                in_force = self._standing.in_force()
                silenced = self._origins.silenced(in_force, Use.TRAINING)
                if (silenced & self._learned).any():
                    return False
                self._seen = (in_force.epoch, stands[1])
        except StandingUnreadable:
            return False
        return True


def _release(site: Site, subjects: Sequence[_Subject], now: datetime) -> None:
    """Put into service whatever is trained of the present manifests, and erase what is past.

    The lines of the book come first, in one transaction; a kill before the file is written leaves
    the next round to write it, without another line.
    """
    built = list(_built(site))
    words, *pictures = (
        tuple(_adapter(site, each, subject) for each in built) for subject in subjects
    )
    made = Release(
        base=subjects[0].base.hash,
        recipe=RECIPE,
        shards=site.home.shards,
        adapters=words,
        images=Images(
            base=subjects[1].base.hash,
            recipe=IMAGE_RECIPE,
            shards=site.home.shards,
            adapters=pictures[0],
        )
        if pictures
        else None,
    )
    drawing = made.images
    every = list(chain(words, *pictures))
    whole = {each.shard for each in words} - {a.shard for a in every if not all(a.digests)}
    served = [
        ServedShard(
            shard=each.shard,
            manifest=each.root,
            adapter=_last_digest(each),
            image=_last_digest(drawing.get(each.shard)) if drawing else None,
        )
        for each in words
    ]
    with book.writing():
        if _say_changes(served, whole, now):
            authors, mentioned = _people_in(built)
            release.record(
                site,
                model=made.name,
                base=made.base,
                recipe=RECIPE.hash,
                image=ServedImages(base=drawing.base, recipe=drawing.recipe.hash)
                if drawing
                else None,
                shards=served,
                authors=authors,
                mentioned=mentioned,
                now=now,
            )
    if read_release(site.models) != made:
        write_release(site.models, made)
    # what saw somebody who may no longer be used does not lie about
    sweep(site.models, set(chain.from_iterable(adapter.chains for adapter in every)) - {""})
    retire(site.memory, [each.path for each in built])
    _say_purged(now)


def _say_changes(served: Sequence[ServedShard], whole: set[int], now: datetime) -> bool:
    """Write what became of each shard since the last `served` line. Has anything?"""
    last = _last("served")
    before = {each["shard"]: each for each in last["shards"]} if last else {}
    changed = False
    for each in served:
        was = before.get(each.shard, {"manifest": None, "adapter": None})
        if was == each.fields:
            continue
        changed = True
        if was["manifest"] != each.manifest:
            what = {"shard": each.shard, "manifest": each.manifest}
            book.append("manifest", what, now=now)
            if was["adapter"] is not None or "image" in was:
                book.append("shard_dropped", {"shard": each.shard}, now=now)
        if each.adapter is not None:
            book.append("adapter", each.fields, now=now)
            if each.shard in whole and was["manifest"] is not None:
                book.append("shard_retrained", {"shard": each.shard}, now=now)
    return changed


def _say_purged(now: datetime) -> None:
    """A line for each shard whose dropped part has been erased from the disk since it was said."""
    with book.writing():
        for shard in sorted(_shards_of("shard_dropped")):
            dropped, purged = (_lines(kind, shard) for kind in ("shard_dropped", "purge_done"))
            if dropped > purged:
                book.append("purge_done", {"shard": shard}, now=now)


def _shards_of(kind: str) -> set[int]:
    rows = models.Opening.objects.filter(entry__kind=kind)
    return set(rows.values_list("payload__shard", flat=True))


def _lines(kind: str, shard: int) -> int:
    """The last line of this kind about a shard; -1 where there is none."""
    rows = models.Opening.objects.filter(entry__kind=kind, payload__shard=shard)
    return max(rows.values_list("entry_id", flat=True), default=-1)


def _say_policy(now: datetime) -> None:
    """A line when the rules or regimes are others than the last time."""
    policy = policy_hash(regimes.load())
    with book.writing():
        if (_last("policy") or {}).get("policy") != policy:
            book.append("policy", {"policy": policy}, now=now)


def _last(kind: str) -> dict[str, Any] | None:
    """What the last line of this kind says."""
    row = models.Opening.objects.filter(entry__kind=kind).order_by("entry").last()
    return row.payload if row else None


def _built(site: Site) -> Iterator[BuiltShard]:
    for shard in range(site.home.shards):
        if (site.build / f"shard={shard:04d}" / "current").exists():
            yield corpus.current(site.build, shard)


def _chains(site: Site, built: BuiltShard, subject: _Subject) -> tuple[str, ...]:
    return chains_for(built.manifest, subject.recipe, subject.base, site.home.key, subject.profile)


def _last_digest(adapter: Adapter | None) -> str | None:
    return next((d for d in reversed(adapter.digests) if d), None) if adapter else None


def _adapter(site: Site, built: BuiltShard, subject: _Subject) -> Adapter:
    """What is trained of a build: its slices from the first on, as far as they are on the disk."""
    chains = _chains(site, built, subject)
    digests = [digest_of(site.models, name) or "" for name in chains]
    there = len(list(takewhile(bool, digests)))
    missing = ("",) * (len(chains) - there)  # no slice has that root, so none of these speaks
    return Adapter(
        shard=built.manifest.shard,
        root=built.manifest.root,
        roots=(*(part.root for part in built.manifest.slices[:there]), *missing),
        chains=(*chains[:there], *missing),
        digests=(*digests[:there], *missing),
        profile=subject.profile,
    )


def _people_in(built: Iterable[BuiltShard]) -> tuple[set[PersonId], set[PersonId]]:
    """Everybody whose posts are in the builds, and everybody those posts still name."""
    authors: set[str] = set()
    keys: set[str] = set()
    for each in built:
        table = pq.read_table(each.kept, columns=["person", "mention_keys", "tagged"])
        authors.update(table["person"].unique().to_pylist())
        for column in ("mention_keys", "tagged"):
            keys.update(table[column].combine_chunks().flatten().to_pylist())
    accounts = models.Account.objects.values_list("person", "keys")
    named = {person for person, known in accounts if not keys.isdisjoint(known)}
    return {PersonId(p) for p in authors}, {PersonId(p) for p in named}


@contextmanager
def _alone(site: Site) -> Iterator[None]:
    """One worker a site; another waits."""
    handle = os.open(site.models / ".worker.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
