from datetime import UTC, date, datetime

from making_archives import JUNE, as_meta_writes, instagram, picture, zip_of

from demur.posts import Audience, Kind


def _carousel(caption, *uris, **more):
    media = [{"uri": uri, "creation_timestamp": JUNE, "title": ""} for uri in uris]
    return {"media": media, "title": caption, "creation_timestamp": JUNE + 1} | more


def _single(caption, uri):
    return {"media": [{"uri": uri, "creation_timestamp": JUNE, "title": caption}]}


def test_one_picture_has_its_own_caption_and_several_share_the_posts(tmp_path, read):
    files = instagram(
        _single("Eén 🌊 met @Jan.Zee.", "media/posts/1.jpg"),
        _carousel("Drie", "media/posts/2.jpg", "media/posts/3.png"),
        **{
            "media/posts/1.jpg": picture("JPEG"),
            "media/posts/2.jpg": picture("JPEG", size=(9, 9)),
            "media/posts/3.png": picture(),
        },
    )
    got = read(zip_of(tmp_path / "ig.zip", files))
    assert [(p.text, len(p.photos), p.kind) for p in got.posts] == [
        ("Eén 🌊 met @Jan.Zee.", 1, Kind.PHOTO),
        ("Drie", 2, Kind.PHOTO),
    ]
    assert [m.key for m in got.posts[0].mentions] == ["instagram:@jan.zee"]
    assert got.posts[0].created_at == datetime(2021, 6, 1, 12, tzinfo=UTC)
    [anna] = got.accounts
    assert (anna.id, anna.name, anna.born) == ("instagram:anna.zee", "Anna 🌊", date(1990, 5, 31))
    assert anna.locked is False
    assert "instagram:@anna.zee" in anna.keys


def test_a_private_profile_is_left_alone_whatever_anybody_declares(tmp_path, read):
    files = instagram(_single("voor vrienden", "media/1.jpg"), locked="True")
    got = read(zip_of(tmp_path / "ig.zip", files), audience=Audience.PUBLIC)
    assert got.posts == []
    assert got.accounts[0].locked is True
    assert got.skipped == {"locked profile": 1}


def test_a_dutch_export_says_the_same_in_dutch(tmp_path, read):
    facts = {
        "Gebruikersnaam": {"value": "anna"},
        "Privéaccount": {"value": "Onwaar"},
        "Geboortedatum": {"value": "2010-01-02"},
    }
    path = "personal_information/personal_information/personal_information.json"
    files = instagram(_single("hoi", "x.mp4")) | {
        path: as_meta_writes({"profile_user": [{"string_map_data": facts}]})
    }
    [anna] = read(zip_of(tmp_path / "ig.zip", files)).accounts
    assert (anna.handle, anna.locked, anna.born) == ("anna", False, date(2010, 1, 2))


def test_a_lock_in_a_language_we_do_not_read_is_unknown(tmp_path, read):
    path = "personal_information/personal_information/personal_information.json"
    files = instagram(_single("hei", "x.mp4")) | {
        path: as_meta_writes(
            {"profile_user": [{"string_map_data": {"Käyttäjänimi": {"value": "anna"}}}]}
        )
    }
    got = read(zip_of(tmp_path / "ig.zip", files))
    assert got.accounts[0].locked is None
    assert "English or Dutch" in got.problems[0]


def test_the_layout_of_2021_with_comments(tmp_path, read):
    files = {
        "content/posts_1.json": as_meta_writes([_single("post", "media/p.mp4")]),
        "content/reels.json": as_meta_writes({"ig_reels_media": [_single("reel", "media/r.mp4")]}),
        "content/stories.json": b"never opened",
        "content/archived_posts.json": b"never opened",
        "content/profile_photos.json": b"never opened",
        "messages/inbox/jan/message_1.json": b"never opened",
        "account_information/personal_information.json": as_meta_writes(
            {"profile_user": [{"string_map_data": {"Username": {"value": "anna"}}}]}
        ),
        "comments/post_comments.json": as_meta_writes(
            {
                "comments_media_comments": [
                    {"title": "jan", "string_list_data": [{"value": "mooi é", "timestamp": JUNE}]}
                ]
            }
        ),
    }
    got = read(zip_of(tmp_path / "ig.zip", files))
    assert sorted((p.text, p.kind) for p in got.posts) == [
        ("mooi é", Kind.COMMENT),
        ("post", Kind.POST),
        ("reel", Kind.POST),
    ]
    assert got.skipped == {
        "video or sound": 2,
        "story": 1,
        "archived, deleted or draft": 1,
        "profile picture": 1,
        "private message": 1,
    }


def test_comments_as_they_are_written_since_2023(tmp_path, read):
    comment = {
        "media_list_data": [{"uri": ""}],
        "string_map_data": {
            "Comment": {"value": "knap 👏"},
            "Media Owner": {"value": "jan"},
            "Time": {"timestamp": JUNE},
        },
    }
    folder = "your_instagram_activity/comments/"
    files = instagram(
        **{
            folder + "post_comments_1.json": as_meta_writes([comment]),
            folder + "reels_comments.json": as_meta_writes({"comments_reels_comments": [comment]}),
        }
    )
    got = read(zip_of(tmp_path / "ig.zip", files))
    assert got.texts == ["knap 👏", "knap 👏"]
    assert got.posts[0].id == got.posts[1].id


def test_the_layout_of_2018(tmp_path, read):
    photo = {"caption": "Zee 🐚", "taken_at": "2018-07-01T10:11:12", "path": "photos/1.jpg"}
    files = {
        "media.json": {
            "stories": [{"caption": "weg", "taken_at": "2018-07-01T10:11:12", "path": "s.jpg"}],
            "photos": [photo, photo | {"path": "photos/2.jpg", "location": "Texel"}],
            "videos": [{"caption": "film", "taken_at": "2018-07-02T10:11:12", "path": "v.mp4"}],
            "profile": [{"caption": "", "taken_at": "2018-07-01T10:11:12", "path": "me.jpg"}],
        },
        "comments.json": {"media_comments": [["2018-07-03T10:00:00", "leuk @jan", "jan"]]},
        "profile.json": {"username": "anna", "private_account": False, "name": "Anna"},
        "messages.json": b"never opened",
        "photos/1.jpg": picture("JPEG"),
        "photos/2.jpg": picture("JPEG", size=(5, 5)),
    }
    got = read(zip_of(tmp_path / "ig.zip", files))
    assert [(p.text, len(p.photos), p.created_at.day) for p in got.posts] == [
        ("leuk @jan", 0, 3),
        ("Zee 🐚", 2, 1),
        ("film", 0, 2),
    ]
    assert got.skipped["story"] == got.skipped["profile picture"] == 1
    assert got.skipped["private message"] == 1


def test_a_reel_that_is_also_among_the_posts_counts_once(tmp_path, read):
    files = instagram(
        _single("film", "media/f.mp4"),
        **{
            "your_instagram_activity/media/reels.json": as_meta_writes(
                {"ig_reels_media": [_single("film", "media/f.mp4")]}
            )
        },
    )
    got = read(zip_of(tmp_path / "ig.zip", files))
    assert got.texts == ["film"]
    assert got.skipped == {"video or sound": 1, "twice in this archive": 1}
