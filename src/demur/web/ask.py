"""Conversations with the assistant: asked, heard while it speaks, stopped, asked again, put in
other words, renamed, carried away, deleted.

Every form works without JavaScript; with it the answer appears while it is spoken and can be
stopped. What is kept and what of it may be shown is `web.threads`' business; a conversation is
opened by its owner alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django import forms
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from demur.errors import NotFound, Refusal, StandingUnreadable
from demur.web import page, streaming, threads, voice
from demur.web.models import Thread, Turn
from demur.web.streaming import Spoken
from demur.web.threads import Along
from demur.web.visitor import members
from demur.web.voice import NotNow

if TYPE_CHECKING:
    from demur.assistant.said import Answer

QUESTION = 4000  # characters: two pages
RECENT = 6  # conversations beneath the form
LISTED = 30  # on a page of all of them


class QuestionForm(forms.Form):
    """instead_of: the question of this conversation that is put in other words, and its answer
    and what followed given up. again: the last question is asked once more as it stands."""

    question = forms.CharField(
        label=gettext_lazy("Your question"),
        max_length=QUESTION,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Type a question first.")},
        required=False,
    )
    instead_of = forms.IntegerField(required=False, widget=forms.HiddenInput)
    again = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean(self) -> None:
        said = self.cleaned_data
        if not said.get("again") and not said.get("question") and "question" not in self.errors:
            self.add_error("question", _("Type a question first."))


class TitleForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("Name"), max_length=120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question whose answer has begun."""

    question: Turn
    turn: voice.Turn
    along: Along


@page.view("GET", "POST")
@members
def ask(request: HttpRequest) -> HttpResponse:
    """A new conversation, and those there are."""
    return _converse(request, None)


