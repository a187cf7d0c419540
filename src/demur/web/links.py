"""Linked accounts: seen by their owner, and joined when both sides have said so.

Whoever agrees makes one person of two, who then see each other's data: so it takes a fresh sign-in
on the answering side. Who asks learns nothing about accounts that are not theirs.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from demur.errors import NotFound
from demur.people import AccountId
from demur.rights import links as linking
from demur.rights import models, people
from demur.web import page, visitor
from demur.web.visitor import members, proven


class LinkForm(forms.Form):
    account = forms.CharField(
        label=gettext_lazy("Your other account"),
        max_length=500,
        help_text=gettext_lazy("For example @anna@dorp.example"),
    )


@page.view("GET", "POST")
@members
def linked(request: HttpRequest) -> HttpResponse:
    """Every account known to be theirs, what waits, and a form to add one."""
    person = visitor.person(request)
    form = LinkForm(request.POST or None)
    if form.is_valid():
        other = people.account(form.cleaned_data["account"])
        if other is not None and people.whole(other.person) != person:
            linking.ask(person, AccountId(other.pk), now=datetime.now(UTC))
        return redirect("web:link-asked")
    status = 400 if form.is_bound else 200
    return _page(request, person, form, status)


@page.view("GET")
@members
def link_asked(request: HttpRequest) -> HttpResponse:
    """The same for every account, known or not."""
    return page.show(request, "web/link_asked.html")


@page.view("GET", "POST")
@members
@proven
def answer(request: HttpRequest, asked: int) -> HttpResponse:
    """Yes, that is me; or no, it is not. Only the side that did not ask can say so."""
    person = visitor.person(request)
    waiting = _asked_of(person).filter(pk=asked).first()
    if waiting is None:
        raise NotFound("Nobody waits for your answer here; open your accounts again.")
    if request.method != "POST":
        shown = _shown(waiting, person)
        return page.show(request, "web/link_answer.html", asked=shown)
    agreed = request.POST.get("answer") == "yes"
    linking.settle(waiting, person, agreed, now=datetime.now(UTC))
    return redirect("web:linked")


def _page(request: HttpRequest, person: models.Person, form: LinkForm, status: int) -> HttpResponse:
    waits = _asked_by(person)
    return page.show(
        request,
        "web/linked.html",
        status=status,
        form=form,
        accounts=[visitor.called(account) for account in visitor.accounts(person)],
        asked=[_shown(waiting, person) for waiting in _asked_of(person)],
        waits=[_shown(waiting, person) for waiting in waits],
    )


def _asked_by(person: models.Person) -> QuerySet[models.LinkAsked]:
    return _open().filter(by__in=people.family(person))


def _asked_of(person: models.Person) -> QuerySet[models.LinkAsked]:
    return _open().filter(other__person__in=people.family(person))


def _open() -> QuerySet[models.LinkAsked]:
    waiting = models.LinkAsked.objects.filter(settled_at=None)
    return waiting.select_related("one", "other").order_by("pk")


def _shown(waiting: models.LinkAsked, person: models.Person) -> dict[str, object]:
    """The question as either side sees it: their own account, and the other one."""
    ours = {member.pk for member in people.family(person)}
    mine, other = waiting.one, waiting.other
    if mine.person_id not in ours:
        mine, other = other, mine
    return {
        "id": waiting.pk,
        "mine": visitor.called(mine),
        "other": visitor.called(other),
        "at": waiting.at,
    }
