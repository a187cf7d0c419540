"""How the database is opened: one connection that writes, one that only reads what stands.

`reader` is a second door to the same database: short transactions that see the last commit, even
in the middle of somebody's write, and that can never write themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from demur.site import sqlite
from demur.site.config import Postgres
from demur.site.folder import Site


def settings(site: Site) -> dict[str, dict[str, Any]]:
    if site.database:
        return sqlite_file(site.database)
    assert site.config.postgres
    return postgres(site.config.postgres, site.root / "keys" / "pgpass")


def sqlite_file(path: Path) -> dict[str, dict[str, Any]]:
    engine = "django.db.backends.sqlite3"
    # mode=rw: a database that is gone is an error, never a new empty one in which nobody objects
    name = f"file:{quote(str(path))}?mode=rw"
    writer = {
        "timeout": sqlite.BUSY_SECONDS,
        "transaction_mode": "IMMEDIATE",
        "init_command": sqlite.WRITER,
    }
    reader = {"timeout": sqlite.BUSY_SECONDS, "init_command": sqlite.READER}
    return {
        "default": {"ENGINE": engine, "NAME": name, "OPTIONS": writer},
        "reader": {"ENGINE": engine, "NAME": name, "OPTIONS": reader},
    }


def postgres(server: Postgres, passfile: Path) -> dict[str, dict[str, Any]]:
    login = {"passfile": str(passfile)} if passfile.exists() else {}
    common = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": server.name,
        "USER": server.user,
        "HOST": server.host,
        "PORT": server.port,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
    snapshot = (
        "-c default_transaction_isolation=repeatable\\ read -c default_transaction_read_only=on"
    )
    return {
        # asked for, since a server may have it off, and an answer must follow a commit
        "default": common | {"OPTIONS": login | {"options": "-c synchronous_commit=on"}},
        "reader": common | {"OPTIONS": login | {"options": snapshot}},
    }
