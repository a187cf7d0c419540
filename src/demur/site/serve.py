"""Serving a site: the pages in one process with threads, and beside them one that sends letters,
one that takes incoming mail, and one that takes over what waits in the spool.

One process, because SQLite has one writer at a time and the model is in memory once. The worker
does the same three things between its rounds: a large site runs `gunicorn demur.site.wsgi` as it
likes and has nobody but the worker for them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.core.wsgi import get_wsgi_application
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from demur.rights import book, mail, mailbox, spool
from demur.site.folder import Site

THREADS = 16


def run(site: Site) -> None:
    """Serve `site` at its host and port until stopped. After `start.setup` and `start.prepare`."""
    book.guard(site.log)
    _Server(site).run()


class _Ours(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's own lines name paths; they go through the site's log, which takes those out."""

    def setup(self, cfg: object) -> None:
        self.error_log.propagate, self.access_log.propagate = True, False
        self.error_log.setLevel(logging.WARNING)


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, site: Site) -> None:
        self._site = site
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"{self._site.config.host}:{self._site.config.port}",
            "workers": 1,
            "threads": THREADS,
            "worker_class": "gthread",
            "timeout": 120,
            "accesslog": None,  # who read which page is nobody's business
            "logger_class": _Ours,
            "control_socket_disable": True,
            "post_worker_init": self._beside_the_pages,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        return get_wsgi_application()

    def _beside_the_pages(self, worker: object) -> None:
        """Gunicorn calls it in the process that serves; threads do not survive a fork."""
        stop = threading.Event()
        clock = lambda: datetime.now(UTC)  # noqa: E731
        beside: dict[str, Callable[[], None]] = {
            "letters": lambda: mail.keep_sending(stop, clock),
            "mailbox": lambda: mailbox.keep_fetching(self._site, stop, clock),
            "spool": lambda: spool.keep_replaying(self._site, stop, clock),
        }
        for name, keep in beside.items():
            threading.Thread(target=keep, name=name, daemon=True).start()
