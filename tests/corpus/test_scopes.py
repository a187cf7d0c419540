"""A No that covers a part, a hold on a part, a notice of one use: what remains, twice decided."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from corpus_town import HOME, Town
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demur.corpus import columns
from demur.corpus.build import current
from demur.corpus.stored import text_mark
from demur.corpus.suppression import Suppressed
from demur.errors import ProofRejected
from demur.people import PersonId, Scope, Use
from demur.policy.clause import ALL, Outcome
from demur.posts import Audience, Kind, Mention, Photo, Post, normal

TRAINING, ANSWERS, SEARCH = Use.TRAINING, Use.ANSWERS, Use.SEARCH
POEM = "De mist hangt laag, het veer vaart uit, en niemand zegt een woord vandaag."


def uses(town: Town, post: Post) -> set[Use]:
    """For what the current build keeps a post; and the build wrote the same down as decided."""
    kept = {row["post_id"]: row["uses"] for row in town.kept()}
    bits = kept.get(post.id, 0)
    for shard in range(town.lake.home.shards):
        for row in pq.read_table(current(town.out, shard).decisions).to_pylist():
            if row["post_id"] == post.id:
                assert row["uses"] == bits
                assert (row["outcome"] == Outcome.EXCLUDE.severity) == (bits == 0)
    return {use for use in Use if bits & use.bit}


def why(town: Town, name: str, post: Post) -> list[str]:
    [found] = [each for each in town.explain(name) if each.stored.id == post.id]
    assert set(found.decision.uses) == uses(town, post)
    return [reason.rule for reason in found.decision.reasons]


def test_her_no_to_photos_leaves_her_texts(village: Town) -> None:
    photo = Photo(sha256="a" * 64, media_type="image/png", data=b"png")
    picture = village.post("anna", "Kijk eens", kind=Kind.PHOTO, photos=(photo,))
    words = village.post("anna", "Woorden mogen")
    village.put(picture, words)
    village.narrows("anna", Scope(kinds=("photo",)))
    village.build()
    assert uses(village, picture) == set()
    assert uses(village, words) == set(Use)
    assert why(village, "anna", picture) == [f"objects-to-{use}" for use in Use]


def test_her_no_to_training_lets_her_be_quoted_and_takes_her_out_of_others_posts(
    village: Town,
) -> None:
    village.narrows("anna", Scope(uses=(TRAINING,)))
    village.build()
    quoted = village.post("anna", "Vandaag voor het eerst geschaatst op de sloot achter ons huis!")
    assert uses(village, quoted) == ALL - {TRAINING}
    [said] = [each for each in village.explain("anna") if each.stored.id == quoted.id]
    assert said.sentences("en") == [
        "This post may be used for answers, search and translating.",
        "You objected to training with it.",
    ]
    masked = next(row for row in village.kept() if "kermis" in row["text"])
    assert (masked["text"], masked["masked"]) == ("Leuk met […] op de kermis", ["village:@anna"])
    assert masked["uses"] == sum(use.bit for use in Use)


def test_nobody_s_copy_is_learned_of_what_she_keeps_from_training(village: Town) -> None:
    hers, copy = village.post("anna", POEM), village.post("bob", POEM)
    village.put(hers, copy)
    village.narrows("anna", Scope(uses=(TRAINING,)))
    village.build()
    assert uses(village, copy) == set()
    assert uses(village, hers) == ALL - {TRAINING}, "her own post is no copy of itself"


REACH = [
    (Scope(since=date(2024, 3, 1)), True),
    (Scope(since=date(2024, 3, 2)), False),
    (Scope(until=date(2024, 3, 1)), True),
    (Scope(until=date(2024, 2, 29)), False),
    (Scope(since=date(2024, 2, 1), until=date(2024, 3, 31)), True),
    (Scope(group="Buurtapp"), True),
    (Scope(group="Voetbal"), False),
    (Scope(platform="village"), True),
    (Scope(platform="mastodon"), False),
    (Scope(country="NL"), True),
    (Scope(country="BE"), False),
    (Scope(kinds=("photo", "post")), True),
    (Scope(kinds=("photo",)), False),
    (Scope(model="tureluur-1"), False),
]


def test_a_no_reaches_as_far_as_it_says_and_no_further(town: Town) -> None:
    town.groups = ["Buurtapp"]
    # the last second of a day in UTC: whose calendar is used must not matter
    moment = datetime(2024, 3, 1, 23, 59, 59, tzinfo=UTC)
    posts = []
    for number, (scope, _) in enumerate(REACH):
        town.person(f"p{number}")
        posts.append(town.post(f"p{number}", "hallo", group="Buurtapp", created_at=moment))
        town.narrows(f"p{number}", scope)
    town.put(*posts)
    town.build()
    left = {row["post_id"] for row in town.kept()}
    assert {s: p.id not in left for (s, _), p in zip(REACH, posts, strict=True)} == dict(REACH)


def test_a_hold_on_a_group_in_answers_leaves_the_rest(town: Town) -> None:
    town.person("anna")
    town.groups = ["Buurtapp"]
    inside, outside = town.post("anna", "in de groep", group="Buurtapp"), town.post("anna", "los")
    town.put(inside, outside)
    town.holds = [Scope(group="Buurtapp", uses=(ANSWERS,))]
    town.build()
    assert (uses(town, inside), uses(town, outside)) == (ALL - {ANSWERS}, set(Use))
    assert why(town, "anna", inside) == ["held-from-answers"]
    town.holds = [Scope(post=outside.id)]
    town.build()
    assert town.texts() == ["in de groep"]


def _fields(scope: Scope) -> dict[str, Any]:
    return {name: getattr(scope, name) for name in scope.__dataclass_fields__}


def test_one_post_is_taken_out_and_its_twin_of_another_day_stays(village: Town) -> None:
    one, two = village.post("anna", "eerste"), village.post("anna", "tweede")
    village.put(one, two)
    village.narrows("anna", Scope(post=one.id), Scope(post=two.id, uses=(SEARCH,)))
    village.build()
    assert uses(village, one) == set()
    assert uses(village, two) == ALL - {SEARCH}


def test_her_no_to_one_platform_masks_that_platform_s_handle_alone(town: Town) -> None:
    anna = town.person("anna")
    town.person("anna2", person=anna, platform="other", keys=["other:@anna"])
    town.person("bob")
    here = town.post("bob", "dag @anna", origin="1")
    there = town.post(
        "bob", "hoi @anna", origin="2", mentions=(Mention(start=4, end=9, key="other:@anna"),)
    )
    town.put(here, there)
    town.narrows("anna", Scope(platform="other"))
    town.build()
    assert town.texts() == ["dag @anna", "hoi […]"]


def test_her_no_to_one_post_does_not_touch_what_others_wrote(village: Town) -> None:
    village.narrows("anna", Scope(post="0" * 32), Scope(since=date(2020, 1, 1), uses=(TRAINING,)))
    village.build()
    assert "Leuk met @anna op de kermis" in village.texts()


def test_a_name_she_found_and_confirmed_is_taken_out_of_her_friend_s_post(village: Town) -> None:
    post = village.post("bob", "Anna en ik waren er. Anna lachte.")
    other = village.post("bob", "Anna Jansen won de wedstrijd.")
    village.put(post, other)
    village.objects("anna")
    key = f"named:{village.people['anna']['person']}"
    village.named = {post.id: (Mention(start=0, end=4, key=key),)}
    village.build()
    row = next(row for row in village.kept() if row["post_id"] == post.id)
    assert (row["text"], row["masked"]) == ("[…] en ik waren er. […] lachte.", [key])
    assert why(village, "bob", post) == ["objector-mentioned"]
    assert other.text in village.texts(), "another Anna keeps her name"


def test_a_person_without_an_account_is_masked_by_the_handle_they_claim(village: Town) -> None:
    village.person("dirk", account="person:d", platform="", keys=["village:@bob"], country=None)
    village.objects("dirk")
    village.build()
    assert "Niemand luistert ooit naar […]." in village.texts()


def test_told_of_search_alone(village: Town) -> None:
    village.people["bob"]["untold"] = ["training", "answers", "translation"]
    village.build()
    post = village.post("bob", "Wie heeft er een ladder te leen?")
    assert uses(village, post) == {SEARCH}
    assert why(village, "bob", post) == [
        "untold-of-training",
        "untold-of-answers",
        "untold-of-translation",
    ]


@pytest.mark.parametrize("fact", ["restricted", "memorial"])
def test_a_request_under_way_and_a_death_leave_nothing(village: Town, fact: str) -> None:
    village.people["bob"][fact] = True
    village.build()
    assert {row["account"] for row in village.kept()} == {"village:anna", "village:cor"}


def test_what_is_kept_says_where_it_stood_and_how_its_copies_are_known(town: Town) -> None:
    town.person("anna")
    town.groups = ["Buurtapp"]
    photo = Photo(sha256="a" * 64, media_type="image/png", look=b"l" * 32, data=b"png")
    plain = Photo(sha256="b" * 64, media_type="image/png", data=b"png")
    audience = Audience.PUBLIC_GROUP
    town.put(town.post("anna", POEM, group="Buurtapp", audience=audience, photos=(photo, plain)))
    town.build()
    [row] = town.kept()
    assert row["group"] == "Buurtapp"
    assert row["near"]
    assert [each["look"] for each in row["photos"]] == [b"l" * 32, None]


def test_columns_that_miss_a_narrowed_no_stop_the_build(
    village: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.narrows("anna", Scope(kinds=("post",)))
    monkeypatch.setattr(columns, "NARROWED", "false")
    with pytest.raises(ProofRejected):
        village.build()


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Nine people, and posts that differ in everything a scope can ask for."""
    town = Town(tmp_path_factory.mktemp("crowd"))
    town.groups = ["g1", "g2"]
    for name in NAMES:
        town.person(name, country={"anna": None, "bob": "BE"}.get(name, "NL"))
        made = itertools.product(
            ("instagram", "mastodon"), (None, "g1"), (Kind.POST, Kind.COMMENT), DAYS
        )
        town.put(
            *(
                town.post(
                    name,
                    POEM if number % 7 == 0 else f"{name} zegt {number}",
                    origin=f"{name}/{number}",
                    platform=platform,
                    group=group,
                    kind=kind,
                    created_at=datetime(day.year, day.month, day.day, 23, tzinfo=UTC),
                )
                for number, (platform, group, kind, day) in enumerate(made)
            )
        )
    return town


