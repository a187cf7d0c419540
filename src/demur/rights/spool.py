"""The spool: where a No waits when the database cannot take it.

A database that is locked, or a full disk, must not turn anybody away. The No is then one file,
readable by its owner alone, on the disk when `keep` returns; whoever asks who objects reads it
too, so it is in force from that moment; and it is submitted, with the time at which it was said,
as soon as the database takes it. It writes no line of the book itself and promises no receipt.

On a full disk whatever is freed is taken by whoever writes next, and the database tries again and
again. So files of one block each are put by in each spool, and a No is written over one of them: it
takes nothing from the disk. Only one that is longer has room freed for it.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Q

from demur.corpus import files, mentions
from demur.people import AccountId, PersonId, Scope
from demur.rights import models, objection, people
from demur.rights.place import Place

log = logging.getLogger(__name__)

RESERVE = "reserve"
PUT_BY = 256  # files: as many Nos find a place in each spool while its disk is full
BLOCK = 4096  # bytes of each
MOST_BLOCKS = 16  # of a No with the longest reason, and what others take of the room freed for it
FULL = (errno.ENOSPC, errno.EDQUOT)
FIELDS = frozenset({
    "person", "who", "email", "route", "scope", "reason", "account", "keys", "names", "language",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A No that the database has not taken yet.

    said: person (an id, where the asker is known), who (an account, a handle or an address, as
    typed), email, route, scope (`Scope.to_json`), reason, account; keys, names and language for
    somebody who has no account.
    """

    path: Path
    at: datetime
    said: Mapping[str, Any]

    @property
    def scope(self) -> Scope:
        return Scope.from_json(self.said.get("scope", {}))


def prepare(site: Place) -> None:
    """Make the spools and put by what a No will need on a full disk. OSError where one cannot be
    made: a spool that is named and missing is one in which a No may be waiting."""
    for folder in site.spools:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        try:
            _put_by(folder)
        except OSError as error:
            if error.errno not in FULL:  # else the site must start all the same: Nos come in
                raise
            log.warning("the disk of a spool is full, so nothing more is put by there")


def keep(site: Place, said: Mapping[str, Any], *, now: datetime) -> Waiting:
    """Write a No down outside the database; it is on the disk when this returns.

    The site's own spool first, then the other one. OSError where neither takes it: then the asker
    must be told that nothing was noted.
    """
    if unknown := said.keys() - FIELDS:
        raise ValueError(f"a No in the spool has no field {sorted(unknown)}")
    objection.proper(Scope.from_json(said.get("scope", {})))  # else nobody could read what stands
    if said.get("route", "form") not in objection.ROUTES:
        raise ValueError(f"no objection comes by {said['route']!r}")
    raw = json.dumps({"at": now.isoformat(), "said": dict(said)}, ensure_ascii=False).encode()
    failed: OSError | None = None
    for folder in site.spools:
        try:
            path = _write(folder, raw)
        except OSError as error:
            failed = error
        else:
            return Waiting(path=path, at=now, said=dict(said))
    raise failed or OSError(errno.ENOENT, "this site has no spool")


def waiting(folders: Sequence[Path]) -> list[Waiting]:
    """Everything that waits, in the order it was said. OSError or ValueError where that cannot be
    known: then nobody can say who objects."""
    paths = [path for folder in folders for path in _files(folder, ".json")]
    found = [each for path in paths for each in _read(path)]
    return sorted(found, key=lambda each: (each.at, each.path.name))


def ever(folders: Sequence[Path]) -> int:
    """How many were ever kept here. It only grows, and changes in the moment one is kept."""
    return sum(max(map(_number, _files(folder)), default=0) for folder in folders)


def meant(said: Iterable[Waiting], using: str) -> Iterator[tuple[PersonId, Scope]]:
    """Everybody whom a waiting No can mean, under each name they have had: all of them are silent
    until it is known who it was."""
    for each in said:
        for person in _meant(each, using):
            same = models.Person.objects.using(using).filter(
                Q(pk=person.merged_into_id or person.pk)
                | Q(merged_into=person.merged_into_id or person.pk)
            )
            for key in same.values_list("pk", flat=True):
                yield PersonId(key), each.scope


def keys(said: Sequence[Waiting], using: str) -> frozenset[str]:
    """The mention keys that a waiting No covers, as `silence.keys` has it for those that stand."""
    found = {key for each in said for key in _masked(each.scope, each.said.get("keys", ()))}
    accounts = models.Account.objects.using(using)
    for person, scope in meant(said, using):
        for theirs in accounts.filter(person=person).values_list("keys", flat=True):
            found.update(_masked(scope, theirs))
    return frozenset(found)


def _masked(scope: Scope, keys: Iterable[str]) -> Iterator[str]:
    return (key for key in keys if mentions.masks(scope, key))


def replay(site: Place, now: datetime) -> int:
    """Submit what waits, in order and as of the time it was said; how many were taken.

    Killed anywhere, the next one goes on: the same No twice is one. A database that still does
    not answer raises its error and leaves the rest waiting.
    """
    taken = 0
    for each in waiting(site.spools):
        _submit(site, each, now)
        _done(each.path)
        taken += 1
    for folder in site.spools:
        with suppress(OSError):  # the disk is full still; the next round tries again
            _put_by(folder)
    return taken


def keep_replaying(
    site: Place, stop: threading.Event, clock: Callable[[], datetime], every: float = 10
) -> None:
    """Submit what waits every few seconds until `stop`: for a thread beside the pages."""
    while not stop.wait(every):
        try:
            replay(site, clock())
        except (DatabaseError, OSError, ValueError) as error:
            log.warning("the spool waits: %s", type(error).__name__)
        finally:
            connection.close()


