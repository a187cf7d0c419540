"""What an operator may know of a request: which page, how it ended, how long it took.

One line of the log and one count each, by the route's name, never by its path: a path can hold a
person's post, a token or what they searched for. Nothing is written of who asked or of what.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from typing import cast

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from demur.web import limits, metrics

View = Callable[[HttpRequest], HttpResponseBase]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

log = logging.getLogger("demur.requests")


def watched(get_response: View) -> View:
    """Django middleware: the outermost, so that every answer passes it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        metrics.began("")
        response = get_response(request)
        number = secrets.token_hex(8)
        response["X-Request-ID"] = number
        caller = getattr(request, "auth", None)
        if isinstance(caller, limits.Caller):
            for name, value in caller.left.headers().items():
                response.headers.setdefault(name, value)
        method = request.method if request.method in METHODS else "other"
        where, status, ability = route(request), response.status_code, metrics.ABILITY.get()

        def end() -> None:
            seconds = time.perf_counter() - began
            metrics.request(where, method, status, seconds)
            told = {"request": number, "method": method, "route": where, "status": status}
            told |= {"ability": ability or None, "ms": round(seconds * 1000, 1)}
            log.info("request", extra={"told": told})

        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            content = cast(Iterator[bytes], response.streaming_content)
            response.streaming_content = _to_the_end(content, end)
        else:
            end()
        return response

    return middleware


def route(request: HttpRequest) -> str:
    """The name of the page in `urls`; of what is none, that."""
    match = request.resolver_match
    if match is not None:
        return match.view_name or "unnamed"
    return "static" if request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/") else "none"


def _to_the_end(content: Iterable[bytes], end: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from content
    finally:
        end()
