"""Switches: may chats be used, may their name stand beside their words, and, where the law of
their country asks first, a yes.

All are off until somebody switches them on, and off again with one press.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from demur.policy import regimes
from demur.rights import choices, models
from demur.web import page, visitor
from demur.web.visitor import members


class SwitchForm(forms.Form):
    named = forms.BooleanField(
        label=gettext_lazy("My name may be shown beside my words"),
        required=False,
        help_text=gettext_lazy(
            "Off: an answer or a search that shows a post of yours says “a member”. Whoever opens"
            " the public post still sees there who wrote it."
        ),
    )
    chats = forms.BooleanField(
        label=gettext_lazy("My chats with the assistant may be used"),
        required=False,
        help_text=gettext_lazy(
            "On: the model may learn from your questions, never from its answers, and nobody can"
            " find or read them. Off again: your questions are taken out at once."
        ),
    )
    opted_in = forms.BooleanField(
        label=gettext_lazy("My public posts may be used"),
        required=False,
        help_text=gettext_lazy(
            "In your country we ask you first. A No of yours counts more than this switch."
        ),
    )


@page.view("GET", "POST")
@members
def switches(request: HttpRequest) -> HttpResponse:
    person = visitor.person(request)
    asks = _asks_first(person)
    form = SwitchForm(
        request.POST if request.method == "POST" else None,
        initial={
            "named": person.named,
            "chats": person.chats_on,
            "opted_in": person.opted_in,
        },
    )
    if not asks:
        del form.fields["opted_in"]
    if form.is_valid():
        now = datetime.now(UTC)
        choices.set_named(person, form.cleaned_data["named"], now=now)
        choices.set_chats(person, form.cleaned_data["chats"], now=now)
        if asks:
            choices.opt_in(person, form.cleaned_data["opted_in"], now=now)
        return redirect(f"{request.path}?saved")
    saved = "saved" in request.GET
    return page.show(request, "web/switches.html", form=form, saved=saved)


def _asks_first(person: models.Person) -> bool:
    """Does the law where they live want a yes? Whoever once said yes may always take it back."""
    law = regimes.load().of(person.country or None, datetime.now(UTC).date())
    return law.choice == "opt-in" or person.opted_in
