"""Who objects now: the only answer there is, read from the database each time.

Nothing is cached here. A database that cannot be read, is gone, was replaced by an older one or
gives no answer raises StandingUnreadable, and then nobody's words are used. A No that waits in the
spool, because the database would not take it, is in force like any other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import Error as DatabaseFailure
from django.db import connections, transaction

from demur.corpus.facts import Stands
from demur.corpus.suppression import Suppressed
from demur.errors import StandingUnreadable
from demur.people import EVERYTHING, InForce, PersonId, Scope
from demur.policy import regimes as law_of_the_land
from demur.policy.regimes import Regimes
from demur.rights import models, silence, spool, table
from demur.rights.place import Place, here

READER = "reader"  # the second door to the database: sees every commit, writes nothing
EPOCH = "SELECT value FROM rights_epoch WHERE id = 1"
NOT_YET_A_LINE = -1  # of a No that waits in the spool


def of(site: Place, *, today: Callable[[], date], but: UUID | None = None) -> DatabaseStanding:
    """The standing of a site, by the law as it ships. but: see DatabaseStanding."""
    return DatabaseStanding(
        today=today,
        regimes=law_of_the_land.load(),
        database=site.database,
        spools=site.spools,
        but=but,
    )


class DatabaseStanding:
    """`people.Standing` over the database. May be shared by threads.

    today: the date by which somebody is under age. regimes: whose law says at what age.
    database: the SQLite file, watched so that one put in its place is noticed; None for a server.
    spools: where a No waits that the database did not take. but: a request whose own restriction
    does not count: for `deletion.search` alone, which looks for its proof (docs/decisions/0079).
    """

    def __init__(
        self,
        *,
        today: Callable[[], date],
        regimes: Regimes,
        database: Path | None,
        spools: Sequence[Path] = (),
        but: UUID | None = None,
    ) -> None:
        self._but = but
        self._today = today
        self._regimes = regimes
        self._database = database
        self._spools = tuple(spools)
        self._highest = 0
        self._raise_highest = threading.Lock()
        self._opened = threading.local()

    def epoch(self) -> int:
        with self._readable() as connection:
            floor, beside = self._highest, self._beside()
            with connection.cursor() as cursor:
                row = cursor.execute(EPOCH).fetchone()
            return self._not_below(floor, row[0] if row else None) + beside

    def in_force(self) -> InForce:
        today = self._today()
        with self._readable() as connection:
            # the spool before the database: a No that moves from one to the other is seen in both
            floor, beside, waiting = self._highest, self._beside(), spool.waiting(self._spools)
            with transaction.atomic(using=READER):
                with connection.cursor() as cursor:
                    row = cursor.execute(EPOCH).fetchone()
                silent = silence.silent(self._regimes, today, READER, but=self._but)
                narrowed = silence.narrowed(self._regimes, today, READER)
                for person, scope in spool.meant(waiting, READER):
                    if scope == EVERYTHING:
                        silent.setdefault(person, NOT_YET_A_LINE)
                    else:
                        narrowed[person] = (*narrowed.get(person, ()), scope)
                posts = models.Retracted.objects.using(READER).values_list("post", flat=True)
                found = silence.named(READER).items()
                return InForce(
                    epoch=self._not_below(floor, row[0] if row else None) + beside,
                    silent=silent,
                    narrowed=narrowed,
                    keys=silence.keys(READER) | spool.keys(waiting, READER),
                    named={post: frozenset(span.key for span in spans) for post, spans in found},
                    posts=frozenset(posts),
                    holds=tuple(silence.holds(today, READER)),
                )

    def _beside(self) -> int:
        """What can change without a line: a No in the spool, and the day, on which a hold may
        begin. It only grows."""
        return spool.ever(self._spools) + self._today().toordinal()

    @contextmanager
    def _readable(self) -> Iterator[Any]:
        """This thread's own reading connection; whatever fails inside means nobody can say."""
        connection = connections[READER]
        try:
            if self._database is not None:
                self._same_file(connection, self._database)
            yield connection
        except (DatabaseFailure, OSError, ValueError) as error:
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


def stands(*, today: date, regimes: Regimes, only: PersonId | None = None) -> Stands:
    """Everything a build or an explanation has to be told, read in one transaction.

    only: an explanation for one person: the table then holds them, and those who object.
    """
    waiting = spool.waiting(here().spools)
    with transaction.atomic(using=READER):
        narrowed: dict[PersonId, tuple[Scope, ...]] = silence.said_narrowly(READER)
        everything = set[str]()
        for person, scope in spool.meant(waiting, READER):
            if scope == EVERYTHING:
                everything.add(person)
            else:
                narrowed[person] = (*narrowed.get(person, ()), scope)
        return Stands(
            people=table.people_table(
                today=today, regimes=regimes, only=only, spooled=everything, using=READER
            ),
            today=today,
            regimes=regimes,
            holds=tuple(silence.holds(today, READER)),
            declared_groups=frozenset(
                models.GroupDeclared.objects.using(READER).values_list("name", flat=True)
            ),
            narrowed=narrowed,
            keys=silence.keys(READER) | spool.keys(waiting, READER),
            named=silence.named(READER),
            suppressed=_suppressed(),
        )


def _suppressed() -> Suppressed:
    """The marks of what people had posted who were erased."""
    rows = models.Suppression.objects.using(READER).values_list("kind", "mark")
    return Suppressed.of_marks((kind, bytes(mark)) for kind, mark in rows)
