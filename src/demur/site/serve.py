"""Serving a site: the pages in one process with threads, a thread that sends letters, and one
that takes over what waits in the spool.

One process, because SQLite has one writer at a time and the model is in memory once. A large
site runs `gunicorn demur.site.wsgi` as it likes, and the worker sends the letters.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.core.wsgi import get_wsgi_application
from gunicorn.app.base import BaseApplication

from demur.rights import book, mail, spool
from demur.rights.place import here
from demur.site.folder import Site

THREADS = 16


def run(site: Site) -> None:
    """Serve `site` at its host and port until stopped. After `start.setup` and `start.prepare`."""
    book.guard(site.log)
    _Server(f"{site.config.host}:{site.config.port}").run()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, bind: str) -> None:
        self._bind = bind
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": self._bind,
            "workers": 1,
            "threads": THREADS,
            "worker_class": "gthread",
            "timeout": 120,
            "accesslog": None,  # who read which page is nobody's business
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": _send_letters,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        return get_wsgi_application()


def _send_letters(worker: object) -> None:
    """Gunicorn calls it in the process that serves; threads do not survive a fork."""
    clock = lambda: datetime.now(UTC)  # noqa: E731
    stop = threading.Event()
    threading.Thread(
        target=mail.keep_sending, args=(stop, clock), name="letters", daemon=True
    ).start()
    threading.Thread(
        target=spool.keep_replaying, args=(here(), stop, clock), name="spool", daemon=True
    ).start()
