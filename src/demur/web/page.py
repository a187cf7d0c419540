"""How a page is answered: in the site's frame, with the person's notice, never as a stack trace.

Every view is wrapped in `view`, which turns the core's refusals into quiet pages. No page tells a
visitor what went wrong inside, and none needs JavaScript.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from demur.errors import NotAllowed, NotFound, Refusal, SiteUnusable, StandingUnreadable
from demur.rights.place import here
from demur.web import visitor
from demur.web.voice import NotNow

View = Callable[..., HttpResponseBase]

# What each status says to a reader: a title, and a sentence with the next step.
WORDS = {
    400: (
        _("That did not arrive well"),
        _("Something in the request was not right. Go back and try again."),
    ),
    403: (
        _("This is not yours to open"),
        _("You are signed in as someone else, or not signed in. Sign in and try again."),
    ),
    404: (
        _("There is nothing here"),
        _("The page is gone or never was. Check the address, or start from the first page."),
    ),
    405: (
        _("That cannot be done here"),
        _("This page does not take that kind of request. Start from the first page."),
    ),
    413: (
        _("That is too much at once"),
        _("What you sent is larger than we read. Send a smaller part."),
    ),
    500: (
        _("Something broke on our side"),
        _("It is not your fault, and nothing you said no to is used. Try again in a while."),
    ),
    503: (
        _("Not just now"),
        _(
            "We cannot look up who has said no, or the assistant is busy. Until we can, nobody's"
            " words are used. Try again in a minute."
        ),
    ),
}
NO_CSRF = _(
    "This form was open too long, or cookies are off. Go back, reload the page, send again."
)


def show(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Render a page with its frame; `notice` is the banner, for somebody who has yet to decide."""
    me = visitor.of(request)
    if me.undecided and me.person:
        visitor.told(me.person)
    banner = me.undecided and not context.get("own_notice")
    context |= {"me": me, "notice": banner, "bare": not me.readable}
    return _respond(request, template, context, status)


def refuse(request: HttpRequest, status: int, sentence: str | None = None) -> HttpResponse:
    """An error page, or OpenAI's error shape under /v1/. Touches no database."""
    title, plain = (str(words) for words in WORDS[status])
    if request.path.startswith("/v1/"):
        kind = "server_error" if status >= 500 else "invalid_request_error"
        error = {"message": sentence or plain, "type": kind, "param": None, "code": None}
        return JsonResponse({"error": error}, status=status)
    context = {"title": title, "sentence": sentence or plain, "status": status, "bare": True}
    return _respond(request, "web/error.html", context, status)


def view(*methods: str) -> Callable[[View], View]:
    """A view that answers these methods (GET brings HEAD) and refuses in the site's own words."""
    allowed = (*methods, "HEAD", "OPTIONS") if "GET" in methods else methods

    def decorate(function: View) -> View:
        @functools.wraps(function)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in allowed:
                response = refuse(request, 405)
                response["Allow"] = ", ".join(allowed)
                return response
            try:
                return function(request, *args, **kwargs)
            except (Refusal, DatabaseError) as refusal:
                return refuse(request, status_of(refusal))

        return wrapped

    return decorate


def download(content: bytes, name: str, kind: str) -> HttpResponse:
    """A file for whoever asked, which no cache on the way may keep."""
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def link(url: str | None) -> str | None:
    """The address, if it is one a reader may be sent to: archives can hold `javascript:` too."""
    return url if url and urlsplit(url).scheme in ("http", "https") else None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 404)


def broken(request: HttpRequest) -> HttpResponse:
    return refuse(request, 500)


def no_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    return refuse(request, 403, str(NO_CSRF))


def frame() -> dict[str, Any]:
    """What the frame of every page needs to know about the site."""
    return {"site_name": here().name, "contact": settings.DEFAULT_FROM_EMAIL}


def _respond(
    request: HttpRequest, template: str, context: dict[str, Any], status: int
) -> HttpResponse:
    return render(request, template, frame() | context, status=status)


def status_of(refusal: Exception) -> int:
    for kind, status in (
        (DatabaseError, 503),
        (StandingUnreadable, 503),
        (SiteUnusable, 503),
        (NotNow, 503),
        (NotFound, 404),
        (NotAllowed, 403),
    ):
        if isinstance(refusal, kind):
            return status
    return 400