@page.view("GET", "POST")
@members
def thread(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A conversation as it may be shown now, and the next question in it."""
    return _converse(request, threads.find(request.user, pk))


@page.view("POST")
@members
def stream(request: HttpRequest, pk: UUID | None = None) -> HttpResponseBase:
    """The same as server-sent events: `thread` (its address), `piece` …, `answer` (HTML)."""
    there = threads.find(request.user, pk) if pk else None
    form = QuestionForm(request.POST)
    if not form.is_valid():
        return page.refuse(request, 400)
    asked = _begin(request, there, form)
    about = asked.question.thread

    def keep(answer: Answer, stopped: bool) -> None:
        now = datetime.now(UTC)
        threads.keep(asked.question, answer, asked.along, stopped=stopped, now=now)

    def show(_answer: Answer) -> str:
        return render_to_string("web/_thread.html", _shown(request, about), request=request)

    spoken = Spoken(
        asked.turn,
        surface="chat",
        keep=keep,
        show=show,
        thread=about.pk,
        first=streaming.event("thread", reverse("web:thread", args=[about.pk])),
    )
    return streaming.response(spoken)


@page.view("POST")
@members
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The answer that is being spoken in this conversation ends after its next word."""
    streaming.STOPS.wish(threads.find(request.user, pk).pk)
    return HttpResponse(status=204)


@page.view("POST")
@members
def rename(request: HttpRequest, pk: UUID) -> HttpResponse:
    there = threads.find(request.user, pk)
    form = TitleForm(request.POST)
    if form.is_valid():
        threads.rename(there, form.cleaned_data["title"])
    return redirect("web:thread", pk)


@page.view("POST")
@members
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    threads.delete(threads.of(request.user).filter(pk=pk), now=datetime.now(UTC))
    return redirect(f"{reverse('web:threads')}?deleted")


@page.view("POST")
@members
def delete_all(request: HttpRequest) -> HttpResponse:
    threads.delete(threads.of(request.user), now=datetime.now(UTC))
    return redirect(f"{reverse('web:threads')}?deleted")


@page.view("GET")
@members
def conversations(request: HttpRequest) -> HttpResponse:
    """Every conversation of theirs, the last one first."""
    every = threads.of(request.user).annotate(
        questions=Count("turns", filter=Q(turns__role="question"))
    )
    turned = Paginator(every, LISTED).get_page(request.GET.get("page"))
    deleted = "deleted" in request.GET
    return page.show(request, "web/threads.html", turned=turned, deleted=deleted)


@page.view("GET")
@members
def export(request: HttpRequest, kind: str, pk: UUID | None = None) -> HttpResponse:
    """One conversation or all of them, as JSON or as plain text."""
    if kind not in ("json", "txt"):
        raise NotFound("Conversations are handed out as .json and as .txt.")
    mine = threads.of(request.user)
    some = list(mine) if pk is None else [threads.find(request.user, pk)]
    name = "conversations" if pk is None else slugify(some[0].title)[:40] or "conversation"
    made = threads.export(some)
    if kind == "json":
        body = json.dumps(made, ensure_ascii=False, indent=1)
        return page.download(body.encode(), f"{name}.json", "application/json")
    context = {"threads": made}
    body = render_to_string("web/thread.txt", context)
    return page.download(body.encode(), f"{name}.txt", "text/plain; charset=utf-8")


def ready() -> bool:
    """Is the language of this page one that the assistant speaks?"""
    return (get_language() or "").split("-")[0] in voice.LANGUAGES


def _converse(request: HttpRequest, there: Thread | None) -> HttpResponse:
    form = QuestionForm(request.POST if request.method == "POST" else None)
    status, refused = 200, ""
    if form.is_valid():
        try:
            asked = _begin(request, there, form)
        except (NotNow, StandingUnreadable):
            status, refused = 503, str(page.WORDS[503][1])
        else:
            return redirect(_heard(asked))
    elif form.is_bound:
        status = 400
    if there is not None:
        context = _shown(request, there) | {"form": form, "refused": refused}
        return page.show(request, "web/thread.html", status=status, **context)
    return page.show(
        request,
        "web/ask.html",
        status=status,
        form=form,
        refused=refused,
        recent=threads.of(request.user)[:RECENT],
        ready=ready(),
    )


def _begin(request: HttpRequest, there: Thread | None, form: QuestionForm) -> Asked:
    """Start the answer, and only then write the question down: what is refused changes nothing."""
    said, now = form.cleaned_data, datetime.now(UTC)
    old = None
    if there is not None and said["again"]:
        old = threads.last_question(there)
    elif there is not None and said["instead_of"]:
        old = threads.question_of(there, said["instead_of"])
    text = old.text if old is not None and said["again"] else said["question"]
    along = threads.along(there, before=old)
    turn = voice.chat([*along.said, ("user", text)])
    try:
        if there is None:
            question = threads.begin(cast(User, request.user), text, now=now)
        elif old is None:
            question = threads.ask(there, text, now=now)
        elif said["again"]:
            question = old
        else:
            question = threads.edit(old, text, now=now)
    except BaseException:
        turn.close()
        raise
    return Asked(question=question, turn=turn, along=along)


def _heard(asked: Asked) -> str:
    """Hear the answer out, and keep it; where it breaks off, the question stands without one."""
    try:
        answer = streaming.listen(asked.turn, "chat")
        if answer is not None:
            now = datetime.now(UTC)
            threads.keep(asked.question, answer, asked.along, stopped=False, now=now)
    except Refusal:
        asked.turn.close()
    address = reverse("web:thread", args=[asked.question.thread_id])
    return f"{address}#turn-{asked.question.pk}"


def _shown(request: HttpRequest, there: Thread) -> dict[str, object]:
    """What `_thread.html` shows."""
    there.refresh_from_db()
    exchanges = threads.exchanges(there, request.user)
    return {
        "thread": there,
        "exchanges": exchanges,
        "form": QuestionForm(),
        "longest": QUESTION,
        "ready": ready(),
    }
