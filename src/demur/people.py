"""People: who someone is, where they live, and how to ask what they want.

Values only. This room knows no storage and no machinery; `rights.standing` knows who objects.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, NewType, Protocol

PersonId = NewType("PersonId", str)
"""32 hexadecimal digits drawn at random when somebody is first seen; says nothing about them."""

AccountId = NewType("AccountId", str)
"""The platform and the platform's own lasting id: `mastodon:https://dorp.example/users/anna`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account on one platform, as an archive or the operator's records describe it.

    `keys` are the exact strings by which other people's posts point at this account: handles,
    profile addresses, the name a platform puts in a tag (`posts.handle_key` makes them). A key is
    lower case and starts with the platform: `instagram:@anna`, `facebook:name:anna de vries`.
    """

    id: AccountId
    platform: str
    handle: str | None = None
    name: str | None = None  # used to find mentions and to greet; never trained on
    email: str | None = None
    born: date | None = None  # None: unknown, so out
    country: str | None = None  # ISO 3166-1 alpha-2; None: unknown, so out
    language: str | None = None  # BCP 47: the language to write to them in
    locked: bool | None = None  # None: unknown, so out
    refuses_training: tuple[str, ...] = ()  # machine-readable No on the profile, by signal name
    keys: frozenset[str] = frozenset()
    memorial: bool = False  # its owner has died (`toot:memorial`): nothing of theirs is used


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where a person lives: shard and slice depend on the person and a secret alone, for ever.

    Not on size, order of arrival or counts: otherwise one person's leaving would move another
    and "retrained without X" could not equal "never saw X" (forgetting.md, rule 1).
    """

    key: bytes = field(repr=False)
    shards: int
    slices: int

    def shard(self, person: PersonId) -> int:
        return self._draw(b"shard", person) % self.shards

    def slice(self, person: PersonId) -> int:
        return self._draw(b"slice", person) % self.slices

    def mark(self, kind: str, value: bytes) -> bytes:
        """16 bytes by which the same text, picture, account or address is recognised on this
        site and, without its key, nowhere else. kind: keeps marks of different things apart."""
        return hmac.digest(self.key, b"mark\0" + kind.encode() + b"\0" + value, hashlib.sha256)[:16]

    def _draw(self, what: bytes, person: PersonId) -> int:
        digest = hmac.digest(self.key, what + b"\0" + person.encode(), hashlib.sha256)
        return int.from_bytes(digest[:8], "big")


class Use(StrEnum):
    """What a post can be used for. A notice names them, and a No can be narrowed to some."""

    TRAINING = "training"  # the weights and the counts learn it
    ANSWERS = "answers"  # found for an answer: quoted, cited, named as a source
    SEARCH = "search"  # found by somebody who searches
    TRANSLATION = "translation"  # an example for translating

    @property
    def bit(self) -> int:
        """Its place in the column `uses` of what a build keeps."""
        return 1 << list(Use).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a No or a hold covers. A field that is None or empty narrows nothing; all empty is
    everything. A scope with a `model` is about that released model, and covers no posts."""

    platform: str | None = None
    country: str | None = None
    group: str | None = None
    kinds: tuple[str, ...] = ()  # posts.Kind
    post: str | None = None  # its id
    since: date | None = None  # posted on this day or later
    until: date | None = None  # posted on this day or earlier
    uses: tuple[Use, ...] = ()
    model: str | None = None  # the name of a release, as the book has it

    def covers(
        self,
        *,
        platform: str,
        country: str | None,
        group: str | None,
        kind: str,
        post: str,
        created_on: date,
    ) -> bool:
        """An unknown country is covered by every country's hold: what is unknown is left out."""
        return (
            self.model is None
            and self.platform in (None, platform)
            and (self.country is None or country is None or self.country == country)
            and self.group in (None, group)
            and (not self.kinds or kind in self.kinds)
            and self.post in (None, post)
            and (self.since is None or self.since <= created_on)
            and (self.until is None or created_on <= self.until)
        )

    def withholds(self, use: Use) -> bool:
        """Is this use among those that the scope is about?"""
        return not self.uses or use in self.uses

    def to_json(self) -> dict[str, Any]:
        """Only what narrows, so that everything is `{}`; sorted, so that equal scopes are equal."""
        fields = {name: value for name, value in asdict(self).items() if value}
        return {
            name: sorted(map(str, value)) if isinstance(value, tuple) else str(value)
            for name, value in sorted(fields.items())
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Scope:
        """The inverse. ValueError or TypeError for what `to_json` never writes."""
        fields = dict(said)
        for name in ("since", "until"):
            if name in fields:
                fields[name] = date.fromisoformat(fields[name])
        if "kinds" in fields:
            fields["kinds"] = tuple(fields["kinds"])
        if "uses" in fields:
            fields["uses"] = tuple(Use(use) for use in fields["uses"])
        return cls(**fields)


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What stands at one moment. `epoch` grows with every change of anything below it.

    silent: everybody whose words may not be used now (an objection of theirs or of a linked
        account, a profile that closed, an age that turned out too low), with the line of the
        book that says so.
    narrowed: what those withhold whose No covers a part only.
    keys: the mention keys (`Account.keys`) of those who object. A post by somebody else that
        carries one of them may not be used as it was: it is silent until rebuilt with the span
        masked.
    named: posts in which an objector found their plain name, with the keys under which it is
        masked there; silent until rebuilt with them.
    posts: ids of posts that their platform has since narrowed, or taken back.
    holds: scopes nobody may use now, by an authority's or the operator's word.
    """

    epoch: int
    silent: Mapping[PersonId, int]
    narrowed: Mapping[PersonId, tuple[Scope, ...]] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()
    named: Mapping[str, frozenset[str]] = field(default_factory=dict)
    posts: frozenset[str] = frozenset()
    holds: tuple[Scope, ...] = ()


class Standing(Protocol):
    """Who objects now. `rights.standing` answers from the database, the tests from a list.

    Both methods raise `errors.StandingUnreadable` when they cannot answer; then nobody speaks.
    """

    def epoch(self) -> int:
        """One cheap read, asked before every token: has anything changed?"""
        ...

    def in_force(self) -> InForce:
        """Everything that stands, read in one transaction."""
        ...
