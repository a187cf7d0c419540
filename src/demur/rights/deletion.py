"""Requests: fenced first, argued later, and the proof is looked for by us.

From the first moment nothing of the person is used (GDPR Art. 18(1)(d)). Where the regime gives a
right to object, or the operator gives everybody the best one, the request is granted at once.
Elsewhere we look for the evidence ourselves, and a hit grants it; without one two people must agree
to refuse, with a reason, and there is an appeal. A request that nobody decides in time is granted.
States and reasons are the words of the Data Rights Protocol 1.0.
"""

from __future__ import annotations

import calendar
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from demur.corpus.lake import Lake
from demur.errors import NotAllowed, NotFound, Refusal
from demur.people import PersonId
from demur.policy import regimes
from demur.rights import answers, book, mail, models, objection, people, probes, standing
from demur.rights.evidence import Evidence, digest, repeated
from demur.rights.place import Place, here

OBJECTION, DELETION = "objection:train-ai", "deletion"
EXERCISES = (DELETION, OBJECTION)
REGIMES = ("gdpr", "uk-gdpr", "lgpd", "voluntary")
RIGHT = ("gdpr", "uk-gdpr")  # accepted always and without proof (GDPR Art. 21(1))
WAITING = ("open", "in_progress")
VERIFY = "need_user_verification"
# too_many_requests is not among them: a No is never one too many
DENIALS = (
    "no_match", "claim_not_covered", "outside_jurisdiction", "insuf_verification",
    "suspected_fraud", "other",
)  # fmt: skip
APPEAL = timedelta(days=30)  # after a refusal, before the restriction ends (GDPR Art. 18(3))
AT_ONCE = 200  # pieces of evidence kept: more of the same proves no more


