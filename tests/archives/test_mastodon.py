import pytest
from making_archives import AT, PUBLIC, folder_of, mastodon, picture, tar_of, toot, zip_of

from demur.posts import Audience, Kind

FOLLOWERS = f"{AT}/followers"


@pytest.mark.parametrize("form", ["zip", "tar.gz", "tar", "folder"])
def test_every_form_of_the_archive_reads_the_same(tmp_path, read, form):
    files = mastodon(
        toot(
            "<p>Eb</p><p>en vloed<br>hier</p>",
            attachment=[{"type": "Document", "url": "/media/1.png", "name": "De dijk"}],
            contentMap={"nl": "…"},
        ),
        **{"media/1.png": picture()},
    )
    make = {
        "zip": lambda: zip_of(tmp_path / "a.zip", files),
        "tar.gz": lambda: tar_of(tmp_path / "a.tar.gz", files),
        "tar": lambda: tar_of(tmp_path / "a.tar", files, "w"),
        "folder": lambda: folder_of(tmp_path / "a", files),
    }
    got = read(make[form]())
    [post] = got.posts
    assert post.text == "Eb\n\nen vloed\nhier"
    assert (post.lang, post.kind, post.audience) == ("nl", Kind.PHOTO, Audience.PUBLIC)
    assert post.photos[0].alt == "De dijk"
    assert post.url == "https://dorp.example/@anna/1"
    assert post.origin == f"{AT}/statuses/1"
    [anna] = got.accounts
    assert anna.id == f"mastodon:{AT}"
    assert anna.handle == "anna@dorp.example"
    assert {"mastodon:@anna@dorp.example", "mastodon:https://dorp.example/@anna"} <= anna.keys


def test_only_what_strangers_could_read_leaves_the_archive(tmp_path, read):
    files = mastodon(
        toot("<p>iedereen</p>", 1),
        toot("<p>stil</p>", 2, to=[FOLLOWERS], cc=[PUBLIC]),
        toot("<p>volgers</p>", 3, to=[FOLLOWERS], cc=[]),
        toot("<p>jou</p>", 4, to=["https://elders.example/users/jan"], cc=[]),
        {"type": "Announce", "actor": AT, "to": [PUBLIC], "object": "https://elders.example/1"},
        {"type": "Create", "to": [PUBLIC], "object": {"type": "Tombstone", "id": "x"}},
        toot("<p>van jan</p>", 5, attributedTo="https://elders.example/users/jan"),
    )
    got = read(zip_of(tmp_path / "a.zip", files), audience=Audience.PUBLIC)
    assert [(p.text, p.audience) for p in got.posts] == [
        ("iedereen", Audience.PUBLIC),
        ("stil", Audience.UNLISTED),
    ]
    assert got.skipped == {
        "friends-only post": 1,
        "private message": 1,
        "somebody else's words": 2,
        "not a post as this platform writes them": 1,
    }


def test_where_activity_and_note_disagree_the_stricter_holds(tmp_path, read):
    item = toot("<p>x</p>")
    item["to"], item["cc"] = [FOLLOWERS], []
    assert read(zip_of(tmp_path / "a.zip", mastodon(item))).posts == []


def test_people_who_are_pointed_at_can_be_found_by_handle_and_by_address(tmp_path, read):
    html = (
        '<p>Vis 🐟 met <span class="h-card"><a href="https://elders.example/@Jan" '
        'class="u-url mention">@<span>Jan</span></a></span> en @piet en '
        '@kees@ver.example, zie <a href="https://dorp.example/tags/vis" '
        'class="mention hashtag">#<span>vis</span></a></p>'
    )
    tag = {
        "type": "Mention",
        "name": "@Jan@elders.example",
        "href": "https://elders.example/users/Jan",
    }
    [post] = read(zip_of(tmp_path / "a.zip", mastodon(toot(html, tag=[tag])))).posts
    assert post.text == "Vis 🐟 met @Jan en @piet en @kees@ver.example, zie #vis"
    found = {(post.text[m.start : m.end], m.key) for m in post.mentions}
    assert found == {
        ("@Jan", "mastodon:@jan@elders.example"),
        ("@Jan", "mastodon:https://elders.example/users/jan"),
        ("@Jan", "mastodon:https://elders.example/@jan"),
        ("@piet", "mastodon:@piet@dorp.example"),
        ("@kees@ver.example", "mastodon:@kees@ver.example"),
    }


def test_a_content_warning_is_part_of_what_she_said_and_shifts_the_mentions(tmp_path, read):
    [post] = read(
        zip_of(tmp_path / "a.zip", mastodon(toot("<p>@jan hoi</p>", summary="Eten")))
    ).posts
    assert post.text == "Eten\n\n@jan hoi"
    [mention] = post.mentions
    assert post.text[mention.start : mention.end] == "@jan"


def test_an_answer_to_somebody_else_is_a_comment_and_a_thread_of_her_own_is_not(tmp_path, read):
    files = mastodon(
        toot("<p>a</p>", 1, inReplyTo="https://elders.example/users/jan/statuses/9"),
        toot("<p>b</p>", 2, inReplyTo=f"{AT}/statuses/1"),
    )
    got = read(zip_of(tmp_path / "a.zip", files))
    assert [p.kind for p in got.posts] == [Kind.COMMENT, Kind.POST]
    assert got.posts[1].reply_to == f"{AT}/statuses/1"


@pytest.mark.parametrize(
    ("actor", "heard"),
    [
        ({"indexable": False}, ("mastodon:indexable",)),
        ({"indexable": "perhaps"}, ("mastodon:indexable?",)),
        ({"summary": '<p>Hoi <a href="x" class="mention hashtag">#<span>NoAI</span></a></p>'},
         ("hashtag:noai",)),
        ({"attachment": [{"type": "PropertyValue", "value": "#nobot"}]}, ("hashtag:nobot",)),
        ({"tag": [{"type": "Hashtag", "name": "#noindex"}]}, ("hashtag:noindex",)),
        ({}, ()),
    ],
)  # fmt: skip
def test_the_wishes_on_a_profile_are_heard(tmp_path, read, actor, heard):
    [anna] = read(zip_of(tmp_path / "a.zip", mastodon(toot("<p>x</p>"), actor=actor))).accounts
    assert anna.refuses_training == heard
    assert anna.locked is False  # who approves followers by hand still posts in public


def test_a_no_in_a_toot_is_heard(tmp_path, read):
    [post] = read(zip_of(tmp_path / "a.zip", mastodon(toot("<p>Kijk #noai</p>")))).posts
    assert post.refuses_training == ("hashtag:noai",)


def test_without_actor_json_her_wishes_are_unknown_and_that_is_a_no(tmp_path, read):
    files = mastodon(toot("<p>x</p>"))
    del files["actor.json"]
    got = read(zip_of(tmp_path / "a.zip", files))
    assert got.accounts[0].id == f"mastodon:{AT}"
    assert got.accounts[0].refuses_training == ("profile?",)
    assert "wishes" in got.problems[0]


def test_hostile_markup_is_words_and_nothing_else(tmp_path, read):
    html = "<p>a<script>alert(1)</script><style>p{}</style><img src=x onerror=y>&lt;b&gt; &amp;</p>"
    [post] = read(zip_of(tmp_path / "a.zip", mastodon(toot(html)))).posts
    assert post.text == "a<b> &"
