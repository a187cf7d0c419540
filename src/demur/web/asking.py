"""Am I in it? For members with numbers; for others, how many public posts mention them.

Nobody without proof is shown anybody's posts, and the number goes only to a proven address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from demur.corpus import names
from demur.rights import models, objection
from demur.rights import receipt as receipts
from demur.tlog.absence import Role
from demur.web import claimed, mentions, mine, mydata, page, proof, visitor

ANSWER = "am-i-in-it-answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is of a member."""

    posts: int  # that reached us
    usable: int  # of them, that may be used for something today
    speaking: int  # models in use that hold posts of theirs
    silenced: int  # the same, but their part is silent since they said no
    mentions: int


@page.view("GET", "POST")
def am_i_in_it(request: HttpRequest) -> HttpResponse:
    """The answer for somebody signed in; a form for everybody else."""
    person = visitor.person_of(request.user)
    if person is not None:
        return page.show(
            request,
            "web/am_i_in_it.html",
            found=_of(person),
            objects=objection.standing_objection(person) is not None,
            own_notice=True,
        )
    form = claimed.ClaimedForm(request.POST or None)
    if form.is_valid():
        proof.send(ANSWER, form.cleaned_data["email"], {"handles": form.cleaned_data["handles"]})
        return redirect("web:link-mailed")
    status = 400 if form.is_bound else 200
    return page.show(request, "web/am_i_in_it.html", status=status, form=form, own_notice=True)


@page.view("GET")
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Behind the mailed link: how many posts mention these names. Not which, and not whose."""
    said = proof.read(ANSWER, token)
    count = names.count(mydata.lake(), claimed.keys(said["handles"])) if said["handles"] else 0
    return page.show(request, "web/am_i_in_it_mailed.html", said=said, count=count, own_notice=True)


def _of(person: models.Person) -> Found:
    every = mydata.of(person, datetime.now(UTC).date())
    keys = mentions.keys_of(person)
    held = (period for period in receipts.periods(person) if period.role is Role.AUTHOR)
    now = [period for period in held if period.until is None]
    return Found(
        posts=len(every),
        usable=sum(mine.TONE[each.decision.outcome] != "out" for each in every),
        speaking=sum(period.silent_from is None for period in now),
        silenced=sum(period.silent_from is not None for period in now),
        mentions=names.count(mydata.lake(), keys) if keys else 0,
    )