def _submit(site: Place, each: Waiting, now: datetime) -> None:
    said = each.said
    persons = [people.whole(person) for person in _meant(each, "default")]
    if not persons and people.is_address(said.get("email")):
        persons = [
            people.stranger(
                said["email"],
                keys=said.get("keys", ()),
                names=said.get("names", ()),
                language=said.get("language", ""),
                now=each.at,
            )
        ]
    account = said.get("account")
    if not models.Account.objects.filter(pk=account).exists():
        account = None
    for person in persons:
        email = said.get("email")
        objection.submit(
            person,
            route=_route(said),
            scope=each.scope,
            email=email if people.is_address(email) else None,
            reason=said.get("reason", ""),
            account=account and AccountId(account),
            now=each.at,
        )
    if not persons:  # nobody could be told whose No it is: the desk reads it
        models.Incoming.objects.get_or_create(
            mark=site.home.mark("spool", each.path.read_bytes()),
            defaults={
                "came_at": each.at,
                "outcome": "unclear",
                "sender": "",
                "words": f"{said.get('who', '')}\n{said.get('reason', '')}".strip(),
            },
        )


def _route(said: Mapping[str, Any]) -> str:
    """Whoever could not be looked up proved nothing: its owner can undo such a No."""
    route = str(said.get("route", "form"))
    return route if said.get("person") or route in objection.BY_OTHERS else "email"


def _meant(each: Waiting, using: str) -> list[models.Person]:
    said, rows = each.said, models.Person.objects.using(using)
    if said.get("person"):
        return list(rows.filter(pk=said["person"]))
    who = str(said.get("who") or said.get("email") or "").strip()
    if not who:
        return []
    handle = who.removeprefix("@")
    named = Q(accounts__handle__iexact=handle) | Q(accounts__handle__iexact="@" + handle)
    return list(rows.filter(Q(accounts__pk=who) | named | Q(email__iexact=who)).distinct())


def _write(folder: Path, raw: bytes) -> Path:
    temporary = folder / f".{os.getpid()}.{os.urandom(8).hex()}.new"
    try:
        _write_whole(temporary, raw)
        number = ever([folder])
        while True:
            number += 1
            path = folder / f"{number:08}.json"
            with suppress(FileExistsError):  # somebody else's No came in between: the next number
                os.link(temporary, path)
                break
    finally:
        temporary.unlink(missing_ok=True)
    files.sync_folder(folder)
    return path


def _write_whole(path: Path, raw: bytes) -> None:
    try:
        return _write_new(path, raw)
    except OSError as error:
        if error.errno not in FULL:
            raise
    if len(raw) <= BLOCK:
        return _write_over(path, raw)
    while _give_up(path.parent):
        with suppress(OSError):
            return _write_new(path, raw)
    raise OSError(errno.ENOSPC, "the disk is full, and so is what was put by on it")


def _write_new(path: Path, raw: bytes) -> None:
    try:
        handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _write_over(path: Path, raw: bytes) -> None:
    """In the place of a file that was put by; JSON may end in spaces."""
    for block in _put_by_in(path.parent):
        with suppress(FileNotFoundError):  # another No has it: the next
            block.rename(path)
            with path.open("r+b") as file:
                file.write(raw.ljust(BLOCK))
                file.flush()
                os.fsync(file.fileno())
            return
    raise OSError(errno.ENOSPC, "the disk is full, and so is what was put by on it")


def _give_up(folder: Path) -> bool:
    """Give some of what was put by back to the disk; was there any?"""
    blocks = _put_by_in(folder)[:MOST_BLOCKS]
    for block in blocks:
        block.unlink(missing_ok=True)
    return bool(blocks)


def _put_by_in(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError):
        return sorted((folder / RESERVE).iterdir())
    return []


def _put_by(folder: Path) -> None:
    """Allocated and not only sized: a file of holes takes nothing from the disk. Each is made
    beside the Nos before it is put away, so that there is room for as many names among them too."""
    reserve = folder / RESERVE
    reserve.mkdir(mode=0o700, exist_ok=True)
    there = {block.name for block in reserve.iterdir()}
    lacking = [name for number in range(PUT_BY) if (name := f"{number:04}") not in there]
    made: list[Path] = []
    try:
        for name in lacking:
            made.append(folder / f".{name}.{os.getpid()}.{os.urandom(8).hex()}.new")
            handle = os.open(made[-1], os.O_CREAT | os.O_WRONLY, 0o600)
            try:
                os.posix_fallocate(handle, 0, BLOCK)
            finally:
                os.close(handle)
        for path, name in zip(made, lacking, strict=True):
            path.replace(reserve / name)
    finally:
        for path in made:
            path.unlink(missing_ok=True)


def _done(path: Path) -> None:
    """Take a No out of the spool; the last number stays, so that `ever` does not shrink."""
    path.with_suffix(".done").touch(mode=0o600)
    path.unlink(missing_ok=True)
    for older in _files(path.parent, ".done"):
        if _number(older) < ever([path.parent]):
            older.unlink(missing_ok=True)


def _files(folder: Path, suffix: str = "") -> list[Path]:
    """The kept ones and the done ones. FileNotFoundError where the spool itself is missing."""
    with os.scandir(folder) as found:
        names = [entry.name for entry in found if entry.name.endswith(suffix or (".json", ".done"))]
    return [folder / name for name in names if name[0].isdigit()]


def _number(path: Path) -> int:
    return int(path.name.partition(".")[0])


def _read(path: Path) -> Iterator[Waiting]:
    """Nothing where it was submitted meanwhile: then it stands in the database, read after us."""
    with suppress(FileNotFoundError):
        value = json.loads(path.read_bytes())
        yield Waiting(path=path, at=datetime.fromisoformat(value["at"]), said=value["said"])
