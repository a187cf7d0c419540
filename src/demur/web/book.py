"""The book for outsiders: a page for people, and c2sp.org/tlog-tiles for programs.

Tiles never change once they exist and may be kept for ever; the head is asked for each time.
Nothing here knows whose line is whose.
"""

from __future__ import annotations

import re
from base64 import b64encode

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from demur.rights import book
from demur.rights.models import Entry
from demur.rights.place import here
from demur.tlog import checkpoint
from demur.web import page

FOR_EVER = "public, max-age=31536000, immutable"
# What the lines are about that an answer leads to; of the others the page has their kind's name.
KINDS = {"served": gettext_lazy("a model was put into use")}


@page.view("GET")
def show(request: HttpRequest) -> HttpResponse:
    site = here()
    signed, key = book.head(), book.key(site)
    opened = checkpoint.open_checkpoint(signed, key)
    asked = request.GET.get("line", "")
    line = (
        Entry.objects.filter(pk=int(asked)).first() if re.fullmatch("[0-9]{1,15}", asked) else None
    )
    return page.show(
        request,
        "web/book.html",
        line=line,
        happened=KINDS.get(line.kind, line.kind) if line else "",
        head=opened,
        signed=signed,
        root=b64encode(opened.root).decode(),
        key=str(key),
        address=f"{site.address}/log",
    )


@page.view("GET")
def head(request: HttpRequest) -> HttpResponse:
    return _file(book.head().encode(), "text/plain; charset=utf-8", "no-cache")


@page.view("GET")
def key(request: HttpRequest) -> HttpResponse:
    text = f"{book.key(here())}\n"
    return _file(text.encode(), "text/plain; charset=utf-8", "no-cache")


@page.view("GET")
def tile(request: HttpRequest, path: str) -> HttpResponse:
    """A hash tile or an entry bundle; a path that is none, or reaches beyond the head, is 404."""
    return _file(book.tile(f"tile/{path}"), "application/octet-stream", FOR_EVER)


def _file(content: bytes, media_type: str, cache: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Cache-Control"] = cache
    response["Access-Control-Allow-Origin"] = "*"  # auditors' pages may read it too
    return response
