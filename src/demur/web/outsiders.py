"""For people without an account: saying no, with an address and the names others use for them.

The address is proven by a mailed link before anything happens, and nobody who fills one in learns
whether we know it. What they claim to be called is believed: a No needs little proof, and it takes
nothing from anybody but the mention.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language

from demur.rights import objection as objections
from demur.rights import people
from demur.web import claimed, objecting, page, proof

CONFIRM = "not-a-member-confirm"


@page.view("GET", "POST")
def start(request: HttpRequest) -> HttpResponse:
    """Who they are, and where the link goes."""
    form = claimed.NamedForm(request.POST or None)
    if form.is_valid():
        said = form.cleaned_data
        try:
            proof.send(CONFIRM, said["email"], {"handles": said["handles"], "names": said["names"]})
        except DatabaseError:
            return objecting.note_down(
                request,
                email=said["email"],
                route="link",
                keys=claimed.keys(said["handles"]),
                names=said["names"],
                language=get_language() or "en",
                now=datetime.now(UTC),
            )
        return redirect("web:link-mailed")
    status = 400 if form.is_bound else 200
    return page.show(request, "web/not_a_member.html", status=status, form=form, own_notice=True)


@page.view("GET")
def link_mailed(request: HttpRequest) -> HttpResponse:
    """The same for every address."""
    return page.show(request, "web/link_mailed.html", own_notice=True)


@page.view("GET", "POST")
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Behind the link. Looking changes nothing, since mail programs open links by themselves."""
    said = proof.read(CONFIRM, token)
    if request.method != "POST":
        return page.show(request, "web/not_a_member_confirm.html", said=said, own_notice=True)
    now = datetime.now(UTC)
    person = people.stranger(
        said["email"],
        keys=claimed.keys(said["handles"]),
        names=said["names"],
        language=get_language() or "en",
        now=now,
    )
    objection = objections.submit(person, route="link", email=said["email"], now=now)
    return page.show(
        request,
        "web/not_a_member_done.html",
        said=said,
        line=objection.entry_id,
        at=objection.at,
        own_notice=True,
    )
