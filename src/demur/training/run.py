"""Training a shard, slice after slice, and proving afterwards that it was so.

The same manifest, recipe, base and profile give the same bytes; so "retrained without her" and
"never saw her" are one file (forgetting.md, nine rules). Training asks between batches whether it
is still wanted and otherwise stops, leaving whole checkpoints only. It asks nobody who objects, and
what a lesson is, words or pictures, only the learner knows.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from demur.corpus.build import BuiltShard
from demur.corpus.manifest import Manifest, of_kept
from demur.errors import ProofRejected
from demur.training.chain import (
    Checkpoint,
    Profile,
    digest_of,
    genesis,
    keep,
    link,
    order_key,
    profile_here,
    recall,
)
from demur.training.exact import exact
from demur.training.lora import AdamW
from demur.training.recipe import Adapting


class Base(Protocol):
    """A model trained by others, by the hash of its files."""

    @property
    def hash(self) -> str: ...


class Learner(Protocol):
    """A frozen base with adapters on it: `student.Student` of text, `image.ImageStudent`.

    A lesson is whatever its `rows` gives: something of one person's, with a `digest` by which it is
    known again and a `width`, how much of it is read.
    """

    @property
    def base(self) -> Base: ...
    @property
    def recipe(self) -> Adapting: ...
    @property
    def profile(self) -> Profile: ...
    @property
    def learned(self) -> dict[str, nn.Parameter]: ...

    def check(self) -> None:
        """Read the base's files again. Raises SiteUnusable when they are not those of its hash."""
        ...

    def rows(self, built: BuiltShard, number: int) -> Sequence[Any]:
        """The lessons in one slice of a shard, each from one person's posts alone."""
        ...

    def batches(self, rows: Sequence[Any], order: bytes, epoch: int) -> Iterator[Sequence[Any]]:
        """One epoch of a slice, in an order in which nobody's place depends on another's."""
        ...

    def states(self, row: Any) -> Any:
        """What the frozen part makes of one lesson; computed once a slice."""
        ...

    def learn(self, rows: Sequence[Any], states: Sequence[Any], epoch: int) -> float:
        """Leave the gradients of a batch in `learned`; its mean loss."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """What was made of a shard: per slice the chain that names it and the file's SHA-256."""

    shard: int
    root: str  # of the manifest it was made from
    roots: tuple[str, ...]  # of its slices
    chains: tuple[str, ...]
    digests: tuple[str, ...]
    profile: Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Training was no longer wanted; the slices before this one are kept, and whole."""

    shard: int
    slice: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One batch learned: `step` of `steps` in this slice. read: its tokens or pictures. loss: the
    batch's mean before it, in nats per token or, of pictures, the squared error of a number."""

    shard: int
    slice: int
    slices: int
    step: int
    steps: int
    read: int
    loss: float


def chains_for(
    manifest: Manifest,
    recipe: Adapting,
    base: Base,
    home_key: bytes,
    profile: Profile | None = None,
) -> tuple[str, ...]:
    """The names a shard's slices will have once trained here; costs nothing and loads no model.

    Comparing them with those served says whether there is anything to train.
    profile: of pictures, `image.profile_here`.
    """
    return _links(manifest, recipe, base, home_key, profile or profile_here())[1:]


def _links(
    manifest: Manifest, recipe: Adapting, base: Base, home_key: bytes, profile: Profile
) -> tuple[str, ...]:
    chain = genesis(recipe.hash, base.hash, profile, order_key(home_key))
    links = [chain]
    for part in manifest.slices:
        if part.posts:
            chain = link(chain, part.root)
        links.append(chain)
    return tuple(links)


def train_shard(
    built: BuiltShard,
    student: Learner,
    models: Path,
    *,
    home_key: bytes,
    wanted: Callable[[], bool],
    progress: Callable[[Step], None] = lambda step: None,
) -> Adapter | Stopped:
    """Train what is not trained yet of a shard and return its adapter, or where it stopped."""
    lessons = teach(built, student, models, home_key=home_key, wanted=wanted)
    while True:
        try:
            progress(next(lessons))
        except StopIteration as end:
            result: Adapter | Stopped = end.value
            return result


def teach(
    built: BuiltShard,
    student: Learner,
    models: Path,
    *,
    home_key: bytes,
    wanted: Callable[[], bool],
) -> Generator[Step, None, Adapter | Stopped]:
    """The same as an iterator of steps. The checkpoint after each slice is its only trace."""
    manifest = built.manifest
    links = _links(manifest, student.recipe, student.base, home_key, student.profile)
    digests, last = _known(models, links, student)
    if len(digests) < len(links):
        _as_manifest_says(built)
    optimizer = _set_out(student, last)
    for number in range(len(digests) - 1, len(manifest.slices)):
        chain = links[number + 1]
        if chain != links[number]:
            steps = _slice(built, number, student, optimizer, order_key(home_key))
            while wanted():  # before each batch, and before the checkpoint
                step = next(steps, None)
                if step is None:
                    break
                yield step
            else:
                return Stopped(shard=manifest.shard, slice=number)
            digests.append(keep(models, _checkpoint(chain, student, optimizer)))
        else:
            digests.append(digests[-1])
    return Adapter(
        shard=manifest.shard,
        root=manifest.root,
        roots=tuple(part.root for part in manifest.slices),
        chains=links[1:],
        digests=tuple(digests[1:]),
        profile=student.profile,
    )


