"""The authority's portal: everything it may read, and the one thing it may send, a signed order.

Read only, and without a person in it: numbers by reason, holds, the lines of the book with their
proofs, models and shards, who was told, and the law. The order is its own authentication, so its
address takes no cookie and no CSRF token; nothing else here changes anything.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import RequestDataTooBig
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from demur.errors import NotAllowed, NotFound, ProofRejected, Refusal
from demur.people import Scope, Use
from demur.posts import Kind
from demur.rights import authority, book, desk, fall, models
from demur.rights.authority import MOST
from demur.rights.fall import FEW
from demur.rights.place import here
from demur.web import page, sheets
from demur.web.visitor import members

LINES = 50  # on a page
SHEETS = (
    "reasons", "holds", "kept", "shards", "models", "cost", "time_to_no", "campaigns", "builds",
    "regimes", "policy",
)  # fmt: skip
# Lines about nobody: what opens them may be read, so that an authority can check what they say.
IMPERSONAL = frozenset({
    "policy", "import", "notice", "campaign", "manifest", "adapter", "served", "retired",
    "shard_dropped", "shard_retrained", "purge_done", "hold", "lift", "authority", "key_rotation",
})  # fmt: skip


class ScopeForm(forms.Form):
    """What a halt would cover; empty fields narrow nothing."""

    country = forms.CharField(label=_("Country (two letters)"), required=False, max_length=2)
    platform = forms.CharField(label=_("Platform"), required=False, max_length=64)
    kinds = forms.MultipleChoiceField(
        label=_("Kinds of posts"),
        required=False,
        choices=[(kind.value, kind.value) for kind in Kind],
        widget=forms.CheckboxSelectMultiple,
    )
    uses = forms.MultipleChoiceField(
        label=_("Uses"),
        required=False,
        choices=[(use.value, use.value) for use in Use],
        widget=forms.CheckboxSelectMultiple,
    )
    model = forms.CharField(label=_("Model (its name in the book)"), required=False, max_length=64)

    def scope(self) -> Scope:
        said = self.cleaned_data
        return Scope(
            country=said["country"].upper() or None,
            platform=said["platform"] or None,
            kinds=tuple(said["kinds"]),
            uses=tuple(Use(use) for use in said["uses"]),
            model=said["model"] or None,
        )


def readers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
    """Only for those who sign in for a registered authority; to others there is nothing here."""

    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        whose = models.Authority.objects.filter(user_id=request.user.pk or 0, active=True).first()
        if whose is None:
            raise NotAllowed("This is for supervisory authorities; the book is open to everybody.")
        return view(request, whose, *args, **kwargs)

    return page.view("GET")(members(wrapped))


@readers
def overview(request: HttpRequest, whose: models.Authority) -> HttpResponse:
    """Everything that an authority may read, on one page."""
    today = datetime.now(UTC).date()
    return page.show(
        request,
        "web/portal.html",
        whose=whose,
        origin=here().origin,
        model=fall.served_model(),
        sheets=[sheets.shown(desk.by_name(name, today, rounded=True)) for name in SHEETS],
        most=MOST,
        own_notice=True,
    )


@readers
def file(request: HttpRequest, whose: models.Authority, name: str, kind: str) -> HttpResponse:
    return sheets.file(request, name, kind, rounded=True)


@readers
def dry_run(request: HttpRequest, whose: models.Authority) -> HttpResponse:
    """What a halt would silence, counted exactly, before anything is signed."""
    form = ScopeForm(request.GET or None)
    counted = None
    if form.is_valid():
        scope = form.scope()
        try:
            authority.check_scope(whose, scope)
        except NotAllowed as beyond:
            form.add_error(None, str(beyond))
        else:
            counted = fall.of_scope(scope, exact=True)
            if request.GET.get("format") == "json":
                return JsonResponse(counted.to_json())
    status = 400 if form.is_bound and counted is None else 200
    return page.show(
        request,
        "web/portal_dry_run.html",
        status=status,
        form=form,
        fall=counted,
        few=FEW,
        own_notice=True,
    )


@readers
def lines(request: HttpRequest, whose: models.Authority) -> HttpResponse:
    """The book, newest first; what opens a line is shown where the line is about nobody."""
    turned = Paginator(models.Entry.objects.order_by("-index"), LINES).get_page(
        request.GET.get("page")
    )
    openings = models.Opening.objects.filter(
        entry__in=[entry.pk for entry in turned], entry__kind__in=IMPERSONAL, person=None
    )
    said = {row.entry_id: row.payload for row in openings}
    shown = [{"entry": entry, "said": said.get(entry.pk)} for entry in turned]
    return page.show(request, "web/portal_lines.html", turned=turned, lines=shown, own_notice=True)


@readers
def proof(request: HttpRequest, whose: models.Authority, index: int) -> HttpResponse:
    """That a line is in the book, for `demur verify` or any reader of tlog-proof; no opening."""
    text = book.proof(index, size=models.Checkpoint.objects.latest("size").size)
    return page.download(text.encode(), f"line-{index}.tlog-proof", "text/plain; charset=utf-8")


@csrf_exempt
def orders(request: HttpRequest) -> HttpResponse:
    """Take a signed order, as the body or from the portal's form, and obey it. JSON or a page.

    201 when it was obeyed; 403 when nobody known signed it or it reaches too far; 400 when it is
    no order; 404 when there is nothing to lift; 503 when the database does not answer.
    """
    if request.method != "POST":
        response = _answer(request, 405, "Send a signed order with POST.")
        response["Allow"] = "POST"
        return response
    try:
        done = authority.obey(_order(request), now=datetime.now(UTC))
    except RequestDataTooBig:
        return _answer(request, 413, f"An order is at most {MOST:,} bytes.")
    except (Refusal, DatabaseError) as refusal:
        return _answer(request, _status(refusal), _sentence(refusal))
    return _answer(request, 201, "", done)


def _order(request: HttpRequest) -> str:
    if int(request.headers.get("content-length") or 0) > 2 * MOST:
        raise RequestDataTooBig
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        sent = request.FILES.get("file")
        raw = sent.read(MOST + 1) if sent else request.POST.get("order", "").encode()
    else:
        raw = request.body
    if len(raw) > MOST:
        raise RequestDataTooBig
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ProofRejected("An order is text in UTF-8; send the signed note itself.") from None
    return text.replace("\r\n", "\n")  # as a form sends what was pasted into it


def _answer(
    request: HttpRequest, status: int, sentence: str, done: models.Hold | None = None
) -> HttpResponse:
    if "text/html" in request.headers.get("accept", ""):
        context = {"done": done, "sentence": sentence, "own_notice": True}
        return page.show(request, "web/portal_order.html", status=status, **context)
    if done is None:
        return JsonResponse({"error": sentence}, status=status)
    line = done.lifted_entry_id if done.lifted_at else done.entry_id
    said = {"hold": done.pk, "line": line, "order": "LIFT" if done.lifted_at else "HALT"}
    return JsonResponse(said, status=status)


def _status(refusal: Exception) -> int:
    for kind, status in ((DatabaseError, 503), (ProofRejected, 403), (NotAllowed, 403)):
        if isinstance(refusal, kind):
            return status
    return 404 if isinstance(refusal, NotFound) else 400


def _sentence(refusal: Exception) -> str:
    if isinstance(refusal, DatabaseError):
        return "The database does not answer, so nothing was noted; send the order again."
    return str(refusal)


urls = [
    path("authority/", overview, name="portal"),
    path("authority/dry-run/", dry_run, name="portal-dry-run"),
    path("authority/lines/", lines, name="portal-lines"),
    path("authority/lines/<int:index>.tlog-proof", proof, name="portal-proof"),
    path("authority/sheets/<slug:name>.<slug:kind>", file, name="portal-file"),
    path("authority/orders/", orders, name="orders"),
]
