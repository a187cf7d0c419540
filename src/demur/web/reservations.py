"""Reservations: what these pages say to machines that read them, in every language machines speak.

The same for every page, whoever's words stand on it: a reservation only on the pages of those who
object would tell the world who they are (docs/decisions/0075-signals.md). Finding is allowed,
training is not. The standards are those that `policy.reservations` reads.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

CONTENT_USAGE = "train-ai=n, search=y"  # draft-ietf-aipref-attach, 4

LICENSE = "/license.xml"
LICENSE_TYPE = "application/rsl+xml"

HEADERS = {
    "Content-Usage": CONTENT_USAGE,
    "tdm-reservation": "1",  # W3C TDM Reservation Protocol, 5.2
    "X-Robots-Tag": "noai, noimageai, noml, noarchive",
    "Link": f'<{LICENSE}>; rel="license"; type="{LICENSE_TYPE}"',  # RSL 1.0
}

TDM_FILE = [{"location": "/", "tdm-reservation": 1}]

RSL = """\
<?xml version="1.0" encoding="UTF-8"?>
<rsl xmlns="https://rslstandard.org/rsl">
  <content url="/">
    <license>
      <permits type="usage">search</permits>
      <prohibits type="usage">ai-all, ai-train, train-ai</prohibits>
    </license>
  </content>
</rsl>
"""

RULES = f"""\
Content-Usage: / {CONTENT_USAGE}
Content-Signal: search=yes, ai-train=no, ai-input=no
DisallowAITraining: /
"""
"""Of robots.txt, in the group for everybody; robots obey the Disallow rules beside them."""

View = Callable[[HttpRequest], HttpResponseBase]


def sent(get_response: View) -> View:
    """Django middleware: every answer carries the headers, also one that was refused."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in HEADERS.items():
            linked = f"{response[name]}, " if name == "Link" and name in response else ""
            response[name] = linked + value
        return response

    return middleware
