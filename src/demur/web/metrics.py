"""Metrics: counts and times for Prometheus, about the service and never about anybody.

No label holds a word, a name, an address or an id: routes go by the names they have in `urls`,
answers by their ability. Counts are this process's own since it started; what stands in the
database is read when somebody asks. A key with the scope `metrics` opens it; the address that a
request comes from opens nothing, since behind a proxy everybody comes from the same one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import prometheus_client as prometheus
from django.db import DatabaseError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from demur.errors import Refusal, StandingUnreadable
from demur.rights import models, spool, standing
from demur.rights.place import here
from demur.web import bearer, limits
from demur.web.models import BotMention

if TYPE_CHECKING:
    from demur.assistant.said import Answer

ABILITY: ContextVar[str] = ContextVar("ability", default="")
"""What the request of this thread has asked the assistant for."""

REGISTRY = prometheus.CollectorRegistry()
prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
prometheus.ProcessCollector(registry=REGISTRY)

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80)
AT_ONCE = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
RECENT = 60.0  # seconds: a No older than that is not why an answer was taken back

_requests = prometheus.Counter(
    "demur_requests", "Requests answered", ["route", "method", "status"], registry=REGISTRY
)
_request_seconds = prometheus.Histogram(
    "demur_request_seconds", "Seconds to the last byte", ["route"],
    registry=REGISTRY, buckets=BUCKETS,
)  # fmt: skip
_answers = prometheus.Counter(
    "demur_answers", "What was asked of the assistant, by how it ended", ["ability", "finish"],
    registry=REGISTRY,
)  # fmt: skip
_answer_seconds = prometheus.Histogram(
    "demur_answer_seconds", "Seconds to the end of an answer", ["ability"],
    registry=REGISTRY, buckets=BUCKETS,
)  # fmt: skip
_first_seconds = prometheus.Histogram(
    "demur_first_words_seconds", "Seconds to an answer's first words", ["ability"],
    registry=REGISTRY, buckets=BUCKETS,
)  # fmt: skip
_tokens = prometheus.Counter(
    "demur_tokens", "Tokens read and said", ["ability", "side"], registry=REGISTRY
)
_declined = prometheus.Counter(
    "demur_declined", "Questions declined, by the guard's reason", ["reason"], registry=REGISTRY
)
_withheld = prometheus.Counter(
    "demur_withheld", "Answers of which the guard withheld something", ["kind"], registry=REGISTRY
)
_refusals = prometheus.Counter(
    "demur_refusals", "What the assistant could not be asked, and why", ["ability", "why"],
    registry=REGISTRY,
)  # fmt: skip
_silence = prometheus.Histogram(
    "demur_no_to_silence_seconds",
    "Seconds from a No to the end of an answer that it took back",
    registry=REGISTRY, buckets=AT_ONCE,
)  # fmt: skip


def request(route: str, method: str, status: int, seconds: float) -> None:
    _requests.labels(route, method, str(status)).inc()
    _request_seconds.labels(route).observe(seconds)


def began(ability: str) -> None:
    ABILITY.set(ability)


def first_words(ability: str, seconds: float) -> None:
    _first_seconds.labels(ability).observe(seconds)


def refused(ability: str, why: Exception) -> None:
    """Only the kind of refusal is kept; its sentence may name what was asked for."""
    _refusals.labels(ability, type(why).__name__).inc()


def done(ability: str, seconds: float) -> None:
    """Something that is not an answer in words: a search, a picture."""
    _answers.labels(ability, "done").inc()
    _answer_seconds.labels(ability).observe(seconds)


def answered(ability: str, answer: Answer | None, seconds: float) -> None:
    """An answer ended; None: it broke off, or its listener left."""
    _answer_seconds.labels(ability).observe(seconds)
    if answer is None:
        _answers.labels(ability, "broken-off").inc()
        return
    _answers.labels(ability, "declined" if answer.declined else answer.finish).inc()
    _tokens.labels(ability, "read").inc(answer.tokens_in)
    _tokens.labels(ability, "said").inc(answer.tokens_out)
    if answer.declined:
        _declined.labels(answer.declined).inc()
    for kind in answer.withheld:
        _withheld.labels(kind).inc()
    if answer.finish == "standing-changed":
        _taken_back(datetime.now(UTC))


def _taken_back(now: datetime) -> None:
    """The newest No is why, if it is that new; an import or a hold can be why as well."""
    try:
        newest = models.Objection.objects.order_by("-entry").values_list("at", flat=True).first()
    except DatabaseError:
        return
    if newest is not None and 0 <= (seconds := (now - newest).total_seconds()) < RECENT:
        _silence.observe(seconds)


class Stands(Collector):
    """What stands at the moment of asking, in numbers."""

    def collect(self) -> Iterator[Metric]:
        now = datetime.now(UTC)
        try:
            epoch = standing.of(here(), today=now.date).epoch()
        except StandingUnreadable:
            yield GaugeMetricFamily("demur_gate_open", "1 while who objects can be read", value=0)
            return
        yield GaugeMetricFamily("demur_gate_open", "1 while who objects can be read", value=1)
        yield GaugeMetricFamily("demur_epoch", "Grows with every change of who objects", epoch)
        try:
            counted = _counted(now)
            by = BotMention.objects.values_list("outcome").annotate(number=Count("pk"))
            mentions = list(by.order_by("outcome"))
        except (DatabaseError, OSError, ValueError):
            return
        for name, (says, value) in counted.items():
            yield GaugeMetricFamily(name, says, value)
        bot = GaugeMetricFamily("demur_bot_mentions", "Mentions, by outcome", labels=["outcome"])
        for outcome, number in mentions:
            bot.add_metric([outcome], number)
        yield bot


def _counted(now: datetime) -> dict[str, tuple[str, int]]:
    objections = models.Objection.objects.filter(withdrawn_at=None).count()
    due = models.Letter.objects.filter(due_at__lte=now).count()
    unclear = models.Incoming.objects.filter(outcome="unclear", settled_at=None).count()
    return {
        "demur_objections": ("Objections that stand", objections),
        "demur_book_lines": ("Lines of the book", models.Checkpoint.objects.latest("size").size),
        "demur_letters_due": ("Letters that wait to be sent", due),
        "demur_mails_unclear": ("Mails that wait for a person to read them", unclear),
        "demur_spool": ("Objections that wait for the database", len(spool.waiting(here().spools))),
    }


REGISTRY.register(Stands())


def show(request: HttpRequest) -> HttpResponse:
    """Everything, in Prometheus's text format, for a key with the scope `metrics`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        known = bearer.caller(token, "metrics") if scheme.lower() == "bearer" else None
    except limits.TooMany as refusal:
        return HttpResponse(str(refusal), status=429, content_type="text/plain; charset=utf-8")
    except (Refusal, DatabaseError):
        known = None
    if known is None:
        sentence = "Send `Authorization: Bearer` with a key of scope metrics."
        response = HttpResponse(sentence, status=401, content_type="text/plain; charset=utf-8")
        response["WWW-Authenticate"] = "Bearer"
        return response
    text = prometheus.generate_latest(REGISTRY)
    response = HttpResponse(text, content_type=prometheus.CONTENT_TYPE_LATEST)
    response["Cache-Control"] = "no-store"
    return response
