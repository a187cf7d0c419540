"""The rights file: everything kept about what somebody said and was told; carried away or erased.

Both take a fresh sign-in and a POST. Erasing also takes a typed word, since nothing brings it back.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from demur.rights import erasure
from demur.rights import rightsfile as files
from demur.rights.place import here
from demur.web import page, threads, visitor
from demur.web.visitor import members, proven

WORD = gettext_lazy("ERASE")
CONVERSATIONS = "what you asked the assistant here, and its answers that may be shown"


class EraseForm(forms.Form):
    """The word is asked for in the language of the page."""

    word = forms.CharField(
        label=gettext_lazy("The word"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )

    def clean_word(self) -> str:
        typed: str = self.cleaned_data["word"]
        if typed.strip().casefold() != str(WORD).casefold():
            raise forms.ValidationError(
                _("Type %(word)s to go on. Otherwise leave the page.") % {"word": WORD}
            )
        return typed


@page.view("GET")
@members
def file(request: HttpRequest) -> HttpResponse:
    """What is in it, and the two buttons."""
    visitor.person(request)
    return page.show(request, "web/file.html", strong=visitor.strongly(request))


@page.view("GET", "POST")
@members
@proven
def download(request: HttpRequest) -> HttpResponse:
    """The file itself. A GET only shows the button, for whoever comes back from proving."""
    if request.method != "POST":
        return page.show(request, "web/file.html", strong=True)
    said = json.dumps(threads.export(threads.of(request.user)), ensure_ascii=False, indent=1)
    more = {"conversations.json": (CONVERSATIONS, said)}
    made = files.write(visitor.person(request), now=datetime.now(UTC), more=more)
    return page.download(made, "rights-file.zip", "application/zip")


@page.view("GET", "POST")
@members
@proven
def erase(request: HttpRequest) -> HttpResponse:
    """Erase it, and say what stays and why."""
    person = visitor.person(request)
    form = EraseForm(request.POST or None)
    if form.is_valid():
        erasure.erase(here(), person, now=datetime.now(UTC))
        logout(request)
        return page.show(request, "web/erased.html", own_notice=True)
    status = 400 if form.is_bound else 200
    return page.show(request, "web/erase.html", status=status, form=form, word=WORD)
