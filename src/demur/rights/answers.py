"""The answer log: which runs of words were said, so that whoever wrote them can find them again.

Of each answer it keeps keyed marks of every run of eight words, when it was said, on which surface
and by which model. It keeps no words, and nothing of who asked. A mark is recognised on this site
alone and only by somebody who has the words already. After ninety days it is forgotten.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction

from demur.rights import models
from demur.rights.evidence import excerpt, windows, words
from demur.rights.place import here

log_ = logging.getLogger(__name__)

RETENTION = timedelta(days=90)
AT_ONCE = 500  # marks or rows a query
KIND = "spoken"  # keeps these marks apart from those of copies and accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An answer that repeated a text: by how many windows, and the words as the text has them."""

    at: datetime
    model: str
    surface: str
    windows: int
    text_id: str
    words: str


def log(text: str, *, surface: str, model: str | None = None, now: datetime) -> int:
    """Keep the marks of what was said, also of a part of an answer; how many were kept.

    model: the released model's name, empty where the base spoke alone; None: the one that the book
    says is served, for an answer that broke off before it could say. An answer is never refused
    because it could not be logged: the operator's log says so, wordless.
    """
    marks = sorted({_mark(window) for window in windows(words(text))})
    if not marks:
        return 0
    try:
        with transaction.atomic():
            answer = models.Answered.objects.create(
                at=now, surface=surface, model=served() if model is None else model
            )
            rows = [models.Spoken(answer=answer, mark=mark) for mark in marks]
            models.Spoken.objects.bulk_create(rows, batch_size=AT_ONCE)
    except DatabaseError as error:
        log_.warning("an answer was given and not logged (%s)", type(error).__name__)
        return 0
    return len(marks)


def spoken_of(texts: Mapping[str, str]) -> list[Hit]:
    """Which answers of the last ninety days repeated these texts (by id), the newest first.

    Exact runs of eight words only: a paraphrase, a translation or a shorter run is not found, so
    that nothing found does not mean that nothing was said.
    """
    found: dict[tuple[int, str], list[int]] = {}
    answers: dict[int, models.Answered] = {}
    said = {id_: words(text) for id_, text in texts.items()}
    places: dict[bytes, list[tuple[str, int]]] = {}
    for id_, their in said.items():
        for at, window in enumerate(windows(their)):
            places.setdefault(_mark(window), []).append((id_, at))
    for some in _batches(sorted(places)):
        rows = models.Spoken.objects.filter(mark__in=some).select_related("answer")
        for row in rows:
            answers[row.answer_id] = row.answer
            for id_, at in places[bytes(row.mark)]:
                found.setdefault((row.answer_id, id_), []).append(at)
    hits = [
        Hit(
            at=answers[answer].at,
            model=answers[answer].model,
            surface=answers[answer].surface,
            windows=len(starts),
            text_id=id_,
            words=excerpt(texts[id_], said[id_], starts),
        )
        for (answer, id_), starts in found.items()
    ]
    return sorted(hits, key=lambda hit: (hit.at, hit.windows), reverse=True)


def forget(now: datetime) -> int:
    """Delete what is older than RETENTION; how many answers."""
    old = models.Answered.objects.filter(at__lt=now - RETENTION)
    count = old.count()
    if count:
        old.delete()
    return count


def served() -> str:
    """The name of the model that the book last said is served; nothing before the first."""
    line = models.Opening.objects.filter(entry__kind="served").order_by("-entry").first()
    return str(line.payload.get("model", "")) if line else ""


def _mark(window: str) -> bytes:
    return here().home.mark(KIND, window.encode("utf-8", "surrogatepass"))


def _batches(marks: list[bytes]) -> Iterator[Iterable[bytes]]:
    for at in range(0, len(marks), AT_ONCE):
        yield marks[at : at + AT_ONCE]
