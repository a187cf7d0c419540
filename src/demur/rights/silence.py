"""Whose words may not be used now, and why: the queries behind `rights.standing`.

Every function takes the connection it reads by, so that what stands is read in one transaction;
nothing is kept. Whatever the builder leaves out because of what somebody said, or because of what
turned out about them, is silent here too: else a shard would be built with it left out and go on
speaking with it until then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet

from demur.corpus import mentions
from demur.people import PersonId, Scope, Use
from demur.policy.regimes import Regimes
from demur.posts import Kind, Mention
from demur.rights import models, notice


def silent(
    law: Regimes, today: date, using: str, *, but: UUID | None = None
) -> dict[PersonId, int]:
    """Everybody whose words may not be used now, with the line of the book that says so.

    A No, a closed profile or a machine-readable No on one account is the whole person's, and so
    is everybody who turned out to be the same person: old models know them by their old name.
    but: a request whose own restriction is left out, while its proof is looked for.
    """
    merged = _merged(using)
    lines: dict[str, int] = {}
    for person, line in _reasons(law, today, using, but):
        whole = merged.get(person, person)
        lines[whole] = min(line, lines.get(whole, line))
    lines |= {old: lines[whole] for old, whole in merged.items() if whole in lines}
    return {PersonId(person): line for person, line in lines.items()}


def narrowed(law: Regimes, today: date, using: str) -> dict[PersonId, tuple[Scope, ...]]:
    """What those withhold at the gate whose No covers a part only, and what else of somebody may
    not be used any more: what they posted as a child, the uses of which a bounce untold them."""
    found = said_narrowly(using)
    merged = _merged(using)
    families = _families(merged)
    more = (*_childhoods(law, today, using), *_untold(law, today, using), *_chats_off(using))
    for person, scope in more:
        for same in (PersonId(person), *families.get(person, ())):
            found[same] = (*found.get(same, ()), scope)
    return found


def said_narrowly(using: str) -> dict[PersonId, tuple[Scope, ...]]:
    """The scopes of every narrowed No, under each name its person has had."""
    merged = _merged(using)
    found: defaultdict[str, list[Scope]] = defaultdict(list)
    for person, said in _standing(using).exclude(scope_key="{}").values_list("person_id", "scope"):
        found[merged.get(person, person)].append(Scope.from_json(said))
    families = _families(merged)
    return {
        PersonId(same): tuple(scopes)
        for whole, scopes in sorted(found.items())
        for same in (whole, *families.get(whole, ()))
    }


def keys(using: str) -> frozenset[str]:
    """By which strings other people's posts point at those whose No covers their mentions.

    That is a No to everything, one that is narrowed to some uses with training among them, and
    one to a platform, for that platform's keys. A No to a post, a period, a kind or a group is
    about its person's own posts.
    """
    scopes: defaultdict[str, list[Scope]] = defaultdict(list)
    merged = _merged(using)
    for person, said in _standing(using).values_list("person_id", "scope"):
        scopes[merged.get(person, person)].append(Scope.from_json(said))
    return frozenset(
        key
        for person, theirs in _their_keys(using)
        for key in theirs
        if any(mentions.masks(scope, key) for scope in scopes[person])
    )


def _their_keys(using: str) -> Iterator[tuple[str, list[str]]]:
    """The keys of objectors' accounts, and those they claimed without having one."""
    objecting = _standing(using).values("person_id")
    whole = Q(person__in=objecting) | Q(person__merged__in=objecting)
    accounts = models.Account.objects.using(using).filter(whole).distinct()
    yield from accounts.values_list("person_id", "keys")
    same = Q(pk__in=objecting) | Q(merged__in=objecting)
    claims = models.Person.objects.using(using).filter(same).exclude(claimed_keys=[])
    yield from claims.distinct().values_list("pk", "claimed_keys")


def named(using: str) -> dict[str, tuple[Mention, ...]]:
    """By post, the plain names that somebody who objects has found there and confirmed."""
    merged = _merged(using)
    objecting = {merged.get(p, p) for p in _standing(using).values_list("person_id", flat=True)}
    rows = models.NamedIn.objects.using(using).filter(confirmed=True).order_by("post", "start")
    found: defaultdict[str, list[Mention]] = defaultdict(list)
    for person, post, start, end in rows.values_list("person_id", "post", "start", "end"):
        whole = merged.get(person, person)
        if whole in objecting:
            found[post].append(Mention(start=start, end=end, key=f"named:{whole}"))
    return {post: tuple(spans) for post, spans in found.items()}


def holds(today: date, using: str) -> list[Scope]:
    """What nobody may use now, by an authority's or the operator's word, and groups that closed."""
    begun = Q(starts=None) | Q(starts__lte=today)
    standing = models.Hold.objects.using(using).filter(begun, lifted_at=None).order_by("entry")
    closed = models.GroupClosed.objects.using(using).order_by("name")
    scopes = [Scope.from_json(scope) for scope in standing.values_list("scope", flat=True)]
    return scopes + [Scope(group=name) for name in closed.values_list("name", flat=True)]


