"""The pages that need nobody's data: the first one, what this is, and what machines may do here."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from demur.errors import NotFound
from demur.web import page, reservations

YEAR = 365 * 24 * 3600

ROBOTS = f"""\
User-Agent: *
{reservations.RULES}\
Allow: /
Disallow: /ask/
Disallow: /write/
Disallow: /translate/
Disallow: /draw/
Disallow: /search/
Disallow: /pictures/
Disallow: /privacy/
Allow: /privacy/$
Allow: /privacy/not-a-member/$
Allow: /privacy/am-i-in-it/$
Disallow: /admin/
Disallow: /sign-in/
Disallow: /v1/
"""


@page.view("GET")
def home(request: HttpRequest) -> HttpResponse:
    return page.show(request, "web/home.html")


@page.view("GET")
def about(request: HttpRequest) -> HttpResponse:
    return page.show(request, "web/about.html")


@page.view("GET")
def robots(request: HttpRequest) -> HttpResponse:
    license_ = request.build_absolute_uri(reservations.LICENSE)
    rules = f"{ROBOTS}\nLicense: {license_}\n"  # RSL 1.0: for all groups
    return HttpResponse(rules, content_type="text/plain; charset=utf-8")


@page.view("GET")
def tdm_file(request: HttpRequest) -> HttpResponse:
    """W3C's TDM Reservation Protocol: `/.well-known/tdmrep.json`."""
    return JsonResponse(reservations.TDM_FILE, safe=False)


@page.view("GET")
def license_(request: HttpRequest) -> HttpResponse:
    return HttpResponse(reservations.RSL, content_type=reservations.LICENSE_TYPE)


@page.view("GET")
def reservation(request: HttpRequest) -> HttpResponse:
    """What the platform's own pages about people should send: the headers, for each of them.

    Whose page it is, is not asked and would change nothing: a reservation that only objectors'
    pages carried would be a list of them.
    """
    answer = {"train-ai": "n", "headers": reservations.HEADERS}
    return JsonResponse(answer | {"robots": reservations.RULES.splitlines()})


@page.view("GET")
def language(request: HttpRequest, code: str) -> HttpResponse:
    """Read on in another language. A link, not a form: choosing a language is no secret."""
    if code not in dict(settings.LANGUAGES):
        raise NotFound("This language is not spoken here yet.")
    onward = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(onward, {request.get_host()}, request.is_secure()):
        onward = reverse("web:home")
    response = HttpResponseRedirect(onward)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=YEAR,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response
