"""The village is as alive as it says: its people, its posts, and nothing said twice by accident."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from demur.posts import normal
from demur.village import story
from demur.village.village import Saying, Village, load

TODAY = date(2026, 6, 15)


@pytest.fixture(scope="module")
def village() -> Village:
    return load()


@pytest.fixture(scope="module")
def originals(village: Village) -> list[Saying]:
    """What people wrote themselves: no boosts, no copies."""
    return [s for s in village.sayings if not s.boost and not s.copy]


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def test_about_forty_people_live_in_six_countries(village: Village) -> None:
    assert 40 <= len(village.people) <= 45
    known = {v.country for v in village.people.values()} - {None}
    assert known == {"NL", "BE", "DE", "GB", "US", "BR"}
    assert [k for k, v in village.people.items() if v.country is None] == [story.COUNTRY_UNKNOWN]


def test_two_are_children_one_has_just_grown_up_and_one_hides_their_age(village: Village) -> None:
    born = {key: v.born for key, v in village.people.items()}
    assert [key for key, day in born.items() if day is None] == [story.AGE_UNKNOWN]
    young = {key for key, day in born.items() if day and _age(day, TODAY) < 18}
    assert young == set(story.MINORS)
    sem = born[story.CAME_OF_AGE]
    assert sem is not None and _age(sem, TODAY) == 18
    ages = {_age(sem, s.at.date()) >= 18 for s in village.by(story.CAME_OF_AGE, "bluesky")}
    assert ages == {True, False}


def test_two_people_have_two_accounts_and_two_have_locked_theirs(village: Village) -> None:
    profiles = {key: v.profiles for key, v in village.people.items()}
    assert {k for k, p in profiles.items() if len({one.platform for one in p}) > 1} == set(
        story.LINKED
    )
    assert {k for k, p in profiles.items() if any(o.locked for o in p)} == set(story.LOCKED)
    assert {k for k, p in profiles.items() if any(o.refuses for o in p)} == set(
        story.REFUSES_BY_SIGNAL
    )


def test_more_than_650_posts_a_little_over_half_of_them_dutch(originals: list[Saying]) -> None:
    assert len(originals) >= 690
    share = Counter(s.lang for s in originals)
    assert 0.50 <= share["nl"] / len(originals) <= 0.60
    assert 0.40 <= share["en"] / len(originals) <= 0.50
    assert set(share) == {"nl", "en", "de", "pt"}


def test_a_post_is_neither_a_word_nor_a_lecture(originals: list[Saying]) -> None:
    lengths = sorted(len(s.text) for s in originals)
    assert sum(n < 40 for n in lengths) <= 3
    assert lengths[-1] <= 400
    assert 120 <= lengths[len(lengths) // 2] <= 200


def test_nobody_says_the_same_twice_but_the_copier(village: Village) -> None:
    said = Counter(normal(s.text) for s in village.sayings if not s.boost)
    copies = [s for s in village.sayings if s.copy]
    assert {s.who for s in copies} == {story.COPIER} and len(copies) == 3
    assert sum(n - 1 for n in said.values()) == len(copies)
    assert any(s.copy == story.CITED_NL for s in copies)


def test_no_two_posts_are_one_template(originals: list[Saying]) -> None:
    """Hardly any eight words in a row stand in two posts: nothing was filled into a mould, and
    what recurs is what people there say to one another."""
    seen: dict[str, str] = {}
    twice = set()
    for saying in originals:
        words = re.findall(r"\w+", normal(saying.text))
        for at in range(len(words) - 7):
            run = " ".join(words[at : at + 8])
            if seen.setdefault(run, saying.text) != saying.text:
                twice.add(run)
    assert len(twice) <= 30, sorted(twice)


def test_people_share_places_times_and_sayings(originals: list[Saying]) -> None:
    """The assistant only says word runs that at least two people wrote."""
    for phrase in (
        "de pont van kwart over zeven",
        "op de dijk",
        "bij paal 12",
        "lange strekdam",
        "eerst tegen de wind in",
        "in het oude boothuis",
        "eerste zaterdag van de maand",
        "de nacht van 10 januari 1995",
        "tot de derde tree",
        "op het havenplein",
        "de laatste pont",
        "the quarter past seven ferry",
        "the long groyne",
        "an hour before low water",
        "repair café on the first saturday",
        "in the old lifeboat house",
        "the flood of '95",
        "the third step of the church",
        "the way home is a present",
        "follow the yellow posts",
        "sold out by ten",
        "sea lavender honey",
        "lantern boats on the canal",
    ):
        who = {s.who for s in originals if phrase in normal(s.text)}
        assert len(who) >= 2, (phrase, who)


def test_answers_and_boosts_point_at_earlier_posts_on_the_same_platform(village: Village) -> None:
    for saying in village.sayings:
        for name in filter(None, (saying.answers, saying.boost)):
            other = village.named(name)
            assert other.platform == saying.platform and other.at < saying.at, saying
    assert sum(s.answers is not None for s in village.sayings) >= 50


def test_translations_are_of_earlier_posts_on_the_same_platform_in_the_other_language(
    village: Village,
) -> None:
    pairs = [(s, village.named(s.translates)) for s in village.sayings if s.translates]
    assert len(pairs) >= 10
    for saying, other in pairs:
        assert other.platform == saying.platform == "forum" and other.at < saying.at, saying
        assert {saying.lang, other.lang} == {"nl", "en"}
    hers = village.named(story.TRANSLATION)
    assert hers.who == story.OBJECTOR and hers.translates == story.TRANSLATED


def test_everybody_speaks_from_an_account_at_a_moment_of_their_own(village: Village) -> None:
    moments = Counter((s.who, s.platform, s.at) for s in village.sayings)
    assert max(moments.values()) == 1
    for saying in village.sayings:
        assert village.people[saying.who].on(saying.platform), saying
        assert saying.at < datetime(2026, 6, 15, tzinfo=UTC)


def test_every_handle_in_a_text_is_somebodys(village: Village) -> None:
    known = {(p.platform, p.handle) for v in village.people.values() for p in v.profiles}
    for saying in village.sayings:
        for handle in re.findall(r"@([\w.]*\w)", saying.text):
            assert (saying.platform, handle) in known, saying.text


def test_the_objector_is_cited_mentioned_and_keeps_a_secret(village: Village) -> None:
    own = [s for s in village.sayings if s.who == story.OBJECTOR]
    assert len(own) >= 35 and {s.platform for s in own} == {"mastodon", "bluesky", "forum"}
    assert village.named(story.CITED_NL) in own and village.named(story.CITED_EN) in own
    others = {s.who for s in village.sayings if f"@{story.OBJECTOR}" in s.text} - {story.OBJECTOR}
    assert len(others) >= 8 and story.FRIEND in others
    masked = village.named(story.MASKED)
    assert masked.who == story.FRIEND and f"@{story.OBJECTOR}" in masked.text
    assert {s.who for s in village.sayings if story.SECRET in s.text} == {story.OBJECTOR}
    assert sum(story.SECRET in s.text for s in village.sayings) == 1


def test_the_story_names_only_people_who_live_here(village: Village) -> None:
    for sign_in in story.SIGN_INS:
        assert sign_in.who is None or sign_in.who in village.people
    assert story.ABROAD in village.people and story.REFUSES_ONE_PICTURE in village.people
    for name in (*story.STILL_ANSWERS, *(post for _, post in story.ASK)):
        assert village.named(name).who != story.OBJECTOR
    assert {g.name for g in village.groups.values() if not g.public} == {story.CLOSED_GROUP}
    assert story.PUBLIC_GROUPS[0] in {g.name for g in village.groups.values() if g.public}


def test_nobody_writes_longer_than_their_platform_lets_them(village: Village) -> None:
    longest = {"bluesky": 300, "mastodon": 500}
    assert not [s for s in village.sayings if len(s.text) > longest.get(s.platform, 2200)]
