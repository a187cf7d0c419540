"""People: who someone is, where they live, and how to ask what they want.

Values only. This room knows no storage and no machinery; `rights.standing` knows who objects.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NewType, Protocol

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

    def _draw(self, what: bytes, person: PersonId) -> int:
        digest = hmac.digest(self.key, what + b"\0" + person.encode(), hashlib.sha256)
        return int.from_bytes(digest[:8], "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a No or a hold covers. A field that is None narrows nothing; all None is everything."""

    platform: str | None = None
    country: str | None = None
    kind: str | None = None

    def covers(self, *, platform: str, country: str | None, kind: str) -> bool:
        """An unknown country is covered by every country's hold: what is unknown is left out."""
        return (
            self.platform in (None, platform)
            and (self.country is None or country is None or self.country == country)
            and self.kind in (None, kind)
        )


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What stands at one moment. `epoch` grows with every change of anything below it.

    silent: everybody whose words may not be used now (an objection of theirs or of a linked
        account, a profile that closed, an age that turned out too low), with the line of the
        book that says so.
    keys: the mention keys (`Account.keys`) of those who object. A post by somebody else that
        carries one of them may not be used as it was: it is silent until rebuilt with the span
        masked.
    holds: scopes nobody may use now, by an authority's or the operator's word.
    """

    epoch: int
    silent: Mapping[PersonId, int]
    keys: frozenset[str] = frozenset()
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
