"""The privacy centre's first page, and the lines of the book about whoever reads them.

Thin on purpose: what a No does is one transaction in `rights.objection`, what the law says about a
post is `corpus.explain`. The rooms of the centre are modules of their own (`objecting`, `mine`,
`asking`, `mentions`, `links`, `requests`, `rightsfile`, `switches`).
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language

from demur.errors import NotFound
from demur.rights import receipt as receipts_
from demur.web import page, releases, visitor
from demur.web.visitor import members


@page.view("GET")
def centre(request: HttpRequest) -> HttpResponse:
    """What is used, and what stands for whoever reads it; shown even if nobody can say that."""
    return page.show(request, "web/privacy.html", used=releases.used(), own_notice=True)


@page.view("POST")
@members
def close_notice(request: HttpRequest) -> HttpResponse:
    """Put the banner away until the next visit. It is no answer, and is not taken for one."""
    request.session[visitor.CLOSED] = True
    onward = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(onward, {request.get_host()}, request.is_secure()):
        onward = reverse("web:home")
    return HttpResponseRedirect(onward)


@page.view("GET")
@members
def receipts(request: HttpRequest) -> HttpResponse:
    """Every line of the book about whoever reads this."""
    language = get_language() or "en"
    lines = [
        {"index": line.index, "at": line.at, "words": line.words(language)}
        for line in receipts_.lines(visitor.person(request))
    ]
    return page.show(request, "web/receipts.html", lines=lines)


@page.view("GET")
@members
def receipt(request: HttpRequest, index: int) -> HttpResponse:
    """The proof of one line about whoever asks; other people's lines do not exist here."""
    for line in receipts_.lines(visitor.person(request)):
        if line.index == index:
            proof, name = line.proof.encode(), f"demur-{index}.tlog-proof"
            return page.download(proof, name, "text/plain; charset=utf-8")
    raise NotFound("No such line of the book is about you; open the list of those that are.")
