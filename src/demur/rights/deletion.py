"""Requests: fenced first, argued later, and the proof is looked for by us.

From the first moment nothing of the person is used (GDPR Art. 18(1)(d)). Where the regime gives a
right to object, or the operator gives everybody the best one, the request is granted at once.
Elsewhere we look for the evidence ourselves, and a hit grants it; a request that nobody decides in
time is granted. How one is decided is in `rights.decisions`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from demur.corpus.lake import Lake
from demur.errors import NotAllowed, NotFound, Refusal
from demur.people import PersonId
from demur.policy import regimes
from demur.rights import answers, book, decisions, models, people, probes, standing
from demur.rights.evidence import Evidence, repeated
from demur.rights.place import Place, here

EXERCISES = (decisions.DELETION, decisions.OBJECTION)
REGIMES = ("gdpr", "uk-gdpr", "lgpd", "voluntary")
VERIFY = "need_user_verification"
AT_ONCE = 200  # pieces of evidence kept: more of the same proves no more


def open_(
    person: models.Person | None,
    *,
    exercise: str = decisions.DELETION,
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
        due = decisions.a_month_after(now.date())
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
        decisions.write("request_opened", request, now)
    return (
        decisions.accept(request, now=now, draw=draw)
        if decisions.always(request, now.date())
        else request
    )


def waiting(person: models.Person, exercise: str | None = None) -> QuerySet[models.Request]:
    """What this person has asked for and nobody has decided, the oldest first."""
    root = people.whole(person)
    own = Q(person=root) | Q(person__merged_into=root)
    found = models.Request.objects.filter(own, state__in=decisions.WAITING).order_by("opened")
    return found if exercise is None else found.filter(exercise=exercise)


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
    request = decisions.fresh(request)
    if request.person is None or request.state not in decisions.WAITING:
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
    request = decisions.fresh(request)
    if request.person is None or request.state not in decisions.WAITING:
        raise NotAllowed("This request is decided or waits for its person; nothing is needed.")
    theirs = posts_of(here(), request.person)
    found = [
        Evidence(found="paste", post=post, words=said, windows=runs, at=now, model="")
        for post, (runs, said) in repeated(text, theirs).items()
    ]
    if found:
        _weigh(request, found, now, draw)
    return found


def overdue(now: datetime) -> QuerySet[models.Request]:
    """What should have been decided by now, the oldest first: for the desk."""
    late = models.Request.objects.filter(state__in=decisions.WAITING, due__lt=now.date())
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
            decisions.decide(request, "expired", now=now)
            yield f"request {request.pk} expired: nobody said who had asked"
        else:
            decisions.accept(request, now=now)
            yield f"request {request.pk} granted: its time was over"
    for request in models.Request.objects.filter(state="open").exclude(person=None):
        if decisions.always(request, now.date()):
            decisions.accept(request, now=now)
            yield f"request {request.pk} granted"
        else:
            found = search(site, request, opens, now=now)
            yield f"request {request.pk}: {len(found)} pieces of evidence"
    told = models.Request.objects.filter(
        state="denied", restricted=True, decided_at__lte=now - decisions.APPEAL
    )
    for request in told:
        decisions.lift(request, now)
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


def _standing_already(
    person: models.Person, exercise: str, agent: models.Agent | None
) -> models.Request | None:
    """What answers a second request: their own or anybody's for them; for an agent, its own, since
    it may not look into another's."""
    found = waiting(person, exercise)
    return (found if agent is None else found.filter(agent=agent)).first()


def _weigh(
    request: models.Request, found: Sequence[Evidence], now: datetime, draw: book.Draw
) -> None:
    """Keep what was found; grant the request where anything was."""
    with book.writing():
        now_is = decisions.fresh(request)
        if now_is.state not in decisions.WAITING:
            return
        new = [each.to_json() for each in found]
        kept = [*now_is.evidence, *(each for each in new if each not in now_is.evidence)]
        now_is.evidence, now_is.state = kept[:AT_ONCE], "in_progress"
        now_is.save(update_fields=["evidence", "state"])
    if kept:
        decisions.accept(request, now=now, draw=draw)