def rebuild(
    built: BuiltShard,
    student: Learner,
    models: Path,
    claimed: Adapter,
    *,
    home_key: bytes,
    scratch: Path,
    progress: Callable[[Step], None] = lambda step: None,
) -> None:
    """Retrain a shard from nothing in an empty folder and compare every file's digest.

    Raises ProofRejected when this machine computes otherwise, when the manifest is not the one
    that was trained, or when a digest differs.
    """
    student.check()
    shard = claimed.shard
    if (here := student.profile) != claimed.profile:
        raise ProofRejected(
            f"Shard {shard} was trained under another profile, so its bytes cannot come out the "
            f"same here. Trained under: {claimed.profile}. Here: {here}. "
            "Rebuild it where the first holds."
        )
    links = _links(built.manifest, student.recipe, student.base, home_key, student.profile)
    if links[1:] != claimed.chains:
        raise ProofRejected(
            f"Shard {shard} was not trained from this manifest, recipe, base and key; "
            "rebuild it from the manifest the log names."
        )
    for number, chain in enumerate(claimed.chains):
        _same(shard, number, "on disk", digest_of(models, chain), claimed.digests[number])
    again = train_shard(
        built, student, scratch, home_key=home_key, wanted=lambda: True, progress=progress
    )
    assert isinstance(again, Adapter)
    for number, digest in enumerate(again.digests):
        _same(shard, number, "rebuilt", digest, claimed.digests[number])


def _as_manifest_says(built: BuiltShard) -> None:
    """What is read must be what the manifest names, or the chain's name would be a lie."""
    said = built.manifest
    found = of_kept(built.kept, shard=said.shard, policy=said.policy, slices=len(said.slices))
    if found != said:
        raise ProofRejected(
            f"The posts kept for shard {said.shard} are not those of its manifest; run "
            "`demur build` again."
        )


def _same(shard: int, number: int, how: str, found: str | None, claimed: str) -> None:
    if found != claimed:
        raise ProofRejected(
            f"Slice {number} of shard {shard} hashes to {found or 'nothing, it is missing'} "
            f"{how}, but {claimed} was claimed; do not serve it, train the shard again."
        )


def _known(models: Path, links: tuple[str, ...], student: Learner) -> tuple[list[str], Checkpoint]:
    """The digests of the checkpoints that exist from the first on, and the last of them."""
    last = recall(models, links[0])
    if last is None:
        zeros = {n: np.zeros(b.shape, np.float32) for n, b in student.learned.items()}
        last = Checkpoint(chain=links[0], steps=0, learned=zeros, mean=zeros, square=zeros)
        keep(models, last)
    digests = [digest_of(models, links[0]) or ""]
    for chain in links[1:]:
        found = last if chain == last.chain else recall(models, chain)
        if found is None:
            break
        last = found
        digests.append(digest_of(models, chain) or "")
    return digests, last


def _set_out(student: Learner, start: Checkpoint) -> AdamW:
    """Put the weights and the optimizer where the checkpoint left them (forgetting.md, rule 4)."""
    optimizer = AdamW(student.learned, student.recipe)
    optimizer.steps = start.steps
    with torch.no_grad():
        for name, learned in student.learned.items():
            learned.copy_(torch.from_numpy(start.learned[name]))
            learned.grad = None
            optimizer.mean[name].copy_(torch.from_numpy(start.mean[name]))
            optimizer.square[name].copy_(torch.from_numpy(start.square[name]))
    return optimizer


def _checkpoint(chain: str, student: Learner, optimizer: AdamW) -> Checkpoint:
    return Checkpoint(
        chain=chain,
        steps=optimizer.steps,
        learned={name: b.detach().cpu().numpy() for name, b in student.learned.items()},
        mean={name: mean.cpu().numpy() for name, mean in optimizer.mean.items()},
        square={name: square.cpu().numpy() for name, square in optimizer.square.items()},
    )


def _slice(
    built: BuiltShard, number: int, student: Learner, optimizer: AdamW, order: bytes
) -> Iterator[Step]:
    """Learn one slice; each step has been taken when it is yielded."""
    rows = student.rows(built, number)
    plan = [
        (epoch, batch)
        for epoch in range(student.recipe.epochs)
        for batch in student.batches(rows, order, epoch)
    ]
    seen: dict[bytes, Any] = {}  # what the frozen layers made of a row; gone with the slice
    for at, (epoch, batch) in enumerate(plan):
        with exact():
            for row in batch:
                if row.digest not in seen:
                    seen[row.digest] = student.states(row)
            loss = student.learn(batch, [seen[row.digest] for row in batch], epoch)
            optimizer.step()
        yield Step(
            shard=built.manifest.shard,
            slice=number,
            slices=len(built.manifest.slices),
            step=at + 1,
            steps=len(plan),
            read=sum(row.width for row in batch),
            loss=loss,
        )