NAMES = ["anna", "bob", "cor", "dirk", "els", "fien", "gijs", "hans", "ine"]
DAYS = [date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 2)]
maybe_days = st.none() | st.sampled_from([*DAYS, date(2023, 1, 1), date(2030, 1, 1)])
scopes = st.builds(
    Scope,
    platform=st.sampled_from([None, None, "instagram", "mastodon", "usenet"]),
    country=st.sampled_from([None, None, "NL", "BE"]),
    group=st.sampled_from([None, None, "g1", "it's"]),
    kinds=st.sampled_from([(), (), ("post",), ("post", "comment")]),
    post=st.none() | st.integers(0, 200),
    since=maybe_days,
    until=maybe_days,
    uses=st.lists(st.sampled_from(list(Use)), max_size=3, unique=True).map(tuple),
    model=st.sampled_from([None, None, None, "tureluur-1"]),
)
few = st.lists(scopes, max_size=3)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries(dict.fromkeys(NAMES, few)),
    few,
    st.lists(st.integers(0, 200), max_size=3),
    st.sets(st.sampled_from(NAMES), max_size=2),
)
def test_columns_and_plain_python_agree_whatever_is_said_no_to(
    crowd: Town,
    narrowed: dict[str, list[Scope]],
    holds: list[Scope],
    named: list[int],
    untold: set[str],
) -> None:
    """The build decides all of these few posts twice and refuses where the two differ. Here the
    scopes are asked a third time: nothing is kept for a use that is withheld from it, and what
    nobody withholds is kept."""
    posts = sorted((s for n in crowd.people for s in _stored(crowd, n)), key=lambda s: s.id)

    def real(scope: Scope) -> Scope:
        """The number of a post is the n-th post's id."""
        post = None if scope.post is None else posts[int(scope.post)].id
        return Scope(**{**_fields(scope), "post": post})

    crowd.narrowed, crowd.named = {}, {}
    for name, theirs in narrowed.items():
        crowd.narrows(name, *map(real, theirs))
    crowd.holds = [real(scope) for scope in holds]
    crowd.named = {posts[i].id: (Mention(start=0, end=3, key="named:d"),) for i in named}
    crowd.suppressed = Suppressed(texts=frozenset({text_mark(normal(POEM), HOME)}))
    for name, row in crowd.people.items():
        row["untold"] = ["training"] if name in untold else []
    crowd.build()
    kept = {row["post_id"]: row for row in crowd.kept()}
    for each in posts:
        row = kept.get(each.id, {"uses": 0})
        author = crowd.people[each.post.account.removeprefix("village:")]
        allowed = set(Use)
        for scope in (*crowd.narrowed.get(each.person, ()), *crowd.holds):
            if scope.covers(
                platform=each.post.platform,
                country=author["country"],
                group=each.post.group,
                kind=each.post.kind,
                post=each.id,
                created_on=each.post.created_at.date(),
            ):
                allowed -= {use for use in Use if scope.withholds(use)}
        if author["untold"]:
            allowed.discard(TRAINING)
        if author["country"] is None or each.post.text == POEM:
            # a narrowed No to training makes her own poem no copy; then it may have been kept
            assert row["uses"] & ~sum(use.bit for use in allowed) == 0
            continue
        assert row["uses"] == sum(use.bit for use in allowed)
        if each.id in crowd.named and allowed:
            assert row["masked"] == ["named:d"]


def _stored(town: Town, name: str) -> list[Any]:
    return list(town.lake.posts_of(PersonId(town.people[name]["person"])))


def test_a_manifest_made_before_uses_were_kept_is_refused(village: Town, tmp_path: Path) -> None:
    made = village.build()[0]
    old = tmp_path / "manifest.json"
    old.write_bytes(made.to_json().replace(b'"v":3', b'"v":1'))
    with pytest.raises(ProofRejected, match="build again"):
        type(made).load(old)
