"""How the platforms name the villagers and their posts: account ids, web addresses, record keys.

The ids are those that the readers in `demur.archives` give the same accounts. Nothing is written.
"""

from __future__ import annotations

import base64
import hashlib
import zlib

from demur.people import AccountId
from demur.village.village import HOME, Profile, Saying

_TID = "234567abcdefghijklmnopqrstuvwxyz"  # AT Protocol's alphabet, which sorts as the numbers do


def account_id(profile: Profile) -> AccountId:
    own = {
        "facebook": str(profile.number),
        "mastodon": mastodon_actor(profile.handle),
        "bluesky": did(profile.handle),
    }.get(profile.platform, profile.handle)
    return AccountId(f"{profile.platform}:{own}")


def mastodon_actor(handle: str) -> str:
    return f"https://{HOME}/users/{handle}"


def mastodon_status(handle: str, saying: Saying) -> str:
    """Mastodon numbers its posts by the millisecond, and leaves 16 bits for the rest."""
    return f"{mastodon_actor(handle)}/statuses/{int(saying.at.timestamp() * 1000) << 16}"


def did(handle: str) -> str:
    """A did:plc as the directory would give it out: 24 characters of base 32."""
    digest = hashlib.sha256(f"{HOME}/{handle}".encode()).digest()
    return f"did:plc:{base64.b32encode(digest).decode().lower()[:24]}"


def tid(saying: Saying) -> str:
    """A record key: microseconds since 1970 and ten bits of a clock, in 13 characters."""
    number = (int(saying.at.timestamp()) * 1_000_000 << 10) | 7
    return "".join(_TID[(number >> shift) & 31] for shift in range(60, -1, -5))


def bluesky_post(handle: str, saying: Saying) -> str:
    return f"at://{did(handle)}/app.bsky.feed.post/{tid(saying)}"


def picture_file(saying: Saying) -> str:
    """A file name of the kind that platforms give out: digits, the same ones every time."""
    seed = f"{saying.platform} {saying.who} {saying.at.isoformat()} {saying.picture}"
    return f"{zlib.crc32(seed.encode()):010d}_{int(saying.at.timestamp())}_n.jpg"


def variant(saying: Saying) -> int:
    """Which light a picture is drawn in."""
    return zlib.crc32(f"{saying.who} {saying.at.isoformat()}".encode()) % 1000
