"""The memories of one released generation: counts, search and trace, and who is heard in them.

`Memories` opens a set of builds that `remember` has written down. Whoever asks brings what stands
(InForce), as the gate read it just now; nothing here reads it, and without it nothing is said. A
generation never changes: the next one is loaded beside it and takes its place.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demur.errors import SiteUnusable
from demur.memory.counts import Counts
from demur.memory.finding import Finder
from demur.memory.lexicon import Glossed
from demur.memory.origins import Origins
from demur.memory.remember import SEARCH, build_of, folder_of, is_written
from demur.memory.search import EVERYWHERE, Filter, Hit, Search, Stored
from demur.memory.shown import Shown
from demur.memory.trace import Span, Tracer
from demur.memory.translations import Example, Translations
from demur.memory.vocabulary import Vocabulary
from demur.memory.windows import Windows
from demur.people import InForce, Use
from demur.posts import Photo

MANY = 3  # people: what so many wrote is a saying. Two can share a secret (decisions/0030)


class Memories:
    """Safe to use from several threads."""

    def __init__(
        self,
        *,
        origins: Origins,
        counts: Counts,
        tracer: Tracer,
        windows: Windows,
        search: Search,
        translations: Translations,
        finder: Finder,
        shown: Shown,
    ) -> None:
        self.origins, self.counts = origins, counts
        self.tracer, self.windows = tracer, windows
        self.search, self.finder = search, finder
        self.translations, self.shown = translations, shown
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
        folders, first = [folder_of(folder, memory) for folder in built], _first_rows(built)
        search = Search(memory / SEARCH)
        number = dict(zip(map(build_of, built), first, strict=True))
        return cls(
            origins=Origins.load(built),
            counts=Counts.load(folders, vocabulary, k=k),
            tracer=Tracer.load(folders),
            windows=Windows.load(folders, first),
            search=search,
            translations=Translations.load(built),
            finder=Finder.load(built, folders, search, number),
            shown=Shown.load(built),
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
        """The posts that are most about `text`. See Finder.find.

        use: ANSWERS where an answer will quote what is found.
        """
        return self.memories.finder.find(text, ~self.silenced[use], where, limit=limit)

    def translations(self, text: str, into: str, limit: int) -> list[Example]:
        """What people put into this language that is nearest to a text. See Translations.like.

        Both posts may be used for translating and be shown in an answer: an example is repeated
        where it is followed, so it is cited.
        """
        silenced = self.silenced[Use.TRANSLATION] | self.silenced[Use.ANSWERS]
        return self.memories.translations.like(text, into=into, limit=limit, silenced=silenced)

    def gloss(self, text: str, into: str) -> Glossed:
        """A text word by word in another language, by the same examples. See Lexicon."""
        silenced = self.silenced[Use.TRANSLATION] | self.silenced[Use.ANSWERS]
        return self.memories.translations.gloss(text, into=into, silenced=silenced)

    def picture(self, sha256: str) -> tuple[int, Photo] | None:
        """The picture, where a post that may be found now shows it; and the shard it lies in.

        sha256: 64 hexadecimal digits.
        """
        silenced = self.silenced[Use.SEARCH]
        for row, photo in self.memories.shown.rows(sha256):
            if not silenced[row]:
                return self.memories.finder.build_of(row).shard, photo
        return None

    def trace(self, text: str) -> list[Span]:
        """Which of these words stand word for word in whose posts. See Tracer.trace."""
        return self.memories.tracer.trace(text, self.silenced[Use.ANSWERS])

    def of_few(self, marks: Collection[int]) -> set[int]:
        """Those of these windows' marks whose words few people wrote. For the guard alone.

        A silent row counts as somebody's words, and not as one more who says them too: so a No
        never makes words sayable, and nobody learns from what is withheld whose they are.
        """
        wanted = list(marks)
        silenced, people = self.silenced[Use.ANSWERS], self.memories.origins.people.code
        return {
            mark
            for mark, rows in zip(wanted, self.memories.windows.rows(wanted), strict=True)
            if len(rows) and len(np.unique(people[rows[~silenced[rows]]])) < MANY
        }

    def posts(self, rows: Sequence[int]) -> list[Stored]:
        """The posts of these rows that an answer may show, in ascending order."""
        silenced = self.silenced[Use.ANSWERS]
        return self.memories.finder.read([row for row in sorted(rows) if not silenced[row]])

    def named(self, post_ids: Collection[str]) -> list[Stored]:
        """Those of these posts that an answer may show now, as they read now."""
        return self.posts(self.memories.origins.rows_of(post_ids))


def _first_rows(built: Sequence[Path]) -> list[int]:
    rows = [pq.read_metadata(folder / "kept.parquet").num_rows for folder in built]
    return [0, *accumulate(rows)][:-1]
