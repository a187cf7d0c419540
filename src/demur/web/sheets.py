"""Sheets on a page: the desk's numbers as tables with bars, and as files to take along.

The names of columns are words of the page and can be translated; in the files they stay as they
are, since programs read them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from demur.errors import NotFound
from demur.rights import desk
from demur.rights.desk import Sheet
from demur.web import page

MOST_ROWS = 200  # on a page; the files have all of them
HASH = 64

TITLES = {
    "reasons": (
        _("Why posts are left out or masked"),
        _("A post can have several reasons. The difference is from the build before."),
    ),
    "kept": (_("Posts kept, by shard"), _("What the last build kept, and what changed with it.")),
    "builds": (_("Builds that decided otherwise"), _("And the law by which they did.")),
    "holds": (_("Holds"), _("What nobody may use, by whose word, and what was lifted.")),
    "shards": (
        _("Shards"),
        _("Trained slices speak; a slice that is not clean holds what is kept no more."),
    ),
    "models": (_("Models that were served"), _("Each has its line in the book.")),
    "cost": (
        _("What a No costs"),
        _(
            "Bits for each byte of two old texts that nobody here wrote: lower is better, and the"
            " difference is the price. It shows the language, not what the community knows."
        ),
    ),
    "campaigns": (_("Who was told"), _("From the letter that was written to the No that came.")),
    "regimes": (_("Regimes in force"), _("Which law holds for whom; read from the policy.")),
    "imports": (_("Imports"), _("What came in.")),
    "time_to_no": (
        _("How long a No takes"),
        _(
            "Silence begins with the line of the No. These are the seconds until the shard was"
            " dropped, and until a model without it was served."
        ),
    ),
    "policy": (_("The law that decides"), _("A hash over all rules and regimes.")),
    "queues": (_("What waits"), _("And until when, or since when.")),
}
COLUMNS = {
    "adapter": _("adapter"),
    "adult_at": _("adult at"),
    "at": _("when"),
    "authority": _("authority"),
    "base": _("base"),
    "before": _("before"),
    "bits_difference": _("difference in bits"),
    "bits_per_byte": _("bits per byte"),
    "bounced": _("came back"),
    "by": _("by"),
    "campaign": _("notice"),
    "choice": _("choice"),
    "clean": _("clean"),
    "countries": _("countries"),
    "country": _("country"),
    "counts": _("counts"),
    "difference": _("difference"),
    "first": _("first"),
    "hold": _("hold"),
    "import": _("import"),
    "language": _("language"),
    "law": _("law"),
    "lift": _("line of the lift"),
    "lifted": _("lifted"),
    "line": _("line"),
    "manifest": _("manifest"),
    "model": _("model"),
    "nos": _("Nos"),
    "notice_days": _("days of notice"),
    "objected": _("objected"),
    "objection": _("objection"),
    "opened": _("opened"),
    "p50_seconds": _("half within, seconds"),
    "p95_seconds": _("95 % within, seconds"),
    "people": _("people"),
    "people_difference": _("difference in people"),
    "platform": _("platform"),
    "policy": _("policy"),
    "posts": _("posts"),
    "queue": _("queue"),
    "queued": _("written"),
    "reached": _("reached"),
    "reason": _("reason"),
    "recipe": _("recipe"),
    "regime": _("regime"),
    "scope": _("scope"),
    "seen": _("seen"),
    "sent": _("sent"),
    "shard": _("shard"),
    "shards": _("shards"),
    "since": _("since"),
    "slices": _("slices"),
    "starts": _("starts"),
    "trained": _("trained"),
    "unreachable": _("no address"),
    "until": _("until"),
    "waiting": _("waiting"),
}
BARS = {"reasons": 1, "kept": 1, "campaigns": 8, "cost": 2, "shards": 1}  # the column to draw
LEFT_OUT = ngettext_lazy("%d row more is in the files.", "%d rows more are in the files.")


def shown(sheet: Sheet) -> dict[str, Any]:
    """A sheet as the template draws it."""
    title, says = TITLES[sheet.name]
    rows = sheet.rows[:MOST_ROWS]
    bar = BARS.get(sheet.name)
    longest = max((row[bar] for row in rows if row[bar]), default=0) if bar else 0
    return {
        "name": sheet.name,
        "title": title,
        "says": says,
        "columns": [COLUMNS.get(name, name) for name in sheet.columns],
        "rows": [
            {
                "cells": [_cell(value) for value in row],
                "bar": round(100 * (row[bar] or 0) / longest, 1) if bar and longest else None,
            }
            for row in rows
        ],
        "bars": bool(longest),
        "more": LEFT_OUT % (len(sheet.rows) - len(rows)) if len(rows) < len(sheet.rows) else "",
    }


def file(request: HttpRequest, name: str, kind: str, *, rounded: bool) -> HttpResponse:
    """One sheet as a file. kind: csv or json."""
    sheet = desk.by_name(name, datetime.now(UTC).date(), rounded=rounded)
    if kind == "csv":
        return page.download(sheet.csv().encode(), f"{name}.csv", "text/csv; charset=utf-8")
    if kind == "json":
        return page.download(sheet.json().encode(), f"{name}.json", "application/json")
    raise NotFound("Sheets are there as csv and as json.")


def _cell(value: Any) -> dict[str, Any]:
    """What stands in a cell; a long hash is shown by its beginning."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None or value == "":
        text = "–"
    elif isinstance(value, datetime):
        text = date_format(value.astimezone(UTC), "Y-m-d H:i")
    elif isinstance(value, date):
        text = value.isoformat()
    elif isinstance(value, float):
        text = f"{value:,.3f}"
    else:
        text = str(value)
    code = isinstance(value, str) and len(value) == HASH
    return {"text": text[:12] + "…" if code else text, "number": number, "code": code}
