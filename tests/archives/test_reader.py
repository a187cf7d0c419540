"""Finding out what an archive is, and what a reading promises whoever walks it."""

import tracemalloc
import zipfile

import pytest
from making_archives import (
    AT,
    PUBLIC,
    content,
    facebook,
    facebook_post,
    folder_of,
    instagram,
    mastodon,
    neutral,
    row,
    toot,
    zip_of,
)

from demur.archives import container
from demur.archives.reader import open_archive

ARCHIVES = {
    "facebook": facebook(facebook_post("x")),
    "instagram": instagram({"media": [{"uri": "x.mp4"}], "title": "x", "creation_timestamp": 1e9}),
    "mastodon": mastodon(toot("<p>x</p>")),
    "neutral": neutral(row("x")),
}


@pytest.mark.parametrize("platform", ARCHIVES)
@pytest.mark.parametrize("root", ["", "export-2025/", "a/b/"])
def test_an_archive_is_known_by_what_lies_in_it(tmp_path, read, platform, root):
    files = {root + name: value for name, value in ARCHIVES[platform].items()}
    got = read(zip_of(tmp_path / "facebook-mastodon.zip", files))
    assert got.platform == platform
    assert got.texts == ["x"]


def test_where_two_platforms_lie_together_the_caller_says_which(tmp_path, read):
    path = folder_of(tmp_path / "a", ARCHIVES["facebook"] | ARCHIVES["neutral"])
    assert read(path, platform="facebook").platform == "facebook"
    assert read(path, platform="neutral").platform == "neutral"


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_private_messages_are_not_opened_even_to_find_out_what_they_are(
    tmp_path, read, monkeypatch, platform
):
    opened = set()
    really = container.Container.open

    def watched(box, name):
        opened.add(name)
        return really(box, name)

    monkeypatch.setattr(container.Container, "open", watched)
    private = {f"messages/inbox/jan_{n}/message_1.json": b"{}" for n in range(3)}
    private |= {"messages.json": b"{}", "posts/archive.json": b"[]", "content/stories.json": b"{}"}
    got = read(zip_of(tmp_path / "a.zip", ARCHIVES[platform] | private))
    assert got.texts == ["x"]
    assert opened
    assert not opened & set(private)


def test_a_zip_is_closed_when_the_reading_is(tmp_path):
    path = zip_of(tmp_path / "a.zip", ARCHIVES["mastodon"])
    with open_archive(path) as reading:
        pass
    assert list(reading.posts()) == []
    assert "outbox.json cannot be opened" in reading.problems[0]


def _long_outbox(path, toots, filler):
    """An outbox of so many toots, written straight into a zip without ever being in memory."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("actor.json", content(mastodon()["actor.json"]))
        with archive.open("outbox.json", "w", force_zip64=True) as stream:
            stream.write(b'{"orderedItems": [')
            for number in range(toots):
                words = f"<p>Toot {number} {filler * 40}</p>"
                stream.write((b", " if number else b"") + content(toot(words, number)))
            stream.write(b"]}")
    return path


@pytest.mark.parametrize("toots", [50, 500])
def test_memory_does_not_grow_with_the_archive(tmp_path, toots):
    """Python's own memory, by tracemalloc, on outboxes of 0.4 and 4 MB: both stay below 1.5 MB.

    200 MB were measured once by hand (see docs/operator-format.md); the bound there is the same.
    """
    path = _long_outbox(tmp_path / "a.zip", toots, "eb en vloed, " * 12)
    with open_archive(path) as reading:
        tracemalloc.start()
        count = sum(1 for _ in reading.posts())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == toots
    assert peak < 1_500_000


def test_posts_stream_and_nothing_is_counted_before_it_is_met(tmp_path):
    boosts = [{"type": "Announce", "actor": AT, "to": [PUBLIC], "object": "x"}] * 3
    path = zip_of(tmp_path / "a.zip", mastodon(toot("<p>een</p>", 1), *boosts))
    with open_archive(path) as reading:
        posts = reading.posts()
        assert next(posts).text == "een"
        assert reading.skipped == {}
        assert list(posts) == []
        assert reading.skipped == {"somebody else's words": 3}
