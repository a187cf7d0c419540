"""Saying no: everything in one press, or a part; and what follows from it.

Nothing is judged here and nothing is asked but an address for the receipt. Where the database
cannot take a No, it is written down beside it (`rights.spool`), and the page says just that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core import signing
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from demur.errors import NotFound
from demur.people import EVERYTHING, Scope
from demur.rights import book, models, spool
from demur.rights import objection as objections
from demur.rights import receipt as receipts_
from demur.rights.place import here
from demur.web import mydata, page, scopes, visitor
from demur.web.visitor import members

REASON = 5000  # characters; nobody reads them in order to judge
BLIND, BLIND_FOR = "web.objecting.blind", 3600  # seconds to fill in the form that needs no sign-in


class ObjectionForm(scopes.PartForm):
    """Only the address is asked for, and only so that the receipt arrives."""

    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "aria-describedby": "email-hint"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Your reason"),
        required=False,
        max_length=REASON,
        widget=forms.Textarea(attrs={"rows": 3, "aria-describedby": "reason-hint"}),
    )

    @property
    def only_a_part(self) -> bool:
        """Which of the two buttons was pressed."""
        return "part" in self.data

    def clean(self) -> None:
        if self.only_a_part:
            self.check()

    def scope(self) -> Scope:
        return self.narrowed() if self.only_a_part else EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that follows from a No; `at` is None while it is still to come, or needless."""

    title: str
    text: str
    at: datetime | None
    needless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A standing No as a page shows it."""

    line: int
    covers: str
    at: datetime
    whole: bool


SILENT = (
    gettext_lazy("Silent"),
    gettext_lazy(
        "Answers, quotes, search and memories use nothing of yours. The part of the memory that"
        " had seen your posts is set aside."
    ),
)
SILENT_PART = (
    gettext_lazy("Silent"),
    gettext_lazy("What your No covers is not used any more. What it does not cover still may be."),
)
# What the worker then does, by the line it writes into the book.
FOLLOWS = {
    "shard_dropped": (
        gettext_lazy("Taken out"),
        gettext_lazy("The part of the memory that had seen your posts is out of service for good."),
    ),
    "shard_retrained": (
        gettext_lazy("Learned again"),
        gettext_lazy("That part is made again, without your posts."),
    ),
    "served": (
        gettext_lazy("Back in service, without you"),
        gettext_lazy("The assistant speaks again. You get a proof that you are not in it."),
    ),
    "purge_done": (
        gettext_lazy("Wiped"),
        gettext_lazy("What was kept of your posts for searching and tracing is wiped."),
    ),
}
# The same for a No that covers a part: no proof of absence follows, since the rest may stay in.
FOLLOWS_PART = {
    "shard_retrained": (
        gettext_lazy("Made again"),
        gettext_lazy("Where the memory had learned from it, that part is made again without it."),
    ),
}


@page.view("GET", "POST")
def object_(request: HttpRequest) -> HttpResponseBase:
    """The form of a No, and the No itself; without a database, a form that needs none."""
    try:
        if _could_not_sign_in(request):
            return _beside_the_database(request)
        return _object(request)
    except DatabaseError:
        return _beside_the_database(request)


def without_signing_in(request: HttpRequest) -> HttpResponse:
    """The form that needs no sign-in, for whoever came to say no when nobody could be let in."""
    return _blind(request, ObjectionForm(), 503)


@page.view("GET", "POST")
@members
def object_to_post(request: HttpRequest, post: str) -> HttpResponse:
    """A No for one post of theirs; other people's posts do not exist here."""
    person = visitor.person(request)
    stored = mydata.post(person, post)
    if stored is None:
        raise NotFound("No such post of yours has reached us; open the list of those that have.")
    form = ObjectionForm(request.POST or None, initial={"email": person.email})
    if form.is_valid():
        return _say_no(request, person, form, Scope(post=post))
    status = 400 if form.is_bound else 200
    return page.show(
        request, "web/object_post.html", status=status, form=form, post=stored.post, own_notice=True
    )


