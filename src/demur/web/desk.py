"""The desk: what waits and until when, the numbers, and each deed as a form of its own.

Rows are never edited here: whatever is done goes through the function that a person's own page
would call, with its line in the book. Who may do what stands in `rights.roles`; an auditor reads
the numbers and can send nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView

from demur.errors import NotAllowed, NotFound, Refusal
from demur.rights import (
    decisions,
    desk,
    fall,
    hold,
    models,
    objection,
    people,
    proposals,
    roles,
    unclear,
)
from demur.rights import receipt as receipts
from demur.rights.roles import Deed, Role
from demur.web import page, sheets
from demur.web.portal import ScopeForm

NUMBERS = (
    "time_to_no", "cost", "reasons", "kept", "shards", "models", "campaigns", "holds", "builds",
    "imports", "regimes", "policy",
)  # fmt: skip
QUEUES = {
    "requests": (_("Requests to decide"), "desk-requests"),
    "overdue": (_("Requests over their day"), "desk-requests"),
    "mails": (_("Mails that nobody understood"), "desk-mails"),
    "proposals": (_("Proposals that wait for a second reader"), "desk-proposals"),
    "letters": (_("Letters that could not be sent"), "desk-letters"),
}
REASONS = {
    "no_match": _("nobody here is this person"),
    "claim_not_covered": _("the regime does not cover what is asked"),
    "outside_jurisdiction": _("outside the jurisdiction"),
    "insuf_verification": _("not enough to tell who asks"),
    "suspected_fraud": _("suspected fraud"),
    "other": _("another reason"),
}


class LetterForm(forms.Form):
    account = forms.CharField(
        label=_("Who wrote: an account, a @handle or an e-mail address"), max_length=500
    )
    email = forms.EmailField(label=_("Where the receipt goes, if elsewhere"), required=False)
    reason = forms.CharField(
        label=_("Their reason, if they gave one"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class HoldForm(ScopeForm):
    starts = forms.DateField(
        label=_("First day (empty: now)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class RefusalForm(forms.Form):
    reason = forms.ChoiceField(label=_("Why"), choices=list(REASONS.items()))
    said = forms.CharField(
        label=_("Why, in words for the person"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request to the desk: by whom, when, and which roles they have."""

    user: User
    now: datetime
    roles: frozenset[Role]


View = Callable[..., HttpResponseBase]


