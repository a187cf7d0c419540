"""Who objects now: the only answer there is, read from the database each time.

Nothing is cached here. A database that cannot be read, is gone, was replaced by an older one or
gives no answer raises StandingUnreadable, and then nobody's words are used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.db import Error as DatabaseFailure
from django.db import connections, transaction
from django.db.models import Q

from demur.corpus.facts import PEOPLE_SCHEMA
from demur.errors import StandingUnreadable
from demur.people import InForce, PersonId, Scope
from demur.policy import regimes
from demur.policy.regimes import Regimes
from demur.rights import models, notice
from demur.rights.place import Place

READER = "reader"  # the second door to the database: sees every commit, writes nothing
EPOCH = "SELECT value FROM rights_epoch WHERE id = 1"


def of(site: Place, *, today: Callable[[], date]) -> DatabaseStanding:
    """The standing of a site, by the law as it ships."""
    return DatabaseStanding(today=today, regimes=regimes.load(), database=site.database)


class DatabaseStanding:
    """`people.Standing` over the database. May be shared by threads.

    today: the date by which somebody is under age. regimes: whose law says at what age.
    database: the SQLite file, watched so that one put in its place is noticed; None for a server.
    """

    def __init__(
        self, *, today: Callable[[], date], regimes: Regimes, database: Path | None
    ) -> None:
        self._today = today
        self._regimes = regimes
        self._database = database
        self._highest = 0
        self._raise_highest = threading.Lock()
        self._opened = threading.local()

    def epoch(self) -> int:
        with self._readable() as connection:
            floor = self._highest
            with connection.cursor() as cursor:
                row = cursor.execute(EPOCH).fetchone()
            return self._not_below(floor, row[0] if row else None)

    def in_force(self) -> InForce:
        with self._readable() as connection:
            floor = self._highest
            with transaction.atomic(using=READER):
                with connection.cursor() as cursor:
                    row = cursor.execute(EPOCH).fetchone()
                return InForce(
                    epoch=self._not_below(floor, row[0] if row else None),
                    silent=_silent(self._regimes, self._today()),
                    keys=_keys(),
                    holds=tuple(holds(using=READER)),
                )

    @contextmanager
    def _readable(self) -> Iterator[Any]:
        """This thread's own reading connection; whatever fails inside means nobody can say."""
        connection = connections[READER]
        try:
            if self._database is not None:
                self._same_file(connection, self._database)
            yield connection
        except (DatabaseFailure, OSError) as error:
            connection.close()
            message = "Nobody can say who objects now, because the database does not answer;"
            message += " until it does, no one's words are used. Check that it is there and whole."
            raise StandingUnreadable(message) from error

    def _same_file(self, connection: Any, path: Path) -> None:
        """SQLite goes on reading a file that was deleted or replaced; notice, and open anew."""
        stat = path.stat()
        file = (stat.st_dev, stat.st_ino)
        if connection.connection is None or getattr(self._opened, "file", None) != file:
            connection.close()
            connection.ensure_connection()
            self._opened.file = file

    def _not_below(self, floor: int, value: int | None) -> int:
        if value is None or value < floor:
            message = "The database was put back to an earlier state, so objections may be missing;"
            raise StandingUnreadable(f"{message} restore the newest copy and start again.")
        with self._raise_highest:
            self._highest = max(self._highest, value)
        return value


def holds(using: str = "default") -> list[Scope]:
    """What nobody may use now, by an authority's or the operator's word."""
    standing = models.Hold.objects.using(using).filter(lifted_at=None).order_by("entry")
    return [Scope(**scope) for scope in standing.values_list("scope", flat=True)]


def declared_groups() -> list[str]:
    """Groups that the operator's records say are public."""
    return list(models.GroupDeclared.objects.order_by("name").values_list("name", flat=True))


def suppressed() -> list[bytes]:
    """The hashes of texts by people who were erased (`posts.text_hash`)."""
    hashes = models.Suppressed.objects.order_by("text_hash").values_list("text_hash", flat=True)
    return [bytes(each) for each in hashes]


