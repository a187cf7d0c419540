"""The memories of one released generation: counts, search and trace, and who is heard in them.

`Memories` opens a set of builds that `remember` has written down. Whoever asks brings what stands
(InForce), as the gate read it just now; nothing here reads it, and without it nothing is said. A
generation never changes: the next one is loaded beside it and takes its place.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demur.errors import SiteUnusable
from demur.memory.counts import Counts
from demur.memory.origins import Origins
from demur.memory.remember import SEARCH, build_of, folder_of, is_written
from demur.memory.search import EVERYWHERE, Build, Filter, Hit, Search, Stored
from demur.memory.shown import Shown
from demur.memory.trace import Span, Tracer
from demur.memory.vocabulary import Vocabulary
from demur.people import InForce, Use
from demur.posts import Photo


class Memories:
    """Safe to use from several threads."""

    def __init__(
        self,
        *,
        origins: Origins,
        counts: Counts,
        tracer: Tracer,
        search: Search,
        shown: Shown,
        first: dict[Build, int],
    ) -> None:
        self.origins, self.counts, self.tracer = origins, counts, tracer
        self.shown = shown
        self.search, self.first = search, first
        self._lock = threading.Lock()
        self._heard: Heard | None = None

    @classmethod
    def load(
        cls, built: Sequence[Path], memory: Path, vocabulary: Vocabulary, *, k: int = 2
    ) -> Memories:
        """Open the memories of these builds, one a shard; all of one `demur build`.

        Raises SiteUnusable where one has not been remembered with this vocabulary.
        """
        for folder in built:
            if not is_written(folder_of(folder, memory), vocabulary):
                name = f"{folder.parent.name}/{folder.name}"
                raise SiteUnusable(f"{name} is not remembered yet; run `demur work --once`.")
        if not built:
            raise SiteUnusable("Nothing has been built yet; run `demur build`.")
        folders = [folder_of(folder, memory) for folder in built]
        return cls(
            origins=Origins.load(built),
            counts=Counts.load(folders, vocabulary, k=k),
            tracer=Tracer.load(folders),
            search=Search(memory / SEARCH),
            shown=Shown.load(built),
            first=dict(zip(map(build_of, built), _first_rows(built), strict=True)),
        )

    def under(self, in_force: InForce) -> Heard:
        """What may be heard while this stands.

        The newest standing that anybody brought holds for all: who comes with an older one is
        answered by it too.
        """
        with self._lock:
            heard = self._heard
            if heard is None or heard.is_outdated_by(in_force):
                silenced = self.origins.silences(in_force)
                if heard is not None and heard.in_force.epoch == in_force.epoch:
                    # only the clock has moved, and by that nobody is heard again
                    silenced = {use: rows | heard.silenced[use] for use, rows in silenced.items()}
                self.counts.silence(silenced[Use.TRAINING])
                heard = self._heard = Heard(memories=self, in_force=in_force, silenced=silenced)
            return heard

    def close(self) -> None:
        self.search.close()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """The memories as they answer under one standing. Hold it no longer than that stands.

    silenced: by use the rows that may not be used for it.
    """

    memories: Memories
    in_force: InForce
    silenced: Mapping[Use, NDArray[np.bool_]] = field(repr=False)

    def is_outdated_by(self, in_force: InForce) -> bool:
        return in_force.epoch >= self.in_force.epoch and in_force != self.in_force

    @property
    def unclean(self) -> NDArray[np.bool_]:
        """[rows]: the weights learned it and may not have, as it stands now."""
        return self.silenced[Use.TRAINING] & self.memories.origins.kept_for(Use.TRAINING)

    def over(self, context: Sequence[int], p0: NDArray[Any]) -> NDArray[np.float64]:
        """See Counts.over."""
        return self.memories.counts.over(context, p0)

    def search(
        self, text: str, *, limit: int, use: Use = Use.SEARCH, where: Filter = EVERYWHERE
    ) -> list[Hit]:
        """The posts that are most about `text`; each hit's `row` counts through all builds.

        use: ANSWERS where an answer will quote what is found.
        """
        first, silenced = self.memories.first, self.silenced[use]

        def admit(build: Build, row: int) -> bool:
            return build in first and not silenced[first[build] + row]

        hits = self.memories.search.query(text, limit=limit, admit=admit)
        return [replace(hit, row=first[hit.build] + hit.row) for hit in hits]

    def picture(self, sha256: str) -> tuple[int, Photo] | None:
        """The picture, where a post that may be found now shows it; and the shard it lies in.

        sha256: 64 hexadecimal digits.
        """
        silenced = self.silenced[Use.SEARCH]
        for row, photo in self.memories.shown.rows(sha256):
            if not silenced[row]:
                return self._shard_of(row), photo
        return None

    def _shard_of(self, row: int) -> int:
        return max(
            (first, build.shard) for build, first in self.memories.first.items() if first <= row
        )[1]

    def trace(self, text: str) -> list[Span]:
        """Which of these words stand word for word in whose posts. See Tracer.trace."""
        return self.memories.tracer.trace(text, self.silenced[Use.ANSWERS])

    def posts(self, rows: Sequence[int]) -> list[Stored]:
        """The posts of these rows that an answer may show, in the order of rows."""
        found: list[Stored] = []
        silenced = self.silenced[Use.ANSWERS]
        ends = [*self.memories.first.values(), len(silenced)][1:]
        for (build, first), end in zip(self.memories.first.items(), ends, strict=True):
            here = [row - first for row in rows if first <= row < end and not silenced[row]]
            posts = self.memories.search.read(build, here) if here else []
            found += [replace(post, row=first + post.row) for post in posts]
        return found

    def named(self, post_ids: Collection[str]) -> list[Stored]:
        """Those of these posts that an answer may show now, as they read now."""
        return self.posts(self.memories.origins.rows_of(post_ids))


def _first_rows(built: Sequence[Path]) -> list[int]:
    rows = [pq.read_metadata(folder / "kept.parquet").num_rows for folder in built]
    return [0, *accumulate(rows)][:-1]
