"""Verbatim: which stretches of the model's words repeat somebody, and may not.

Eight words in a row that few people wrote are theirs. They may be said where the post stands as a
citation beside the answer, and to somebody who brought them along in the question: who knows the
words already learns neither them nor, from their being withheld, that somebody wrote them here.
"""

from __future__ import annotations

from collections.abc import Iterable

from demur.memory import windows
from demur.memory.memories import Heard

Stretch = tuple[int, int]  # code points


class Verbatim:
    """Stands over one answer under one standing. Without memories it lets everything through."""

    def __init__(self, heard: Heard | None, allowed: Iterable[str]) -> None:
        self._heard = heard
        self._may = {window.mark for text in allowed for window in windows.of(text)}
        self._known: dict[int, bool] = {}  # by mark: is it somebody's?

    def stretches(self, text: str) -> list[Stretch]:
        """What of a text is somebody's and may not be said, joined where it overlaps."""
        if self._heard is None:
            return []
        here = windows.of(text)
        new = {window.mark for window in here} - self._may - self._known.keys()
        if new:
            few = self._heard.of_few(new)
            self._known.update((mark, mark in few) for mark in new)
        found: list[Stretch] = []
        for window in here:
            if not self._known.get(window.mark, False):
                continue
            if found and window.start <= found[-1][1]:
                found[-1] = (found[-1][0], window.end)
            else:
                found.append((window.start, window.end))
        return found

    def ends_in_one(self, text: str) -> bool:
        """Do the last eight words stand so in somebody's post? A word that has only begun counts
        as it is: the next token is asked about too."""
        mark = windows.last(text[-LOOK:])
        if self._heard is None or mark is None or mark in self._may:
            return False
        if mark not in self._known:
            self._known[mark] = mark in self._heard.of_few({mark})
        return self._known[mark]


LOOK = 240  # characters: eight words are seldom longer, and what is asked for each token is brief
