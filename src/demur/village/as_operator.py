"""What the village's operator hands over in the neutral format: their records and the noticeboard.

The records speak of every account, also of those whose posts come in a platform's own archive:
country, birth date, language, address, lock, and which accounts are one person.
"""

from __future__ import annotations

import json
from typing import Any

from demur.posts import Audience
from demur.village import pictures
from demur.village.addresses import account_id, picture_file, variant
from demur.village.village import HOME, Profile, Saying, Village, Villager

# The machine-readable No as the readers call it. The records repeat it: whoever speaks last about
# an account says what stands now, and a record that left it out would take it back.
_REFUSALS = {
    "mastodon": ["hashtag:noai", "mastodon:discoverable", "mastodon:indexable"],
    "bluesky": ["bluesky:syntheticContentGeneration"],
}


def files(village: Village) -> dict[str, bytes]:
    accounts = [
        _account(villager, profile)
        for villager in village.people.values()
        for profile in villager.profiles
    ]
    said = [saying for saying in village.sayings if saying.platform == "forum"]
    made = {
        "accounts.jsonl": _lines(accounts),
        "posts.jsonl": _lines([_post(village, saying) for saying in said]),
    }
    return made | {
        _file(s): pictures.jpeg(s.picture, variant(s), meta=s.meta) for s in said if s.picture
    }


def origin(saying: Saying) -> str:
    """The noticeboard's own name for a post."""
    return f"{saying.who}-{saying.at:%Y%m%d%H%M}"


def _account(villager: Villager, profile: Profile) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": account_id(profile),
        "handle": f"{profile.handle}@{HOME}" if profile.platform == "mastodon" else profile.handle,
        "name": villager.name,
        "email": villager.email,
        "born": str(villager.born) if villager.born else None,
        "country": villager.country,
        "language": villager.language,
        "locked": profile.locked,
        "refuses_training": _REFUSALS[profile.platform] if profile.refuses else [],
        "linked_to": [account_id(other) for other in villager.profiles if other is not profile],
    }
    if profile.platform == "facebook":
        made["handle"] = f"{villager.key}.tureluur"
    return {key: value for key, value in made.items() if value not in (None, [])}


def _post(village: Village, saying: Saying) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": origin(saying),
        "account": f"forum:{saying.who}",
        "kind": "comment" if saying.answers else "photo" if saying.picture else "post",
        "audience": _audience(village, saying).value,
        "created_at": f"{saying.at:%Y-%m-%dT%H:%M:%SZ}",
        "text": saying.text,
        "lang": saying.lang,
        "url": f"https://prikbord.{HOME}/{origin(saying)}",
    }
    if saying.group:
        made["group"] = village.groups[saying.group].name
    if saying.answers:
        made["reply_to"] = origin(village.named(saying.answers))
    if saying.translates:
        made["translation_of"] = origin(village.named(saying.translates))
    if saying.picture:
        words = pictures.alt(saying.picture, saying.lang)
        made["photos"] = [{"file": _file(saying), "alt": words}]
    return made


def _audience(village: Village, saying: Saying) -> Audience:
    if saying.group:
        public = village.groups[saying.group].public
        return Audience.PUBLIC_GROUP if public else Audience.CLOSED_GROUP
    return saying.audience or Audience.PUBLIC


def _file(saying: Saying) -> str:
    return f"pictures/{picture_file(saying)}"


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
