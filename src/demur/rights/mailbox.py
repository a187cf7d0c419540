"""Mail that reaches us: a clear No in it counts, a letter that came back un-tells.

A No needs little proof, so the sender's address is believed: it takes effect first, each account
of that address is told at that address, and can undo it by a link. Taking a No back needs strong
proof and is never done by mail. Who writes from an address that we do not know gets a link to
object by; nobody else learns whether we knew it. What is unclear is kept for a person, and its
sender is pointed to the form; nothing is fenced on a guess.

A mail is taken once. Its words are kept only where a person must read them.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from django.db import DatabaseError, connection

from demur.rights import bounces, heard, imap, letters, mail, models, objection, people
from demur.rights.incoming import MOST, WORDS, Read, read
from demur.rights.place import here

log = logging.getLogger(__name__)

ANSWERS_A_DAY = 3  # of one kind to one address: two programs that answer each other must stop
FILES = "in"  # the folder in mail/ whose files are read
ASKED = timedelta(minutes=1)  # between two looks at a mail server


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """outcome: objection, unknown, takes-back, unclear, automatic, bounce, or again."""

    outcome: str
    person: models.Person | None = None


class Server(Protocol):
    """Where to ask for mail by IMAP; host is None where mails come as files."""

    @property
    def host(self) -> str | None: ...
    @property
    def port(self) -> int: ...
    @property
    def user(self) -> str: ...
    @property
    def folder(self) -> str: ...


class Settings(Protocol):
    @property
    def mailbox(self) -> Server: ...


class Place(Protocol):
    """What `demur.site.folder.Site` is to somebody who looks for mail."""

    @property
    def mail(self) -> Path: ...
    @property
    def config(self) -> Settings: ...
    @property
    def imap_password(self) -> str: ...


def fetch(site: Place, now: datetime, *, every: timedelta = timedelta(0)) -> int:
    """Take what has arrived: files in mail/in/, and mails on the server that is configured.

    Returns how many were new. every: how long the server is left alone after it was asked. A file
    is removed once it was taken; on the server nothing is changed, and what was taken there is
    remembered by its number. A server that does not answer is asked again the next time. Where
    another process is taking the mail at this moment, it is left to that one.
    """
    with _alone(site.mail) as alone:
        return _fetch(site, now, every) if alone else 0


def keep_fetching(
    site: Place, stop: threading.Event, clock: Callable[[], datetime], every: float = 2
) -> None:
    """Take what has arrived every few seconds until `stop`; a mail server is asked each minute.

    For a thread beside the web pages, since the worker may be training for an hour. Where the
    database does not answer, the mails stay where they are.
    """
    while not stop.wait(every):
        try:
            fetch(site, clock(), every=ASKED)
        except (DatabaseError, OSError, ValueError) as error:
            log.warning("incoming mail waits: %s", type(error).__name__)
        finally:
            connection.close()


def _fetch(site: Place, now: datetime, every: timedelta) -> int:
    count = sum(_take_file(path, now) for path in _files(site.mail / FILES))
    server = site.config.mailbox
    if server.host is None:
        return count
    memory = site.mail / ".imap.json"
    seen = json.loads(memory.read_text("utf-8")) if memory.exists() else {}
    if "asked" in seen and now - datetime.fromisoformat(seen["asked"]) < every:
        return count
    box = imap.Box(
        host=server.host,
        port=server.port,
        user=server.user,
        folder=server.folder,
        password=site.imap_password,
    )
    seen["asked"] = now.isoformat()
    _remember(memory, seen)
    try:
        for found in imap.new(box, validity=seen.get("validity"), after=seen.get("uid", 0)):
            count += take(found.raw, now=now).outcome != "again"
            seen |= {"validity": found.validity, "uid": found.uid}
            _remember(memory, seen)
    except imap.FAILURES as error:
        log.warning("the mailbox does not answer (%s); it is asked again", type(error).__name__)
    return count


def _files(folder: Path) -> Iterator[Path]:
    """Mails put there whole: a name that begins with a dot is still being written. A Maildir's
    own `new` is read as well."""
    for place in (folder, folder / "new"):
        if place.is_dir():
            for path in sorted(place.iterdir()):
                if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                    yield path


def _take_file(path: Path, now: datetime) -> bool:
    """A crash before the file is gone takes it twice, which does nothing more."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST)
    except FileNotFoundError:  # somebody else took it, or took it away
        return False
    taken = take(raw, now=now)
    path.unlink(missing_ok=True)
    return taken.outcome != "again"


