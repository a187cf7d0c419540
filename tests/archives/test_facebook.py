from datetime import UTC, date, datetime

import pytest
from making_archives import (
    JUNE,
    as_meta_writes,
    facebook,
    facebook_post,
    folder_of,
    picture,
    shown,
    zip_of,
)

from demur.posts import Audience, Kind

PUBLIC = Audience.PUBLIC


def test_a_post_comes_out_as_it_was_typed_and_belongs_to_its_owner(tmp_path, read):
    got = read(zip_of(tmp_path / "fb.zip", facebook(facebook_post("Één 🧀 op 'n broodje"))))
    [anna], [post] = got.accounts, got.posts
    assert post.text == "Één 🧀 op 'n broodje"
    assert post.account == anna.id
    assert post.created_at == datetime(2021, 6, 1, 12, tzinfo=UTC)
    assert post.audience is Audience.UNKNOWN
    assert (anna.name, anna.handle, anna.born) == (
        "Anna de Vriés",
        "anna.devries",
        date(1990, 5, 31),
    )
    assert anna.email == "anna@dorp.example"
    assert "facebook:name:anna de vriés" in anna.keys
    assert "facebook:@anna.devries" in anna.keys


def test_what_its_owner_declares_holds_for_her_own_posts_and_not_for_a_group(tmp_path, read):
    files = facebook(
        facebook_post("voor iedereen"),
        **{
            "groups/your_posts_in_groups.json": as_meta_writes(
                {
                    "group_posts_v2": [
                        facebook_post("in de buurt", title="Anna posted in Buurt Oóst.")
                    ]
                }
            )
        },
    )
    path = zip_of(tmp_path / "fb.zip", files)
    got = read(path, audience=PUBLIC)
    assert {p.text: (p.audience, p.group) for p in got.posts} == {
        "voor iedereen": (PUBLIC, None),
        "in de buurt": (Audience.UNKNOWN, "Buurt Oóst"),
    }
    assert got.groups == {"Buurt Oóst": 1}
    in_group = read(path, audience=Audience.PUBLIC_GROUP)
    assert [p.audience for p in in_group.posts] == [Audience.PUBLIC_GROUP, Audience.UNKNOWN]
    assert in_group.groups == {}


def test_declaring_an_archive_friends_only_leaves_all_of_it_where_it_is(tmp_path, read):
    got = read(zip_of(tmp_path / "fb.zip", facebook(facebook_post("x"))), audience=Audience.FRIENDS)
    assert got.posts == []
    assert got.skipped == {"friends-only post": 1}


def test_messages_archive_trash_and_stories_are_never_opened(tmp_path, read):
    unreadable = b"\xff\xfe not even JSON"
    files = facebook(
        facebook_post("openbaar"),
        **{
            "messages/inbox/jan_1/message_1.json": unreadable,
            "your_facebook_activity/messages/archived_threads/x/message_1.json": unreadable,
            "posts/archive.json": unreadable,
            "your_facebook_activity/posts/trash.json": unreadable,
            "stories/archived_stories.json": unreadable,
            "groups/anonymous_posts_you_ve_written.json": unreadable,
            "ads_information/advertisers.json": unreadable,
            "posts/media/strand.jpg": b"never shown, never read",
        },
    )
    got = read(zip_of(tmp_path / "fb.zip", files))
    assert got.texts == ["openbaar"]
    assert got.problems == []
    assert got.skipped == {
        "private message": 2,
        "archived, deleted or draft": 3,
        "story": 1,
        "not a file we know": 1,
    }


def test_the_layout_since_2024_reads_the_same(tmp_path, read):
    here = "your_facebook_activity/"
    files = {
        here + "posts/your_posts__check_ins__photos_and_videos_1.json": as_meta_writes(
            [facebook_post("één")]
        ),
        here + "posts/your_posts__check_ins__photos_and_videos_2.json": as_meta_writes(
            [facebook_post("twee", at=JUNE + 1)]
        ),
        here + "groups/group_posts_and_comments.json": as_meta_writes(
            {"group_posts_v2": [facebook_post("groep", title="Anna heeft iets geplaatst in Tuin.")]}
        ),
        here + "comments_and_reactions/comments.json": as_meta_writes(
            {"comments_v2": [_comment("Mooi hoor!")]}
        ),
        "personal_information/profile_information/profile_information.json": as_meta_writes(
            {
                "profile_v2": {
                    "name": {"full_name": "Anna"},
                    "profile_uri": "https://fb/p?id=1000123",
                }
            }
        ),
    }
    got = read(folder_of(tmp_path / "export", {f"facebook-anna/{k}": v for k, v in files.items()}))
    assert sorted(got.texts) == ["Mooi hoor!", "groep", "twee", "één"]
    assert got.accounts[0].id == "facebook:1000123"
    assert next(p for p in got.posts if p.group).group == "Tuin"


