"""Mentions of me: exact ones counted and shown as they are masked, plain names to say yes or no to.

A handle, a tag or a link is somebody's for certain. A plain name may be another person's, so it is
shown to the one who bears it, with the words around it, and masked only when they say it is them.
Every post shown here is public; posts for friends or closed groups are not looked into.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from demur.corpus import mentioned
from demur.corpus import names as found
from demur.corpus.names import Named
from demur.errors import NotFound
from demur.rights import models, names, objection, people
from demur.web import mydata, page, visitor
from demur.web.visitor import members

PROPOSALS = 10  # on a page: as many as somebody reads before they tire
SAMPLE = 5


@page.view("GET", "POST")
@members
def mentions(request: HttpRequest) -> HttpResponse:
    """What others wrote about them, and the answers they give."""
    person = visitor.person(request)
    now = datetime.now(UTC)
    if request.method == "POST":
        rows, confirmed = _answered(request, person)
        names.settle_all(rows, confirmed, now=now)
        return redirect("web:mentions")
    keys = keys_of(person)
    turned = Paginator(names.propose_to(person, now=now), PROPOSALS).get_page(1)
    standing = objection.standing_objection(person)
    return page.show(
        request,
        "web/mentions.html",
        count=found.count(mydata.lake(), keys) if keys else 0,
        sample=[_shown(each) for each in mentioned.newest(mydata.lake(), keys, limit=SAMPLE)],
        masked=standing is not None and standing.scope == {},
        called=names.names_of(person),
        counts=names.named_count(person),
        waiting=turned.paginator.count,
        proposals=[_shown(each.named) | {"id": each.row.pk} for each in turned],
    )


def keys_of(person: models.Person) -> set[str]:
    """Everything by which others' posts point at them for certain."""
    keys = {key for account in visitor.accounts(person) for key in account.keys}
    return keys.union(*(member.claimed_keys for member in people.family(person)))


def _answered(request: HttpRequest, person: models.Person) -> tuple[list[models.NamedIn], bool]:
    """Which places, and whether they mean this person; NotFound for other people's places."""
    said = request.POST
    confirmed = "yes" in said or said.get("all") == "yes"
    wanted = said.getlist("shown") if "all" in said else [said.get("yes") or said.get("no") or ""]
    theirs = models.NamedIn.objects.filter(person__in=people.family(person))
    rows = list(theirs.filter(pk__in=[number for number in wanted if number.isdecimal()]))
    if not wanted or len(rows) != len(set(wanted)):
        raise NotFound("This is no place where your name was found; open the page again.")
    return rows, confirmed


def _shown(each: Named) -> dict[str, Any]:
    return {"at": each.created_at, "before": each.before, "name": each.name, "after": each.after}
