"""People, links, Nos, imports, renames, holds, groups, requests, erasures and builds in any order:
no manifest holds what the law of that moment excludes, every exclusion can be explained, and
between two builds the gate is silent about whatever changed.

The law is told here a second time, in plain sets and comparisons, and never by the code that is
tested. What it does not retell (plain names, photos, signals) has its own tests.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq
import small_archive as archive
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from demur.corpus import build as corpus
from demur.corpus.explain import explain
from demur.corpus.lake import Lake
from demur.memory.origins import Origins
from demur.people import EVERYTHING, PersonId, Scope, Use
from demur.policy import regimes
from demur.rights import (
    book,
    erasure,
    groups,
    hold,
    intake,
    models,
    notice,
    objection,
    people,
    spool,
    standing,
)
from demur.site import folder
from demur.site.folder import Site

EXAMPLES, STEPS = 4, 24  # in the suite; turn both up to look longer
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
TOLD = NOW - timedelta(days=60)
NAMES = ("anna", "bea", "carl", "dirk")
GROUPS = ("wandelen", "bakken")
COUNTRIES = {"anna": "NL", "bea": "DE", "carl": "NL", "dirk": "BR"}
SCOPES = (
    EVERYTHING,
    EVERYTHING,
    EVERYTHING,
    Scope(uses=(Use.TRAINING,)),
    Scope(uses=(Use.ANSWERS,)),
    Scope(kinds=("comment",)),
    Scope(group="wandelen"),
    Scope(platform="forum"),
    Scope(until=date(2025, 6, 30)),
)
HOLDS = (
    Scope(country="DE"),
    Scope(kinds=("comment",)),
    Scope(group="bakken"),
    Scope(platform="forum", uses=(Use.ANSWERS,)),
)
names = st.sampled_from(NAMES)


@dataclass
class Post:
    """What somebody posted, as the oracle remembers it."""

    number: int
    author: str
    kind: str
    group: str | None
    on: date
    mentions: str | None
    words: str

    def record(self, handle: str) -> dict[str, object]:
        pointing = f" @{handle}" if self.mentions else ""
        audience = {"audience": "public_group", "group": self.group} if self.group else {}
        return {
            "account": f"forum:{self.author}", "kind": self.kind, "audience": "public",
            "created_at": f"{self.on}T10:00:00Z", "id": f"{self.author}/{self.number}",
            "text": f"nr{self.number}x {self.words}{pointing}", **audience,
        }  # fmt: skip


@dataclass
class World:
    """What was said and done, and what follows from it."""

    posts: list[Post] = field(default_factory=list)
    person: dict[str, str] = field(default_factory=lambda: {name: name for name in NAMES})
    handle: dict[str, str] = field(default_factory=lambda: {name: name for name in NAMES})
    handles: dict[str, set[str]] = field(default_factory=lambda: {name: {name} for name in NAMES})
    born: dict[str, date] = field(
        default_factory=lambda: {name: date(1980, 5, 5) for name in NAMES}
    )
    said: set[tuple[str, Scope]] = field(default_factory=set)  # by the name that said it
    locked: set[str] = field(default_factory=set)
    restricted: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    held: set[Scope] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)

    def same(self, name: str) -> list[str]:
        return [other for other in NAMES if self.person[other] == self.person[name]]

    def scopes(self, name: str) -> set[Scope]:
        own = {scope for who, scope in self.said if who in self.same(name)}
        return own | ({EVERYTHING} if self.gone(name) else set())

    def gone(self, name: str) -> bool:
        return not self.erased.isdisjoint(self.same(name))

    def copied(self, post: Post) -> bool:
        """Does somebody else say no to these very words, or was erased who wrote them?"""
        for other in self.posts:
            if other.words != post.words or other.author in self.same(post.author):
                continue
            if self.suppresses(other.author):
                return True
        return False

    def suppresses(self, name: str) -> bool:
        return any(
            replace(scope, uses=()) == EVERYTHING and scope.withholds(Use.TRAINING)
            for scope in self.scopes(name)
        )

    def masked(self, name: str) -> bool:
        """Are others' mentions of them taken out?"""
        return any(
            replace(scope, uses=(), platform=None) == EVERYTHING and scope.withholds(Use.TRAINING)
            for scope in self.scopes(name)
        )

    def allowed(self, post: Post) -> set[Use]:
        """For what the law lets this post be used today."""
        everyone = self.same(post.author)
        grown = max(self.born[name] for name in everyone)
        grown = grown.replace(year=grown.year + 18)
        out = (
            self.gone(post.author)
            or any(name in self.locked or name in self.restricted for name in everyone)
            or self.told.isdisjoint(everyone)
            or grown > TODAY
            or post.on < grown
            or post.group in self.closed
            or self.copied(post)
        )
        if out:
            return set()
        withheld = {
            use
            for scope in (*self.scopes(post.author), *self.held)
            for use in Use
            if scope.withholds(use) and self.covers(scope, post)
        }
        return {Use.TRAINING, Use.ANSWERS, Use.SEARCH} - withheld

    def covers(self, scope: Scope, post: Post) -> bool:
        return (
            scope.country in (None, COUNTRIES[post.author])
            and scope.platform in (None, "forum")
            and scope.group in (None, post.group)
            and (not scope.kinds or post.kind in scope.kinds)
            and (scope.until is None or post.on <= scope.until)
        )


