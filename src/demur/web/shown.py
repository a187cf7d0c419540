"""How an answer and the posts in it are put before a reader: cut into runs, with whose words they
are and why this answer came about.

An author's handle stands beside their words only where they switched that on; elsewhere it says "a
member". What a licence demands to be named is named all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from demur.rights.models import Account, Opening
from demur.rights.place import here
from demur.web import page, visitor

if TYPE_CHECKING:
    from demur.assistant.said import Answer, Citation, Traced

LINE = "served"  # the kind of line in which the book names a model

# What the guard can have taken out of an answer, by the names it gives.
WITHHELD = {
    "address": gettext_lazy("an address"),
    "email": gettext_lazy("an e-mail address"),
    "telephone": gettext_lazy("a telephone number"),
    "bank": gettext_lazy("a bank number"),
    "citizen": gettext_lazy("a citizen service number"),
    "card": gettext_lazy("a card number"),
    "plate": gettext_lazy("a number plate"),
    "verbatim": gettext_lazy("somebody's own words, at length"),
    "link": gettext_lazy("a link"),
    "image": gettext_lazy("a picture from elsewhere"),
    "encoded": gettext_lazy("something in code"),
    "source": gettext_lazy("a number of a source that is not there"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of an answer: plain, the number of a source, or words that stand in a post."""

    text: str
    source: int | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """What a post's author is called here. own: it is the reader."""

    name: str
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A post as a page shows it."""

    post: str
    text: str
    by: Author
    url: str | None
    lang: str = ""
    attribution: str | None = None
    number: int | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A run of the answer's words that stands so in posts: sources by number, others counted."""

    text: str
    numbers: tuple[int, ...]
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An answer as `_answer.html` shows it, and why it is as it is."""

    text: str
    language: str
    finish: str
    memories: bool
    halted: bool
    declined: bool
    withheld: tuple[str, ...]  # in words
    model: str
    line: int | None  # of the book, where it names the model
    spoke: int  # parts of the model
    parts: int  # that there are
    runs: tuple[Run, ...]
    sources: tuple[Source, ...]
    repeats: tuple[Repeat, ...]
    anchor: str = ""  # tells the sources of several answers on one page apart


def answer(said: Answer, reader: User | AnonymousUser) -> Shown:
    """An answer that was given just now."""
    return shown(
        reader,
        text=said.text,
        language=said.language,
        finish=said.finish,
        memories=said.memories,
        halted=said.halted,
        declined=said.declined or "",
        withheld=said.withheld,
        model=said.model or "",
        shards=said.shards,
        citations=said.citations,
        traced=said.traced,
    )


def shown(
    reader: User | AnonymousUser,
    *,
    text: str,
    language: str,
    finish: str,
    memories: bool,
    halted: bool,
    declined: str,
    withheld: Sequence[str],
    model: str,
    shards: Sequence[int],
    citations: Sequence[Citation],
    traced: Sequence[Traced],
    anchor: str = "",
) -> Shown:
    by = authors((citation.account for citation in citations), reader)
    numbers = {citation.post_id: citation.number for citation in citations}
    return Shown(
        text=text,
        language=language,
        finish=finish,
        memories=memories,
        halted=halted,
        declined=bool(declined),
        withheld=tuple(str(WITHHELD.get(kind, kind)) for kind in withheld),
        model=model,
        line=line_of(model),
        spoke=len(shards),
        parts=here().home.shards,
        runs=tuple(runs(text, numbers.values(), traced)),
        sources=tuple(_source(citation, by[citation.account]) for citation in citations),
        repeats=tuple(_repeat(text, run, numbers) for run in traced),
        anchor=anchor,
    )


def runs(text: str, numbers: Iterable[int], traced: Sequence[Traced]) -> list[Run]:
    """The answer's text cut where its references and its repeated words begin and end."""
    known = set(numbers)
    cut: list[Run] = []
    at = 0
    for span in sorted(traced, key=lambda span: (span.start, span.end)):
        start = max(span.start, at)
        if start >= span.end:
            continue
        cut += _references(text[at:start], known)
        cut += _references(text[start : span.end], known, repeated=True)
        at = span.end
    return cut + _references(text[at:], known)


def authors(accounts: Iterable[str], reader: User | AnonymousUser) -> dict[str, Author]:
    """What to call the authors of posts, as far as they let it be said."""
    wanted = set(accounts)
    me = visitor.person_of(reader)
    rows = Account.objects.filter(pk__in=wanted).select_related("person")
    known = {row.pk: row for row in rows}
    found = {}
    for account in wanted:
        row = known.get(account)
        if row is not None and me is not None and row.person_id == me.pk:
            found[account] = Author(name=_("you"), own=True)
        elif row is not None and row.person.named:
            found[account] = Author(name=row.handle or row.name or account.partition(":")[2])
        else:
            found[account] = Author(name=_("a member"))
    return found


def line_of(model: str) -> int | None:
    """The line of the book that says this model was put before people."""
    if not model:
        return None
    lines = Opening.objects.filter(entry__kind=LINE, payload__model=model).order_by("entry")
    return lines.values_list("entry_id", flat=True).first()


def _source(citation: Citation, by: Author) -> Source:
    return Source(
        post=citation.post_id,
        text=citation.text,
        by=by,
        url=page.link(citation.url),
        lang=citation.lang if citation.lang != "und" else "",
        attribution=citation.attribution,
        number=citation.number,
    )


def _repeat(text: str, run: Traced, numbers: Mapping[str, int]) -> Repeat:
    return Repeat(
        text=text[run.start : run.end],
        numbers=tuple(sorted({numbers[post] for post in run.post_ids if post in numbers})),
        others=sum(post not in numbers for post in run.post_ids),
    )


def _references(text: str, numbers: set[int], *, repeated: bool = False) -> list[Run]:
    """`[2]` refers to a source where there is a second one; otherwise it is only text."""
    found = []
    for part in re.split(r"(\[[0-9]{1,3}\])", text):
        number = int(part[1:-1]) if re.fullmatch(r"\[[0-9]{1,3}\]", part) else None
        if number in numbers:
            found.append(Run(text=part, source=number))
        elif part:
            found.append(Run(text=part, repeated=repeated))
    return found
