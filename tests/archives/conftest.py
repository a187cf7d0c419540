"""Puts the builder of small archives on the path and gives the tests a short way to read one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

from demur.archives.reader import open_archive  # noqa: E402
from demur.people import Account  # noqa: E402
from demur.posts import Post  # noqa: E402


@dataclass(frozen=True)
class Read:
    """All that came out of an archive, once it was walked to the end."""

    platform: str
    accounts: list[Account]
    posts: list[Post]
    skipped: dict[str, int]
    problems: list[str]
    groups: dict[str, int]
    links: list[tuple[str, str]]

    @property
    def texts(self) -> list[str]:
        return [post.text for post in self.posts]


@pytest.fixture
def read() -> Callable[..., Read]:
    def reader(path: Path, **how: Any) -> Read:
        with open_archive(path, **how) as reading:
            accounts, posts = list(reading.accounts()), list(reading.posts())
            return Read(
                platform=reading.platform,
                accounts=accounts,
                posts=posts,
                skipped=dict(reading.skipped),
                problems=reading.problems,
                groups=dict(reading.groups),
                links=list(reading.links),
            )

    return reader
