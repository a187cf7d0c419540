"""Deciding a request: granted, refused by two people, appealed, taken back; and in which words.

Whoever decides is asked elsewhere. Each decision is one transaction: the row, its line in the book,
the fence, the letter. States and reasons are the words of the Data Rights Protocol 1.0.
"""

from __future__ import annotations

import calendar
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from demur.errors import NotAllowed, Refusal
from demur.policy import regimes
from demur.rights import book, mail, models, objection
from demur.rights.evidence import digest
from demur.rights.place import here

OBJECTION, DELETION = "objection:train-ai", "deletion"
RIGHT = ("gdpr", "uk-gdpr")  # accepted always and without proof (GDPR Art. 21(1))
WAITING = ("open", "in_progress")
# too_many_requests is not among them: a No is never one too many
DENIALS = (
    "no_match", "claim_not_covered", "outside_jurisdiction", "insuf_verification",
    "suspected_fraud", "other",
)  # fmt: skip
APPEAL = timedelta(days=30)  # after a refusal, before the restriction ends (GDPR Art. 18(3))


def fresh(request: models.Request) -> models.Request:
    """The request as it is now."""
    return models.Request.objects.select_related("person", "agent").get(pk=request.pk)


def always(request: models.Request, today: date) -> bool:
    """Is this one granted without proof? By its regime, by the country's, or by the operator."""
    if request.person is None:
        return False
    by_law = regimes.load().of(request.person.country or None, today).objection == "right"
    asked = request.exercise == OBJECTION or request.regime in RIGHT
    return asked or by_law or here().best_regime


def accept(
    request: models.Request, *, now: datetime, draw: book.Draw = secrets.token_bytes
) -> models.Request:
    """Grant it: a No to everything, which stands until its person takes it back, and a letter.

    After a crash in between the person is still fenced, and the next call goes on. Granting what
    was granted already changes nothing.
    """
    request = fresh(request)
    if request.state == "fulfilled":
        return request
    if request.person is None:
        raise NotAllowed("Nobody knows yet who asked; the request waits for its person.")
    if request.state == "revoked":
        raise NotAllowed("Its person has taken this request back; there is nothing to grant.")
    objection.submit(request.person, route=_route(request), agent=request.agent, now=now, draw=draw)
    return decide(request, "fulfilled", now=now, draw=draw)


def refuse(
    request: models.Request,
    *,
    reason: str,
    said: str,
    by: str,
    second: str,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Request:
    """Deny it, as two people agreed: with a DRP reason, in words, and with the way to appeal.

    by, second: who proposed and who confirmed, by name (`proposals` has seen that they may).
    The restriction ends no sooner than APPEAL after the letter that says so (GDPR Art. 18(3)).
    """
    request = fresh(request)
    if not by or not second or by == second:
        raise NotAllowed("A refusal needs two different people; let a second one confirm it.")
    if reason not in DENIALS or not said.strip():
        raise Refusal(f"Say why, in words and as one of: {', '.join(DENIALS)}.")
    if request.state == "denied":
        return request
    if second in _deciders(request):
        raise NotAllowed("They decided on it before; after an appeal somebody else decides.")
    if request.state != "in_progress" or request.evidence or always(request, now.date()):
        raise NotAllowed(
            "This request cannot be refused: it is decided, or granted by law, or evidence was"
            " found, or nobody has looked for it yet (`demur work --once`)."
        )
    words = said.strip()
    return decide(request, "denied", reason=reason, said=words, by=(by, second), now=now, draw=draw)


def appeal(
    request: models.Request,
    words: str,
    *,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Request:
    """Its person does not agree with the refusal: it is weighed again, and the fence stays."""
    with book.writing():
        request = fresh(request)
        if request.appealed_at is not None and request.state == "in_progress":
            return request
        if request.state != "denied":
            raise NotAllowed("Only a refusal can be appealed; this request was not refused.")
        payload = {"line": request.opened_id}
        book.append("appeal", payload, person=request.person, now=now, draw=draw)
        request.state, request.reason, request.restricted = "in_progress", "", True
        request.appeal, request.appealed_at = words.strip(), now
        request.decided = request.decided_at = None  # the line of the refusal stays in the book
        request.due = a_month_after(now.date())
        request.save()
        book.bump()
        write("appeal", request, now)
    return request


def revoke(
    request: models.Request, *, now: datetime, draw: book.Draw = secrets.token_bytes
) -> models.Request:
    """Its person takes it back, as the caller has seen proven; the fence is lifted."""
    request = fresh(request)
    if request.state == "revoked":
        return request
    if request.state == "fulfilled":
        raise NotAllowed("It is granted: what stands now is a No, which its person may take back.")
    return decide(request, "revoked", now=now, draw=draw)


def decide(
    request: models.Request,
    state: str,
    *,
    reason: str = "",
    said: str = "",
    by: Sequence[str] = (),
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Request:
    """The end of a request, in one transaction: row, line, fence, letter."""
    with book.writing():
        request = fresh(request)
        if request.state == state:
            return request
        if request.state not in WAITING and not (request.state == "denied" and state != "expired"):
            raise NotAllowed(f"This request is {request.state} already; look at it again.")
        payload = {
            "line": request.opened_id,
            "state": state,
            "reason": reason,
            "evidence": digest(request.evidence),
            "by": list(by),
        }
        line = book.append("decision", payload, person=request.person, now=now, draw=draw)
        request.state, request.reason, request.said = state, reason, said
        request.decided, request.decided_at = line, now
        request.restricted = state == "denied"
        request.save()
        book.bump()
        if state in ("fulfilled", "denied"):
            write(f"request_{state}", request, now)
    return request


def lift(request: models.Request, now: datetime) -> None:
    with book.writing():
        payload = {"line": request.opened_id, "lifted": True}
        book.append("restriction", payload, person=request.person, now=now)
        models.Request.objects.filter(pk=request.pk).update(restricted=False)
        book.bump()


def _route(request: models.Request) -> str:
    if request.agent is not None:
        return "agent"
    return "proof" if request.evidence else request.route


def _deciders(request: models.Request) -> set[str]:
    """Who has refused it before, as the openings of the book say."""
    lines = models.Opening.objects.filter(entry__kind="decision", payload__line=request.opened_id)
    return {
        name
        for payload in lines.values_list("payload", flat=True)
        for name in payload.get("by", [])
    }


def write(kind: str, request: models.Request, now: datetime) -> None:
    if request.person is not None:
        about = letter(request)
        mail.queue(kind, request.person, to=request.person.email, about=about, now=now)


def letter(request: models.Request) -> Mapping[str, Any]:
    """What the letters about a request need; the evidence is attached, not told."""
    return {
        "request": str(request.pk),
        "exercise": request.exercise,
        "line": request.opened_id,
        "due": request.due.isoformat(),
        "agent": request.agent.name if request.agent else "",
        "hits": len(request.evidence),
        "reason": request.reason,
        "said": request.said,
        "days": APPEAL.days,
    }


def a_month_after(day: date) -> date:
    """The same day of the next month, or its last (GDPR Art. 12(3); Regulation 1182/71 Art. 3)."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
