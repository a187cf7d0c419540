"""Keeping people out of the operator's log: an address of a page can name somebody."""

from __future__ import annotations

import logging


class WithoutPaths(logging.Filter):
    """Takes the path out of Django's lines about requests, and the request with it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith(("django.request", "django.security")):
            status = getattr(record, "status_code", "")
            record.msg, record.args = f"a request was answered with {status}".rstrip(), ()
        return True