def _silent(law: Regimes, today: date) -> dict[PersonId, int]:
    """Everybody whose words may not be used now, with the line of the book that says so.

    A No, a closed profile or a machine-readable No on one account is the whole person's, and so
    is everybody who turned out to be the same person: old models know them by their old name.
    """
    people = models.Person.objects.using(READER)
    merged = dict(people.exclude(merged_into=None).values_list("id", "merged_into_id"))
    lines: dict[str, int] = {}
    for person, line in _reasons(law, today):
        whole = merged.get(person, person)
        lines[whole] = min(line, lines.get(whole, line))
    lines |= {old: lines[whole] for old, whole in merged.items() if whole in lines}
    return {PersonId(person): line for person, line in lines.items()}


def _reasons(law: Regimes, today: date) -> Iterator[tuple[str, int]]:
    no = models.Objection.objects.using(READER).filter(withdrawn_at=None)
    yield from no.values_list("person_id", "entry_id")
    accounts = models.Account.objects.using(READER)
    closed = accounts.filter(Q(locked=True) | ~Q(refuses_training=""))
    yield from closed.values_list("person_id", "line")
    people = models.Person.objects.using(READER)
    latest = max(regime.adult_at for regime in law.entries)
    young = people.filter(born__gt=_years_before(today, latest))
    for person, born, country, line in young.values_list("id", "born", "country", "line"):
        if born and law.of(country or None, today).adult_from(born) > today:
            yield person, line


def _keys() -> frozenset[str]:
    """By which strings other people's posts point at those who object."""
    no = models.Objection.objects.using(READER).filter(withdrawn_at=None)
    objectors = Q(person__objections__in=no) | Q(person__merged__objections__in=no)
    accounts = models.Account.objects.using(READER).filter(objectors)
    return frozenset(key for keys in accounts.values_list("keys", flat=True) for key in keys)


def _years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years, day=min(day.day, 28))


def people_table(*, today: date, regimes: Regimes) -> pa.Table:
    """What the law may know about each account, as `corpus.facts.PEOPLE_SCHEMA` has it.

    A lock, a No on a profile and an age are one person's and not one account's: whoever is silent
    at the gate must be left out by the builder wholly, or their shard could never speak again.
    """
    objecting = _objecting()
    rows = []
    accounts = models.Account.objects.select_related("person__notice").order_by("person", "pk")
    for person, group in groupby(accounts, key=lambda account: account.person):
        theirs = list(group)
        locked = any(account.locked for account in theirs)
        refusals = sorted(
            {line.split(" ")[-1] for a in theirs for line in a.refuses_training.splitlines()}
        )
        for account in theirs:
            own = objecting.get(person.pk, set())
            rows.append(
                {
                    "account": account.pk,
                    "person": person.pk,
                    "platform": account.platform,
                    "keys": account.keys,
                    "locked": True if locked else account.locked,
                    "objects": bool(own),
                    "objects_here": None in own or account.pk in own,
                    "refuses_training": refusals,
                    "chats_on": False,
                    "opted_in": person.opted_in,
                    "declared_audience": account.declared_audience or None,
                    "language": person.language or None,
                    **_by_country(account, person, today, regimes),
                }
            )
    return pa.Table.from_pylist(rows, schema=PEOPLE_SCHEMA)


def _by_country(
    account: models.Account, person: models.Person, today: date, regimes: Regimes
) -> dict[str, Any]:
    """What depends on where they live: majority, choice, and since when their posts may be used."""
    country = account.country or person.country or None
    regime = regimes.of(country, today)
    at_home = regimes.of(person.country or None, today)
    told = notice.told_by(getattr(person, "notice", None))
    return {
        "country": country,
        "choice": regime.choice,
        "adult_from": person.born
        and max(regime.adult_from(person.born), at_home.adult_from(person.born)),
        "notice_queued": told is None and hasattr(person, "notice"),
        "told": told and told.date(),
        "usable_from": told and notice.usable_from(told, country, regimes, today),
    }


def _objecting() -> dict[str, set[str | None]]:
    """Who objects, and with which of their accounts; None: with all of them."""
    found: dict[str, set[str | None]] = {}
    no = models.Objection.objects.filter(withdrawn_at=None)
    for person, merged, account in no.values_list(
        "person_id", "person__merged_into_id", "account_id"
    ):
        found.setdefault(merged or person, set()).add(account)
    return found