def _standing(using: str) -> QuerySet[models.Objection]:
    return models.Objection.objects.using(using).filter(withdrawn_at=None)


def _merged(using: str) -> Mapping[str, str]:
    people = models.Person.objects.using(using).exclude(merged_into=None)
    return dict(people.values_list("id", "merged_into_id"))


def _families(merged: Mapping[str, str]) -> Mapping[str, list[PersonId]]:
    """By whoever somebody has become, the names by which old models know them."""
    found: defaultdict[str, list[PersonId]] = defaultdict(list)
    for old, whole in merged.items():
        found[whole].append(PersonId(old))
    return found


def _reasons(law: Regimes, today: date, using: str, but: UUID | None) -> Iterator[tuple[str, int]]:
    yield from _standing(using).filter(scope_key="{}").values_list("person_id", "entry_id")
    accounts = models.Account.objects.using(using)
    closed = accounts.filter(Q(locked=True) | ~Q(refuses_training="") | Q(memorial=True))
    yield from closed.values_list("person_id", "line")
    deciding = models.Request.objects.using(using).filter(restricted=True).exclude(person=None)
    if but is not None:
        deciding = deciding.exclude(pk=but)
    yield from deciding.values_list("person_id", "opened_id")
    yield from _too_young(law, today, using)
    yield from _not_asked_yet(law, today, using)


def _too_young(law: Regimes, today: date, using: str) -> Iterator[tuple[str, int]]:
    """Children, by the strictest law of all the countries in which they have an account."""
    latest = max(regime.adult_at for regime in law.entries)
    people = models.Person.objects.using(using)
    young = people.filter(born__gt=_years_before(today, latest), merged_into=None)
    homes = _countries(young, using)
    for person, born, line in young.values_list("id", "born", "line"):
        if born and adult_from(law, today, born, homes[person]) > today:
            yield person, line


def adult_from(law: Regimes, today: date, born: date, countries: Iterable[str]) -> date:
    """Of age everywhere they are at home."""
    homes = [country or None for country in countries] or [None]
    return max(law.of(country, today).adult_from(born) for country in homes)


def _countries(people: QuerySet[models.Person], using: str) -> Mapping[str, set[str]]:
    """By person, every country in which they live or have an account."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    accounts = models.Account.objects.using(using).filter(person__in=people.values("pk"))
    for person, country in (
        *people.values_list("pk", "country"),
        *accounts.values_list("person_id", "country"),
    ):
        found[person].add(country)
    return found


def _not_asked_yet(law: Regimes, today: date, using: str) -> Iterator[tuple[str, int]]:
    """Those in a country where a Yes is needed, without one: it may have been taken back."""
    people = models.Person.objects.using(using)
    accounts = models.Account.objects.using(using)
    known = {*people.values_list("country", flat=True).distinct()}
    known |= {*accounts.values_list("country", flat=True).distinct()}
    asking = [each for each in known if each and law.of(each, today).choice != "opt-out"]
    if not asking:
        return
    for country in asking:
        off = law.of(country, today).choice != "opt-in"
        no_yes = Q() if off else Q(opted_in=False)
        there = people.filter(no_yes).filter(Q(country=country) | Q(accounts__country=country))
        yield from there.distinct().values_list("id", "line")


def _childhoods(law: Regimes, today: date, using: str) -> Iterator[tuple[str, Scope]]:
    """Posts from before they came of age, of everybody about whom we learned more since they were
    first seen: a date of birth that was put right may have made them a child's."""
    people = models.Person.objects.using(using).filter(line__gt=F("seen"), merged_into=None)
    window = min(regime.window_from(today) for regime in law.entries)
    oldest = window.year - max(regime.adult_at for regime in law.entries) - 1
    young = people.filter(born__gt=date(oldest, 1, 1))
    homes = _countries(young, using)
    for person, born in young.values_list("id", "born"):
        if born is not None:
            grown = adult_from(law, today, born, homes[person])
            if window < grown <= today:
                yield person, Scope(until=grown - timedelta(days=1))


def _chats_off(using: str) -> Iterator[tuple[str, Scope]]:
    """Chats of those who had switched them on and have switched them off again."""
    off = models.Person.objects.using(using).filter(chats_on=False, merged_into=None)
    once = off.filter(accounts__platform=models.CHATS).distinct()
    for person in once.values_list("pk", flat=True):
        yield person, Scope(kinds=(Kind.CHAT.value,))


def _untold(law: Regimes, today: date, using: str) -> Iterator[tuple[str, Scope]]:
    """Uses of which somebody counted as told until the letter came back."""
    back = (
        models.Delivery.objects.using(using)
        .exclude(bounced_at=None)
        .filter(seen_at=None, opened_at=None)
    )
    people = models.Person.objects.using(using).filter(deliveries__in=back, merged_into=None)
    for person in people.distinct().prefetch_related("deliveries__campaign"):
        deliveries = list(person.deliveries.all())
        uses = notice.untold(deliveries, person.country or None, law, today)
        if uses:
            yield person.pk, Scope(uses=tuple(use for use in Use if use in uses))


def _years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years, day=min(day.day, 28))