def staff(*methods: str, deed: Deed | None = None) -> Callable[[View], View]:
    """Only for those with a role; a page that does something, only for those who may do it."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("web:signin"))
            theirs = roles.of(request.user)
            if not theirs or (deed and not roles.may(request.user, deed)):
                raise NotAllowed("Your role does not let you do this; ask somebody whose does.")
            asked = Asked(user=request.user, now=datetime.now(UTC), roles=theirs)
            response = view(request, asked, **kwargs)
            response["Cache-Control"] = "no-store"  # nothing of this stays behind in a browser
            return response

        return page.view(*methods)(wrapped)

    return decorate


@staff("GET")
def index(request: HttpRequest, asked: Asked) -> HttpResponse:
    """What waits first, then the numbers."""
    today = asked.now.date()
    waits = [
        {
            "title": QUEUES[name][0],
            "link": QUEUES[name][1],
            "count": count,
            "first": first,
            "late": bool(count) and (name in ("overdue", "letters") or _past(first, today, name)),
        }
        for name, count, first in desk.queues(today).rows
    ]
    numbers = [sheets.shown(desk.by_name(name, today, rounded=False)) for name in NUMBERS]
    return _show(request, asked, "web/desk.html", waits=waits, sheets=numbers)


@staff("GET")
def file(request: HttpRequest, asked: Asked, name: str, kind: str) -> HttpResponse:
    return sheets.file(request, name, kind, rounded=False)


@staff("GET", "POST", deed=Deed.LETTER)
def letter(request: HttpRequest, asked: Asked) -> HttpResponse:
    """A No that came by letter: it counts like any other, from the moment it is sent."""
    form = LetterForm(request.POST or None)
    said = None
    if form.is_valid():
        try:
            said = objection.submit(
                people.find(form.cleaned_data["account"]),
                route="letter",
                email=form.cleaned_data["email"] or None,
                reason=form.cleaned_data["reason"],
                now=asked.now,
            )
        except Refusal as refusal:
            form.add_error("account", str(refusal))
    status = 400 if form.is_bound and said is None else 200
    form = LetterForm() if said else form
    return _show(request, asked, "web/desk_letter.html", status=status, form=form, said=said)


@staff("GET", deed=Deed.LETTER)
def letter_receipt(request: HttpRequest, asked: Asked, line: int) -> HttpResponse:
    """The receipt of a No that came by letter, to be printed and sent."""
    said = models.Objection.objects.filter(entry_id=line, route="letter").first()
    if said is None:
        raise NotFound("No letter stands in that line; its person has the receipt.")
    text = receipts.text(said)
    return page.download(text.encode(), f"receipt-{line}.tlog-proof", "text/plain; charset=utf-8")


@staff("GET", "POST", deed=Deed.HOLD)
def place(request: HttpRequest, asked: Asked) -> HttpResponse:
    """A hold: counted first, placed at the second press."""
    form = HoldForm(request.POST or None)
    counted = None
    if form.is_valid():
        scope = form.scope()
        if request.POST.get("do") == "place":
            placed = hold.place(
                scope,
                by=asked.user.get_username(),
                starts=form.cleaned_data["starts"],
                now=asked.now,
            )
            return HttpResponseRedirect(f"{reverse('web:desk-holds')}#hold-{placed.pk}")
        counted = fall.of_scope(scope, exact=False)
    return _show(
        request, asked, "web/desk_place.html", form=form, fall=counted, few=fall.FEW,
        status=400 if form.is_bound and counted is None else 200,
    )  # fmt: skip


@staff("GET")
def holds(request: HttpRequest, asked: Asked) -> HttpResponse:
    """What is on hold now; the operator's own can be proposed to be lifted."""
    standing = models.Hold.objects.filter(lifted_at=None).order_by("-pk")
    proposed = set(proposals.waiting().filter(kind=proposals.LIFT).values_list("about", flat=True))
    rows = [{"hold": each, "proposed": str(each.pk) in proposed} for each in standing]
    return _show(request, asked, "web/desk_holds.html", rows=rows)


@staff("GET", "POST", deed=Deed.LIFT)
def lift(request: HttpRequest, asked: Asked, pk: int) -> HttpResponse:
    """Propose that a hold is lifted; somebody else confirms it."""
    placed = models.Hold.objects.filter(pk=pk, lifted_at=None).first()
    if placed is None:
        raise NotFound("No such hold stands; look at the list.")
    if request.method == "POST":
        proposals.lift(pk, by=asked.user, now=asked.now)
        return redirect("web:desk-proposals")
    return _show(request, asked, "web/desk_lift.html", hold=placed)


@staff("GET")
def proposed(request: HttpRequest, asked: Asked) -> HttpResponse:
    return _show(request, asked, "web/desk_proposals.html", rows=proposals.waiting())


@staff("GET", "POST")
def proposal(request: HttpRequest, asked: Asked, pk: int) -> HttpResponse:
    """One proposal, to be confirmed or declined by somebody else."""
    waits = proposals.waiting().filter(pk=pk).first()
    if waits is None:
        raise NotFound("That does not wait any more; look at the list.")
    may = roles.may(asked.user, proposals.CONFIRMS[waits.kind])
    mine = waits.by_id == asked.user.pk
    if not (may or mine):
        raise NotAllowed("Your role does not let you do this; ask somebody whose does.")
    if request.method == "POST":
        act = proposals.confirm if request.POST.get("do") == "confirm" else proposals.decline
        act(pk, by=asked.user, now=asked.now)
        return redirect("web:desk-proposals")
    about = waits.payload.get("reason", "")
    return _show(
        request, asked, "web/desk_proposal.html", row=waits, may=may and not mine, mine=mine,
        why=REASONS.get(about, about),
        hold=models.Hold.objects.filter(pk=waits.about).first() if waits.kind == "lift" else None,
    )  # fmt: skip


