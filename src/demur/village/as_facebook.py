"""A villager's "Download your information" from Facebook, as before 2024 and since.

Both write every string as the Latin-1 characters of its UTF-8 bytes, and neither says who could see
a post. Messages and archived posts lie where Facebook keeps them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from demur.village import pictures
from demur.village.addresses import picture_file, variant
from demur.village.private import put_away, talks
from demur.village.village import Profile, Saying, Village, Villager

_NEW = "your_facebook_activity/"


def files(village: Village, villager: Villager, profile: Profile) -> dict[str, bytes]:
    new = profile.layout == "since-2024"
    top = _NEW if new else ""
    posts_file = "your_posts__check_ins__photos_and_videos_1" if new else "your_posts_1"
    said = list(village.by(villager.key, "facebook"))
    own = [s for s in said if not s.group and not s.answers]
    grouped = [s for s in said if s.group]
    comments = [s for s in said if s.answers]
    made: dict[str, Any] = {
        f"{'personal_information/' if new else ''}profile_information/profile_information.json": {
            "profile_v2": _profile(villager, profile)
        },
        f"{top}posts/{posts_file}.json": [_post(village, villager, s, top) for s in own],
        f"{top}comments_and_reactions/comments.json": {
            "comments_v2": [_comment(village, villager, s) for s in comments]
        },
    }
    if grouped:
        made[f"{top}groups/your_posts_in_groups.json"] = {
            "group_posts_v2": [_post(village, villager, s, top) for s in grouped]
        }
    for other, lines in talks(village, villager, "facebook"):
        thread = f"{top}messages/inbox/{re.sub('[^a-z]', '', other.name.lower())}_1/message_1.json"
        made[thread] = {
            "participants": [{"name": other.name}, {"name": villager.name}],
            "messages": [
                {"sender_name": name, "timestamp_ms": at, "content": line}
                for name, at, line in reversed(lines)
            ],
            "title": other.name,
            "thread_path": f"inbox/{other.key}_1",
        }
    if away := put_away(villager, "facebook"):
        made[f"{top}posts/archive.json"] = {
            "archive_v2": [{"timestamp": 1_700_000_000, "data": [{"post": t}]} for t in away]
        }
    packed = {name: escaped(value) for name, value in made.items()}
    return packed | {_uri(s, top): _bytes(s) for s in said if s.picture}


def escaped(value: Any) -> bytes:
    """JSON as Meta writes it: each byte of a string's UTF-8 form as one escaped character."""

    def twice(part: Any) -> Any:
        if isinstance(part, str):
            return part.encode("utf-8").decode("latin-1")
        if isinstance(part, dict):
            return {twice(k): twice(v) for k, v in part.items()}
        return [twice(p) for p in part] if isinstance(part, list) else part

    return json.dumps(twice(value), ensure_ascii=True, indent=2).encode("ascii")


def _profile(villager: Villager, profile: Profile) -> dict[str, Any]:
    assert villager.born is not None
    first, _, last = villager.name.partition(" ")
    return {
        "name": {"full_name": villager.name, "first_name": first, "last_name": last},
        "emails": {"emails": [villager.email], "previous_emails": []},
        "birthday": {
            "year": villager.born.year,
            "month": villager.born.month,
            "day": villager.born.day,
        },
        "username": f"{villager.key}.tureluur",
        "profile_uri": f"https://www.facebook.com/profile.php?id={profile.number}",
        "registration_timestamp": 1_262_304_000,
    }


def _post(village: Village, villager: Villager, saying: Saying, top: str) -> dict[str, Any]:
    moment = int(saying.at.timestamp())
    made: dict[str, Any] = {"timestamp": moment, "data": [{"post": _with_tags(village, saying)}]}
    if saying.picture:
        media = {
            "uri": _uri(saying, top),
            "creation_timestamp": moment,
            "media_metadata": {"photo_metadata": {"exif_data": [{"upload_ip": "192.0.2.7"}]}},
            "description": pictures.alt(saying.picture, saying.lang),
        }
        made["attachments"] = [{"data": [{"media": media}]}]
    if saying.tagged:
        made["tags"] = [{"name": village.people[key].name} for key in saying.tagged]
    if saying.group:
        made["title"] = f"{villager.name} posted in {village.groups[saying.group].name}."
    return made


def _comment(village: Village, villager: Villager, saying: Saying) -> dict[str, Any]:
    assert saying.answers is not None
    moment = int(saying.at.timestamp())
    whose = village.people[village.named(saying.answers).who].name
    possessive = "their own" if whose == villager.name else f"{whose}'s"
    said = {"timestamp": moment, "comment": saying.text, "author": villager.name}
    return {
        "timestamp": moment,
        "data": [{"comment": said}],
        "title": f"{villager.name} commented on {possessive} post.",
    }


def _with_tags(village: Village, saying: Saying) -> str:
    """Somebody tagged who is on Facebook and named in the text stands there with their number."""
    text = saying.text
    for key in saying.tagged:
        other = village.people[key]
        if profile := other.on("facebook"):
            text = text.replace(other.name, f"@[{profile.number}:2048:{other.name}]", 1)
    return text


def _uri(saying: Saying, top: str) -> str:
    return f"{top}posts/media/TimelinePhotos_{saying.at:%Y%m}/{picture_file(saying)}"


def _bytes(saying: Saying) -> bytes:
    assert saying.picture is not None
    return pictures.jpeg(saying.picture, variant(saying), meta=saying.meta)
