"""Real sites for tests: each test that asks gets a folder and a database of its own.

Django can be set up once a process, so that is done with a pattern site; `site` copies the
pattern (folder, keys, migrated database) and points Django's connections at the copy. Commits
are real commits. The law, the book and the memories need none of this and do not pay for it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demur.site import databases, folder, start
from demur.site.folder import Site

_PUT_BY = shutil.ignore_patterns("reserve")  # 256 files that few tests need
_PATTERN = Path(tempfile.mkdtemp(prefix="demur-pattern-")) / "site"


# At import: the tests' modules import models, and models want Django set up.
start.setup(
    folder.create(
        _PATTERN, name="Dorp", origin="dorp.example/log", language="en", shards=4, slices=2
    )
)


def pytest_unconfigure() -> None:
    shutil.rmtree(_PATTERN.parent, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _doors_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """pytest-django, where it is installed, locks every database but its own."""
    if not request.config.pluginmanager.hasplugin("django"):
        yield
        return
    with request.getfixturevalue("django_db_blocker").unblock():
        yield


@pytest.fixture(scope="session")
def serve() -> Callable[[Site], None]:
    """Makes a site the one that this process serves; no connection to another stays open."""
    return _serve


def _serve(site: Site) -> None:
    from django.conf import settings
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        del connections[connection.alias]
    settings.DEMUR_SITE = site
    settings.SECRET_KEY = site.secret  # a process beside others began with the first one's
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(site.mail)
    connections.settings = connections.configure_settings(databases.settings(site))


@pytest.fixture(scope="session")
def pattern() -> Path:
    """A site folder whose database is migrated and whose book is founded; copy it."""
    from django.db import connections

    site = folder.open_site(_PATTERN)
    _serve(site)
    start.prepare(site)
    connections.close_all()  # nothing may stay in the write-ahead log, which is not copied
    return _PATTERN


@pytest.fixture
def site(pattern: Path, tmp_path: Path) -> Iterator[Site]:
    """A new site with an empty, migrated database, served by this process."""
    from django.db import connections

    shutil.copytree(pattern, tmp_path / "site", ignore=_PUT_BY)
    opened = folder.open_site(tmp_path / "site")
    _serve(opened)
    yield opened
    connections.close_all()
