"""What the law may look at, gathered in plain Python: one stored post, its account, what stands.

The builder gathers the same facts in columns (`corpus.columns`). The two are written apart on
purpose: every build gathers and decides a sample and all edge cases here a second time, and is
refused on any difference. `corpus.explain` answers one person with this module alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from demur.corpus import mentions, suppression
from demur.corpus.suppression import Suppressed
from demur.people import PersonId, Scope, Use
from demur.policy import signals
from demur.policy.facts import NEVER, UNKNOWN, AuthorFacts, FactsOf, PlainFacts, PostFacts
from demur.policy.regimes import Regimes
from demur.posts import Audience, Mention

PEOPLE_SCHEMA = pa.schema(
    [
        pa.field("account", pa.string(), nullable=False),
        pa.field("person", pa.string(), nullable=False),
        pa.field("platform", pa.string(), nullable=False),
        pa.field("country", pa.string()),  # null: unknown
        pa.field("keys", pa.list_(pa.string()), nullable=False),  # see people.Account.keys
        pa.field("locked", pa.bool_()),  # null: unknown
        pa.field("adult_from", pa.date32()),  # null: age unknown
        pa.field("objects", pa.bool_(), nullable=False),  # by this account or a linked one
        pa.field("objects_here", pa.bool_(), nullable=False),  # by this very account
        pa.field("notice_queued", pa.bool_(), nullable=False),  # written, not (yet) delivered
        pa.field("told", pa.date32()),  # the day a notice was delivered; null: none was
        pa.field("usable_from", pa.date32()),  # Regime.usable_from(told); null: not told
        pa.field("choice", pa.string(), nullable=False),  # opt-out, opt-in or off
        pa.field("opted_in", pa.bool_(), nullable=False),
        pa.field("refuses_training", pa.list_(pa.string()), nullable=False),  # signal names
        pa.field("chats_on", pa.bool_(), nullable=False),
        pa.field("declared_audience", pa.string()),  # for archives that carry none
        pa.field("language", pa.string()),
        pa.field("restricted", pa.bool_(), nullable=False),  # a request of theirs is being decided
        pa.field("memorial", pa.bool_(), nullable=False),
        pa.field("untold", pa.list_(pa.string()), nullable=False),  # uses: not told, or too early
    ]
)
"""One row an account: what `rights.standing` says about it at the moment of the build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """Everything a build or an explanation has to be told; `rights.standing.stands` reads it in
    one transaction.

    people: `PEOPLE_SCHEMA`. narrowed: what those withhold whose No covers a part only.
    keys: the mention keys in force, `people.InForce.keys`; also of those who have no account.
    named: by post id, the plain names that an objector found in it and confirmed.
    """

    people: pa.Table = field(repr=False)
    today: date
    regimes: Regimes
    holds: tuple[Scope, ...] = ()
    declared_groups: frozenset[str] = frozenset()
    narrowed: Mapping[PersonId, tuple[Scope, ...]] = field(default_factory=dict, repr=False)
    keys: frozenset[str] = field(default=frozenset(), repr=False)
    named: Mapping[str, tuple[Mention, ...]] = field(default_factory=dict, repr=False)
    suppressed: Suppressed = field(default=Suppressed(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What stands on the day of a decision, beside the post and its account: `Stands`, with what
    the posts of those who object add to it."""

    today: date
    regimes: Regimes
    holds: tuple[Scope, ...]
    declared_groups: frozenset[str]
    narrowed: Mapping[PersonId, tuple[Scope, ...]] = field(repr=False)
    named: Mapping[str, tuple[Mention, ...]] = field(repr=False)
    objector_keys: frozenset[str] = field(repr=False)
    suppressed: Suppressed = field(repr=False)
    suppressing: frozenset[PersonId] = field(repr=False)  # own posts are no copies of themselves

    @classmethod
    def of(cls, stands: Stands, copied: Suppressed) -> Circumstances:
        """copied: what those had posted of whom no copy is used (`mentions.whose_copies`)."""
        return cls(
            today=stands.today,
            regimes=stands.regimes,
            holds=stands.holds,
            declared_groups=stands.declared_groups,
            narrowed=stands.narrowed,
            named=stands.named,
            objector_keys=mentions.keys_of_objectors(stands.people, stands.narrowed) | stands.keys,
            suppressed=stands.suppressed | copied,
            suppressing=mentions.whose_copies(stands.people, stands.narrowed),
        )

    def decides_audience(self, audience: str, group: str | None, declared: str | None) -> str:
        """A declaration fills a gap and never widens what a platform said. A group is opened by
        its own declaration alone: whose archive a post came in cannot speak for the group."""
        if audience != Audience.UNKNOWN:
            return audience
        if group is not None:
            return Audience.PUBLIC_GROUP if group in self.declared_groups else Audience.UNKNOWN
        return declared or Audience.UNKNOWN


UNKNOWN_AUTHOR: AuthorFacts[bool, str, date] = AuthorFacts(
    known=False,
    country=UNKNOWN,
    profile="unknown",
    age_known=False,
    adult_from=NEVER,
    choice="off",
    opted_in=False,
    told=False,
    notice_queued=False,
    usable_from=NEVER,
    untold_of_training=False,
    untold_of_answers=False,
    untold_of_search=False,
    untold_of_translation=False,
    objects_here=False,
    objects_elsewhere=False,
    restricted=False,
    memorial=False,
    refuses_training=False,
    wish_unreadable=False,
    chats_on=False,
    window_from=NEVER,
)
"""What is known about somebody who is not on record."""


def gather(
    post: Mapping[str, Any],
    account: Mapping[str, Any] | None,
    standing: Circumstances,
    *,
    repeats_own: bool,
) -> PlainFacts:
    """The facts about one row of the lake. account: its row of the people table, if there is one.

    repeats_own: whether the same person's same post is already kept; only `corpus.decide` and
    `corpus.explain` can say, since it takes all posts of the person.
    """
    if account is not None and account["person"] != post["person"]:
        account = None  # two people were linked while this shard was being moved
    declared = account["declared_audience"] if account else None
    country = account["country"] if account else None
    keys = standing.objector_keys
    created: datetime = post["created_at"]
    created_on = created.astimezone(UTC).date()

    def covered(scopes: Iterable[Scope]) -> list[Scope]:
        where = {name: post[name] for name in ("platform", "group", "kind")}
        where |= {"post": post["post_id"], "country": country, "created_on": created_on}
        return [scope for scope in scopes if scope.covers(**where)]

    held = covered(standing.holds)
    objected = covered(standing.narrowed.get(post["person"], ()))
    facts: PostFacts[bool, str, date] = PostFacts(
        kind=post["kind"],
        audience=str(standing.decides_audience(post["audience"], post["group"], declared)),
        created_on=created_on,
        is_reshare=post["reshare_of"] is not None,
        refuses_training=signals.refuses(post["refuses_training"]),
        picture_refuses=signals.refuses(post["photo_refusals"]),
        wish_unreadable=signals.unreadable([*post["refuses_training"], *post["photo_refusals"]]),
        mentions_objector=post["post_id"] in standing.named
        or not keys.isdisjoint(post["mention_key"]),
        pictures_objector=not keys.isdisjoint(post["tagged"]),
        copies_suppressed=not (account and account["person"] in standing.suppressing)
        and suppression.is_copy(post, standing),
        on_hold=any(not scope.uses for scope in held),
        repeats_own=repeats_own,
        **{f"objects_to_{use}": any(s.withholds(use) for s in objected) for use in Use},
        **{f"held_from_{use}": any(use in scope.uses for scope in held) for use in Use},
    )
    author = _author(account, standing) if account else UNKNOWN_AUTHOR
    return FactsOf(post=facts, author=author, today=standing.today)


def _author(account: Mapping[str, Any], standing: Circumstances) -> AuthorFacts[bool, str, date]:
    regime = standing.regimes.of(account["country"], standing.today)
    profiles = {True: "locked", False: "open", None: "unknown"}
    return AuthorFacts(
        known=True,
        country=account["country"] or UNKNOWN,
        profile=profiles[account["locked"]],
        age_known=account["adult_from"] is not None,
        adult_from=account["adult_from"] or NEVER,
        choice=account["choice"],
        opted_in=account["opted_in"],
        told=account["told"] is not None,
        notice_queued=account["notice_queued"],
        usable_from=account["usable_from"] or NEVER,
        objects_here=account["objects_here"],
        objects_elsewhere=account["objects"] and not account["objects_here"],
        refuses_training=signals.refuses(account["refuses_training"]),
        wish_unreadable=signals.unreadable(account["refuses_training"]),
        chats_on=account["chats_on"],
        window_from=regime.window_from(standing.today),
        restricted=account["restricted"],
        memorial=account["memorial"],
        **{f"untold_of_{use}": use in account["untold"] for use in Use},
    )
