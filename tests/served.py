"""A site as the world meets it: `demur serve` in its own processes, and people with real sessions.

For the tests that kill the server and the benchmarks that load it. Nothing is stood in for: the
forms are fetched, their tokens are sent back, and an answer is what came over the socket.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

FORM = "/privacy/object/"
TICK = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def at_port(site: Path, port: int) -> None:
    """Let the site be served there."""
    toml = site / "demur.toml"
    text, found = re.subn(r"(^\[web\][^\[]*?^port = )\d+$", rf"\g<1>{port}",
                          toml.read_text("utf-8"), flags=re.MULTILINE)  # fmt: skip
    assert found == 1, "no port under [web]"
    toml.write_text(text, "utf-8")


class Served:
    """The running server of a site."""

    def __init__(self, site: Path, port: int, words: Sequence[str] = ()) -> None:
        """words: what to run instead of `demur serve`."""
        command = words or [sys.executable, "-m", "demur.cli", "serve", "--site", str(site)]
        self.port = port
        self._log = (site / "serve.log").open("ab")
        self.process = subprocess.Popen(
            command, stdout=self._log, stderr=self._log, start_new_session=True
        )

    def up(self, within: float = 120) -> Served:
        deadline = time.monotonic() + within
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.05)
        raise AssertionError(f"not served: {Path(self._log.name).read_text()[-2000:]}")

    def cpu(self) -> float:
        """CPU-seconds of all its processes so far."""
        return cpu_of(self.process.pid)

    def kill(self) -> None:
        """kill -9, all of it at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._log.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._log.close()


def cpu_of(session: int) -> float:
    """CPU-seconds of every living process of a session, and of those children that ended."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                total += sum(map(int, fields[11:15]))
    return total / TICK


@dataclass(frozen=True)
class Answer:
    status: int
    page: str
    location: str


class Browser:
    """Somebody with a session (or none), who keeps cookies and sends the form's token back."""

    def __init__(self, port: int, session: str = "") -> None:
        self.port = port
        self.cookies = {"sessionid": session} if session else {}

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None)

    def post(self, path: str, **fields: str) -> Answer:
        token = {"csrfmiddlewaretoken": self.cookies.get("csrftoken", "")}
        return self._ask("POST", path, urlencode(token | fields))

    def _ask(self, method: str, path: str, body: str | None) -> Answer:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            line.request(method, path, body, headers)
            came = line.getresponse()
            for cookie in came.headers.get_all("Set-Cookie") or ():
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value
            page = came.read().decode()
        finally:
            line.close()
        return Answer(came.status, page, came.headers.get("Location") or "")


