"""Limits: how much a key may ask, counted in one small file a key, which every thread and process
of this machine locks before it reads. The database is left out of it: a flood of questions must
not slow the transaction of a No.

What an answer may cost at most is taken before it is made and the rest given back after it, so
that many questions at once cannot pass the limit together.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from demur.errors import Refusal
from demur.web.models import ApiKey

MINUTE, DAY = 60, 24 * 3600
WIDTH = 128  # bytes of a file, always the same: it is written over in place, also on a full disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a key may still ask, and in how many seconds it starts anew."""

    requests_limit: int
    requests: int
    requests_in: int
    tokens_limit: int
    tokens: int
    tokens_in: int

    def headers(self) -> dict[str, str]:
        """As OpenAI's API says it."""
        return {
            "x-ratelimit-limit-requests": str(self.requests_limit),
            "x-ratelimit-remaining-requests": str(self.requests),
            "x-ratelimit-reset-requests": _spell(self.requests_in),
            "x-ratelimit-limit-tokens": str(self.tokens_limit),
            "x-ratelimit-remaining-tokens": str(self.tokens),
            "x-ratelimit-reset-tokens": _spell(self.tokens_in),
        }


class TooMany(Refusal):
    """The key has reached a limit. `wait` seconds, and it may ask again."""

    def __init__(self, kind: Literal["requests", "tokens"], left: Left) -> None:
        self.kind, self.left = kind, left
        self.wait = left.requests_in if kind == "requests" else left.tokens_in
        what, limit = (
            ("requests a minute", left.requests_limit)
            if kind == "requests"
            else ("tokens a day", left.tokens_limit)
        )
        super().__init__(f"This key may ask {limit:,} {what}; try again in {_spell(self.wait)}.")


class Caller:
    """Whoever speaks with a key, for one request. Made by `of`, which counts it."""

    def __init__(self, folder: Path, key: ApiKey, clock: Callable[[], datetime]) -> None:
        self.label = key.label
        self._path, self._key, self._clock = folder / f"{key.pk}.json", key, clock
        self._reserved = 0
        self.left = self._take(requests=1)

    def reserve(self, tokens: int) -> None:
        """Put by what an answer may cost at most. Raises TooMany, and nothing is taken."""
        self.left = self._take(tokens=tokens)
        self._reserved += tokens

    def settle(self, used: int) -> None:
        """The answer has cost this; whatever more was put by is given back. Once."""
        more, self._reserved = used - self._reserved, 0
        self.left = self._take(tokens=more, whatever=True)

    def _take(self, *, requests: int = 0, tokens: int = 0, whatever: bool = False) -> Left:
        now = int(self._clock().timestamp())
        with _opened(self._path) as handle:
            used = _read(handle)
            if used["minute"] != now // MINUTE:
                used |= {"minute": now // MINUTE, "requests": 0}
            if used["day"] != now // DAY:
                used |= {"day": now // DAY, "tokens": 0}
                tokens = max(tokens, 0)  # what was put by yesterday is not given back today
            self._refuse(used, requests, 0 if whatever else tokens, now)
            used["requests"] += requests
            used["tokens"] = max(used["tokens"] + tokens, 0)
            os.pwrite(handle, json.dumps(used).encode().ljust(WIDTH), 0)
            return self._left(used, now)

    def _refuse(self, used: dict[str, int], requests: int, tokens: int, now: int) -> None:
        kind: Literal["requests", "tokens"]
        if requests and used["requests"] + requests > self._key.requests_a_minute:
            kind = "requests"
        elif tokens > 0 and used["tokens"] + tokens > self._key.tokens_a_day:
            kind = "tokens"
        else:
            return
        raise TooMany(kind, self._left(used, now))

    def _left(self, used: dict[str, int], now: int) -> Left:
        key = self._key
        return Left(
            requests_limit=key.requests_a_minute,
            requests=max(key.requests_a_minute - used["requests"], 0),
            requests_in=MINUTE - now % MINUTE,
            tokens_limit=key.tokens_a_day,
            tokens=max(key.tokens_a_day - used["tokens"], 0),
            tokens_in=DAY - now % DAY,
        )


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # another descriptor waits, also in this process
        yield handle
    finally:
        os.close(handle)


def _read(handle: int) -> dict[str, int]:
    """What is written there; nothing where the file is new, or a crash left half of it."""
    none = {"minute": -1, "requests": 0, "day": -1, "tokens": 0}
    try:
        said = json.loads(os.pread(handle, WIDTH, 0))
    except ValueError:
        return none
    whole = isinstance(said, dict) and said.keys() == none.keys()
    return said if whole and all(type(n) is int for n in said.values()) else none


def _spell(seconds: int) -> str:
    """`6m0s`, as OpenAI's headers spell a time."""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
