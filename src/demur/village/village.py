"""The village as plain values: who lives here, and what each of them wrote where and when.

Reads people.toml, groups.toml and posts/*.txt, which were written by hand, and checks nothing but
their form. It knows no platform's format (see `archives`) and makes nothing up.

A file of posts looks like this; `@name` in a text is somebody's handle on that platform:

    == marijke.mastodon                          who, and on which platform
    m1 2023-03-18T09:30 nl pic=tide_pool | ...   name (if anything points here), UTC, language, more
    2023-07-22T12:30 nl re=l6 | ...              an answer to the post named l6

More can be: pic= a drawing of `pictures`, meta= what the picture's file carries, re= what it
answers, tr= what it translates, aud= who may see it, group= where it was said, tag= people tagged,
boost= another's post passed on, copy= another's words taken over.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from demur.posts import Audience

HOME = "tureluur.example"  # the island's own server and the end of its Bluesky handles


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One account of a villager. `number` is Facebook's; `refuses` asks machines to keep off."""

    platform: str
    handle: str
    layout: str | None = None
    number: int | None = None
    locked: bool = False
    refuses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Villager:
    key: str
    name: str
    about: str
    language: str
    country: str | None
    born: date | None
    profiles: tuple[Profile, ...]

    @property
    def email(self) -> str:
        return f"{self.key}@{HOME}"

    def on(self, platform: str) -> Profile | None:
        return next((p for p in self.profiles if p.platform == platform), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """Something somebody wrote. `boost` passes another's post on and has no words of its own."""

    who: str
    platform: str
    at: datetime
    lang: str
    text: str
    name: str | None = None
    picture: str | None = None
    meta: str | None = None  # what its file carries besides: 'where' or 'no-mining'
    answers: str | None = None
    translates: str | None = None
    audience: Audience | None = None  # None: what is usual on that platform
    group: str | None = None
    tagged: tuple[str, ...] = ()
    boost: str | None = None
    copy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    key: str
    name: str
    platform: str
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    people: dict[str, Villager]
    groups: dict[str, Group]
    sayings: tuple[Saying, ...]  # by account, then by time

    def named(self, name: str) -> Saying:
        """The saying that the files call `name`. KeyError if none does."""
        for saying in self.sayings:
            if saying.name == name:
                return saying
        raise KeyError(name)

    def by(self, who: str, platform: str) -> Iterator[Saying]:
        return (s for s in self.sayings if s.who == who and s.platform == platform)


@cache
def load() -> Village:
    """Everything, read once. ValueError names the line that does not read."""
    here = files("demur.village")
    people = tomllib.loads((here / "people.toml").read_text("utf-8"))
    groups = tomllib.loads((here / "groups.toml").read_text("utf-8"))
    said = [s for f in _ordered(here / "posts") for s in _sayings(f.name, f.read_text("utf-8"))]
    originals = {s.name: s for s in said if s.name}
    whole = [replace(s, text=originals[s.copy].text) if s.copy else s for s in said]
    return Village(
        people={key: _villager(key, facts) for key, facts in people.items()},
        groups={key: Group(key=key, **facts) for key, facts in groups.items()},
        sayings=tuple(sorted(whole, key=lambda s: (s.platform, s.who, s.at))),
    )


def _ordered(folder: Traversable) -> list[Traversable]:
    return sorted((f for f in folder.iterdir() if f.name.endswith(".txt")), key=lambda f: f.name)


def _villager(key: str, facts: dict[str, object]) -> Villager:
    given = facts.pop("accounts")
    assert isinstance(given, list)
    profiles = tuple(Profile(**{"handle": _usual(key, p["platform"]), **p}) for p in given)
    facts = {"country": None, "born": None} | facts
    return Villager(key=key, profiles=profiles, **facts)  # type: ignore[arg-type]


def _usual(key: str, platform: str) -> str:
    return f"{key}.{HOME}" if platform == "bluesky" else key


def _sayings(file: str, text: str) -> Iterator[Saying]:
    who = platform = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("== "):
            who, _, platform = line[3:].strip().partition(".")
        elif line.strip() and not line.startswith("#"):
            try:
                yield _saying(who, platform, line)
            except (ValueError, IndexError) as fault:
                raise ValueError(f"posts/{file}, line {number}: {fault}") from fault


def _saying(who: str, platform: str, line: str) -> Saying:
    head, text = line.split(" | ", 1)
    words = head.split()
    name = None if words[0][:1].isdigit() else words.pop(0)
    more = dict(word.split("=", 1) for word in words[2:])
    saying = Saying(
        name=name,
        who=who,
        platform=platform,
        at=datetime.fromisoformat(words[0]).replace(tzinfo=UTC),
        lang=words[1],
        text="" if "boost" in more or "copy" in more else text,
        picture=more.pop("pic", None),
        meta=more.pop("meta", None),
        answers=more.pop("re", None),
        translates=more.pop("tr", None),
        audience=Audience(more.pop("aud")) if "aud" in more else None,
        group=more.pop("group", None),
        tagged=tuple(more.pop("tag").split(",")) if "tag" in more else (),
        boost=more.pop("boost", None),
        copy=more.pop("copy", None),
    )
    if more:
        raise ValueError(f"nobody knows what {', '.join(more)} means")
    return saying
