"""People for the tests of their rights, on SQLite and, where its programs are, on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from demur.rights import book, models
from demur.site import folder, start
from demur.site.config import Postgres
from demur.site.folder import Site

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
_PUT_BY = shutil.ignore_patterns("reserve")  # 256 files that few tests need
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
Serve = Callable[[Site], None]


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server of our own with a migrated database named `pattern`; never run as root."""
    if not (PROGRAMS / "initdb").exists():
        pytest.skip(f"PostgreSQL's server programs are not in {PROGRAMS}")
    home = Path(tempfile.mkdtemp(prefix="demur-postgres-"))
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        shutil.chown(home, user)
    run = lambda *words: subprocess.run(  # noqa: E731
        words, check=True, user=user, cwd=home, capture_output=True, env={"LC_ALL": "C.UTF-8"}
    )
    run(PROGRAMS / "initdb", "-D", home / "data", "-U", "demur", "-A", "trust", "-E", "UTF8")
    options = f"-c listen_addresses='' -c unix_socket_directories='{home}' -c fsync=off"
    run(PROGRAMS / "pg_ctl", "-D", home / "data", "-l", home / "log", "-o", options, "-w", "start")
    try:
        yield Postgres(name="postgres", user="demur", host=str(home), port="")
    finally:
        run(PROGRAMS / "pg_ctl", "-D", home / "data", "-m", "immediate", "stop")
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def postgres_pattern(postgres: Postgres, pattern: Path, serve: Serve) -> Postgres:
    _sql(postgres, "CREATE DATABASE pattern")
    site = folder.open_site(pattern)
    server = replace(postgres, name="pattern")
    serve(_on(site, server))
    start.prepare(_on(site, server))
    _hang_up()
    return postgres


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def site(
    request: pytest.FixtureRequest, pattern: Path, tmp_path: Path, serve: Serve
) -> Iterator[Site]:
    """A new site with an empty, migrated database, served by this process."""
    shutil.copytree(pattern, tmp_path / "site", ignore=_PUT_BY)
    opened = folder.open_site(tmp_path / "site")
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_pattern")
        _sql(server, "CREATE DATABASE test TEMPLATE pattern")
        opened = _on(opened, replace(server, name="test"))
    serve(opened)
    yield opened
    _hang_up()
    if request.param == "postgres":
        _sql(server, "DROP DATABASE test WITH (FORCE)")


def _on(site: Site, server: Postgres) -> Site:
    return replace(site, config=replace(site.config, postgres=server))


def _sql(server: Postgres, statement: str) -> None:
    import psycopg

    login = f"host={server.host} user={server.user} dbname=postgres"
    with psycopg.connect(login, autocommit=True) as connection:
        connection.execute(statement)


def _hang_up() -> None:
    from django.db import connections

    connections.close_all()


Register = Callable[..., models.Person]


@pytest.fixture
def register(site: Site) -> Register:
    """Writes somebody down, as an import would: `register("anna", email=…, locked=True)`."""
    from django.db import transaction

    def person(name: str, *, accounts: int = 1, locked: bool | None = False, **facts: object):
        known = {"born": date(1980, 5, 5), "country": "NL", "language": "nl"} | facts
        with transaction.atomic():
            line = book.append("import", {"counts": {"accounts": accounts}}, now=NOW).index
            row = models.Person.objects.create(
                id=name.encode().hex().ljust(32, "0")[:32],
                secret=name.encode().ljust(32, b"."),
                seen=line,
                line=line,
                **known,
            )
            for number in range(accounts):
                models.Account.objects.create(
                    id=f"mastodon:https://dorp.example/users/{name}{number or ''}",
                    person=row,
                    platform="mastodon",
                    handle=f"@{name}{number or ''}",
                    locked=locked,
                    keys=[f"mastodon:@{name}{number or ''}"],
                    line=line,
                )
        return row

    return person


@pytest.fixture
def anna(register: Register) -> models.Person:
    return register("anna", email="anna@dorp.example", accounts=2)


@pytest.fixture
def bob(register: Register) -> models.Person:
    return register("bob", email="bob@dorp.example", language="en")
