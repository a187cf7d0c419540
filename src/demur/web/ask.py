"""Asking and searching: a question in, an answer with whose words it uses out.

The form works without JavaScript; with it the answer appears while it is spoken. Each question
stands alone and nothing of it is kept: an earlier answer may quote somebody who has since said no.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from demur.errors import Refusal
from demur.rights import answers
from demur.rights.models import Account
from demur.web import page, voice

if TYPE_CHECKING:
    from demur.assistant.answer import Answer

QUESTION = 4000  # characters: two pages
HITS = 20

members = login_required(login_url=reverse_lazy("web:signin"))


class QuestionForm(forms.Form):
    question = forms.CharField(
        label=gettext_lazy("Your question"),
        max_length=QUESTION,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Type a question first.")},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of an answer: plain, the number of a source, or words that stand in a post."""

    text: str
    source: int | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A post as a page shows it. `by` is the handle where we know one."""

    text: str
    by: str
    url: str | None
    attribution: str | None = None
    number: int | None = None


@page.view("GET", "POST")
@members
def ask(request: HttpRequest) -> HttpResponse:
    form = QuestionForm(request.POST or None)
    answer = None
    if form.is_valid():
        turn = voice.chat([("user", form.cleaned_data["question"])])
        for _piece in turn:
            pass
        answer = turn.answer
    if answer is not None:
        answers.log(answer.text, surface="chat", model=answer.model or "", now=datetime.now(UTC))
    shown = shown_answer(answer) if answer else {}
    status = 400 if form.is_bound and not form.is_valid() else 200
    return page.show(request, "web/ask.html", status=status, form=form, **shown)


@page.view("POST")
@members
def stream(request: HttpRequest) -> HttpResponseBase:
    """The same answer as server-sent events: `piece` (JSON text) …, then `answer` (JSON HTML)."""
    form = QuestionForm(request.POST)
    if not form.is_valid():
        return page.refuse(request, 400)
    turn = voice.chat([("user", form.cleaned_data["question"])])
    response = StreamingHttpResponse(Spoken(turn), content_type="text/event-stream; charset=utf-8")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


@page.view("GET")
@members
def search(request: HttpRequest) -> HttpResponse:
    """Plain search of public posts; whoever has said no is not found."""
    wanted = request.GET.get("q", "").strip()[:QUESTION]
    hits = list(voice.search(wanted, HITS)) if wanted else []
    names = _names(hit.account for hit in hits)
    found = [
        Source(
            text=hit.text,
            by=names[hit.account],
            url=page.link(hit.url),
            attribution=hit.attribution,
        )
        for hit in hits
    ]
    return page.show(request, "web/search.html", wanted=wanted, found=found)


class Spoken:
    """An answer as events. Closing it, as Django does when a reader leaves, frees the turn."""

    def __init__(self, turn: voice.Turn) -> None:
        self._turn = turn
        self._said: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._turn:
                self._said.append(piece)
                yield _event("piece", piece)
        except (Refusal, DatabaseError):
            yield _event("stopped", _("The answer stopped here. Ask again in a minute."))
            return
        if self._turn.answer is not None:
            shown = shown_answer(self._turn.answer)
            yield _event("answer", render_to_string("web/_answer.html", shown))

    def close(self) -> None:
        """Whatever was said by now was read: it is logged, also when the answer broke off."""
        self._turn.close()
        said, self._said = "".join(self._said), []
        answer = self._turn.answer
        model = None if answer is None else answer.model or ""
        answers.log(said, surface="chat", model=model, now=datetime.now(UTC))


def shown_answer(answer: Answer) -> dict[str, object]:
    """What `_answer.html` shows."""
    names = _names(citation.account for citation in answer.citations)
    sources = [
        Source(
            text=citation.text,
            by=names[citation.account],
            url=page.link(citation.url),
            attribution=citation.attribution,
            number=citation.number,
        )
        for citation in answer.citations
    ]
    numbers = {citation.post_id: citation.number for citation in answer.citations}
    repeats = [
        {
            "text": answer.text[run.start : run.end],
            "numbers": sorted({numbers[post] for post in run.post_ids if post in numbers}),
            "others": sum(post not in numbers for post in run.post_ids),
        }
        for run in answer.traced
    ]
    return {"answer": answer, "runs": runs(answer), "sources": sources, "repeats": repeats}


def runs(answer: Answer) -> list[Run]:
    """The answer's text cut where its references and its repeated words begin and end."""
    numbers = {citation.number for citation in answer.citations}
    cut: list[Run] = []
    at = 0
    for span in sorted(answer.traced, key=lambda span: (span.start, span.end)):
        start = max(span.start, at)
        if start >= span.end:
            continue
        cut += _references(answer.text[at:start], numbers)
        cut += _references(answer.text[start : span.end], numbers, repeated=True)
        at = span.end
    return cut + _references(answer.text[at:], numbers)


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


def _names(accounts: Iterable[str]) -> dict[str, str]:
    """What to call the authors: their handle, else their account."""
    wanted = set(accounts)
    handles = Account.objects.filter(pk__in=wanted).values_list("pk", "handle")
    known = {account: handle for account, handle in handles if handle}
    return {account: known.get(account, account.partition(":")[2]) for account in wanted}


def _event(name: str, value: str) -> bytes:
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
