"""Erasing somebody at their own word: what they wrote goes, their No stays, and so does the proof
that it was kept.

In this order, so that a crash anywhere leaves something that the same call finishes: they object
(from then on nothing of theirs is used), what will recognise copies and a new import is marked,
the lake forgets them, and one last transaction empties the tables. What stays of them: a random
number that proves their absence from later models, the lines of the book with the openings of
their No, keyed marks, and the handles by which others mention them, since without these nobody
could go on masking them (docs/decisions/0078). Models and memories that held them are silent at
once and made anew by the worker.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import connection

from demur.corpus import suppression
from demur.corpus.lake import Lake
from demur.people import Home, PersonId
from demur.rights import book, models, objection, people
from demur.rights.place import Place

AT_ONCE = 500  # rows a query


def erase(
    site: Place,
    person: models.Person,
    *,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> int:
    """Erase this person; how many posts went in this call. Erased already is erased: 0.

    Whatever proof of who is asking it takes, the caller has seen.
    """
    person = people.whole(models.Person.objects.get(pk=person.pk))
    if person.erased_at is not None:
        return 0
    if person.accounts.exists() or person.claimed_keys:
        objection.submit(person, route="form", now=now, draw=draw)
    _mark(site, person)
    lake = Lake(site.lake, site.home)
    posts = sum(lake.erase(PersonId(member.pk)) for member in people.family(person))
    _forget(person, posts, now=now, draw=draw)
    overwrite()
    return posts


def overwrite() -> None:
    """What was deleted leaves the write-ahead log too, where the database has one.

    `secure_delete` overwrites the rows; the log keeps pages as they were until it is emptied. A
    reader that is in the middle of it keeps it for that moment, and the next call empties it.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def account_mark(home: Home, account: str) -> bytes:
    """By which an import knows an account whose owner was erased."""
    return home.mark("account", account.encode())


def email_mark(home: Home, address: str) -> bytes:
    return home.mark("email", address.strip().casefold().encode())


def _mark(site: Place, person: models.Person) -> None:
    """Before anything goes: copies by others stay out, and nobody imports them anew."""
    family = [PersonId(member.pk) for member in people.family(person)]
    lake = Lake(site.lake, site.home)
    parts = [part for shard in sorted({site.home.shard(p) for p in family})
             for part in lake.parts(shard)]  # fmt: skip
    marks = list(suppression.of_people(parts, family).marks())
    accounts = models.Account.objects.filter(person__in=family)
    marks += [
        ("account", account_mark(site.home, key)) for key in accounts.values_list("pk", flat=True)
    ]
    marks += [("email", email_mark(site.home, address)) for address in _own_addresses(person)]
    for at in range(0, len(marks), AT_ONCE):
        models.Suppression.objects.bulk_create(
            [models.Suppression(kind=kind, mark=mark) for kind, mark in marks[at : at + AT_ONCE]],
            ignore_conflicts=True,
        )


def _own_addresses(person: models.Person) -> set[str]:
    """Theirs alone: a household's address would keep the others out too."""
    family = people.family(person)
    others = models.Person.objects.exclude(pk__in=[member.pk for member in family])
    theirs = {member.email for member in family if member.email}
    return {address for address in theirs if not others.filter(email__iexact=address).exists()}


def _forget(person: models.Person, posts: int, *, now: datetime, draw: book.Draw) -> None:
    """The tables, in one transaction: words, addresses, names; not the No and not the lines."""
    with book.writing():
        family = people.family(person)
        keys = {key for each in family for key in each.claimed_keys}
        accounts = models.Account.objects.filter(person__in=family)
        keys = keys.union(*accounts.values_list("keys", flat=True))
        models.LinkAsked.objects.filter(by__in=family).delete()
        accounts.delete()
        for member in family:
            _empty(member, now)
        models.Person.objects.filter(pk=family[0].pk).update(claimed_keys=sorted(keys))
        models.Objection.objects.filter(person__in=family).update(reason="", email="")
        models.Request.objects.filter(person__in=family).update(
            said="", appeal="", evidence=[], callback="", agent_request=""
        )
        models.Letter.objects.filter(person__in=family).delete()
        models.Delivery.objects.filter(person__in=family).delete()
        models.NamedIn.objects.filter(person__in=family).exclude(confirmed=True).delete()
        models.Incoming.objects.filter(person__in=family).update(sender="", words="")
        openings = models.Opening.objects.filter(person__in=family)
        openings.exclude(entry__objection__scope_key="{}").delete()
        book.append("erased", {"posts": posts}, person=family[0], now=now, draw=draw)
        book.bump()


def _empty(member: models.Person, now: datetime) -> None:
    user, member.user = member.user, None
    member.email = member.country = member.language = ""
    member.born, member.opted_in, member.chats_on, member.named = None, False, False, False
    member.claimed_keys, member.claimed_names = [], []
    member.erased_at = now
    member.save()
    if user is not None and not user.is_staff:
        user.delete()
