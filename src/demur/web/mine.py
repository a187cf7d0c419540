"""My data: every post of whoever reads it, what is decided about it, and which models held it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext_lazy

from demur.corpus.explain import Explanation
from demur.policy.clause import Outcome
from demur.rights import receipt as receipts
from demur.web import mydata, page, visitor
from demur.web.visitor import members

POSTS = 25  # on a page
TONE = {Outcome.TRAIN: "used", Outcome.REDACT: "masked", Outcome.EXCLUDE: "out"}
OUTCOMES = {
    "used": gettext_lazy("used"),
    "masked": gettext_lazy("used, with a mention taken out"),
    "out": gettext_lazy("not used"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the reader wants to see; empty: all of it."""

    outcome: str
    platform: str

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        outcome = request.GET.get("outcome", "")
        return cls(
            outcome=outcome if outcome in OUTCOMES else "",
            platform=request.GET.get("platform", ""),
        )

    def fits(self, each: Explanation) -> bool:
        tone, platform = TONE[each.decision.outcome], each.stored.post.platform
        return self.outcome in ("", tone) and self.platform in ("", platform)

    @property
    def query(self) -> str:
        said = {"outcome": self.outcome, "platform": self.platform}
        return urlencode({name: value for name, value in said.items() if value})


@page.view("GET")
@members
def mine(request: HttpRequest) -> HttpResponse:
    """Every post of theirs, newest first, with what the law says of it today and why."""
    person = visitor.person(request)
    every = mydata.of(person, datetime.now(UTC).date())
    asked = Asked.of(request)
    fitting = [each for each in every if asked.fits(each)]
    turned = Paginator(fitting, POSTS).get_page(request.GET.get("page"))
    accounts = visitor.accounts(person)
    names = {account.pk: visitor.called(account) for account in accounts}
    return page.show(
        request,
        "web/mine.html",
        turned=turned,
        posts=[_shown(each, names, get_language() or "en") for each in turned],
        counts=_counts(every),
        every=len(every),
        asked=asked,
        outcomes=OUTCOMES.items(),
        platforms=sorted({each.stored.post.platform for each in every}),
        accounts=list(names.values()),
        periods=receipts.periods(person),
        own_notice=True,
    )


@page.view("GET")
@members
def download(request: HttpRequest) -> HttpResponse:
    """The same as JSON, whole: what they wrote, what was decided and why."""
    person = visitor.person(request)
    now, language = datetime.now(UTC), get_language() or "en"
    posts = [_told(each, language) for each in mydata.of(person, now.date())]
    said = json.dumps({"at": now.isoformat(), "posts": posts}, ensure_ascii=False, indent=1)
    return page.download(said.encode(), "my-data.json", "application/json")


def _counts(every: Iterable[Explanation]) -> dict[str, int]:
    tones = [TONE[each.decision.outcome] for each in every]
    return {tone: tones.count(tone) for tone in OUTCOMES}


def _shown(each: Explanation, names: dict[str, str], language: str) -> dict[str, Any]:
    outcome, *reasons = each.sentences(language)
    post = each.stored.post
    return {
        "id": each.stored.id,
        "outcome": outcome,
        "tone": TONE[each.decision.outcome],
        "reasons": reasons,
        "text": post.text,
        "lang": post.lang if post.lang != "und" else None,
        "at": post.created_at,
        "url": page.link(post.url),
        "account": names.get(post.account, post.account),
    }


def _told(each: Explanation, language: str) -> dict[str, Any]:
    outcome, *reasons = each.sentences(language)
    post = each.stored.post
    return {
        "id": each.stored.id,
        "platform": post.platform,
        "account": post.account,
        "kind": post.kind.value,
        "posted_at": post.created_at.isoformat(),
        "address": page.link(post.url),
        "text": post.text,
        "decision": outcome,
        "reasons": reasons,
        "rules": [reason.rule for reason in each.decision.reasons],
        "uses": sorted(use.value for use in each.decision.uses),
    }
