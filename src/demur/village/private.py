"""What the villagers said to one another alone or put away, for the corners of their archives.

No post is made of it. It is here so that a test can look for it everywhere and find it nowhere.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from demur.village.village import Village, Villager

_FIRST = 1_700_000_000_000  # milliseconds since 1970: some evening in November 2023


def talks(
    village: Village, villager: Villager, platform: str
) -> Iterator[tuple[Villager, list[tuple[str, int, str]]]]:
    """Each conversation on the platform: with whom, and (name, milliseconds, words) in order."""
    for talk in _told()["messages"]:
        if talk["platform"] == platform and villager.key in talk["between"]:
            names = [village.people[key].name for key in talk["between"]]
            other = next(key for key in talk["between"] if key != villager.key)
            yield (
                village.people[other],
                [(names[n % 2], _FIRST + n * 60_000, line) for n, line in enumerate(talk["lines"])],
            )


def put_away(villager: Villager, platform: str) -> list[str]:
    away = _told()["put_away"]
    return [a["text"] for a in away if a["platform"] == platform and a["who"] == villager.key]


def secrets() -> list[str]:
    """Every sentence that must not come out of the archives."""
    told = _told()
    said = [line for talk in told["messages"] for line in talk["lines"]]
    return said + [away["text"] for away in told["put_away"]]


@cache
def _told() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((files("demur.village") / "private.toml").read_text("utf-8"))
