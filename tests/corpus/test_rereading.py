"""The same posts again: what changed about them since, and who is silent for it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from corpus_town import Town

from demur.corpus.lake import Staged
from demur.people import PersonId
from demur.posts import Audience, Hidden, Photo, Post

LATER = datetime(2025, 3, 1, 12, tzinfo=UTC)


class Anna:
    """Anna's posts in a town's lake, imported again and again."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.person = town.person("anna")
        self._imports = 0

    def post(self, text: str, **differing: object) -> Post:
        return self.town.post("anna", text, **({"origin": "1"} | differing))

    def take(self, *posts: Post | Hidden) -> Staged:
        self._imports += 1
        name = f"take{self._imports}"
        staged = self.town.lake.stage(name, ((self.person, post) for post in posts))
        self.town.lake.publish(name)
        self.town.lake.publish(name)
        return staged

    def hidden(self, post: Post, audience: Audience = Audience.FRIENDS) -> Hidden:
        return Hidden(
            account=post.account, platform=post.platform, origin=post.origin, audience=audience
        )

    def has(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Text -> audience and refusals of everything that is stored of her."""
        stored = self.town.lake.posts_of(PersonId(self.person))
        return {s.post.text: (s.post.audience.value, s.post.refuses_training) for s in stored}


@pytest.fixture
def anna(town: Town) -> Anna:
    return Anna(town)


def test_the_same_again_is_nothing_new(anna: Anna) -> None:
    post = anna.post("Groet aan @bob", tagged=("village:@cor",), refuses_training=("a", "b"))
    anna.take(post)
    assert anna.take(post) == Staged(read=1, new=0, already_here=1)


def test_words_that_were_edited_make_room_for_the_new_ones(anna: Anna) -> None:
    anna.take(anna.post("Mijn hond heet Boris"))
    staged = anna.take(anna.post("Mijn kat heet Boris"))
    assert (staged.new, len(staged.amended), len(staged.retracted)) == (1, 1, 1)
    assert anna.has() == {"": ("direct", ()), "Mijn kat heet Boris": ("public", ())}


@pytest.mark.parametrize("first", ["plain", "refusing"])
def test_a_no_written_into_a_post_later_holds_whichever_archive_comes_first(
    anna: Anna, first: str
) -> None:
    plain = anna.post("Een lange wandeling")
    refusing = anna.post("Een lange wandeling #noai", refuses_training=("hashtag:noai",))
    for post in (plain, refusing) if first == "plain" else (refusing, plain):
        anna.take(post)
    used = [said for said, (audience, no) in anna.has().items() if audience == "public" and not no]
    assert used == []


def test_an_older_archive_does_not_bring_older_words_back(anna: Anna) -> None:
    since = anna.post("Later geschreven", origin="2", created_at=LATER)
    anna.take(anna.post("Nieuwe woorden"), since)
    staged = anna.take(anna.post("Oude woorden"))
    assert set(anna.has()) == {"Nieuwe woorden", "Later geschreven", ""}
    assert staged.retracted == (anna.post("Oude woorden").id,)


def test_two_posts_of_one_second_are_not_taken_for_one_edited(anna: Anna) -> None:
    both = anna.post("een", origin="post:17"), anna.post("twee", origin="post:17")
    anna.take(*both)
    assert anna.take(*both).amended == ()
    assert set(anna.has()) == {"een", "twee"}


@pytest.mark.parametrize("audience", [Audience.FRIENDS, Audience.CLOSED_GROUP, Audience.DIRECT])
def test_a_narrowed_post_loses_its_words_and_its_picture(anna: Anna, audience: Audience) -> None:
    data = b"bytes of a picture"
    photo = Photo(sha256=hashlib.sha256(data).hexdigest(), media_type="image/webp", data=data)
    post = anna.post("Alleen voor vrienden", photos=(photo,))
    anna.take(post, anna.post("Voor iedereen", origin="2"))
    path = anna.town.lake.photo_path(anna.town.lake.home.shard(anna.person), photo)
    assert path.is_file()
    staged = anna.take(anna.hidden(post, audience))
    assert staged.retracted == staged.amended == (post.id,)
    assert anna.has() == {"": (audience.value, ()), "Voor iedereen": ("public", ())}
    assert not path.exists()
    assert anna.take(anna.hidden(post, audience)).amended == ()


def test_a_hidden_post_that_was_never_here_leaves_no_trace(anna: Anna) -> None:
    anna.take(anna.post("Voor iedereen"))
    assert anna.take(anna.hidden(anna.post("x", origin="9"))) == Staged(
        read=0, new=0, already_here=0
    )


def test_somebody_else_s_post_of_the_same_place_is_left_alone(anna: Anna, town: Town) -> None:
    town.person("bob", person=anna.person)
    bob = town.post("bob", "Ook voor iedereen", origin="1")
    anna.take(anna.post("Voor iedereen"), bob)
    anna.take(anna.hidden(anna.post("Voor iedereen")))
    assert anna.has()["Ook voor iedereen"] == ("public", ())


def test_what_is_hidden_and_shown_in_one_archive_is_hidden(anna: Anna) -> None:
    post = anna.post("Eerst voor iedereen")
    anna.take(post)
    anna.take(anna.post("Eerst voor iedereen", tagged=("village:@bob",)), anna.hidden(post))
    assert list(anna.has()) == [""]


def test_an_audience_that_was_unknown_is_learned_and_never_forgotten(anna: Anna) -> None:
    unknown = anna.post("Wie zag dit?", audience=Audience.UNKNOWN)
    anna.take(unknown)
    anna.take(replace(unknown, audience=Audience.PUBLIC))
    assert anna.take(unknown).amended == ()
    assert anna.has() == {"Wie zag dit?": ("public", ())}


def test_tags_and_signals_are_only_added(anna: Anna) -> None:
    post = anna.post("Met foto", tagged=("village:@bob",), refuses_training=("robots:noai",))
    anna.take(post)
    staged = anna.take(replace(post, tagged=("village:@cor",), refuses_training=()))
    assert staged.pointing == {post.id: ("village:@cor",)}
    assert staged.retracted == ()
    (stored,) = anna.town.lake.posts_of(PersonId(anna.person))
    assert stored.post.tagged == ("village:@bob", "village:@cor")
    assert stored.post.refuses_training == ("robots:noai",)


def test_erasing_reaches_what_is_about_to_be_amended(anna: Anna) -> None:
    post = anna.post("Wie zag dit?")
    anna.take(post)
    refusing = replace(post, refuses_training=("robots:noai",))
    anna.town.lake.stage("late", [(anna.person, refusing)])
    anna.town.lake.erase(anna.person)
    anna.town.lake.publish("late")
    assert anna.has() == {}


def test_that_a_post_is_a_translation_is_learned_and_never_forgotten(anna: Anna) -> None:
    post = anna.post("Good morning, everybody")
    anna.take(post)
    staged = anna.take(replace(post, translation_of="2"))
    assert (staged.amended, staged.retracted) == ((post.id,), ())
    assert anna.take(post).amended == ()
    (stored,) = anna.town.lake.posts_of(PersonId(anna.person))
    assert stored.post.translation_of == "2"
