"""What the law may know about each account, as one table: what the builder and "My data" read.

A lock, a No on a profile, an age, a choice and a request that is being decided are one person's
and not one account's: whoever is silent at the gate must be left out by the builder wholly, or
their shard could never speak again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import pyarrow as pa
from django.db.models import Q

from demur.corpus.facts import PEOPLE_SCHEMA
from demur.people import PersonId
from demur.policy.regimes import Regimes
from demur.rights import models, notice, silence

STRICTNESS = ("off", "opt-in", "opt-out")
"""Of the choices in several countries the first of these holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Law:
    """What is read once for all rows."""

    today: date
    regimes: Regimes
    objecting: Mapping[str, Collection[str | None]]
    restricted: Collection[str]
    deliveries: Mapping[str, Sequence[models.Delivery]]


def people_table(
    *,
    today: date,
    regimes: Regimes,
    only: PersonId | None = None,
    spooled: Collection[str] = (),
    using: str = "default",
) -> pa.Table:
    """`corpus.facts.PEOPLE_SCHEMA`, a row an account. only: this person, and those who object,
    since copies of what these wrote are nobody's to use. spooled: people whose No waits outside
    the database."""
    objecting = _objecting(spooled, using)
    wanted = None if only is None else {only, *objecting}
    law = _Law(
        today=today,
        regimes=regimes,
        objecting=objecting,
        restricted=_restricted(using),
        deliveries=_deliveries(wanted, using),
    )
    accounts = models.Account.objects.using(using).select_related("person")
    if wanted is not None:
        accounts = accounts.filter(person__in=wanted)
    rows = []
    for person, group in groupby(
        accounts.order_by("person", "pk").iterator(chunk_size=2000), key=lambda each: each.person
    ):
        rows += _rows(person, list(group), law)
    return pa.Table.from_pylist(rows, schema=PEOPLE_SCHEMA)


def _rows(
    person: models.Person, accounts: Sequence[models.Account], law: _Law
) -> list[dict[str, Any]]:
    own = law.objecting.get(person.pk, ())
    locked = any(account.locked for account in accounts)
    shared = {
        "person": person.pk,
        "objects": bool(own),
        "refuses_training": sorted(
            {line.split(" ")[-1] for a in accounts for line in a.refuses_training.splitlines()}
        ),
        "chats_on": person.chats_on,
        "opted_in": person.opted_in,
        "language": person.language or None,
        "restricted": person.pk in law.restricted,
        "memorial": any(account.memorial for account in accounts),
        **_at_home(person, accounts, law),
    }
    deliveries = law.deliveries.get(person.pk, ())
    return [
        {
            "account": account.pk,
            "platform": account.platform,
            "keys": account.keys,
            "locked": True if locked else account.locked,
            "objects_here": None in own or account.pk in own,
            "declared_audience": account.declared_audience or None,
            **shared,
            **_told(account.country or person.country or None, deliveries, law),
        }
        for account in accounts
    ]


def _at_home(
    person: models.Person, accounts: Iterable[models.Account], law: _Law
) -> dict[str, Any]:
    """What depends on every country they live in: the strictest choice and the latest majority."""
    countries = [person.country, *(account.country for account in accounts)]
    choices = {
        law.regimes.of(account.country or person.country or None, law.today).choice
        for account in accounts
    }
    born = person.born
    return {
        "choice": next(choice for choice in STRICTNESS if choice in choices),
        "adult_from": born and silence.adult_from(law.regimes, law.today, born, countries),
    }


def _told(country: str | None, deliveries: Sequence[models.Delivery], law: _Law) -> dict[str, Any]:
    """Whether a notice reached them, since when each use is allowed, and where they live."""
    moments = [moment for row in deliveries if (moment := notice.reached(row)) is not None]
    told = min(moments, default=None)
    untold = notice.untold(deliveries, country, law.regimes, law.today)
    return {
        "country": country,
        "notice_queued": told is None and bool(deliveries),
        "told": told and told.date(),
        "usable_from": told and notice.usable_from(told, country, law.regimes, law.today),
        "untold": sorted(str(use) for use in untold),
    }


def _objecting(spooled: Iterable[str], using: str) -> dict[str, set[str | None]]:
    """Who objects to everything, and with which of their accounts; None: with all of them."""
    found: defaultdict[str, set[str | None]] = defaultdict(set)
    no = models.Objection.objects.using(using).filter(withdrawn_at=None, scope_key="{}")
    for person, merged, account in no.values_list(
        "person_id", "person__merged_into_id", "account_id"
    ):
        found[merged or person].add(account)
    for person in spooled:
        found[person].add(None)
    return found


def _restricted(using: str) -> set[str]:
    asked = models.Request.objects.using(using).filter(restricted=True).exclude(person=None)
    pairs = asked.values_list("person_id", "person__merged_into_id")
    return {str(merged or person) for person, merged in pairs}


def _deliveries(
    wanted: Collection[str] | None, using: str
) -> Mapping[str, Sequence[models.Delivery]]:
    found: defaultdict[str, list[models.Delivery]] = defaultdict(list)
    rows = models.Delivery.objects.using(using).select_related("campaign").order_by("pk")
    if wanted is not None:
        rows = rows.filter(Q(person__in=wanted))
    for row in rows.iterator(chunk_size=2000):
        found[row.person_id].append(row)
    return found
