"""The operator's log: one JSON object a line, on standard error, and nobody in it.

An address of a page can name somebody, a library's sentence can quote what was sent, an exception's
message can hold it. So paths are taken out, a library's sentence is written without its values, and
of an exception its kind and its place stay.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any

OURS = "demur"


class WithoutPaths(logging.Filter):
    """Takes the path out of Django's lines about requests, and the request with it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith(("django.request", "django.security")):
            status = getattr(record, "status_code", "")
            record.msg, record.args = f"a request was answered with {status}".rstrip(), ()
            record.name = f"{OURS}.django"  # the sentence is ours now
        return True


class JsonLines(logging.Formatter):
    """A record as one line: what happened, where, and the values that its writer handed over as
    `extra={"told": …}`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record),
        }
        line |= getattr(record, "told", {})
        if record.levelno >= logging.WARNING:
            line["where"] = f"{Path(record.pathname).name}:{record.lineno}"
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _kinds(record.exc_info[1])
            line["trace"] = _places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=lambda value: type(value).__name__)


def _event(record: logging.LogRecord) -> str:
    """Our own sentences hold no words of people. A library's is told by its template alone; one
    that is filled in already, by where it was said."""
    if record.name == OURS or record.name.startswith(f"{OURS}."):
        return record.getMessage()
    return str(record.msg) if record.args else "said by a library"


def _kinds(error: BaseException) -> list[str]:
    """The exception and those that it came from, by their classes."""
    kinds: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(kinds) < 10:
        kinds.append(type(seen).__name__)
        seen = seen.__cause__ or seen.__context__
    return kinds


def _places(trace: TracebackType | None) -> list[str]:
    return [
        f"{Path(frame.f_code.co_filename).name}:{line} {frame.f_code.co_name}"
        for frame, line in walk_tb(trace)
    ]