def open_(
    person: models.Person | None,
    *,
    exercise: str = DELETION,
    regime: str = "",
    route: str,
    agent: models.Agent | None = None,
    agent_request: str = "",
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Request:
    """Write a request down and fence its person in one transaction; grant it where that is due.

    A second one, while the first waits, is answered with the first. regime: one of REGIMES; by
    default that of the country where they live. person: None where nobody can tell who is meant;
    then it waits for them to say so, and ends when its time is over.
    """
    if exercise not in EXERCISES or (regime and regime not in REGIMES):
        raise Refusal(
            f"A request is one of {', '.join(EXERCISES)}, under one of {', '.join(REGIMES)}."
        )
    with book.writing():
        if person is not None:
            person = people.whole(models.Person.objects.get(pk=person.pk))
            first = _standing_already(person, exercise, agent)
            if first is not None:
                return first
        due = a_month_after(now.date())
        payload = {"exercise": exercise, "route": route, "due": due.isoformat()}
        entry = book.append("request", payload, person=person, now=now, draw=draw)
        request = models.Request.objects.create(
            id=UUID(bytes=draw(16), version=4),
            person=person,
            exercise=exercise,
            regime=regime or regime_of(person, now.date()),
            route=route,
            agent=agent,
            agent_request=agent_request,
            state="in_progress" if person is None else "open",
            reason=VERIFY if person is None else "",
            restricted=person is not None,
            due=due,
            opened=entry,
            opened_at=now,
        )
        book.bump()
        _write("request_opened", request, now)
    return accept(request, now=now, draw=draw) if always(request, now.date()) else request


def waiting(person: models.Person, exercise: str | None = None) -> QuerySet[models.Request]:
    """What this person has asked for and nobody has decided, the oldest first."""
    root = people.whole(person)
    own = Q(person=root) | Q(person__merged_into=root)
    found = models.Request.objects.filter(own, state__in=WAITING).order_by("opened")
    return found if exercise is None else found.filter(exercise=exercise)


def always(request: models.Request, today: date) -> bool:
    """Is this one granted without proof? By its regime, by the country's, or by the operator."""
    if request.person is None:
        return False
    by_law = regimes.load().of(request.person.country or None, today).objection == "right"
    asked = request.exercise == OBJECTION or request.regime in RIGHT
    return asked or by_law or here().best_regime


def regime_of(person: models.Person | None, today: date) -> str:
    """The regime of where somebody lives, in the words of our extension of DRP."""
    country = person.country if person else ""
    named = {"GB": "uk-gdpr", "BR": "lgpd"}.get(country)
    if named or not country or country == "CH":
        return named or "voluntary"
    right = regimes.load().of(country, today).objection == "right"
    return "gdpr" if right else "voluntary"


def search(
    site: Place,
    request: models.Request,
    opens: probes.Opens = probes.open_speaker,
    *,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> list[Evidence]:
    """Look for the proof: in the answer log, and by asking the released model. A hit grants it.

    opens: the model, under a standing that leaves out this very restriction and nothing else, for
    a program's eyes alone (GDPR Art. 18(2); docs/decisions/0079).
    """
    request = fresh(request)
    if request.person is None or request.state not in WAITING:
        return []
    about = probes.subject(request.person, posts_of(site, request.person))
    found = [
        Evidence(
            found="log",
            post=hit.text_id,
            words=hit.words,
            windows=hit.windows,
            at=hit.at,
            model=hit.model,
            surface=hit.surface,
        )
        for hit in answers.spoken_of(about.posts)
    ]
    before = standing.of(site, today=now.date, but=request.pk)
    try:
        speaker = opens(site, before)
    except NotFound:
        pass  # nothing is released: nobody can have been answered out of it
    else:
        found += probes.run(about, speaker, now=now)
    _weigh(request, found, now, draw)
    return found


def paste(
    request: models.Request,
    text: str,
    *,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> list[Evidence]:
    """An answer that the person saw, compared with their posts. The text itself is not kept.

    Whether it is ours cannot be told, and is not asked: a No needs little proof.
    """
    request = fresh(request)
    if request.person is None or request.state not in WAITING:
        raise NotAllowed("This request is decided or waits for its person; nothing is needed.")
    theirs = posts_of(here(), request.person)
    found = [
        Evidence(found="paste", post=post, words=said, windows=runs, at=now, model="")
        for post, (runs, said) in repeated(text, theirs).items()
    ]
    if found:
        _weigh(request, found, now, draw)
    return found


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
    return _decide(request, "fulfilled", now=now, draw=draw)


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
    return _decide(
        request, "denied", reason=reason, said=words, by=(by, second), now=now, draw=draw
    )


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
        _write("appeal", request, now)
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
    return _decide(request, "revoked", now=now, draw=draw)


def overdue(now: datetime) -> QuerySet[models.Request]:
    """What should have been decided by now, the oldest first: for the desk."""
    late = models.Request.objects.filter(state__in=WAITING, due__lt=now.date())
    return late.order_by("due", "opened")


def due(
    site: Place,
    now: datetime,
    opens: probes.Opens = probes.open_speaker,
) -> Iterator[str]:
    """Everything that time or a crash has left to do; a line for an operator about each.

    To be called before a build: what is looked for lies in the model that is served now.
    """
    for request in overdue(now):
        if request.person is None:
            _decide(request, "expired", now=now)
            yield f"request {request.pk} expired: nobody said who had asked"
        else:
            accept(request, now=now)
            yield f"request {request.pk} granted: its time was over"
    for request in models.Request.objects.filter(state="open").exclude(person=None):
        if always(request, now.date()):
            accept(request, now=now)
            yield f"request {request.pk} granted"
        else:
            found = search(site, request, opens, now=now)
            yield f"request {request.pk}: {len(found)} pieces of evidence"
    told = models.Request.objects.filter(
        state="denied", restricted=True, decided_at__lte=now - APPEAL
    )
    for request in told:
        _lift(request, now)
        yield f"request {request.pk}: refused and not appealed, the restriction ends"


def posts_of(site: Place, person: models.Person) -> dict[str, str]:
    """What this person wrote, by post id, whatever the law says about it."""
    lake = Lake(site.lake, site.home)
    return {
        stored.id: stored.post.text
        for each in people.family(person)
        for stored in lake.posts_of(PersonId(each.pk))
        if stored.post.reshare_of is None and stored.post.text
    }


def fresh(request: models.Request) -> models.Request:
    """The request as it is now."""
    return models.Request.objects.select_related("person", "agent").get(pk=request.pk)


def a_month_after(day: date) -> date:
    """The same day of the next month, or its last (GDPR Art. 12(3); Regulation 1182/71 Art. 3)."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _standing_already(
    person: models.Person, exercise: str, agent: models.Agent | None
) -> models.Request | None:
    """What answers a second request: their own or anybody's for them; for an agent, its own, since
    it may not look into another's."""
    found = waiting(person, exercise)
    return (found if agent is None else found.filter(agent=agent)).first()


def _route(request: models.Request) -> str:
    if request.agent is not None:
        return "agent"
    return "proof" if request.evidence else request.route


def _weigh(
    request: models.Request, found: Sequence[Evidence], now: datetime, draw: book.Draw
) -> None:
    """Keep what was found; grant the request where anything was."""
    with book.writing():
        now_is = fresh(request)
        if now_is.state not in WAITING:
            return
        new = [each.to_json() for each in found]
        kept = [*now_is.evidence, *(each for each in new if each not in now_is.evidence)]
        now_is.evidence, now_is.state = kept[:AT_ONCE], "in_progress"
        now_is.save(update_fields=["evidence", "state"])
    if kept:
        accept(request, now=now, draw=draw)


def _decide(
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
            _write(f"request_{state}", request, now)
    return request


def _deciders(request: models.Request) -> set[str]:
    """Who has refused it before, as the openings of the book say."""
    lines = models.Opening.objects.filter(entry__kind="decision", payload__line=request.opened_id)
    return {
        name
        for payload in lines.values_list("payload", flat=True)
        for name in payload.get("by", [])
    }


def _lift(request: models.Request, now: datetime) -> None:
    with book.writing():
        payload = {"line": request.opened_id, "lifted": True}
        book.append("restriction", payload, person=request.person, now=now)
        models.Request.objects.filter(pk=request.pk).update(restricted=False)
        book.bump()


def _write(kind: str, request: models.Request, now: datetime) -> None:
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
