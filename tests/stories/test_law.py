"""A No to a part: what it covers goes, and the rest of what somebody wrote stays theirs to give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.contrib.auth.models import User
from django.test import Client
from village_site import NOW, Village

from demur.corpus import build as corpus
from demur.corpus.lake import Lake
from demur.people import AccountId, PersonId, Use
from demur.policy import regimes
from demur.posts import Audience, Kind, Post
from demur.rights import objection, standing
from demur.village import story
from demur.village.village import load

HERS, FRIEND = story.OBJECTOR, story.FRIEND
TOLD_USES = {Use.TRAINING, Use.ANSWERS, Use.SEARCH}  # the first campaign's; nobody was told more

SignIn = Callable[[str], Client]


@pytest.fixture
def signed_in(told: Village) -> SignIn:
    def sign_in(who: str) -> Client:
        person = told.person(who)
        if person.user is None:
            person.user = User.objects.create_user(who, person.email)
            person.save(update_fields=["user"])
        client = Client(headers={"accept-language": "en"})
        client.force_login(person.user)
        return client

    return sign_in


def says_no(client: Client, **ticked: Any) -> None:
    """The form of a No, with these boxes ticked under "Only a part"."""
    said = {"email": "marijke@tureluur.example", "part": "1"} | ticked
    assert client.post("/privacy/object/", said).status_code == 302


def built(told: Village) -> None:
    lake = Lake(told.site.lake, told.site.home)
    stands = standing.stands(today=NOW.date(), regimes=regimes.load())
    corpus.build(lake, stands, out=told.site.build, seed=1)


def kept(told: Village, who: str | None = None) -> list[dict[str, Any]]:
    rows = [
        row
        for shard in range(told.site.home.shards)
        for row in pq.read_table(corpus.current(told.site.build, shard).kept).to_pylist()
    ]
    return rows if who is None else [row for row in rows if row["account"] in told.accounts(who)]


def uses(row: dict[str, Any]) -> set[Use]:
    return {use for use in Use if row["uses"] & use.bit}


def test_she_keeps_her_photos_out_and_lets_her_words_be_learned(
    told: Village, signed_in: SignIn
) -> None:
    built(told)
    before = Counter(row["kind"] for row in kept(told, HERS))
    assert before["photo"], "she has photos, or this shows nothing"
    client = signed_in(HERS)
    says_no(client, kinds=["photos"])
    built(told)
    after = Counter(row["kind"] for row in kept(told, HERS))
    assert after == Counter({kind: n for kind, n in before.items() if kind != "photo"})
    assert all(Use.TRAINING in uses(row) for row in kept(told, HERS))
    assert "You objected to training with it." in client.get("/privacy/mine/").text


def test_she_may_be_quoted_and_is_never_learned_and_her_friend_does_not_name_her(
    told: Village, signed_in: SignIn
) -> None:
    built(told)
    number = len(kept(told, HERS))
    says_no(signed_in(HERS), uses=[Use.TRAINING])
    built(told)
    hers = kept(told, HERS)
    assert len(hers) == number
    assert {frozenset(uses(row)) for row in hers} == {frozenset(TOLD_USES - {Use.TRAINING})}
    said = load().named(story.MASKED).text
    [masked] = [row for row in kept(told, FRIEND) if row["text"].startswith(said[:15])]
    assert "@marijke" not in masked["text"]
    assert any("marijke" in key for key in masked["masked"])
    assert not any("marijke" in key for key in masked["mention_keys"])
    assert uses(masked) == TOLD_USES, "his post stays his, and is learned"


def test_one_post_that_she_regrets_goes_and_no_other(told: Village, signed_in: SignIn) -> None:
    built(told)
    regretted, *others = sorted(kept(told, HERS), key=lambda row: row["created_at"])
    client = signed_in(HERS)
    address = f"/privacy/object/{regretted['post_id']}/"
    assert client.post(address, {"email": "marijke@tureluur.example"}).status_code == 302
    built(told)
    left = {row["post_id"] for row in kept(told, HERS)}
    assert left == {row["post_id"] for row in others}


def test_a_year_she_would_rather_forget_is_left_out_to_the_day(
    told: Village, signed_in: SignIn
) -> None:
    built(told)
    before = {row["post_id"]: row["created_at"].date() for row in kept(told, HERS)}
    first, last = min(before.values()), sorted(before.values())[len(before) // 2]
    says_no(signed_in(HERS), since=first.isoformat(), until=last.isoformat())
    built(told)
    left = {row["post_id"] for row in kept(told, HERS)}
    assert left == {post for post, day in before.items() if day > last}
    assert left


def test_what_she_posts_elsewhere_is_not_covered_by_a_no_to_one_platform(
    told: Village, signed_in: SignIn
) -> None:
    built(told)
    assert {row["platform"] for row in kept(told, HERS)} == {"mastodon", "bluesky", "forum"}
    says_no(signed_in(HERS), platform="bluesky")
    built(told)
    assert {row["platform"] for row in kept(told, HERS)} == {"mastodon", "forum"}


def test_she_finds_her_name_in_a_friend_s_post_and_it_is_taken_out_there(
    told: Village, signed_in: SignIn
) -> None:
    says, other = (
        "Gisteren was Marijke er ook bij.",
        "Maria Marijke Jansen uit Den Haag kwam langs.",
    )
    posted(told, FRIEND, says, other)
    client = signed_in(HERS)
    page = client.get("/privacy/mentions/")
    assert "<strong>Marijke</strong>" in page.text
    place = next(p["id"] for p in page.context["proposals"] if p["before"] == "Gisteren was ")
    assert client.post("/privacy/mentions/", {"yes": place}).status_code == 302
    built(told)
    assert says in {row["text"] for row in kept(told, FRIEND)}, "she has not objected"
    objection.submit(told.person(HERS), route="form", now=NOW)
    built(told)
    texts = {row["text"] for row in kept(told, FRIEND)}
    assert "Gisteren was […] er ook bij." in texts
    assert other in texts, "another Marijke keeps her name"
    assert "It mentions somebody who objects" in signed_in(FRIEND).get("/privacy/mine/").text


def test_a_new_use_that_nobody_was_told_of_is_not_made_of_anybody_s_posts(told: Village) -> None:
    built(told)
    assert kept(told)
    assert not [row for row in kept(told) if Use.TRANSLATION in uses(row)]


def posted(told: Village, who: str, *texts: str) -> None:
    """Posts of somebody, as another import would bring them."""
    account = AccountId(next(iter(told.accounts(who))))
    usual = Post(
        account=account,
        platform=account.partition(":")[0],
        kind=Kind.POST,
        audience=Audience.PUBLIC,
        created_at=datetime(2025, 5, 5, tzinfo=UTC),
        origin="",
        text="",
        lang="nl",
    )
    lake = Lake(told.site.lake, told.site.home)
    person = PersonId(told.person(who).pk)
    lake.stage("later", [(person, replace(usual, origin=text, text=text)) for text in texts])
    lake.publish("later")
