"""The assistant in a frame on other pages: one question, its answer, and the way to object beneath.

Only the origins that the settings name may frame it (`[web] embed_origins`), and only this page:
every other one still refuses any frame. The visitor is whoever is signed in here. A browser sends
that sign-in along where the framing page is of the same site (dorp.example and ai.dorp.example);
elsewhere the frame shows the way in and no more. Nothing is kept of what is asked here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy

from demur.errors import NotFound
from demur.web import page, shown, streaming, voice

SURFACE = "embed"
QUESTION = 4000  # characters


class QuestionForm(forms.Form):
    question = forms.CharField(
        max_length=QUESTION, error_messages={"required": gettext_lazy("Type a question first.")}
    )


def framed(view: page.View) -> page.View:
    """A view that the named origins may show in a frame; where none is named there is no page."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        origins = settings.DEMUR_SITE.config.embed_origins if settings.DEMUR_SITE else ()
        if not origins:
            raise NotFound("Nothing may frame the assistant; name origins under [web] first.")
        with translation.override(_language(request)):
            response = view(request, *args, **kwargs)
        response.xframe_options_exempt = True  # type: ignore[attr-defined]  # Django looks for it
        response._csp_replace = {"frame-ancestors": list(origins)}  # type: ignore[attr-defined]
        return response

    return wrapped


@page.view("GET", "POST")
@framed
def frame(request: HttpRequest) -> HttpResponse:
    """The form, and without scripts also the answer."""
    form = QuestionForm(request.POST or None)
    answer = None
    if form.is_valid() and request.user.is_authenticated:
        answer = streaming.listen(voice.chat([("user", form.cleaned_data["question"])]), SURFACE)
    back = f"{reverse('web:signin')}?{urlencode({'next': reverse('web:ask')})}"
    context = {"form": form, "answer": answer and _shown(request, answer), "signin": back}
    status = 400 if form.is_bound and not form.is_valid() else 200
    context["stream"] = f"{reverse('web:embed-stream')}?{urlencode({'lang': _language(request)})}"
    response = render(request, "web/embed.html", page.frame() | context, status=status)
    response["Cache-Control"] = "no-store"  # it says who is signed in
    return response


@page.view("POST")
@framed
def stream(request: HttpRequest) -> HttpResponseBase:
    """The answer while it is spoken."""
    form = QuestionForm(request.POST)
    if not request.user.is_authenticated:
        return page.refuse(request, 403)
    if not form.is_valid():
        return page.refuse(request, 400)
    turn = voice.chat([("user", form.cleaned_data["question"])])
    language = translation.get_language()

    def show(answer: Any) -> str:
        with translation.override(language):  # it is made after the view has returned
            return render_to_string("web/_embedded.html", {"answer": _shown(request, answer)})

    return streaming.response(streaming.Spoken(turn, surface=SURFACE, show=show))


def _shown(request: HttpRequest, answer: Any) -> shown.Shown:
    return shown.answer(answer, request.user)


def _language(request: HttpRequest) -> str:
    """The language that the framing page asked for, if pages speak it."""
    asked = request.GET.get("lang", "").partition("-")[0].lower()
    known: Callable[[str], bool] = dict(settings.LANGUAGES).__contains__
    return asked if known(asked) else translation.get_language() or settings.LANGUAGE_CODE
