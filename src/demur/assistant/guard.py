"""The guard: what is never said, whoever asks and whatever a post says.

It declines questions, masks personal data in what is quoted, and stands between the model's words
and whoever reads them. It decides by rules over texts, and about a question by its meaning too; it
knows neither people nor what stands. The engine may ask it about each token and then says
something else; where it does not, the words are taken out here, and nothing that was taken out has
been shown.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from demur.assistant.guarding import asking, numbers, private, readings, sense
from demur.assistant.guarding.sources import Sources
from demur.assistant.guarding.verbatim import LOOK, Verbatim
from demur.memory import windows
from demur.memory.memories import Heard
from demur.serving.engine import Finish

REASONS: dict[str, dict[str, str]] = {
    "private-life": {
        "en": "I do not answer questions about somebody's private life: home, health, love, faith,"
        " money or whereabouts. Ask me what has been posted publicly about a subject, or ask the"
        " person.",
        "nl": "Ik beantwoord geen vragen over iemands privéleven: huis, gezondheid, liefde, geloof,"
        " geld of verblijfplaats. Vraag me wat er openbaar over een onderwerp is geschreven, of"
        " vraag het aan diegene.",
    },
    "contact": {
        "en": "I give no addresses, telephone numbers or other details by which a person is reached"
        " or known. Write to the person where they post, or look up a shop or an office in its own"
        " pages.",
        "nl": "Ik geef geen adressen, telefoonnummers of andere gegevens waarmee iemand te bereiken"
        " of te herkennen is. Schrijf diegene waar die zelf berichten plaatst, of zoek een winkel"
        " of instelling op haar eigen pagina's op.",
    },
    "profile": {
        "en": "I do not describe people or gather what is known of them. Ask about a subject, and"
        " I look for public posts about it; with the search you find what somebody posted.",
        "nl": "Ik beschrijf geen mensen en verzamel niet wat er over hen bekend is. Vraag naar een"
        " onderwerp, dan zoek ik openbare berichten daarover; met de zoekfunctie vind je wat iemand"
        " zelf plaatste.",
    },
    "likeness": {
        "en": "I do not draw a person, nor write as if I were one. I can draw or write something"
        " that is nobody's: say what it should be about.",
        "nl": "Ik teken geen bestaande mensen en schrijf niet alsof ik iemand ben. Ik kan wel iets"
        " tekenen of schrijven dat van niemand is: zeg waarover het moet gaan.",
    },
}
"""Why a question is not answered: the sentence that is said instead, by language."""

HELD = windows.WORDS  # words that wait: a run that is withheld has not been begun
GLUED = 40  # words that wait at most, where a number or an address in words may go on
ELISION = "[…]"
_MARKS = {
    "link": {"en": "[link]", "nl": "[link]"},
    "image": {"en": "", "nl": ""},
    "encoded": {"en": ELISION, "nl": ELISION},
    "source": {"en": "", "nl": ""},
    "verbatim": {"en": ELISION, "nl": ELISION},
}
_CHUNK = re.compile(r"\S+")
_PAST = 160  # characters already said that are looked at along with what waits


def declines(asked: str) -> str | None:
    """The name of the reason not to answer this, or None."""
    return asking.reason(asked) or sense.reason(asked)


def masked(text: str, language: str | None = None) -> str:
    """A post as it may be quoted: without addresses, telephone numbers and bank numbers, and
    without characters that nobody sees."""
    return private.masked(readings.seen(text), language or "en")


@dataclass(frozen=True, slots=True)
class _Cut:
    start: int
    end: int
    kind: str
    mark: str


class Watch:
    """Stands over one answer: holds words back until they may be said."""

    def __init__(
        self, heard: Heard | None, *, asked: str, quoted: Sequence[str], language: str = "en"
    ) -> None:
        self._verbatim = Verbatim(heard, (asked, *quoted))
        self._sources = Sources(quoted, asked)
        self._brought = set(map(_key, private.find(readings.seen(asked))))
        self._language = language if language in private.MARKS else "en"
        self._kinds: dict[str, None] = {}

    @property
    def withheld(self) -> tuple[str, ...]:
        """Kinds of what was taken out so far: "verbatim", "link", "source", "image", "encoded",
        or one of private.Kind."""
        return tuple(self._kinds)

    def refuses(self, said: str) -> bool:
        """Would these words, the candidate last, end in eight that are somebody's? Then the engine
        says the next likeliest. Personal data is no matter for this: nine digits of ten would be
        left standing, so it is taken out whole by `over`."""
        return self._verbatim.ends_in_one(readings.seen(said[-2 * LOOK :]))

    def over(self, pieces: Generator[str, None, Finish]) -> Generator[str, None, Finish]:
        """The pieces that may be said, in their order; returns what `pieces` returns."""
        said, done = "", 0
        open_cut: _Cut | None = None
        try:
            while True:
                try:
                    piece = next(pieces)
                except StopIteration as end:
                    finish: Finish = end.value
                    break
                said += readings.seen(piece)
                if not any(map(str.isspace, piece)):
                    continue  # within a word
                until = _until(said, done)
                if until > done:
                    out, done, open_cut = self._release(said, done, until, open_cut)
                    if out:
                        yield out
        finally:
            pieces.close()
        if finish != "standing-changed":
            out, done, open_cut = self._release(said, done, len(said), open_cut)
            if out:
                yield out
        return finish

    def _release(
        self, said: str, done: int, until: int, open_cut: _Cut | None
    ) -> tuple[str, int, _Cut | None]:
        """What may be said from `done` on, as far as `until`; how far that went; and the cut that
        is not at its end yet, whose mark has been said."""
        out, at = "", done
        for cut in self._cuts(said, done):
            if cut.start >= until:
                break
            if cut.end > until and cut.kind != "verbatim":
                until = max(at, min(until, cut.start))
                break
            begins = max(cut.start, at)
            out += said[at:begins]
            if open_cut is None or cut.start > open_cut.end:
                out += cut.mark
            self._kinds[cut.kind] = None
            at, open_cut = min(cut.end, until), cut
        if at < until:
            out += said[at:until]
            at = until
        return out, at, open_cut

    def _cuts(self, said: str, done: int) -> list[_Cut]:
        """What must be taken out of what is not said yet, in order; overlapping ones are one."""
        past = max(0, done - _PAST)
        found: list[_Cut] = []
        for cut in sorted(self._found(said, past), key=lambda cut: (cut.start, -cut.end)):
            if cut.end <= done:
                continue
            if found and cut.start < found[-1].end:
                last = found[-1]
                found[-1] = _Cut(last.start, max(last.end, cut.end), last.kind, last.mark)
                self._kinds[cut.kind] = None
            else:
                found.append(cut)
        return found

    def _found(self, said: str, past: int) -> Iterator[_Cut]:
        text = said[past:]
        for start, end in self._verbatim.stretches(text):
            yield self._cut(start + past, end + past, "verbatim")
        for each in private.find(text):
            if _key(each) not in self._brought:
                mark = private.MARKS[self._language][each.kind]
                yield _Cut(each.start + past, each.end + past, each.kind, mark)
        for start, end, kind in self._sources.unfounded(said, past):
            yield self._cut(start, end, kind)

    def _cut(self, start: int, end: int, kind: str) -> _Cut:
        return _Cut(start, end, kind, _MARKS[kind][self._language])


def _key(found: private.Found) -> tuple[str, str]:
    """By which what the asker brought along is known again: with a country's number or without."""
    return found.kind, found.value[-8:] if found.kind == "telephone" else found.value


def _until(said: str, done: int) -> int:
    """How far it may be said: without the last HELD words, and not within what may be a number, an
    address or a mail address that is still being written."""
    chunks = list(_CHUNK.finditer(said, done))
    words, keep = 0, len(chunks)
    while keep and words < HELD:
        keep -= 1
        words += windows.count(chunks[keep].group())
    least = max(0, len(chunks) - GLUED)
    while (
        keep > least
        and keep < len(chunks)
        and _glued(chunks[keep - 1].group(), chunks[keep].group())
    ):
        keep -= 1
    return chunks[keep].start() if 0 < keep < len(chunks) else done


_GLUE = frozenset(["at", "dot", "punt", "apenstaart", "apenstaartje", "plus", "dubbel", "double"])


def _glued(one: str, other: str) -> bool:
    """May these two words next to each other be parts of one number or address?"""
    return any(
        word.strip(".,()[]{}<>-").casefold() in _GLUE
        or any(map(str.isdigit, word))
        or numbers.is_number(word)
        for word in (one, other)
    )
