"""My requests: asked, decided, refused with a reason, appealed, taken back.

What they mean and do is `rights.deletion`. Nobody has to bring a proof: it is looked for by us.
Taking a request back lifts a fence, so it needs a fresh sign-in; an appeal does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from demur.errors import NotFound
from demur.rights import decisions, deletion, models, people
from demur.web import page, visitor
from demur.web.visitor import members, proven

ANSWER = 20_000  # characters of a pasted answer
WORDS = 5000

STATES = {
    "open": gettext_lazy("Received. We look for the proof ourselves."),
    "in_progress": gettext_lazy("Being decided."),
    "fulfilled": gettext_lazy("Granted. Nothing of yours is used."),
    "denied": gettext_lazy("Refused. You can appeal."),
    "revoked": gettext_lazy("Taken back by you."),
    "expired": gettext_lazy("Ended, because nobody said who had asked."),
}
REASONS = {
    "need_user_verification": gettext_lazy("We do not know yet that it is you who asks."),
    "no_match": gettext_lazy("We found nothing of yours."),
    "claim_not_covered": gettext_lazy("What you ask is not covered by this right."),
    "outside_jurisdiction": gettext_lazy("The law of another country applies."),
    "insuf_verification": gettext_lazy("It was not clear that it was you who asked."),
    "suspected_fraud": gettext_lazy("We believe that somebody else asked in your name."),
    "other": gettext_lazy("For another reason, given here."),
}
KINDS = {
    decisions.DELETION: gettext_lazy("Deletion: something of mine appeared in an answer"),
    decisions.OBJECTION: gettext_lazy("A No to learning from my posts"),
    "access": gettext_lazy("To see what you have of me"),
}
FOUND = {
    "log": gettext_lazy("in an answer that was given"),
    "probe": gettext_lazy("when we asked the assistant ourselves"),
    "paste": gettext_lazy("in the answer that you sent us"),
}


class OpenForm(forms.Form):
    answer = forms.CharField(
        label=gettext_lazy("The answer that you saw"),
        required=False,
        max_length=ANSWER,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("Paste it here if you have it. We compare it and do not keep it."),
    )


class AppealForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("Why you do not agree"),
        required=False,
        max_length=WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("You can leave this empty: it is looked at again all the same."),
    )


@page.view("GET", "POST")
@members
def requests(request: HttpRequest) -> HttpResponse:
    """All of them, the newest first, and a form for another."""
    person = visitor.person(request)
    form = OpenForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        now = datetime.now(UTC)
        opened = deletion.open_(person, route="form", now=now)
        if form.cleaned_data["answer"] and opened.state in decisions.WAITING:
            deletion.paste(opened, form.cleaned_data["answer"], now=now)
        return redirect("web:request", opened.pk)
    theirs = models.Request.objects.filter(person__in=people.family(person))
    shown = [_shown(each) for each in theirs.order_by("-opened_at", "-opened")]
    return page.show(request, "web/requests.html", form=form, requests=shown)


@page.view("GET")
@members
def request_(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One of them: its state, its deadline, what was found, and what can be done."""
    asked = _theirs(request, pk)
    return page.show(request, "web/request.html", asked=_shown(asked), form=AppealForm())


@page.view("POST")
@members
def appeal(request: HttpRequest, pk: UUID) -> HttpResponse:
    asked, form = _theirs(request, pk), AppealForm(request.POST)
    if not form.is_valid():
        return page.show(request, "web/request.html", status=400, asked=_shown(asked), form=form)
    decisions.appeal(asked, form.cleaned_data["words"], now=datetime.now(UTC))
    return redirect("web:request", asked.pk)


@page.view("GET", "POST")
@members
@proven
def revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Looking asks once more; the press of the button does it."""
    asked = _theirs(request, pk)
    if request.method != "POST":
        return page.show(request, "web/request_revoke.html", asked=_shown(asked))
    decisions.revoke(asked, now=datetime.now(UTC))
    return redirect("web:request", asked.pk)


def _theirs(request: HttpRequest, pk: UUID) -> models.Request:
    family = people.family(visitor.person(request))
    asked = models.Request.objects.filter(pk=pk, person__in=family).first()
    if asked is None:
        raise NotFound("No such request of yours is here; open the list of those that are.")
    return asked


def _shown(asked: models.Request) -> dict[str, Any]:
    waits = asked.state in decisions.WAITING
    return {
        "id": asked.pk,
        "kind": KINDS.get(asked.exercise, asked.exercise),
        "state": STATES.get(asked.state, asked.state),
        "reason": REASONS.get(asked.reason, "") if asked.reason else "",
        "said": asked.said,
        "restricted": asked.restricted,
        "at": asked.opened_at,
        "line": asked.opened_id,
        "decided_at": asked.decided_at,
        "due": asked.due if waits else None,
        "days": max(0, (asked.due - datetime.now(UTC).date()).days),
        "appealed_at": asked.appealed_at,
        "evidence": [_evidence(piece) for piece in asked.evidence],
        "may_appeal": asked.state == "denied",
        "may_revoke": waits,
    }


def _evidence(piece: Mapping[str, Any]) -> dict[str, Any]:
    found = str(piece.get("found", ""))
    return {
        "where": FOUND.get(found, ""),
        "words": piece.get("words", ""),
        "at": datetime.fromisoformat(piece["at"]) if piece.get("at") else None,
        "question": piece.get("question", ""),
    }
