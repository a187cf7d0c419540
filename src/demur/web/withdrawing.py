"""Taking a No back: at its owner's own, freshly proven word, and never by accident.

Two ways. The owner of a No withdraws it here. A No that somebody else made in a person's name is
undone by the signed link of the letter that told them of it, which proves the same.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from demur.errors import NotFound
from demur.rights import models, signed
from demur.rights import objection as objections
from demur.web import objecting, page, visitor
from demur.web.visitor import members, proven

ALL = "all"


class WithdrawForm(forms.Form):
    """A box that nobody ticks in passing."""

    which = forms.ChoiceField(label=gettext_lazy("Which one?"), widget=forms.RadioSelect)
    sure = forms.BooleanField(
        label=gettext_lazy("Yes, what I wrote may be used again"),
        error_messages={
            "required": gettext_lazy("Tick the box if you are sure. Otherwise leave the page.")
        },
    )

    def offer(self, standing: list[models.Objection]) -> None:
        """The person's own standing Nos, and all of them where there are more."""
        each = [(str(no.line), no.covers) for no in map(objecting.shown, standing)]
        field = self.fields["which"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(ALL, _("All of them")), *each] if len(each) > 1 else each
        field.initial = each[0][0] if len(each) == 1 else None


@page.view("GET", "POST")
@members
@proven
def withdraw(request: HttpRequest) -> HttpResponse:
    """Take one's own No back, or one of several."""
    person = visitor.person(request)
    standing = objections.standing_objections(person)
    if not standing:
        return redirect("web:privacy")
    form = WithdrawForm(request.POST or None)
    form.offer(standing)
    if form.is_valid():
        which = form.cleaned_data["which"]
        only = next((no for no in standing if str(no.entry_id) == which), None)
        objections.withdraw(person, only=only, now=datetime.now(UTC))
        return redirect("web:withdrawn")
    status = 400 if form.is_bound else 200
    return page.show(request, "web/withdraw.html", status=status, form=form)


@page.view("GET")
@members
def withdrawn(request: HttpRequest) -> HttpResponse:
    """What taking it back did, and did not do."""
    person = visitor.person(request)
    left = [objecting.shown(one) for one in objections.standing_objections(person)]
    return page.show(request, "web/withdrawn.html", nos=left)


@page.view("GET", "POST")
def undo(request: HttpRequest, token: str) -> HttpResponse:
    """Behind the link in the letter: somebody else said no in your name. Looking changes nothing,
    since mail programs open links by themselves."""
    now = datetime.now(UTC)
    objection, owner = _of(token, now)
    done = objection.withdrawn_at is not None
    if request.method == "POST" and not done:
        objections.undo(objection, by=owner, now=now)
        done = True
    return page.show(request, "web/undo.html", no=objecting.shown(objection), done=done)


def _of(token: str, now: datetime) -> tuple[models.Objection, models.Person]:
    """The No that a letter's link is about, and whom the letter was sent to."""
    objection, _, owner = str(signed.about("undo", token, now=now)).partition(":")
    row = models.Objection.objects.filter(pk=objection).first()
    to = models.Person.objects.filter(pk=owner).first()
    if row is None or to is None:
        raise NotFound(signed.GONE)
    return row, to
