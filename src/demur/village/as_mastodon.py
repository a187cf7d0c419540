"""A villager's archive from the island's Mastodon server: actor.json, outbox.json and pictures.

Each post says who may see it. A boost is an Announce of somebody else's post.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any

from demur.posts import Audience
from demur.village import pictures
from demur.village.addresses import mastodon_actor, mastodon_status, picture_file, variant
from demur.village.village import HOME, Profile, Saying, Village, Villager

_PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
_LINK = (
    '<span class="h-card"><a href="https://{home}/@{handle}" class="u-url mention">'
    "@<span>{handle}</span></a></span>"
)


def files(village: Village, villager: Villager, profile: Profile) -> dict[str, bytes]:
    said = list(village.by(villager.key, "mastodon"))
    items = [_boost(village, profile, s) if s.boost else _create(village, profile, s) for s in said]
    outbox = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": "outbox.json",
        "type": "OrderedCollection",
        "totalItems": len(items),
        "orderedItems": items,
    }
    made = {"actor.json": _actor(villager, profile), "outbox.json": outbox}
    made |= {name: _collection(name) for name in ("likes.json", "bookmarks.json")}
    avatar = {"avatar.jpg": pictures.jpeg("redshank", len(villager.key))}
    packed = {name: json.dumps(value, ensure_ascii=False).encode() for name, value in made.items()}
    return packed | avatar | {_file(s): _bytes(s) for s in said if s.picture}


def _actor(villager: Villager, profile: Profile) -> dict[str, Any]:
    own = mastodon_actor(profile.handle)
    about = f"<p>{html.escape(villager.about)}{' #noai' if profile.refuses else ''}</p>"
    return {
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
        "id": own,
        "type": "Person",
        "following": f"{own}/following",
        "followers": f"{own}/followers",
        "inbox": f"{own}/inbox",
        "outbox": "outbox.json",
        "preferredUsername": profile.handle,
        "name": villager.name,
        "summary": about,
        "url": f"https://{HOME}/@{profile.handle}",
        "manuallyApprovesFollowers": profile.locked,
        "discoverable": not profile.refuses,
        "indexable": not profile.refuses,
        "published": "2022-11-05T00:00:00Z",
        "tag": [],
        "attachment": [],
        "endpoints": {"sharedInbox": f"https://{HOME}/inbox"},
        "icon": {"type": "Image", "mediaType": "image/jpeg", "url": "avatar.jpg"},
        "likes": "likes.json",
        "bookmarks": "bookmarks.json",
    }


def _create(village: Village, profile: Profile, saying: Saying) -> dict[str, Any]:
    own, status = mastodon_actor(profile.handle), mastodon_status(profile.handle, saying)
    mentioned = _mentioned(village, saying.text)
    to, cc = _addressed(saying, own, mentioned)
    content = _content(village, saying.text)
    answered = _address(village, saying.answers) if saying.answers else None
    published = f"{saying.at:%Y-%m-%dT%H:%M:%SZ}"
    note = {
        "id": status,
        "type": "Note",
        "summary": None,
        "inReplyTo": answered,
        "published": published,
        "url": f"https://{HOME}/@{profile.handle}/{status.rsplit('/', 1)[-1]}",
        "attributedTo": own,
        "to": to,
        "cc": cc,
        "sensitive": False,
        "atomUri": status,
        "inReplyToAtomUri": answered,
        "content": content,
        "contentMap": {saying.lang: content},
        "attachment": [_attachment(saying)] if saying.picture else [],
        "tag": _tags(mentioned, saying.text),
    }
    return {
        "id": f"{status}/activity",
        "type": "Create",
        "actor": own,
        "published": published,
        "to": to,
        "cc": cc,
        "object": note,
    }


def _boost(village: Village, profile: Profile, saying: Saying) -> dict[str, Any]:
    assert saying.boost is not None
    own = mastodon_actor(profile.handle)
    return {
        "id": f"{mastodon_status(profile.handle, saying)}/activity",
        "type": "Announce",
        "actor": own,
        "published": f"{saying.at:%Y-%m-%dT%H:%M:%SZ}",
        "to": [_PUBLIC],
        "cc": [f"{own}/followers"],
        "object": _address(village, saying.boost),
    }


def _address(village: Village, name: str) -> str:
    saying = village.named(name)
    profile = village.people[saying.who].on("mastodon")
    assert profile is not None
    return mastodon_status(profile.handle, saying)


def _addressed(saying: Saying, own: str, mentioned: list[Profile]) -> tuple[list[str], list[str]]:
    named = [mastodon_actor(profile.handle) for profile in mentioned]
    followers = f"{own}/followers"
    if saying.audience is Audience.DIRECT:
        return named, []
    if saying.audience is Audience.FRIENDS:
        return [followers], named
    if saying.audience is Audience.UNLISTED:
        return [followers], [_PUBLIC, *named]
    return [_PUBLIC], [followers, *named]


def _mentioned(village: Village, text: str) -> list[Profile]:
    """Everybody on the server whose handle stands in the text, each once, in order."""
    known = {p.handle: p for v in village.people.values() if (p := v.on("mastodon"))}
    names = dict.fromkeys(re.findall(r"@(\w+)", text))
    return [known[name] for name in names if name in known]


def _content(village: Village, text: str) -> str:
    """The text as Mastodon's web page shows it."""
    known = {profile.handle for profile in _mentioned(village, text)}

    def linked(match: re.Match[str]) -> str:
        handle = match.group(1)
        return _LINK.format(home=HOME, handle=handle) if handle in known else match.group()

    made = re.sub(r"@(\w+)", linked, html.escape(text))
    made = re.sub(
        r"(?<![\w&])#(\w+)",
        rf'<a href="https://{HOME}/tags/\1" class="mention hashtag" rel="tag">#<span>\1</span></a>',
        made,
    )
    return f"<p>{made}</p>"


def _tags(mentioned: list[Profile], text: str) -> list[dict[str, str]]:
    people = [
        {
            "type": "Mention",
            "href": mastodon_actor(profile.handle),
            "name": f"@{profile.handle}@{HOME}",
        }
        for profile in mentioned
    ]
    return people + [
        {"type": "Hashtag", "href": f"https://{HOME}/tags/{tag}", "name": f"#{tag}"}
        for tag in re.findall(r"#(\w+)", text)
    ]


def _attachment(saying: Saying) -> dict[str, Any]:
    assert saying.picture is not None
    return {
        "type": "Document",
        "mediaType": "image/jpeg",
        "url": f"/{_file(saying)}",
        "name": pictures.alt(saying.picture, saying.lang),
        "width": 384,
        "height": 288,
    }


def _file(saying: Saying) -> str:
    return f"media_attachments/files/{saying.at:%Y/%m/%d}/original/{picture_file(saying)}"


def _bytes(saying: Saying) -> bytes:
    assert saying.picture is not None
    return pictures.jpeg(saying.picture, variant(saying), meta=saying.meta)


def _collection(name: str) -> dict[str, Any]:
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": name,
        "type": "OrderedCollection",
        "orderedItems": [],
    }
