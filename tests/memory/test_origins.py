"""Whose words fall silent when somebody says no, for which use, and whose copies with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import one_by_one
import pytest
from hand_built import ALL_USES, mark_of
from hypothesis import given, settings
from hypothesis import strategies as st

from demur.errors import SiteUnusable
from demur.memory.origins import Origins
from demur.people import EVERYTHING, InForce, PersonId, Scope, Use

LONG = "Iedereen is zaterdag welkom op de boerderij van Kees, neem laarzen mee!"
ANNA = PersonId("anna")
Stands = Callable[..., InForce]


def silent(community: Any, in_force: InForce, use: Use = Use.ANSWERS) -> set[str]:
    origins = Origins.load(community.built())
    return _posts(origins, origins.silenced(in_force, use))


def _posts(origins: Origins, rows: Any) -> set[str]:
    return {origins.post_ids[row].as_py() for row in rows.nonzero()[0].tolist()}


def picture(look: bytes | None) -> list[dict[str, Any]]:
    return [{"sha256": "0" * 64, "media_type": "image/jpeg", "alt": "", "look": look}]


def seen_with(bits: int) -> bytes:
    """A look that differs from another in so many bits."""
    look = int.from_bytes(LOOK, "big")
    for bit in range(bits):
        look ^= 1 << (bit * 7 % 256)
    return look.to_bytes(32, "big")


LOOK = bytes(range(100, 132))


def test_her_own_posts_fall_silent_and_nobody_elses(community: Any, stands: Stands) -> None:
    hers = {community.writes("anna", "Mooi weer!"), community.writes("anna", "")}
    community.writes("bob", "Wat een regen.")
    for use in Use:
        assert silent(community, stands(1, "anna"), use) == hers
    assert silent(community, stands(1)) == set()


def test_what_was_not_kept_for_a_use_is_silent_for_it(community: Any, stands: Stands) -> None:
    found_only = community.writes("anna", "Mooi weer!", uses=Use.SEARCH.bit)
    community.writes("bob", "Wat een regen.")
    assert silent(community, stands(1), Use.SEARCH) == set()
    for use in (Use.TRAINING, Use.ANSWERS, Use.TRANSLATION):
        assert silent(community, stands(1), use) == {found_only}


def test_a_no_to_some_uses_leaves_the_others(community: Any, stands: Stands) -> None:
    hers = community.writes("anna", "Mooi weer!")
    community.writes("bob", "Wat een regen.")
    no = stands(1, narrowed={ANNA: (Scope(uses=(Use.TRAINING, Use.ANSWERS)),)})
    assert silent(community, no, Use.TRAINING) == silent(community, no, Use.ANSWERS) == {hers}
    assert silent(community, no, Use.SEARCH) == set()


@pytest.mark.parametrize(
    "scope",
    [
        Scope(platform="facebook"),
        Scope(kinds=("photo", "chat")),
        Scope(group="Dorpsplein"),
        Scope(post="post-1"),
        Scope(since=date(2024, 6, 1), until=date(2024, 6, 30)),
    ],
)
def test_a_no_to_a_part_withholds_that_part_alone(
    community: Any, stands: Stands, scope: Scope
) -> None:
    community.writes("anna", "Mooi weer!")
    part = community.writes(
        "anna",
        "Wat een regen.",
        platform="facebook",
        kind="photo",
        group="Dorpsplein",
        created_at=datetime(2024, 6, 30, 23, 59, tzinfo=UTC),
    )
    community.writes("bob", "Wat een regen.", platform="facebook", kind="photo", group="Dorpsplein")
    assert silent(community, stands(1, narrowed={ANNA: (scope,)})) == {part}


def test_several_narrow_noes_of_one_person_add_up(community: Any, stands: Stands) -> None:
    one, two = community.writes("anna", "a", kind="comment"), community.writes("anna", "b")
    community.writes("anna", "c", kind="photo")
    scopes = (Scope(post=two), Scope(kinds=("comment",)))
    assert silent(community, stands(1, narrowed={ANNA: scopes})) == {one, two}


def test_a_post_that_names_or_shows_her_is_silent_until_it_is_masked(
    community: Any, stands: Stands
) -> None:
    key = "mastodon:@anna"
    named = community.writes("bob", "Met @anna op de kermis", mention_keys=["x:@piet", key])
    shown = community.writes("bob", "Kermis", tagged=[key])
    community.writes("bob", "Met […] op de kermis", masked=[key])
    for use in Use:
        assert silent(community, stands(1, "anna", keys=frozenset([key])), use) == {named, shown}


def test_a_plain_name_she_confirmed_silences_the_post_until_it_is_masked_there(
    community: Any, stands: Stands
) -> None:
    readable = community.writes("bob", "Met Anna en Kees op de kermis", masked=["named:kees"])
    masked = community.writes("bob", "Met […] op de kermis", masked=["named:anna", "x:@piet"])
    half = community.writes("bob", "[…] en Kees", masked=["named:anna"])
    community.writes("bob", "Anna, maar een andere")
    hers = frozenset(["named:anna"])
    named = {readable: hers, masked: hers, half: hers | {"named:kees"}, "not here": hers}
    assert silent(community, stands(1, named=named)) == {readable, half}


def test_a_post_that_its_platform_took_back_is_silent_at_once(
    community: Any, stands: Stands
) -> None:
    taken = community.writes("bob", "Toch maar niet")
    community.writes("bob", "Dit wel")
    for use in Use:
        assert silent(community, stands(1, posts=frozenset([taken, "gone"])), use) == {taken}


def test_a_hold_silences_what_it_covers_and_what_is_unknown(community: Any, stands: Stands) -> None:
    covered = community.writes("anna", "a", country="IT")
    unknown = community.writes("bob", "b", country=None)
    community.writes("carla", "c", country="NL")
    elsewhere = community.writes("dirk", "d", country="IT", platform="facebook")
    italy = Scope(country="IT")
    assert silent(community, stands(1, holds=(italy,))) == {covered, unknown, elsewhere}
    italy_there = Scope(country="IT", platform="facebook")
    assert silent(community, stands(1, holds=(italy_there,))) == {elsewhere}
    no_training = Scope(country="IT", uses=(Use.TRAINING,))
    assert silent(community, stands(1, holds=(no_training,)), Use.SEARCH) == set()
    assert covered in silent(community, stands(1, holds=(no_training,)), Use.TRAINING)


def test_a_group_that_closes_is_silent_and_its_members_elsewhere_are_not(
    community: Any, stands: Stands
) -> None:
    inside = {community.writes(who, "in de groep", group="Dorpsplein") for who in ("anna", "bob")}
    community.writes("anna", "erbuiten")
    community.writes("bob", "in een andere", group="Haven")
    closed = (Scope(group="Dorpsplein"), Scope(group="a group of which nothing is here"))
    assert silent(community, stands(1, holds=closed)) == inside


def test_a_hold_on_a_model_is_about_no_post(community: Any, stands: Stands) -> None:
    community.writes("anna", "a")
    assert silent(community, stands(1, holds=(Scope(model="0" * 64),))) == set()


def test_a_copy_of_her_text_falls_silent_with_her(community: Any, stands: Stands) -> None:
    hers = community.writes("anna", LONG)
    copies = {community.writes("bob", LONG), community.writes("carla", f"  {LONG.upper()} ")}
    community.writes("bob", "Fijne dag allemaal!")
    community.writes("anna", "Fijne dag allemaal!")
    assert silent(community, stands(1, "anna")) >= {hers, *copies}
    assert len(silent(community, stands(1, "anna"))) == 4
    assert silent(community, stands(1, "bob")) >= {hers, *copies}
    assert silent(community, stands(1, "dirk")) == set()


def test_a_copy_that_masking_made_short_is_still_a_copy(community: Any, stands: Stands) -> None:
    community.writes("anna", LONG)
    short = community.writes("bob", "[…]", text_hash=mark_of(LONG))
    assert short in silent(community, stands(1, "anna"))


def test_a_near_copy_by_a_friend_falls_silent_and_a_copy_of_that_does_not(
    community: Any, stands: Stands
) -> None:
    hers = community.writes("anna", LONG, near=[-5, 7, 2**62])
    friends = community.writes("bob", "Kees zegt: " + LONG, near=[7, 9])
    community.writes("carla", "Kees zei: " + LONG, near=[9])
    assert silent(community, stands(1, "anna")) == {hers, friends}


def test_a_picture_that_looks_like_hers_falls_silent(community: Any, stands: Stands) -> None:
    hers = community.writes("anna", "", photos=picture(LOOK))
    same = community.writes("bob", "gejat", photos=[*picture(None), *picture(LOOK)])
    alike = community.writes("carla", "", photos=picture(seen_with(31)))
    further = community.writes("dirk", "", photos=picture(seen_with(32)))
    unknown = {community.writes("dirk", "", photos=picture(none)) for none in (None, bytes(32))}
    community.writes("emma", "", photos=picture(None))
    assert silent(community, stands(1, "anna")) == {hers, same, alike}
    assert silent(community, stands(1, "carla")) == {hers, same, alike, further}
    assert silent(community, stands(1, "dirk")) == {alike, further, *unknown}


def test_a_copy_of_what_she_withheld_is_withheld_for_the_same_use_and_her_own_second_is_not(
    community: Any, stands: Stands
) -> None:
    withheld = community.writes("anna", LONG, kind="comment")
    community.writes("anna", LONG)
    copy = community.writes("bob", LONG)
    no = stands(1, narrowed={ANNA: (Scope(kinds=("comment",), uses=(Use.TRAINING,)),)})
    assert silent(community, no, Use.TRAINING) == {withheld, copy}
    assert silent(community, no, Use.ANSWERS) == set()


def test_one_person_in_two_shards_is_refused(community: Any) -> None:
    community.writes("anna", "Kermis")
    built = community.built("one")
    with pytest.raises(SiteUnusable, match="demur build"):
        Origins.load([*built, *community.built("two")])


names = st.sampled_from(["anna", "bob", "carla", "dirk"])
keys = st.lists(st.sampled_from(["k1", "k2", "k3"]), max_size=2)
uses = st.lists(st.sampled_from(list(Use)), max_size=2, unique=True).map(tuple)
days = st.sampled_from([None, date(2024, 1, 1), date(2024, 6, 1)])
scopes = st.builds(
    Scope,
    platform=st.sampled_from([None, None, "mastodon"]),
    country=st.sampled_from([None, "NL", "IT"]),
    group=st.sampled_from([None, "plein", "haven"]),
    kinds=st.sampled_from([(), ("post",), ("comment", "photo")]),
    post=st.sampled_from([None, None, "post-0", "post-3"]),
    since=days,
    until=days,
    uses=uses,
    model=st.sampled_from([None, None, "m"]),
)
posts = st.fixed_dictionaries(
    {
        "person": names,
        "text": st.sampled_from(["hoi", "", LONG, LONG.upper(), LONG + "!"]),
        "country": st.sampled_from(["NL", "IT", None]),
        "group": st.sampled_from([None, "plein", "haven"]),
        "kind": st.sampled_from(["post", "comment"]),
        "uses": st.integers(0, ALL_USES),
        "created_at": st.sampled_from(
            [datetime(2024, month, 1, 23, 59, tzinfo=UTC) for month in (1, 5, 6)]
        ),
        "near": st.lists(st.integers(-2, 2), max_size=2),
        "mention_keys": keys,
        "masked": keys,
        "tagged": keys,
        "photos": st.sampled_from([[], picture(LOOK), picture(seen_with(30)), picture(None)]),
    }
)
standings = st.builds(
    InForce,
    epoch=st.just(1),
    silent=st.dictionaries(names.map(PersonId), st.just(1), max_size=2),
    narrowed=st.dictionaries(
        names.map(PersonId), st.lists(scopes, min_size=1, max_size=2).map(tuple), max_size=2
    ),
    keys=st.frozensets(st.sampled_from(["k1", "k2"]), max_size=1),
    named=st.dictionaries(
        st.sampled_from(["post-0", "post-1"]), st.frozensets(st.just("k3")), max_size=1
    ),
    posts=st.frozensets(st.sampled_from(["post-2", "elsewhere"]), max_size=1),
    holds=st.lists(scopes, max_size=2).map(tuple),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(posts, max_size=8), standings)
def test_columns_silence_what_one_by_one_would(
    settle: Any, rows: list[dict[str, Any]], in_force: InForce
) -> None:
    with TemporaryDirectory() as place:
        community = settle(Path(place))
        for row in rows:
            community.writes(**row)
        origins = Origins.load(community.built())
        for use in Use:
            expected = one_by_one.silenced(community.posts, in_force, use)
            assert _posts(origins, origins.silenced(in_force, use)) == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(posts, max_size=8), standings, standings)
def test_nothing_that_is_added_to_what_stands_lets_anything_speak(
    settle: Any, rows: list[dict[str, Any]], less: InForce, more: InForce
) -> None:
    both = replace(
        less,
        silent={**less.silent, **more.silent},
        narrowed={
            person: (*less.narrowed.get(person, ()), *more.narrowed.get(person, ()))
            for person in {**less.narrowed, **more.narrowed}
        },
        keys=less.keys | more.keys,
        named={
            post: less.named.get(post, frozenset()) | more.named.get(post, frozenset())
            for post in {**less.named, **more.named}
        },
        posts=less.posts | more.posts,
        holds=less.holds + more.holds,
    )
    with TemporaryDirectory() as place:
        community = settle(Path(place))
        for row in rows:
            community.writes(**row)
        origins = Origins.load(community.built())
        for use, before in origins.silences(less).items():
            assert not (before & ~origins.silences(both)[use]).any()


def test_everything_narrowed_is_everything(community: Any, stands: Stands) -> None:
    hers = community.writes("anna", LONG)
    copy = community.writes("bob", LONG)
    for use in Use:
        assert silent(community, stands(1, narrowed={ANNA: (EVERYTHING,)}), use) == {hers, copy}
