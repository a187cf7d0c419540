"""Posts: what somebody put in public, as it came in, and how a text is compared.

Values only. Readers in `archives/` make them, `corpus.lake` keeps them.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from demur.people import AccountId


class Audience(StrEnum):
    """Who could see it where it was posted."""

    PUBLIC = "public"
    PUBLIC_GROUP = "public_group"
    UNLISTED = "unlisted"  # Mastodon's quiet public: readable by anyone, not announced
    FRIENDS = "friends"  # followers, friends, circles
    CLOSED_GROUP = "closed_group"
    DIRECT = "direct"
    UNKNOWN = "unknown"  # Facebook and Instagram archives carry no audience per post


HIDDEN = (Audience.DIRECT, Audience.CLOSED_GROUP, Audience.FRIENDS)
"""Posts that only some could see: never read further than needed to skip them."""


class Kind(StrEnum):
    POST = "post"
    COMMENT = "comment"
    PHOTO = "photo"  # pictures with or without a caption
    CHAT = "chat"  # with the assistant
    PROFILE = "profile"  # a name or a profile picture: never trained on


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A place in `Post.text` that points at somebody. Offsets count Unicode code points."""

    start: int
    end: int
    key: str  # see Account.keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A picture of a post. The bytes are re-encoded without metadata before anything is stored."""

    sha256: str  # of the stored bytes, 64 hexadecimal digits
    media_type: str  # image/jpeg, image/png or image/webp
    alt: str = ""
    refuses_training: tuple[str, ...] = ()  # e.g. ("plus:DataMining",), read before stripping
    look: bytes = b""  # 32 bytes: a perceptual hash (PDQ), near for pictures that look alike
    data: bytes = field(default=b"", repr=False, compare=False)  # only between reader and lake


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    account: AccountId
    platform: str
    kind: Kind
    audience: Audience
    created_at: datetime  # aware, UTC
    origin: str  # the platform's own id of it, or its place in the archive where there is none
    text: str
    lang: str | None = None  # ISO 639-1; None: to be detected at import
    group: str | None = None
    url: str | None = None  # its public address, for citations
    reply_to: str | None = None  # the origin of the post it answers
    translation_of: str | None = None  # the origin of the post whose translation it is
    reshare_of: str | None = None  # somebody else's words: never the resharer's to give
    mentions: tuple[Mention, ...] = ()
    tagged: tuple[str, ...] = ()  # keys of people tagged in its pictures
    photos: tuple[Photo, ...] = ()
    refuses_training: tuple[str, ...] = ()  # machine-readable No on the post, by signal name
    attribution: str | None = None

    @property
    def id(self) -> str:
        """32 hexadecimal digits: the hash of content and origin, so a re-import changes nothing.

        The audience is left out: declaring it later must not make another post of it.
        """
        parts = [self.platform, self.account, self.origin, _instant(self.created_at), self.text]
        parts += [photo.sha256 for photo in self.photos]
        digest = hashlib.sha256()
        for part in parts:
            raw = part.encode("utf-8", "surrogatepass")
            digest.update(len(raw).to_bytes(8, "big") + raw)
        return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """Where a post lies that only some can see, and nothing of what it says. It may be one that
    everybody could see when it was imported before."""

    account: AccountId
    platform: str
    origin: str
    audience: Audience


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


OWN_WORDS = 32
"""Normal characters from which a text counts as somebody's own. Shorter ones ("Happy birthday!")
are written by many, and suppressing them would let one person silence a greeting."""


def normal(text: str) -> str:
    """The form in which texts are compared: NFKC, case folded, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def handle_key(platform: str, handle: str) -> str:
    """The mention key of a handle: `handle_key("instagram", "@Anna")` is `instagram:@anna`."""
    return f"{platform}:@{handle.strip().lstrip('@').casefold()}"


def name_key(platform: str, name: str) -> str:
    """The mention key of a name that a platform itself put in a tag."""
    return f"{platform}:name:{normal(name)}"