def words_of(number: int) -> str:
    """Unlike any other post's, so that nothing is taken for a copy that is none."""
    return " ".join(hashlib.sha256(f"{number}.{n}".encode()).hexdigest()[:9] for n in range(6))


class Community(RuleBasedStateMachine):
    """Anything that can happen to a site, in any order."""

    fresh: Callable[[Path], Site]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="demur-machine-"))
        self.site = self.fresh(self.folder / "site")
        self.world = World()
        self.moment = NOW
        self.built: Origins | None = None
        self.standing = standing.of(self.site, today=lambda: TODAY)
        self.imports(NAMES, [self.begun(number) for number in range(12)])
        self.tell()
        self.builds()

    def teardown(self) -> None:
        from django.db import connections

        connections.close_all()
        shutil.rmtree(self.folder)

    # What people post

    def begun(self, number: int) -> Post:
        """What was there before: of each person a post, one in a group, and a mention."""
        author, other = NAMES[number % 4], NAMES[(number + 1) % 4]
        about, group = (other if number >= 8 else None), (GROUPS[0] if number >= 4 else None)
        kind = "comment" if number % 3 else "post"
        on = date(2024 + number % 2, 1 + number, 5)
        post = Post(number, author, kind, group, on, about, words_of(number))
        self.world.posts.append(post)
        return post

    @rule(
        author=names, kind=st.sampled_from(["post", "comment"]),
        group=st.sampled_from([None, None, *GROUPS]), about=st.sampled_from([None, *NAMES]),
        on=st.dates(date(2024, 1, 1), date(2026, 10, 1)),
    )  # fmt: skip
    def posts(self, author: str, kind: str, group: str | None, about: str | None, on: date) -> None:
        number = len(self.world.posts)
        if about in self.world.same(author):
            about = None
        self.take(Post(number, author, kind, group, on, about, words_of(number)))

    @precondition(lambda self: self.world.posts)
    @rule(author=names, which=st.integers(0, 99))
    def copies(self, author: str, which: int) -> None:
        copied = self.world.posts[which % len(self.world.posts)]
        number = len(self.world.posts)
        self.take(replace(copied, number=number, author=author, mentions=None))

    def take(self, post: Post) -> None:
        self.world.posts.append(post)
        self.imports([post.author], [post])

    def imports(self, whose: object, posts: list[Post]) -> None:
        world = self.world
        accounts = [
            {
                **archive.account(name, country=COUNTRIES[name], born=world.born[name].isoformat()),
                "handle": world.handle[name],
                "locked": name in world.locked,
            }
            for name in whose
        ]
        records = [post.record(world.handle.get(post.mentions or "", "")) for post in posts]
        archive.take(self.site, self.folder / "in", accounts, records, now=self.moment)

    # What they say

    @rule(name=names, scope=st.sampled_from(SCOPES))
    def objects(self, name: str, scope: Scope) -> None:
        if not self.world.gone(name):
            objection.submit(archive.owner(name), route="form", scope=scope, now=self.moment)
            self.world.said.add((name, scope))

    @rule(name=names, scope=st.sampled_from(SCOPES))
    def objects_while_the_database_is_away(self, name: str, scope: Scope) -> None:
        if not self.world.gone(name):
            said = {"person": archive.owner(name).pk, "scope": scope.to_json()}
            spool.keep(self.site, said, now=self.moment)
            self.world.said.add((name, scope))

    @rule()
    def the_database_is_back(self) -> None:
        spool.replay(self.site, self.moment)

    @rule(name=names, everything=st.booleans())
    def withdraws(self, name: str, everything: bool) -> None:
        spool.replay(self.site, self.moment)
        scopes = self.world.scopes(name)
        if self.world.gone(name) or not scopes:
            return
        person = archive.owner(name)
        only = None if everything else objection.standing_objections(person)[-1]
        objection.withdraw(person, only=only, now=self.moment)
        taken = scopes if only is None else {Scope.from_json(only.scope)}
        self.world.said = {
            (who, scope)
            for who, scope in self.world.said
            if who not in self.world.same(name) or scope not in taken
        }

    @rule(one=names, other=names)
    def links(self, one: str, other: str) -> None:
        world = self.world
        if world.gone(one) or world.gone(other):
            return
        people.link(f"forum:{one}", f"forum:{other}", now=self.moment)
        intake.recover(self.site)
        into = world.person[one]
        for name in world.same(other):
            world.person[name] = into

    @rule(name=names)
    def renames(self, name: str) -> None:
        if not self.world.gone(name):
            self.world.handle[name] = f"{name}{len(self.world.handles[name])}"
            self.world.handles[name].add(self.world.handle[name])
            self.imports([name], [])

    @rule(name=names)
    def locks_or_opens(self, name: str) -> None:
        if not self.world.gone(name):
            self.world.locked ^= {name}
            self.imports([name], [])

    @rule(name=names, years=st.sampled_from([0, 15]))
    def turns_out_to_be_younger(self, name: str, years: int) -> None:
        if not self.world.gone(name):
            self.world.born[name] = max(self.world.born[name], date(2006 + years // 3, 3, 3))
            self.imports([name], [])

    @rule(name=names)
    def is_erased(self, name: str) -> None:
        if not self.world.gone(name):
            spool.replay(self.site, self.moment)
            erasure.erase(self.site, archive.owner(name), now=self.moment)
            self.world.erased.add(name)

    @rule(name=names)
    def asks_for_deletion_or_is_answered(self, name: str) -> None:
        world = self.world
        if world.gone(name):
            return
        theirs = archive.owner(name)
        if name in world.restricted:
            world.restricted.discard(name)
            done = models.Request.objects.filter(said=name)
            with book.writing():
                done.update(restricted=False)
                book.bump()
            return
        world.restricted.add(name)
        with book.writing():
            entry = book.append("request", {}, person=theirs, now=self.moment)
            models.Request.objects.create(
                id=uuid4(), person=theirs, exercise="deletion", route="form", state="open",
                due=TODAY, opened=entry, opened_at=self.moment, said=name,
            )  # fmt: skip
            book.bump()

    # What the operator and the authorities do

    @rule()
    def tell(self) -> None:
        notice.announce(now=TOLD, regimes=regimes.load())
        models.Delivery.objects.filter(sent_at=None).update(sent_at=TOLD)
        self.world.told = set(NAMES)

    @rule(scope=st.sampled_from(HOLDS))
    def halts_or_lifts(self, scope: Scope) -> None:
        if scope in self.world.held:
            (one,) = models.Hold.objects.filter(lifted_at=None, scope=scope.to_json())
            hold.lift(one.pk, by="AP", now=self.moment)
        else:
            hold.place(scope, by="AP", now=self.moment)
        self.world.held ^= {scope}

    @rule(name=st.sampled_from(GROUPS))
    def closes_or_opens_a_group(self, name: str) -> None:
        if name in self.world.closed:
            groups.reopen(name, by="operator", now=self.moment)
        else:
            groups.close(name, by="operator", now=self.moment)
        self.world.closed ^= {name}

    # What must hold

    @precondition(lambda self: self.built is not None)
    @rule()
    def the_gate_is_asked(self) -> None:
        """Whatever may not be used any more is silent, before anything is built anew."""
        assert self.built is not None
        in_force = self.standing.in_force()
        assert in_force.epoch == self.standing.epoch()
        by_number = {post.number: post for post in self.world.posts}
        for use, silent in self.built.silences(in_force).items():
            for row, (number, text) in enumerate(self.rows):
                post = by_number[number]
                heard = not silent[row]
                assert not heard or use in self.world.allowed(post), (use, post)
                assert not heard or not self.pointing(post, text), (use, post)

    @rule()
    def builds(self) -> None:
        world, lake = self.world, Lake(self.site.lake, self.site.home)
        if self.built is not None:
            self.the_gate_is_asked()
        stands = standing.stands(today=TODAY, regimes=regimes.load())
        corpus.build(lake, stands, out=self.site.build, seed=1)
        kept = dict(self.kept())
        for post in world.posts:
            allowed = world.allowed(post)
            if allowed and self.repeats(post):
                continue
            assert kept.pop(post.number, (set(), ""))[0] - {Use.TRANSLATION} == allowed, post
        assert not {number for number in kept if not self.repeats(world.posts[number])}
        self.built = Origins.load(self.folders())
        in_force = self.standing.in_force()
        for use, silent in self.built.silences(in_force).items():
            clean = silent & self.built.kept_for(use)
            assert not clean.any(), "built just now, and not allowed to speak"
        self.explains(lake, stands)

    def explains(self, lake: Lake, stands: object) -> None:
        for name in NAMES:
            if self.world.gone(name):
                continue
            for each in explain(lake, stands, PersonId(archive.owner(name).pk)):
                if not {Use.TRAINING, Use.ANSWERS, Use.SEARCH} <= each.decision.uses:
                    assert each.decision.reasons
                    assert all(each.sentences("en"))

    def repeats(self, post: Post) -> bool:
        """The same person posted these words more than once; one of them is used."""
        same = self.world.same(post.author)
        return sum(p.words == post.words and p.author in same for p in self.world.posts) > 1

    def pointing(self, post: Post, text: str) -> bool:
        """Can somebody be read in it who objects?"""
        who = post.mentions
        return (
            who is not None
            and who not in self.world.same(post.author)
            and self.world.masked(who)
            and any(f"@{handle}" in text for handle in self.world.handles[who])
        )

    def folders(self) -> list[Path]:
        return [
            corpus.current(self.site.build, shard).path for shard in range(self.site.home.shards)
        ]

    def kept(self) -> Iterator[tuple[int, tuple[set[Use], str]]]:
        """By number what each kept post may be used for. No objector can be read in any."""
        self.rows = []
        for path in self.folders():
            for row in pq.read_table(path / "kept.parquet", columns=["text", "uses"]).to_pylist():
                number = int(row["text"].partition("x ")[0].removeprefix("nr"))
                self.rows.append((number, row["text"]))
                assert not self.pointing(self.world.posts[number], row["text"]), row["text"]
                yield number, ({use for use in Use if row["uses"] & use.bit}, row["text"])


def test_no_order_of_things_lets_a_no_be_overheard(pattern: Path, serve: Callable[[Site], None]):
    def fresh(path: Path) -> Site:
        shutil.copytree(pattern, path)
        site = folder.open_site(path)
        serve(site)
        return site

    Community.fresh = staticmethod(fresh)
    run_state_machine_as_test(
        Community,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