def register(site: Path, count: int, first: int = 0) -> list[str]:
    """Write down so many people who are signed in already; the keys of their sessions."""
    words = [sys.executable, __file__, str(site), str(count), str(first)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.split()


def email(number: int) -> str:
    return f"p{number}@dorp.example"


def object_until_killed(
    site: Path, port: int, people: Iterator[tuple[int, str]], dice: Random, *, database_goes: bool
) -> dict[int, int]:
    """Sixteen people at a time say no, and the server is killed at a random moment of it.

    people: their numbers and sessions; who is taken from it and not answered is not known. Returns
    the answers: 302 entered in the book, 202 written down beside it. database_goes: it is taken
    away under the server before, and is back afterwards.
    """
    server, said = Served(site, port).up(), dict[int, int]()

    def client() -> None:
        for number, session in people:
            browser = Browser(port, session)
            try:
                browser.get(FORM)
                answer = browser.post(FORM, email=email(number), reason="nee")
            except (OSError, http.client.HTTPException):
                return
            if answer.status == 202 or answer.location == "/privacy/objected/":
                said[number] = answer.status

    clients = [threading.Thread(target=client) for _ in range(16)]
    for each in clients:
        each.start()
    wait_for(lambda: 302 in said.values())
    if database_goes:
        _away(site)
        wait_for(lambda: 202 in said.values())
    time.sleep(dice.uniform(0, 0.6))
    server.kill()
    for each in clients:
        each.join()
    if database_goes:
        _back(site)
    return said


def wait_for(what: Callable[[], bool], within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def waiting(site: Path) -> list[Path]:
    """What is in the spool."""
    return list((site / "spool").glob("*.json"))


def _away(root: Path) -> None:
    from demur.site.folder import open_site

    server = open_site(root).config.postgres
    if server is None:
        (root / "demur.db").rename(root / "demur.db.away")
    else:
        _sql(server, f"ALTER DATABASE {server.name} ALLOW_CONNECTIONS false")
        _sql(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
             f" WHERE datname = '{server.name}'")  # fmt: skip


def _back(root: Path) -> None:
    from demur.site.folder import open_site

    server = open_site(root).config.postgres
    if server is None:
        (root / "demur.db.away").rename(root / "demur.db")
    else:
        _sql(server, f"ALTER DATABASE {server.name} ALLOW_CONNECTIONS true")


def _sql(server: Any, statement: str) -> None:
    import psycopg

    login = f"host={server.host} user={server.user} dbname=template1"
    with psycopg.connect(login, autocommit=True) as connection:
        connection.execute(statement)


def who_objects(site: Path) -> list[int]:
    """The number of everybody whose No stands, once for each; AssertionError where the book is
    not whole: every line under its signed head, a line, an opening and a head for every No."""
    words = [sys.executable, __file__, "--verify", str(site)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    return list(map(int, done.stdout.split()))


def who_objects_here(site: Any) -> list[int]:
    """The same, where this process has the site open."""
    from demur.rights import book, models, receipt
    from demur.tlog import checkpoint, merkle
    from demur.tlog import receipt as paper

    lines = models.Entry.objects.order_by("index")
    head = checkpoint.open_checkpoint(book.head(), book.key(site))
    assert head.root == merkle.root_of(bytes(entry.leaf) for entry in lines)
    assert models.Opening.objects.count() == models.Checkpoint.objects.count() - 1 == lines.count()
    nos = models.Objection.objects.order_by("entry")
    assert nos.count() == lines.filter(kind="objection").count()
    assert nos.count() == models.Letter.objects.filter(kind="receipt").count()
    paper.check(paper.read_receipt(receipt.text(nos.last())), book.key(site))
    return [int(person, 16) for person in nos.values_list("person_id", flat=True)]


def _opened(root: Path) -> Any:
    from demur.site import folder, start

    site = folder.open_site(root)
    start.setup(site)
    start.prepare(site)
    return site


def register_here(count: int, first: int = 0) -> list[str]:
    """The same, where this process has the site open."""
    from datetime import UTC, date, datetime

    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import transaction

    from demur.rights import book, models

    numbers = range(first, first + count)
    with transaction.atomic():
        line = book.append("import", {"counts": {"accounts": count}}, now=datetime.now(UTC)).index
        users = User.objects.bulk_create(
            User(username=f"p{n}", email=email(n), password="!") for n in numbers
        )
        people = models.Person.objects.bulk_create(
            models.Person(
                id=f"{n:032x}", secret=n.to_bytes(32, "big"), seen=line, line=line, email=email(n),
                user=user, born=date(1990, 1, 1), country="NL", language="nl",
            )
            for n, user in zip(numbers, users, strict=True)
        )  # fmt: skip
        models.Account.objects.bulk_create(
            models.Account(
                id=f"mastodon:p{n}", person=person, platform="mastodon", handle=f"@p{n}",
                locked=False, keys=[f"mastodon:@p{n}"], line=line,
            )
            for n, person in zip(numbers, people, strict=True)
        )  # fmt: skip
        keys = []
        for user in users:
            session = SessionStore()
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.create()
            keys.append(str(session.session_key))
    return keys


if __name__ == "__main__":
    if sys.argv[1] == "--verify":
        print(*who_objects_here(_opened(Path(sys.argv[2]))))
    else:
        _opened(Path(sys.argv[1]))
        print("\n".join(register_here(int(sys.argv[2]), int(sys.argv[3]))))