def _comment(text, author="Anna", **more):
    said = {"timestamp": JUNE, "comment": text, "author": author} | more
    return {"timestamp": JUNE, "data": [{"comment": said}], "title": "Anna commented on a post."}


def test_comments_keep_their_group_and_leave_other_peoples_words(tmp_path, read):
    comments = {
        "comments_v2": [
            _comment("van mij", author="Anna de Vriés"),
            _comment("in een groep", author="Anna de Vriés", group="Buurt"),
            _comment("van Jan", author="Jan Jansen"),
        ]
    }
    files = facebook(**{"comments_and_reactions/comments.json": as_meta_writes(comments)})
    got = read(zip_of(tmp_path / "fb.zip", files), audience=PUBLIC)
    assert [(p.text, p.kind, p.audience) for p in got.posts] == [
        ("van mij", Kind.COMMENT, PUBLIC),
        ("in een groep", Kind.COMMENT, Audience.UNKNOWN),
    ]
    assert got.skipped == {"somebody else's words": 1}


def test_a_photo_is_kept_once_though_an_album_lists_it_again(tmp_path, read):
    uri = "photos_and_videos/strand/1.png"
    files = facebook(
        facebook_post("Aan zee", attachments=shown(uri, description="De vloedlijn")),
        **{
            uri: picture(),
            "photos_and_videos/album/0.json": as_meta_writes(
                {
                    "name": "Zomer",
                    "photos": [
                        {"uri": uri, "creation_timestamp": JUNE, "description": "De vloedlijn"},
                        {"uri": "photos_and_videos/strand/2.png", "creation_timestamp": JUNE + 9},
                    ],
                }
            ),
            "photos_and_videos/strand/2.png": picture(size=(4, 4)),
        },
    )
    got = read(zip_of(tmp_path / "fb.zip", files))
    assert {p.text: [photo.alt for photo in p.photos] for p in got.posts} == {
        "": [""],
        "Aan zee": ["De vloedlijn"],
    }
    assert all(p.kind is Kind.PHOTO for p in got.posts)
    assert got.skipped == {"twice in this archive": 1}


def test_a_caption_survives_its_missing_picture(tmp_path, read):
    files = facebook(facebook_post("Zee", attachments=shown("weg.jpg", description="Bij eb")))
    got = read(zip_of(tmp_path / "fb.zip", files))
    assert got.texts == ["Zee\n\nBij eb"]
    assert got.skipped == {"picture that is not in the archive": 1}


@pytest.mark.parametrize("tags", [[{"name": "José García"}], ["José García"]])
def test_friends_tagged_in_a_picture_can_be_found(tmp_path, read, tags):
    got = read(zip_of(tmp_path / "fb.zip", facebook(facebook_post("samen", tags=tags))))
    assert got.posts[0].tagged == ("facebook:name:josé garcía",)


def test_a_friend_named_in_the_text_is_a_name_there_and_a_mention(tmp_path, read):
    text = "Met @[100023:2048:José García] 🎉 op de kermis"
    got = read(zip_of(tmp_path / "fb.zip", facebook(facebook_post(text))))
    [post] = got.posts
    assert post.text == "Met José García 🎉 op de kermis"
    assert {post.text[m.start : m.end] for m in post.mentions} == {"José García"}
    assert {m.key for m in post.mentions} == {"facebook:100023", "facebook:name:josé garcía"}


def test_her_id_outlives_a_new_name_and_a_new_handle(tmp_path, read):
    before = read(zip_of(tmp_path / "1.zip", facebook(facebook_post("x"))))
    renamed = {
        "name": {"full_name": "Anna Bakker"},
        "username": "anna.bakker",
        "birthday": {"year": 1990, "month": 5, "day": 31},
        "registration_timestamp": 1_200_000_000,
    }
    after = read(zip_of(tmp_path / "2.zip", facebook(facebook_post("x"), profile=renamed)))
    assert before.accounts[0].id == after.accounts[0].id
    assert before.posts[0].id == after.posts[0].id


def test_an_archive_without_a_profile_is_the_same_stranger_wherever_it_lies(tmp_path, read):
    files = facebook(facebook_post("x"), profile={})
    one = read(zip_of(tmp_path / "a.zip", files))
    other = read(folder_of(tmp_path / "b", files))
    assert one.accounts == other.accounts
    assert one.accounts[0].born is None
    assert one.accounts[0].locked is None
    assert "does not say whose it is" in one.problems[0]


def test_a_no_in_a_post_is_heard(tmp_path, read):
    got = read(zip_of(tmp_path / "fb.zip", facebook(facebook_post("Mijn tuin #NoAI"))))
    assert got.posts[0].refuses_training == ("hashtag:noai",)


def test_importing_the_same_archive_again_gives_the_same_posts(tmp_path, read):
    path = zip_of(tmp_path / "fb.zip", facebook(facebook_post("a"), facebook_post("b")))
    assert [p.id for p in read(path).posts] == [p.id for p in read(path, audience=PUBLIC).posts]
    assert len({p.id for p in read(path).posts}) == 2
