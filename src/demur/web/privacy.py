"""The privacy centre: what is used, what was decided about each post, and saying no.

Thin on purpose. What an objection does is one transaction in `rights.objection`; what the law says
about a post is `corpus.explain`. These views ask and show.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext_lazy

from demur.corpus.explain import Explanation
from demur.errors import NotAllowed, NotFound
from demur.policy.clause import Outcome
from demur.rights import book, models, people
from demur.rights import objection as objections
from demur.rights import receipt as receipts_
from demur.rights.place import here
from demur.web import mydata, page, visitor

REASON = 5000  # characters; nobody reads them in order to judge
POSTS = 25  # on a page
TONE = {Outcome.TRAIN: "used", Outcome.REDACT: "masked", Outcome.EXCLUDE: "out"}

members = login_required(login_url=reverse_lazy("web:signin"))


class ObjectionForm(forms.Form):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that follows from a No; `at` is None while it is still to come, or needless."""

    title: str
    text: str
    at: datetime | None
    needless: bool = False


SILENT = (
    gettext_lazy("Silent"),
    gettext_lazy(
        "Answers, quotes, search and memories use nothing of yours. The part of the memory that"
        " had seen your posts is set aside."
    ),
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


@page.view("GET")
def centre(request: HttpRequest) -> HttpResponse:
    """What is used, and what stands for whoever reads it; shown even if nobody can say that."""
    return page.show(request, "web/privacy.html", own_notice=True)


@page.view("POST")
@members
def close_notice(request: HttpRequest) -> HttpResponse:
    """Put the banner away until the next visit. It is no answer, and is not taken for one."""
    request.session[visitor.CLOSED] = True
    onward = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(onward, {request.get_host()}, request.is_secure()):
        onward = reverse("web:home")
    return HttpResponseRedirect(onward)


@page.view("GET", "POST")
@members
def object_(request: HttpRequest) -> HttpResponse:
    """The form of a No, and the No itself."""
    person = _person(request)
    if objections.standing_objection(person):
        return redirect("web:objected")
    form = ObjectionForm(request.POST or None, initial={"email": person.email})
    if form.is_valid():
        objections.submit(
            person,
            route="form",
            email=form.cleaned_data["email"],
            reason=form.cleaned_data["reason"],
            now=datetime.now(UTC),
        )
        return redirect("web:objected")
    status = 400 if form.is_bound else 200
    accounts = _accounts(person)
    return page.show(
        request, "web/object.html", status=status, form=form, accounts=accounts, own_notice=True
    )


@page.view("GET")
@members
def objected(request: HttpRequest) -> HttpResponse:
    """What happened, what happens next, and the receipt."""
    person = _person(request)
    standing = objections.standing_objection(person)
    if standing is None:
        return redirect("web:object")
    letter = models.Letter.objects.filter(person=person, kind="receipt").order_by("pk").last()
    return page.show(
        request,
        "web/objected.html",
        objection=standing,
        mailed=letter,
        key=str(book.key(here())),
        steps=steps(standing, receipts_.lines(person)),
        accounts=_accounts(person),
    )


@page.view("GET")
@members
def mine(request: HttpRequest) -> HttpResponse:
    """Every post of theirs, newest first, with what the law says of it today and why."""
    person = _person(request)
    turned = Paginator(mydata.of(person, datetime.now(UTC).date()), POSTS).get_page(
        request.GET.get("page")
    )
    names = {row.pk: f"{row.platform}: {row.handle}" for row in _rows(person) if row.handle}
    language = get_language() or "en"
    posts = [_shown(each, names, language) for each in turned]
    return page.show(
        request,
        "web/mine.html",
        turned=turned,
        posts=posts,
        accounts=_accounts(person),
        own_notice=True,
    )


@page.view("GET")
@members
def receipts(request: HttpRequest) -> HttpResponse:
    """Every line of the book about whoever reads this."""
    language = get_language() or "en"
    lines = [
        {"index": line.index, "at": line.at, "words": line.words(language)}
        for line in receipts_.lines(_person(request))
    ]
    return page.show(request, "web/receipts.html", lines=lines)


@page.view("GET")
@members
def receipt(request: HttpRequest, index: int) -> HttpResponse:
    """The proof of one line about whoever asks; other people's lines do not exist here."""
    for line in receipts_.lines(_person(request)):
        if line.index == index:
            response = HttpResponse(line.proof, content_type="text/plain; charset=utf-8")
            response["Content-Disposition"] = f'attachment; filename="demur-{index}.tlog-proof"'
            response["Cache-Control"] = "no-store"
            return response
    raise NotFound("No such line of the book is about you; open the list of those that are.")


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
    follows = [
        Step(title=str(title), text=str(text), at=done.get(kind), needless=nothing_to_drop)
        for kind, (title, text) in FOLLOWS.items()
    ]
    return [Step(title=str(SILENT[0]), text=str(SILENT[1]), at=standing.at), *follows]


def _person(request: HttpRequest) -> models.Person:
    """Whoever is signed in; NotAllowed for a sign-in that belongs to nobody's account."""
    person = visitor.person_of(request.user)
    if person is None:
        raise NotAllowed("No account of this community belongs to this sign-in.")
    return person


def _rows(person: models.Person) -> list[models.Account]:
    return list(models.Account.objects.filter(person__in=people.family(person)).order_by("pk"))


def _accounts(person: models.Person) -> list[str]:
    """What a person's accounts are called, by platform."""
    return [f"{row.platform}: {row.handle or row.name or row.pk}" for row in _rows(person)]


def _shown(each: Explanation, names: dict[str, str], language: str) -> dict[str, object]:
    outcome, *reasons = each.sentences(language)
    post = each.stored.post
    return {
        "outcome": outcome,
        "tone": TONE[each.decision.outcome],
        "reasons": reasons,
        "text": post.text,
        "lang": post.lang if post.lang != "und" else None,
        "at": post.created_at,
        "url": page.link(post.url),
        "account": names.get(post.account, post.account),
    }
