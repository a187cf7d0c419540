from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demur.errors import SiteUnusable
from demur.memory.origins import Origins
from demur.people import InForce, PersonId, Scope
from demur.posts import normal, text_hash

LONG = "Iedereen is zaterdag welkom op de boerderij van Kees, neem laarzen mee!"
Stands = Callable[..., InForce]


def silent(community: Any, in_force: InForce) -> set[str]:
    return set(Origins.load(community.built()).silenced_posts(in_force))


def test_her_own_posts_fall_silent_and_nobody_elses(community: Any, stands: Stands) -> None:
    hers = {community.writes("anna", "Mooi weer!"), community.writes("anna", "")}
    community.writes("bob", "Wat een regen.")
    assert silent(community, stands(1, "anna")) == hers
    assert silent(community, stands(1)) == set()


def test_a_post_that_names_or_shows_her_is_silent_until_it_is_masked(
    community: Any, stands: Stands
) -> None:
    key = "mastodon:@anna"
    named = community.writes("bob", "Met @anna op de kermis", mention_keys=["x:@piet", key])
    shown = community.writes("bob", "Kermis", tagged=[key])
    community.writes("bob", "Met […] op de kermis")
    assert silent(community, stands(1, "anna", keys=frozenset([key]))) == {named, shown}


def test_a_hold_silences_what_it_covers_and_what_is_unknown(community: Any, stands: Stands) -> None:
    covered = community.writes("anna", "a", country="IT")
    unknown = community.writes("bob", "b", country=None)
    community.writes("carla", "c", country="NL")
    elsewhere = community.writes("dirk", "d", country="IT", platform="facebook")
    italy = Scope(country="IT")
    assert silent(community, stands(1, holds=(italy,))) == {covered, unknown, elsewhere}
    italy_there = Scope(country="IT", platform="facebook")
    assert silent(community, stands(1, holds=(italy_there,))) == {elsewhere}


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
    short = community.writes("bob", "[…]", text_hash=text_hash(LONG))
    assert short in silent(community, stands(1, "anna"))


def test_a_row_says_whose_it_is(community: Any) -> None:
    community.writes("anna", "Kermis", tagged=["a:@b"], mention_keys=["c:@d"], country=None)
    (origin,) = list(Origins.load(community.built()))
    assert (origin.post_id, origin.person, origin.country) == ("post-0", "anna", None)
    assert origin.keys == {"a:@b", "c:@d"}
    assert origin.text_hash == text_hash("Kermis")


def test_one_person_in_two_shards_is_refused(community: Any, tmp_path: Path) -> None:
    community.writes("anna", "Kermis")
    built = community.built("one")
    with pytest.raises(SiteUnusable, match="demur build"):
        Origins.load([*built, *community.built("two")])


names = st.sampled_from(["anna", "bob", "carla", "dirk"])
keys = st.lists(st.sampled_from(["k1", "k2", "k3"]), max_size=2)
posts = st.fixed_dictionaries(
    {
        "person": names,
        "text": st.sampled_from(["hoi", "", LONG, LONG.upper(), LONG + "!"]),
        "country": st.sampled_from(["NL", "IT", None]),
        "kind": st.sampled_from(["post", "comment"]),
        "mention_keys": keys,
        "tagged": keys,
    }
)
scopes = st.builds(
    lambda country, kind: Scope(country=country, kind=kind),
    st.sampled_from(["NL", "IT", None]),
    st.sampled_from(["post", "comment", None]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(posts, max_size=8),
    st.sets(names),
    st.sets(st.sampled_from(["k1", "k2"])),
    st.lists(scopes, max_size=1),
)
def test_columns_silence_what_one_by_one_would(
    settle: Any,
    rows: list[dict[str, Any]],
    objectors: set[str],
    named: set[str],
    holds: list[Scope],
) -> None:
    in_force = InForce(
        epoch=1,
        silent={PersonId(one): 1 for one in objectors},
        keys=frozenset(named),
        holds=tuple(holds),
    )
    theirs = {text_hash(row["text"]) for row in rows if row["person"] in objectors}

    def is_silent(row: dict[str, Any]) -> bool:
        place = {"platform": "mastodon", "country": row["country"], "kind": row["kind"]}
        return (
            row["person"] in objectors
            or bool(named & {*row["mention_keys"], *row["tagged"]})
            or any(hold.covers(**place) for hold in holds)
            or (len(normal(row["text"])) >= 32 and text_hash(row["text"]) in theirs)
        )

    with TemporaryDirectory() as place:
        community = settle(Path(place))
        expected = {community.writes(**row) for row in rows if is_silent(row)}
        for row in rows:
            if not is_silent(row):
                community.writes(**row)
        origins = Origins.load(community.built())
        assert set(origins.silenced_posts(in_force)) == expected
        assert int(np.count_nonzero(origins.silenced(in_force))) == len(expected)
