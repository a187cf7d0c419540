"""How the database and the pages are opened."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from demur.errors import SiteUnusable
from demur.site import databases, folder, logs, sqlite, start


def test_the_database_loses_nothing_and_leaves_nothing(site):
    from django.db import connections

    answers = {}
    for alias in ("default", "reader"):
        with connections[alias].cursor() as cursor:
            for name in ("journal_mode", "synchronous", "secure_delete", "query_only"):
                answers[alias, name] = cursor.execute(f"PRAGMA {name}").fetchone()[0]
            version = cursor.execute("SELECT sqlite_version()").fetchone()[0]
    assert answers["default", "journal_mode"] == "wal"
    assert answers["default", "synchronous"] == 2  # FULL
    assert answers["default", "secure_delete"] == 1
    assert answers["reader", "query_only"] == 1
    assert tuple(map(int, version.split("."))) > sqlite.LAST_BROKEN


@pytest.mark.parametrize("version", [(3, 7, 0), (3, 40, 1), (3, 51, 2)])
def test_a_sqlite_that_corrupts_is_refused(version):
    with pytest.raises(SiteUnusable, match="pysqlite3"):
        sqlite.refuse_broken(version)


@pytest.mark.parametrize("version", [(3, 51, 3), (3, 53, 4)])
def test_a_sqlite_that_does_not_is_taken(version):
    sqlite.refuse_broken(version)


def test_a_database_that_is_gone_is_not_replaced_by_an_empty_one(site):
    from django.db import OperationalError, connections

    connections.close_all()
    site.database.unlink()
    with pytest.raises(OperationalError), connections["default"].cursor():
        pass
    assert not site.database.exists()


def test_postgres_gets_its_password_from_the_keys(site):
    server = folder.config.Postgres(name="dorp", user="demur", host="db", port="")
    served = replace(site, config=replace(site.config, postgres=server))
    (site.root / "keys" / "pgpass").write_text("db:5432:dorp:demur:secret")
    options = databases.settings(served)["default"]["OPTIONS"]
    assert options["passfile"] == str(site.root / "keys" / "pgpass")
    assert "secret" not in str(databases.settings(served))


def ask(site: folder.Site, *names: str) -> list[str]:
    """What a fresh process has in its settings."""
    code = (
        "import sys; from pathlib import Path; from demur.site import folder, start;"
        "start.setup(folder.open_site(Path(sys.argv[1]))); from django.conf import settings;"
        "print(*(getattr(settings, name) for name in sys.argv[2:]), sep=chr(10))"
    )
    words = [sys.executable, "-c", code, str(site.root), *names]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()


def test_https_switches_on_what_only_https_may_have(site):
    names = ("SESSION_COOKIE_SECURE", "SECURE_HSTS_SECONDS")
    assert ask(site, *names) == ["False", "0"]
    toml = site.root / "demur.toml"
    toml.write_text(toml.read_text().replace("http://127.0.0.1:8000", "https://dorp.example"))
    assert ask(site, *names) == ["True", str(365 * 24 * 3600)]


def test_smtp_is_used_where_a_server_is_named(site):
    assert ask(site, "EMAIL_BACKEND") == ["django.core.mail.backends.filebased.EmailBackend"]
    toml = site.root / "demur.toml"
    toml.write_text(toml.read_text().replace('host = ""', 'host = "mail.example"', 1))
    key = site.root / "keys" / "smtp.key"
    key.write_text("secret\n")
    key.chmod(0o600)
    names = ("EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS")
    assert ask(site, *names) == [
        "django.core.mail.backends.smtp.EmailBackend", "mail.example", "secret", "True",
    ]  # fmt: skip


def test_a_page_somebody_asked_for_is_not_in_the_log():
    record = logging.LogRecord(
        "django.request", logging.WARNING, "", 0, "%s: %s", ("Not Found", "/mine/anna"), None
    )
    record.status_code = 404
    assert logs.WithoutPaths().filter(record)
    assert record.getMessage() == "a request was answered with 404"


def test_preparing_twice_changes_nothing(site):
    from demur.rights import book

    head = book.head()
    start.prepare(site)
    assert book.head() == head
    assert (site.log / "checkpoint").read_text() == head


def test_moving_everybody_is_refused(site):
    toml = site.root / "demur.toml"
    toml.write_text(toml.read_text().replace("shards = 4", "shards = 5"))
    with pytest.raises(SiteUnusable, match="must say shards = 4 again"):
        start.prepare(folder.open_site(site.root))


def test_another_home_key_is_refused(site):
    (site.root / "keys" / "home.key").write_bytes(b"x" * 32)
    with pytest.raises(SiteUnusable, match=r"home\.key"):
        start.prepare(folder.open_site(site.root))


def test_the_settings_can_be_read_without_a_site(tmp_path: Path):
    code = "from demur.site import settings; print(settings.DATABASES, repr(settings.SECRET_KEY))"
    words = [sys.executable, "-c", code]
    done = subprocess.run(
        words, check=True, capture_output=True, text=True, cwd=tmp_path, env={"PATH": ""}
    )
    assert done.stdout.strip() == "{} ''"
