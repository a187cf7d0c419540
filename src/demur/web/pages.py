"""The pages that need nobody's data: the first one, what this is, and what machines may do here."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from demur.errors import NotFound
from demur.web import page

YEAR = 365 * 24 * 3600

# Content-Usage: draft-ietf-aipref-attach. Content-Signal: its cousin that some crawlers read.
ROBOTS = f"""\
User-Agent: *
Content-Usage: {page.CONTENT_USAGE}
Content-Signal: search=yes, ai-train=no, ai-input=no
Allow: /
Disallow: /ask/
Disallow: /search/
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
    return HttpResponse(ROBOTS, content_type="text/plain; charset=utf-8")


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