@page.view("GET")
@members
def objected(request: HttpRequest) -> HttpResponse:
    """What happened, what happens next, and the receipts."""
    person = visitor.person(request)
    standing = objections.standing_objections(person)
    if not standing:
        return redirect("web:object")
    letter = models.Letter.objects.filter(person=person, kind="receipt").order_by("pk").last()
    return page.show(
        request,
        "web/objected.html",
        nos=[shown(one) for one in standing],
        mailed=letter,
        key=str(book.key(here())),
        steps=steps(standing[0], receipts_.lines(person)),
        accounts=[visitor.called(account) for account in visitor.accounts(person)],
    )


def shown(objection: models.Objection) -> Shown:
    scope = Scope.from_json(objection.scope)
    return Shown(
        line=objection.entry_id,
        covers=scopes.words(scope),
        at=objection.at,
        whole=scope == EVERYTHING,
    )


def steps(standing: models.Objection, lines: list[receipts_.Line]) -> list[Step]:
    """What follows from a No, in order, with the moment at which the book says it was done.

    Whose posts were in no memory has nothing to be dropped: once a model is served after their
    No, those steps are not needed.
    """
    done: dict[str, datetime] = {}
    for line in lines:
        if line.index > standing.entry_id:
            done.setdefault(line.kind, line.at)
    nothing_to_drop = "served" in done and "shard_dropped" not in done
    whole = standing.scope == {}
    follows = [
        Step(title=str(title), text=str(text), at=done.get(kind), needless=nothing_to_drop)
        for kind, (title, text) in (FOLLOWS if whole else FOLLOWS_PART).items()
    ]
    title, text = SILENT if whole else SILENT_PART
    return [Step(title=str(title), text=str(text), at=standing.at), *follows]


@members
def _object(request: HttpRequest) -> HttpResponse:
    person = visitor.person(request)
    standing = objections.standing_objections(person)
    if any(one.scope == {} for one in standing):
        return redirect("web:objected")
    accounts = visitor.accounts(person)
    form = ObjectionForm(request.POST or None, initial={"email": person.email})
    form.with_platforms(sorted({account.platform for account in accounts}))
    if form.is_valid():
        return _say_no(request, person, form, form.scope())
    return page.show(
        request,
        "web/object.html",
        status=400 if form.is_bound else 200,
        form=form,
        nos=[shown(one) for one in standing],
        accounts=[visitor.called(account) for account in accounts],
        own_notice=True,
    )


def _say_no(
    request: HttpRequest, person: models.Person, form: ObjectionForm, scope: Scope
) -> HttpResponse:
    said = form.cleaned_data
    now = datetime.now(UTC)
    try:
        objections.submit(
            person, route="form", scope=scope, email=said["email"], reason=said["reason"], now=now
        )
    except DatabaseError:
        return note_down(
            request,
            person=person.pk,
            email=said["email"],
            reason=said["reason"],
            scope=scope,
            now=now,
        )
    return redirect("web:objected")


def note_down(
    request: HttpRequest,
    *,
    email: str,
    reason: str = "",
    scope: Scope = EVERYTHING,
    now: datetime,
    **said: Any,
) -> HttpResponse:
    """Keep a No that the database cannot take, and say what was kept and what was not."""
    fields = {"route": "form", "email": email, "reason": reason, "scope": scope.to_json()} | said
    try:
        spool.keep(here(), fields, now=now)
    except OSError:
        return page.show(request, "web/not_noted.html", status=503)
    return page.show(
        request, "web/noted.html", status=202, at=now, email=email, covers=scopes.words(scope)
    )


def _beside_the_database(request: HttpRequest) -> HttpResponse:
    """Whoever this is cannot be looked up, so their address must do; the No is kept all the same.

    It counts for the person whose address it is, once somebody can look that up.
    """
    form = ObjectionForm(request.POST or None)
    if form.is_valid():
        said = form.cleaned_data
        return note_down(request, email=said["email"], reason=said["reason"], now=datetime.now(UTC))
    return _blind(request, form, 400 if form.is_bound else 200)


def _blind(request: HttpRequest, form: ObjectionForm, status: int) -> HttpResponse:
    token = signing.dumps("", salt=BLIND)
    return page.show(request, "web/object_blind.html", status=status, form=form, token=token)


def _could_not_sign_in(request: HttpRequest) -> bool:
    """Was this form given out because signing in had failed? Else one's sign-in says who one is."""
    try:
        signing.loads(request.POST.get("blind", ""), salt=BLIND, max_age=BLIND_FOR)
    except signing.BadSignature:
        return False
    return True
