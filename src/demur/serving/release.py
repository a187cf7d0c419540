"""What is served: the shards' adapters that were released, and which of them may speak or draw.

`models/released.json` is written by the worker in one rename. Between an objection and the
retrained shard, a shard speaks with its last clean slice: what it had learned before it first read
anybody who may not be used now. Which rows are silenced is told to this room, never asked here.
A slice whose kept posts have changed since counts as unclean: nobody knows any more what it holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import rfc8785
from numpy.typing import NDArray

from demur.corpus.build import BuiltShard
from demur.corpus.manifest import Manifest
from demur.errors import ProofRejected, SiteUnusable
from demur.serving.merge import Merge, Merged
from demur.training.chain import Halves, Profile, digest_of, put, recall
from demur.training.image import ImageProfile
from demur.training.recipe import ImageRecipe, Recipe, recipe_from
from demur.training.run import Adapter

FILE = "released.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """What of a release draws: the same as of the words, over an image base."""

    base: str
    recipe: ImageRecipe
    shards: int
    adapters: tuple[Adapter, ...]

    def get(self, shard: int) -> Adapter | None:
        """A shard's image adapter, if it has one."""
        return next((adapter for adapter in self.adapters if adapter.shard == shard), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One state of the models that may be served.

    shards: S, how many shards exist; a shard without an adapter weighs nothing.
    images: None where no image base is set; the release is then named as if images had never been.
    """

    base: str
    recipe: Recipe
    shards: int
    adapters: tuple[Adapter, ...]
    images: Images | None = None

    @property
    def name(self) -> str:
        """What it is called in the book: 64 hexadecimal digits of all that determines it."""
        return hashlib.sha256(rfc8785.dumps(self.fields)).hexdigest()

    @property
    def fields(self) -> dict[str, Any]:
        """All of it, as JSON has it; without a word of images where there are none."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def get(self, shard: int) -> Adapter | None:
        """A shard's adapter, if it has one."""
        return next((adapter for adapter in self.adapters if adapter.shard == shard), None)


def write_release(models: Path, release: Release) -> None:
    """Write `released.json`: canonical JSON, whole or not at all."""
    version = 1 if release.images is None else 2
    put(models / FILE, rfc8785.dumps({"v": version, **release.fields}))


def read_release(models: Path) -> Release | None:
    """What is released, or None before the first. Raises SiteUnusable for another kind of file."""
    try:
        raw = (models / FILE).read_bytes()
    except FileNotFoundError:
        return None
    try:
        fields = json.loads(raw)
        if fields["v"] not in (1, 2):
            raise ValueError(f"version {fields['v']}")
        return Release(
            base=fields["base"],
            recipe=recipe_from(fields["recipe"], Recipe),
            shards=fields["shards"],
            adapters=tuple(_adapter(entry, Profile) for entry in fields["adapters"]),
            images=_images(fields["images"]) if fields["v"] == 2 else None,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SiteUnusable(
            f"{FILE} is not one this version writes ({error}); run `demur train` again."
        ) from error


def _images(fields: dict[str, Any]) -> Images:
    return Images(
        base=fields["base"],
        recipe=recipe_from(fields["recipe"], ImageRecipe),
        shards=fields["shards"],
        adapters=tuple(_adapter(entry, ImageProfile) for entry in fields["adapters"]),
    )


def _adapter(entry: dict[str, Any], profile: type[Profile]) -> Adapter:
    return Adapter(
        shard=entry["shard"],
        root=entry["root"],
        roots=tuple(entry["roots"]),
        chains=tuple(entry["chains"]),
        digests=tuple(entry["digests"]),
        profile=profile(**entry["profile"]),
    )


def clean_slices(adapter: Adapter, manifest: Manifest, unclean: Sequence[int]) -> int:
    """How many of a shard's slices may speak: those before the first that may not.

    manifest: what is kept of the shard now; a slice that has changed since it was learned may
        hold what is not kept any more. unclean: of what is kept now, the rows by slice that were
        learned and may not be at this moment.
    """
    now = zip(adapter.roots, manifest.slices, unclean, strict=True)
    for number, (learned, kept, rows) in enumerate(now):
        if rows or learned != kept.root:
            return number
    return len(adapter.roots)


class Speakers:
    """The released shards as one adapter, for whatever is silenced at the moment; of the words, or
    of the pictures. It holds sums of public numbers, not who objects: each call says that anew.
    """

    def __init__(self, models: Path, release: Release | Images) -> None:
        self._release = release
        self._models = models
        self._merge = Merge(release.shards)
        self._speaking: dict[int, tuple[str, Halves]] = {}  # shard -> the chain added, and its B
        self._lock = Lock()

    def merged(
        self, built: Sequence[BuiltShard], unclean: NDArray[np.bool_]
    ) -> tuple[Merged, tuple[int, ...]]:
        """The adapter that may speak, and the shards that are in it.

        unclean: one value for every kept row of the builds, in their order: was it learned, and
            may it not be any more? (`memory.memories.Heard.unclean`) A shard that is not among
            the builds says nothing: unknown is silent.
        Raises ProofRejected for a checkpoint that is not the released one.
        """
        clean: dict[int, int] = {}
        at = 0
        for shard in built:
            sizes = [part.posts for part in shard.manifest.slices]
            ends = np.cumsum([at, *sizes])
            at = int(ends[-1])
            rows = [int(unclean[a:b].sum()) for a, b in pairwise(ends)]
            number = shard.manifest.shard
            if adapter := self._release.get(number):
                clean[number] = clean_slices(adapter, shard.manifest, rows)
        if at != len(unclean):
            raise SiteUnusable("The builds and their rows do not fit; run `demur build` again.")
        with self._lock:
            for adapter in self._release.adapters:
                self._let_speak(adapter, clean.get(adapter.shard, 0))
            return self._merge.merged(), tuple(sorted(self._speaking))

    def _let_speak(self, adapter: Adapter, clean: int) -> None:
        """Swap what a shard says now for what it may say: its chain after `clean` slices."""
        chain = adapter.chains[clean - 1] if clean else None
        claimed = adapter.digests[clean - 1] if clean else None
        held = self._speaking.get(adapter.shard)
        if (held[0] if held else None) == chain:
            return
        halves = self._load(chain, claimed) if chain else None
        if held:
            self._merge.subtract(held[1])
            del self._speaking[adapter.shard]
        if chain and halves is not None:  # a file that is gone says nothing
            self._merge.add(halves)
            self._speaking[adapter.shard] = (chain, halves)

    def _load(self, chain: str, claimed: str | None) -> Halves | None:
        found = digest_of(self._models, chain)
        if found is None:
            return None
        checkpoint = recall(self._models, chain)
        if checkpoint is None or found != claimed:
            raise ProofRejected(
                f"The adapter {chain[:16]} hashes to {found}, but {claimed} was released; "
                "run `demur train` again."
            )
        return checkpoint.learned
