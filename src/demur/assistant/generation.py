"""A generation: one released state of base, adapters and memories, loaded together.

The worker writes a release and never changes it; a generation is thrown away whole when the next
release is there. It holds nothing about who objects: what stands is an argument of every question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demur.corpus import build
from demur.corpus.build import BuiltShard
from demur.errors import NotFound
from demur.memory import vocabulary
from demur.memory.memories import Heard, Memories
from demur.memory.remember import folder_of, is_written
from demur.memory.vocabulary import Vocabulary
from demur.people import InForce
from demur.serving.merge import Merged
from demur.serving.release import FILE, Release, Speakers, read_release
from demur.training.base import BaseModel, open_base
from demur.training.image_base import ImageBase, open_image_base
from demur.training.recipe import ImageRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Tells one `released.json` from the next without reading it."""

    inode: int
    changed: int  # nanoseconds


def words_of(base: BaseModel) -> Vocabulary:
    """The vocabulary in which the counts of this base are kept."""
    marks = base.tokenizer()
    mark = str(marks.id_to_token(base.separator))
    return vocabulary.of(marks, start=mark, end=mark)


def stamp(site: Path) -> Stamp | None:
    """The release that lies in the site folder now; None before the first."""
    try:
        stat = (site / "models" / FILE).stat()
    except FileNotFoundError:
        return None
    return Stamp(inode=stat.st_ino, changed=stat.st_mtime_ns)


class Generation:
    """Opened by `load`; safe to ask from several threads."""

    def __init__(
        self,
        *,
        seen: Stamp,
        base: BaseModel,
        built: Sequence[BuiltShard],
        release: Release,
        models: Path,
        memories: Memories,
    ) -> None:
        self.stamp, self.base, self.recipe = seen, base, release.recipe
        self.name = release.name
        self._built, self._memories, self._models = built, memories, models
        self._speakers = Speakers(models, release)
        self._images = release.images
        self._painters = Speakers(models, release.images) if release.images else None

    @classmethod
    def load(cls, site: Path) -> Generation:
        """Open what is released. Raises NotFound before the first release.

        A shard that is being rebuilt at this moment is silent until the release that follows.
        """
        seen = stamp(site)
        release = read_release(site / "models")
        if seen is None or release is None:
            raise NotFound("No model is released yet; run `demur build`, then `demur train`.")
        base = open_base(site / "models", release.base)
        words = words_of(base)
        every = (build.current(site / "build", adapter.shard) for adapter in release.adapters)
        built = [each for each in every if is_written(folder_of(each.path, site / "memory"), words)]
        return cls(
            seen=seen,
            base=base,
            built=built,
            release=release,
            models=site / "models",
            memories=Memories.load([each.path for each in built], site / "memory", words),
        )

    def heard(self, in_force: InForce) -> Heard:
        """The memories as they may answer while this stands."""
        return self._memories.under(in_force)

    def is_halted(self, in_force: InForce) -> bool:
        """Does a hold name this very release? Then neither its weights nor its counts speak."""
        return any(hold.model == self.name for hold in in_force.holds)

    def adapter(self, heard: Heard) -> tuple[Merged, tuple[int, ...]]:
        """The adapter as it may speak while this stands, and the shards that are in it."""
        return self._speakers.merged(self._built, heard.unclean)

    @property
    def drawing(self) -> tuple[ImageBase, ImageRecipe] | None:
        """The image base of this release and what its adapters are made by, where it draws.

        Raises NotFound where the base has gone from where its operator put it.
        """
        if self._images is None:
            return None
        return open_image_base(self._models, self._images.base), self._images.recipe

    def image_adapter(self, heard: Heard) -> tuple[Merged | None, tuple[int, ...]]:
        """The same of the pictures: what may be drawn with, and the shards that are in it."""
        if self._painters is None:
            return None, ()
        return self._painters.merged(self._built, heard.unclean)
