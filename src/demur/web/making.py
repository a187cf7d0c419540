"""Writing, translating and drawing: a wish in, a draft beside its sources out.

Nothing of it is kept, neither the wish nor what was made. Each page works without JavaScript; with
it a draft appears while it is spoken and can be copied.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.text import slugify
from django.utils.translation import get_language, gettext_lazy

from demur.errors import Refusal
from demur.web import ask, page, shown, streaming, voice
from demur.web.streaming import Spoken
from demur.web.visitor import members

LONGEST = 4000  # characters: two pages
TO_SUM_UP = 20_000  # as much as the assistant sums up
DESCRIPTION = 400  # characters of a picture

FORMS = [
    ("text", gettext_lazy("a text")),
    ("email", gettext_lazy("an e-mail")),
    ("post", gettext_lazy("a post")),
    ("letter", gettext_lazy("a letter")),
    ("invitation", gettext_lazy("an invitation")),
    ("summary", gettext_lazy("a summary of what I paste below")),
]
TONES = [
    ("plain", gettext_lazy("plain")),
    ("friendly", gettext_lazy("friendly")),
    ("formal", gettext_lazy("formal")),
]
LENGTHS = [
    ("short", gettext_lazy("short")),
    ("medium", gettext_lazy("medium")),
    ("long", gettext_lazy("long")),
]
LANGUAGES = [("en", gettext_lazy("English")), ("nl", gettext_lazy("Dutch"))]
SURFACES = {"write": "writing", "translate": "translation"}  # by their page
# What draws: the composer puts pictograms together; anything else is the name of a model.
COMPOSER = "composer"


class BriefForm(forms.Form):
    form = forms.ChoiceField(label=gettext_lazy("What to write"), choices=FORMS)
    about = forms.CharField(
        label=gettext_lazy("What it is about"),
        max_length=TO_SUM_UP,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Say what it should be about.")},
    )
    tone = forms.ChoiceField(label=gettext_lazy("Tone"), choices=TONES)
    length = forms.ChoiceField(label=gettext_lazy("Length"), choices=LENGTHS)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=LANGUAGES)


class TranslationForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("The text"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": gettext_lazy("Paste or type a text first.")},
    )
    into = forms.ChoiceField(
        label=gettext_lazy("Into"),
        choices=[("nl", gettext_lazy("Dutch")), ("en", gettext_lazy("English"))],
    )


class DrawingForm(forms.Form):
    description = forms.CharField(
        label=gettext_lazy("What should be in the picture"),
        max_length=DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": gettext_lazy("Describe the picture first.")},
    )


@page.view("GET", "POST")
@members
def write(request: HttpRequest) -> HttpResponse:
    return _make(request, BriefForm, "write", _written)


@page.view("POST")
@members
def write_stream(request: HttpRequest) -> HttpResponseBase:
    return _stream(request, BriefForm, "write", _written)


@page.view("GET", "POST")
@members
def translate(request: HttpRequest) -> HttpResponse:
    return _make(request, TranslationForm, "translate", _translated)


@page.view("POST")
@members
def translate_stream(request: HttpRequest) -> HttpResponseBase:
    return _stream(request, TranslationForm, "translate", _translated)


@page.view("GET", "POST")
@members
def draw(request: HttpRequest) -> HttpResponse:
    """The picture stands in the page itself: it is stored nowhere, and gone with the page."""
    form = DrawingForm(request.POST if request.method == "POST" else None)
    status, drawing, refused = (400 if form.is_bound else 200), None, ""
    if form.is_valid():
        status = 200
        try:
            drawing = voice.draw(form.cleaned_data["description"])
        except Refusal as refusal:
            status, refused = 503, _sentence(refusal)
    context: dict[str, Any] = {"form": form, "refused": refused, "ready": ask.ready()}
    if drawing is not None:
        said = form.cleaned_data["description"]
        context |= {
            "drawing": drawing,
            "described": said,
            "composed": drawing.drew == COMPOSER,
            "picture": f"data:image/png;base64,{b64encode(drawing.png).decode()}",
            "file": f"{slugify(said)[:40] or 'picture'}.png",
        }
    response = page.show(request, "web/draw.html", status=status, **context)
    response["Cache-Control"] = "no-store"
    return response


Speak = Callable[[dict[str, Any]], voice.Turn]


def _written(said: dict[str, Any]) -> voice.Turn:
    from demur.assistant.writing import Brief  # noqa: PLC0415  (it brings torch along)

    return voice.write(Brief(**said))


def _translated(said: dict[str, Any]) -> voice.Turn:
    return voice.translate(said["text"], said["into"])


def _make(request: HttpRequest, kind: type[forms.Form], name: str, speak: Speak) -> HttpResponse:
    form = kind(request.POST if request.method == "POST" else None, initial=_initial())
    status, draft, refused = (400 if form.is_bound else 200), None, ""
    if form.is_valid():
        status = 200
        try:
            answer = streaming.listen(speak(form.cleaned_data), SURFACES[name])
            draft = shown.answer(answer, request.user) if answer else None
        except Refusal as refusal:
            status, refused = 503, _sentence(refusal)
    context = {"form": form, "answer": draft, "refused": refused, "ready": ask.ready()}
    return page.show(request, f"web/{name}.html", status=status, **context)


def _stream(
    request: HttpRequest, kind: type[forms.Form], name: str, speak: Speak
) -> HttpResponseBase:
    form = kind(request.POST)
    if not form.is_valid():
        return page.refuse(request, 400)

    def show(answer: Any) -> str:
        context = {"answer": shown.answer(answer, request.user), "draft": True}
        return render_to_string("web/_draft.html", context, request=request)

    turn = speak(form.cleaned_data)
    return streaming.response(Spoken(turn, surface=SURFACES[name], show=show))


def _initial() -> dict[str, str]:
    """The language of the page, where the assistant speaks it: who reads it wants to read it."""
    here = (get_language() or "en").split("-")[0]
    spoken = here if here in voice.LANGUAGES else "en"
    return {"language": spoken, "into": spoken}


def _sentence(refusal: Refusal) -> str:
    return str(page.WORDS[page.status_of(refusal)][1])
