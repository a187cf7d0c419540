"""A villager's download from Instagram, in the layouts of 2018, 2021 and 2025.

Strings are escaped as Facebook's are. A post is a picture with a caption; what has no picture is a
comment. Messages, stories and archived posts lie where Instagram keeps them.
"""

from __future__ import annotations

from typing import Any

from demur.village import pictures
from demur.village.addresses import picture_file, variant
from demur.village.as_facebook import escaped
from demur.village.private import put_away, talks
from demur.village.village import Profile, Saying, Village, Villager


def files(village: Village, villager: Villager, profile: Profile) -> dict[str, bytes]:
    said = list(village.by(villager.key, "instagram"))
    make = {"2018": _in_2018, "2021": _in_2021, "2025": _in_2025}[profile.layout or ""]
    made = make(village, villager, profile, said)
    return {name: escaped(value) for name, value in made.items()} | {
        _uri(profile, s): pictures.jpeg(s.picture, variant(s), meta=s.meta)
        for s in said
        if s.picture
    }


def _in_2018(
    village: Village, villager: Villager, profile: Profile, said: list[Saying]
) -> dict[str, Any]:
    photos = [
        {
            "caption": s.text,
            "taken_at": f"{s.at:%Y-%m-%dT%H:%M:%S}",
            "path": _uri(profile, s),
        }
        for s in said
        if s.picture
    ]
    comments = [
        [f"{s.at:%Y-%m-%dT%H:%M:%S}", s.text, _owner(village, s)] for s in said if not s.picture
    ]
    return {
        "media.json": {"photos": photos},
        "comments.json": {"media_comments": comments},
        "profile.json": {
            "biography": villager.about,
            "date_joined": "2014-05-01T10:00:00",
            "date_of_birth": str(villager.born),
            "email": villager.email,
            "gender": "not specified",
            "private_account": profile.locked,
            "name": villager.name,
            "username": profile.handle,
        },
        "messages.json": [
            {
                "participants": [villager.key, other.key],
                "conversation": [
                    {"sender": name, "created_at": at, "text": line} for name, at, line in lines
                ],
            }
            for other, lines in talks(village, villager, "instagram")
        ],
    }


def _in_2021(
    village: Village, villager: Villager, profile: Profile, said: list[Saying]
) -> dict[str, Any]:
    comments = [
        {
            "title": _owner(village, s),
            "media_list_data": [],
            "string_list_data": [{"href": "", "value": s.text, "timestamp": int(s.at.timestamp())}],
        }
        for s in said
        if not s.picture
    ]
    made: dict[str, Any] = {
        "content/posts_1.json": [_media(profile, s) for s in said if s.picture],
        "account_information/personal_information.json": _personal(villager, profile),
        "comments/post_comments.json": {"comments_media_comments": comments},
    }
    if away := put_away(villager, "instagram"):
        made["content/archived_posts.json"] = {
            "ig_archived_post_media": [{"media": [], "title": text} for text in away]
        }
    return made | _messages(village, villager, "messages/inbox")


def _in_2025(
    village: Village, villager: Villager, profile: Profile, said: list[Saying]
) -> dict[str, Any]:
    activity = "your_instagram_activity"
    comments = [
        {
            "media_list_data": [{"uri": ""}],
            "string_map_data": {
                "Comment": {"value": s.text},
                "Media Owner": {"value": _owner(village, s)},
                "Time": {"timestamp": int(s.at.timestamp())},
            },
        }
        for s in said
        if not s.picture
    ]
    personal = "personal_information/personal_information/personal_information.json"
    made: dict[str, Any] = {
        f"{activity}/media/posts_1.json": [_media(profile, s) for s in said if s.picture],
        personal: _personal(villager, profile),
        f"{activity}/comments/post_comments_1.json": comments,
    }
    return made | _messages(village, villager, f"{activity}/messages/inbox")


def _media(profile: Profile, saying: Saying) -> dict[str, Any]:
    """One picture: the caption is the picture's title."""
    moment = int(saying.at.timestamp())
    picture = {
        "uri": _uri(profile, saying),
        "creation_timestamp": moment,
        "media_metadata": {"camera_metadata": {"has_camera_metadata": saying.meta == "where"}},
        "title": saying.text,
        "cross_post_source": {"source_app": "FB"},
    }
    return {"media": [picture]}


def _personal(villager: Villager, profile: Profile) -> dict[str, Any]:
    facts = {
        "Email": villager.email,
        "Username": profile.handle,
        "Name": villager.name,
        "Bio": villager.about,
        "Gender": "",
        "Date of birth": str(villager.born),
        "Private Account": str(profile.locked),
    }
    table = {label: {"href": "", "value": v, "timestamp": 0} for label, v in facts.items()}
    return {"profile_user": [{"media_map_data": {}, "string_map_data": table}]}


def _messages(village: Village, villager: Villager, inbox: str) -> dict[str, Any]:
    return {
        f"{inbox}/{other.key}_1/message_1.json": {
            "participants": [{"name": other.name}, {"name": villager.name}],
            "messages": [
                {"sender_name": name, "timestamp_ms": at, "content": line}
                for name, at, line in reversed(lines)
            ],
        }
        for other, lines in talks(village, villager, "instagram")
    }


def _owner(village: Village, saying: Saying) -> str:
    assert saying.answers is not None, f"{saying.who} on Instagram without a picture"
    whose = village.people[village.named(saying.answers).who].on("instagram")
    assert whose is not None
    return whose.handle


def _uri(profile: Profile, saying: Saying) -> str:
    folder = "photos" if profile.layout == "2018" else "media/posts"
    return f"{folder}/{saying.at:%Y%m}/{picture_file(saying)}"
