"""Real exports, counted exactly. They are not part of the repository."""

from collections import Counter
from pathlib import Path

import pytest

from demur.posts import Audience, Kind

REAL = Path(__file__).parents[3] / "shared" / "data" / "archives"

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason="the real archives are not here (../shared/data/archives)"
)

NOT_KNOWN = "not a file we know"
NO_PICTURE = "picture that is not in the archive"


def test_facebook_with_mojibake_and_a_broken_file(read):
    got = read(REAL / "facebook/kawsay")
    assert sorted(got.texts) == [
        "Día en la playa ☀️\n\nAtardecer en la costa",
        "Feliz Año Nuevo 🎉 — con José y Жанна",
        "Mi abuela 👵",
    ]
    assert {post.audience for post in got.posts} == {Audience.UNKNOWN}
    assert got.skipped == {
        "private message": 1,
        "not a post as this platform writes them": 1,
        "neither words nor a picture": 2,
        NO_PICTURE: 4,
        NOT_KNOWN: 2,
    }
    assert "does not say whose it is" in got.problems[0]
    assert "posts/your_posts_2.json is not whole JSON" in got.problems[1]


@pytest.mark.parametrize(
    ("folder", "photos", "kind", "skipped"),
    [
        ("test_image", 1, Kind.PHOTO, {}),
        ("test_images", 5, Kind.PHOTO, {}),
        ("test_mixed_media", 7, Kind.PHOTO, {"video or sound": 3, "twice in this archive": 1}),
        ("test_video", 0, Kind.POST, {"video or sound": 1, "twice in this archive": 1}),
    ],
)
def test_instagram(read, folder, photos, kind, skipped):
    got = read(REAL / "instagram/instagram-to-bluesky" / folder)
    [post] = got.posts
    assert (len(post.photos), post.kind, got.skipped) == (photos, kind, skipped)
    assert post.text
    assert post.audience is Audience.UNKNOWN


def test_mastodon_as_a_zip(read):
    got = read(REAL / "mastodon/fossilizer-2023-toot.lmorchard.com/mastodon-export.zip")
    assert len(got.posts) == 18
    assert got.posts[0].text == "Just setting up another tooter!"
    assert Counter(post.kind for post in got.posts) == {
        Kind.POST: 16,
        Kind.COMMENT: 1,
        Kind.PHOTO: 1,
    }
    assert {post.audience for post in got.posts} == {Audience.PUBLIC}
    assert sum(bool(post.mentions) for post in got.posts) == 14
    named = {mention.key for post in got.posts for mention in post.mentions}
    assert "mastodon:@pez@mastodon.social" in named
    assert "mastodon:https://vulpine.club/users/robinhood" in named
    assert "mastodon:@logotron@toot.lmorchard.com" in named
    assert (got.skipped, got.problems) == ({NOT_KNOWN: 2}, [])


def test_mastodon_as_a_folder(read):
    got = read(REAL / "mastodon/fossilizer-2023-toot.lmorchard.com")
    assert got.posts[0].text == "Hello world!"
    assert len(got.posts) == 2
    assert got.accounts[0].handle == "lmorchard@mastodon.social"
    assert got.skipped == {NOT_KNOWN: 5}


def test_bluesky_repositories(read):
    got = read(REAL / "bluesky/indigo-fakermaker")
    # 26 in one repository, one in a slice of another, and that one again as JSON.
    assert (
        Counter(post.account[-8:] for post in got.posts) == {"dsn6afg": 26} or len(got.posts) == 28
    )
    assert len({post.id for post in got.posts}) == 27
    assert {account.handle for account in got.accounts} == {"ebert9014-89.test", None}
    assert got.skipped == {
        "somebody else's words": 15,
        "a record that this file points at but does not hold": 5,
        NO_PICTURE: 3,
        NOT_KNOWN: 4,
    }
    assert got.problems == []


def test_bluesky_records_saved_one_by_one(read):
    got = read(REAL / "bluesky/marshalx-json")
    assert sorted(got.texts) == ["new text114", "regress test"]
    assert got.accounts[0].handle == "test.marshal.dev"
    assert got.skipped == {"not a post as this platform writes them": 1, NOT_KNOWN: 8}


def test_all_of_them_again_change_nothing(read):
    for path in ("facebook/kawsay", "bluesky/indigo-fakermaker"):
        once, again = read(REAL / path), read(REAL / path)
        assert [post.id for post in once.posts] == [post.id for post in again.posts]
        assert once.accounts == again.accounts
