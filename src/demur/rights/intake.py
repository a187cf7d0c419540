"""Taking an archive in: posts into the lake, accounts into the database, counts into the book.

Posts are staged beside the lake first; one transaction then acknowledges the import, and only
after it do the posts move into place. A crash leaves either nothing or an acknowledged import
that `recover` finishes. An archive that cannot be read wholly leaves nothing.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from demur.archives import reader
from demur.corpus.lake import Lake, Staged
from demur.errors import Refusal
from demur.people import AccountId, PersonId
from demur.posts import Audience, Hidden, Post
from demur.rights import accounts, book, models, people, silence
from demur.rights.place import Place

NOT_DESCRIBED = "account not described"
ERASED = "somebody who was erased here"
COUNTS = ("read", "stored", "already", "amended", "accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, in posts; `accounts` are those seen here for the first time.

    amended: posts of which it says something else than what was stored (`corpus.rereading`).
    """

    platform: str
    read: int
    stored: int
    already: int
    skipped: Mapping[str, int]
    accounts: int
    amended: int = 0
    problems: tuple[str, ...] = ()  # sentences about files of which nothing was taken
    groups: Mapping[str, int] = field(default_factory=dict)  # posts of groups nobody declared


def take(
    site: Place,
    path: Path,
    *,
    now: datetime,
    platform: str | None = None,
    audience: Audience | None = None,
    groups: Iterable[str] = (),
    draw: book.Draw = secrets.token_bytes,
) -> ImportReport:
    """Import the archive at `path`. Taking the same one in again changes nothing.

    platform: where the reader cannot tell. audience: who could see this owner's posts, for
    archives that do not say. groups: whose posts the operator's records say are public.
    """
    hidden: list[Hidden] = []
    with (
        only_import(site.lake),
        reader.open_archive(path, platform=platform, hid=hidden.append) as reading,
    ):
        lake = Lake(site.lake, site.home)
        finish(lake)
        told = {account.id: account for account in reading.accounts()}
        erased = accounts.of_the_erased(told.values(), reading.links, site.home)
        told = {key: account for key, account in told.items() if key not in erased}
        owners = accounts.owners_of(told, reading.links, draw)
        import_id, stray = draw(16).hex(), Counter[str]()
        arriving = _with_people(_and_hidden(reading.posts(), hidden), owners, erased, stray)
        staged = lake.stage(import_id, arriving)
        changes = accounts.Changes(
            told.values(),
            owners,
            source=reading.platform,
            audience=audience.value if audience else "",
            groups=groups,
            draw=draw,
        )
        with book.writing():
            if accounts.of_the_erased(told.values(), reading.links, site.home):
                raise Refusal("Somebody in this archive was erased meanwhile; import it again.")
            changes.find()
            report = _report(reading, staged, stray, len(changes.new))
            if changes or report.stored or report.amended:
                _acknowledge(import_id, report, staged, changes, now=now, draw=draw)
        finish(lake)
        for one, other in reading.links:
            if one in owners and other in owners and owners[one] != owners[other]:
                people.link(one, other, now=now, draw=draw)
        follow(lake)
        return report


def recover(site: Place) -> None:
    """Finish what a crash interrupted: imports forward or back, posts to whom they belong."""
    try:
        with only_import(site.lake, wait=False):
            lake = Lake(site.lake, site.home)
            finish(lake)
            follow(lake)
    except BlockingIOError:
        return  # an import is under way and finishes its own things


def _report(reading: reader.Reading, staged: Staged, stray: Counter[str], new: int) -> ImportReport:
    return ImportReport(
        platform=reading.platform,
        read=staged.read,
        stored=staged.new,
        already=staged.already_here,
        amended=len(staged.amended),
        skipped=dict(reading.skipped + stray),
        accounts=new,
        problems=tuple(reading.problems),
        groups=dict(reading.groups),
    )


def _acknowledge(
    import_id: str,
    report: ImportReport,
    staged: Staged,
    changes: accounts.Changes,
    *,
    now: datetime,
    draw: book.Draw,
) -> None:
    """The rows and the line of an import; from the commit on, its posts are in the lake."""
    counts = {name: getattr(report, name) for name in COUNTS}
    counts["skipped"] = report.skipped
    payload = {"counts": counts, "platform": report.platform, "people": changes.commitments()}
    entry = book.append("import", payload, now=now, draw=draw)
    models.Import.objects.create(
        id=import_id, platform=report.platform, counts=counts, entry=entry, at=now
    )
    changes.save(entry.index)
    if _retract(staged, entry.index) or changes:
        book.bump()


def _retract(staged: Staged, line: int) -> bool:
    """Silence at once what may be used less now, before any build; did that change anything?

    A tag or mention that was added silences where it points at somebody who objects: the gate
    knows only those that were there at the last build.
    """
    objecting = silence.keys("default") if staged.pointing else frozenset()
    pointing = {post for post, keys in staged.pointing.items() if not objecting.isdisjoint(keys)}
    gone = sorted({*staged.retracted, *pointing})
    rows = [models.Retracted(post=post, line=line) for post in gone]
    models.Retracted.objects.bulk_create(rows, batch_size=accounts.AT_ONCE, ignore_conflicts=True)
    opened = sorted({*staged.opened} - {*gone})
    for at in range(0, len(opened), accounts.AT_ONCE):
        some = opened[at : at + accounts.AT_ONCE]
        models.Retracted.objects.filter(pk__in=some).delete()
    return bool(gone or opened)


def _and_hidden(posts: Iterable[Post], hidden: list[Hidden]) -> Iterator[Post | Hidden]:
    """The posts, and between them what the reader passed over on its way to them."""
    for post in posts:
        yield from hidden
        hidden.clear()
        yield post
    yield from hidden


def _with_people(
    posts: Iterable[Post | Hidden],
    owners: Mapping[AccountId, PersonId],
    erased: Collection[AccountId],
    stray: Counter[str],
) -> Iterator[tuple[PersonId, Post | Hidden]]:
    for post in posts:
        owner = owners.get(post.account)
        if owner is not None:
            yield owner, post
        elif isinstance(post, Post):
            stray[ERASED if post.account in erased else NOT_DESCRIBED] += 1


def finish(lake: Lake) -> None:
    """Imports that the database acknowledged go on, others go back; with no import under way."""
    for import_id in lake.staged():
        if models.Import.objects.filter(pk=import_id).exists():
            lake.publish(import_id)
        else:
            lake.discard(import_id)


def follow(lake: Lake) -> None:
    """Posts of people who turned out to be somebody we knew follow them to their shard."""
    for gone in models.Person.objects.filter(to_move=True).order_by("pk"):
        lake.move(PersonId(gone.pk), PersonId(str(gone.merged_into_id)))
        models.Person.objects.filter(pk=gone.pk).update(to_move=False)


@contextmanager
def only_import(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """One import a site at a time; BlockingIOError where one runs and we may not wait."""
    handle = os.open(folder / ".import.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(handle)
