"""A small lake and the people in it, written as lists so that each test tells what it changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from demur.corpus.build import build, current
from demur.corpus.explain import Explanation, explain
from demur.corpus.facts import PEOPLE_SCHEMA, Stands
from demur.corpus.lake import Lake
from demur.corpus.manifest import Manifest
from demur.corpus.suppression import Suppressed
from demur.execution.local import Map, in_process
from demur.people import AccountId, Home, PersonId, Scope
from demur.policy import regimes
from demur.posts import Audience, Kind, Mention, Post, handle_key

TODAY = date(2026, 11, 21)
HOME = Home(key=b"k" * 32, shards=4, slices=3)


class Town:
    """A lake, a people table as a list of rows, and a build folder: told by the test."""

    def __init__(self, root: Path) -> None:
        self.lake = Lake(root / "lake", HOME)
        self.out = root / "build"
        self.people: dict[str, dict[str, Any]] = {}
        self.holds: list[Scope] = []
        self.groups: list[str] = []
        self.narrowed: dict[PersonId, tuple[Scope, ...]] = {}
        self.named: dict[str, tuple[Mention, ...]] = {}
        self.suppressed = Suppressed()
        self._imports = 0

    def person(self, name: str, **differing: Any) -> PersonId:
        """A usual adult with one account, `village:<name>`, and a handle."""
        person = PersonId(differing.pop("person", name.encode().hex().ljust(32, "0")[:32]))
        self.people[name] = {
            "account": f"village:{name}",
            "person": person,
            "platform": "village",
            "country": "NL",
            "keys": [handle_key("village", name)],
            "locked": False,
            "adult_from": date(1998, 3, 3),
            "objects": False,
            "objects_here": False,
            "notice_queued": False,
            "told": date(2026, 10, 12),
            "usable_from": date(2026, 11, 11),
            "choice": "opt-out",
            "opted_in": False,
            "refuses_training": [],
            "chats_on": False,
            "declared_audience": None,
            "language": "nl",
            "restricted": False,
            "memorial": False,
            "untold": [],
        } | differing
        return person

    def objects(self, name: str) -> None:
        person = self.people[name]["person"]
        for row in self.people.values():
            if row["person"] == person:
                row["objects"] = True
        self.people[name]["objects_here"] = True

    def post(self, name: str, text: str, **differing: Any) -> Post:
        """A post of that account; @handles of people in town become mentions."""
        mentions = [
            Mention(start=start, end=start + len(word), key=handle_key("village", word))
            for word, start in _handles(text)
        ]
        usual: dict[str, Any] = {
            "account": AccountId(f"village:{name}"),
            "platform": "village",
            "kind": Kind.POST,
            "audience": Audience.PUBLIC,
            "created_at": datetime(2024, 3, 1, 12, tzinfo=UTC),
            "origin": f"{name}/{text}",
            "text": text,
            "lang": "nl",
            "mentions": tuple(mentions),
        }
        return Post(**(usual | differing))

    def put(self, *posts: Post) -> None:
        """Import posts, each to the person that the people table names."""
        self._imports += 1
        name = f"import{self._imports:03d}"
        self.lake.stage(name, self.owned(posts))
        self.lake.publish(name)

    def owned(self, posts: Iterable[Post]) -> list[tuple[PersonId, Post]]:
        owners = {row["account"]: PersonId(row["person"]) for row in self.people.values()}
        return [(owners[post.account], post) for post in posts]

    def table(self) -> pa.Table:
        return pa.Table.from_pylist(list(self.people.values()), schema=PEOPLE_SCHEMA)

    def narrows(self, name: str, *scopes: Scope) -> None:
        """They object to this much and no more."""
        self.narrowed[PersonId(self.people[name]["person"])] = scopes

    def stands(self) -> Stands:
        return Stands(
            people=self.table(),
            today=TODAY,
            regimes=regimes.load(),
            holds=tuple(self.holds),
            declared_groups=frozenset(self.groups),
            narrowed=self.narrowed,
            named=self.named,
            suppressed=self.suppressed,
        )

    def build(self, execution: Map = in_process) -> list[Manifest]:
        return build(self.lake, self.stands(), out=self.out, seed=1, execution=execution)

    def explain(self, name: str) -> list[Explanation]:
        return explain(self.lake, self.stands(), PersonId(self.people[name]["person"]))

    def kept(self) -> list[dict[str, Any]]:
        """Everything that the current builds keep."""
        shards = range(self.lake.home.shards)
        return [
            row
            for shard in shards
            for row in pq.read_table(current(self.out, shard).kept, partitioning=None).to_pylist()
        ]

    def texts(self) -> list[str]:
        return sorted(row["text"] for row in self.kept())


def _handles(text: str) -> list[tuple[str, int]]:
    found, start = [], 0
    for word in text.split(" "):
        if word.startswith("@"):
            found.append((word.rstrip(".,!?"), start))
        start += len(word) + 1
    return found