def _remember(path: Path, seen: Mapping[str, Any]) -> None:
    """Lost, it is asked for everything again, and each mail is known by its mark."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(seen), encoding="utf-8")
    temporary.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Is nobody else taking mail? Two who take the same one at once would both answer it."""
    handle = os.open(folder / ".taking", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def take(raw: bytes, *, now: datetime) -> Taken:
    """Do what a mail says, once. When this returns, what it changed is on the disk.

    What it does is done before the mail is marked as taken: after a crash it is done again, and
    a second No is answered with the first.
    """
    came = read(raw)
    mark = here().home.mark("mail", f"{came.id}\0{came.sender}\0{came.text}".encode())
    known = models.Incoming.objects.filter(pk=mark).select_related("person").first()
    if known is not None:
        return Taken(outcome="again", person=known.person)
    taken = _take(came, mark, now)
    kept = taken.outcome == "unclear"
    models.Incoming.objects.get_or_create(
        mark=mark,
        defaults={
            "came_at": now,
            "outcome": taken.outcome,
            "person": taken.person,
            "sender": came.sender if kept or taken.outcome == "unknown" else "",
            "words": f"{came.subject}\n\n{came.text}"[:WORDS] if kept else "",
            "settled_at": None if kept else now,
        },
    )
    return taken


def _take(came: Read, mark: bytes, now: datetime) -> Taken:
    if came.bounce is not None:
        return _bounced(came.bounce, now)
    ours = letters.by_message_id(came.answers)
    says = heard.read(came.subject, came.text, answers_us=ours is not None)
    if came.automatic or not came.sender:
        # never answered; but a No that looks automatic is not thrown away either
        return Taken(outcome="unclear" if says is heard.Says.NO else "automatic")
    household = _household(came.sender)
    if says is heard.Says.NO and household:
        return _object(household, came, now)
    if says is heard.Says.NO:
        language = ours.language if ours else ""
        about = {"mark": mark.hex()}
        _answer("which_account", None, came, about, now, language=language)
        return Taken(outcome="unknown")
    first = household[0] if household else None
    if says is heard.Says.TAKES_BACK:
        _answer("withdraw_how", first, came, {}, now)
        return Taken(outcome="takes-back", person=first)
    if (household or ours or heard.about_this(came.subject, came.text)) and not came.spam:
        _answer("unclear", first, came, {}, now)
    return Taken(outcome="unclear", person=first)


def _object(household: list[models.Person], came: Read, now: datetime) -> Taken:
    """Everybody whose address it is, since nobody can tell which of them wrote."""
    for person in household:
        before = objection.standing_objection(person)
        to = None if person.email else came.sender
        said = objection.submit(person, route="email", email=to, now=now)
        about = {"line": said.entry_id}
        receipts = models.Letter.objects.filter(person=said.person, kind="receipt", payload=about)
        if before is not None and before.pk == said.pk:  # a second No gets the first receipt
            _answer("receipt", person, came, about, now)
        else:
            receipts.filter(sent_at=None).update(answers=came.id)
    return Taken(outcome="objection", person=household[0])


def _bounced(bounce: bounces.Bounce, now: datetime) -> Taken:
    letter = bounce.letter
    if letter is None:
        return Taken(outcome="automatic")
    if bounce.final:
        mail.give_up(letter, "came back", now)
    return Taken(outcome="bounce", person=letter.person)


def _household(address: str) -> list[models.Person]:
    known = models.Person.objects.filter(email__iexact=address, erased_at=None)
    whole = {person.pk: person for person in map(people.whole, known.select_related("merged_into"))}
    return [whole[key] for key in sorted(whole)]


def _answer(
    kind: str,
    person: models.Person | None,
    came: Read,
    about: Mapping[str, Any],
    now: datetime,
    *,
    language: str = "",
) -> None:
    recent = models.Letter.objects.filter(
        to__iexact=came.sender, kind=kind, created_at__gt=now - timedelta(days=1)
    )
    if recent.count() < ANSWERS_A_DAY:
        mail.queue(
            kind, person, to=came.sender, about=about, now=now, answers=came.id, language=language
        )