@staff("GET", deed=Deed.REQUEST)
def requests(request: HttpRequest, asked: Asked) -> HttpResponse:
    """What people asked for, by the day on which it must be decided (GDPR Art. 12(3))."""
    today = asked.now.date()
    rows = [{"request": row, "days": (row.due - today).days} for row in desk.undecided()]
    return _show(request, asked, "web/desk_requests.html", rows=rows)


@staff("GET", "POST", deed=Deed.REQUEST)
def decide(request: HttpRequest, asked: Asked, pk: UUID) -> HttpResponse:
    """One request with its evidence: granted at one word, refused at two."""
    row = desk.undecided().filter(pk=pk).select_related("person").first()
    if row is None:
        raise NotFound("No such request waits; it was decided, or never came. Look at the queue.")
    form = RefusalForm()
    if request.POST.get("do") == "grant":
        decisions.accept(row, now=asked.now)
        return redirect("web:desk-requests")
    if request.method == "POST":
        form = RefusalForm(request.POST)
        if form.is_valid():
            try:
                proposals.refuse(str(pk), **form.cleaned_data, by=asked.user, now=asked.now)
            except Refusal as refusal:
                form.add_error(None, str(refusal))
            else:
                return redirect("web:desk-proposals")
    waits = proposals.waiting().filter(kind=proposals.REFUSE, about=str(pk)).exists()
    return _show(
        request, asked, "web/desk_request.html", status=400 if form.is_bound else 200,
        row=row, form=form, proposed=waits, days=(row.due - asked.now.date()).days,
        denied=row.state == "in_progress" and not row.evidence,
    )  # fmt: skip


@staff("GET", deed=Deed.MAIL)
def mails(request: HttpRequest, asked: Asked) -> HttpResponse:
    rows = [{"mark": bytes(row.pk).hex(), "mail": row} for row in unclear.waiting()]
    return _show(request, asked, "web/desk_mails.html", rows=rows)


@staff("GET", "POST", deed=Deed.MAIL)
def settle(request: HttpRequest, asked: Asked, mark: str) -> HttpResponse:
    """One mail: it was a No, or it was not."""
    row = unclear.find(mark)
    if request.method == "POST":
        if request.POST.get("do") == "no":
            unclear.was_a_no(row, now=asked.now)
        else:
            unclear.was_none(row, now=asked.now)
        return redirect("web:desk-mails")
    return _show(request, asked, "web/desk_mail.html", row=row)


@staff("GET")
def letters(request: HttpRequest, asked: Asked) -> HttpResponse:
    """Letters that a mail server did not take: kind and error, not to whom."""
    rows = models.Letter.objects.filter(sent_at=None).exclude(error="").order_by("created_at")
    return _show(request, asked, "web/desk_letters.html", rows=rows[: sheets.MOST_ROWS])


def _show(
    request: HttpRequest, asked: Asked, template: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    may = {deed.name.lower(): roles.may(asked.user, deed) for deed in Deed}
    context |= {"may_do": may, "theirs": sorted(asked.roles), "own_notice": True}
    return page.show(request, template, status=status, **context)


def _past(first: date | None, today: date, name: str) -> bool:
    return name == "requests" and first is not None and first < today


urls = [
    path("admin/", index, name="desk"),
    # one door: whoever signs in at another one would be asked for no second factor
    path("admin/login/", RedirectView.as_view(pattern_name="web:signin", query_string=True)),
    path("admin/sheets/<slug:name>.<slug:kind>", file, name="desk-file"),
    path("admin/letter/", letter, name="desk-letter"),
    path("admin/letter/<int:line>.tlog-proof", letter_receipt, name="desk-receipt"),
    path("admin/holds/", holds, name="desk-holds"),
    path("admin/holds/place/", place, name="desk-place"),
    path("admin/holds/<int:pk>/lift/", lift, name="desk-lift"),
    path("admin/proposals/", proposed, name="desk-proposals"),
    path("admin/proposals/<int:pk>/", proposal, name="desk-proposal"),
    path("admin/requests/", requests, name="desk-requests"),
    path("admin/requests/<uuid:pk>/", decide, name="desk-request"),
    path("admin/mails/", mails, name="desk-mails"),
    path("admin/mails/<slug:mark>/", settle, name="desk-mail"),
    path("admin/letters/", letters, name="desk-letters"),
]
