"""A post as it lies in the lake: the columns, and the way there and back.

What costs time and never changes is worked out here once, at import: by what copies of the text
are recognised, its length, and the language where the archive did not say it. Deciding then reads
no text at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import eldc
import pyarrow as pa

from demur.corpus.likeness import near
from demur.people import AccountId, Home, PersonId
from demur.posts import Audience, Kind, Mention, Photo, Post, normal

PHOTO = pa.struct(
    [
        ("sha256", pa.string()),
        ("media_type", pa.string()),
        ("alt", pa.string()),
        ("look", pa.binary(32)),  # posts.Photo.look
    ]
)

LAKE_SCHEMA = pa.schema(
    [
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("person", pa.string(), nullable=False),
        pa.field("account", pa.string(), nullable=False),
        pa.field("platform", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("audience", pa.string(), nullable=False),
        pa.field("group", pa.string()),
        pa.field("created_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("text_hash", pa.binary(16), nullable=False),  # text_mark
        pa.field("near", pa.list_(pa.int64()), nullable=False),  # likeness.near
        pa.field("normal_chars", pa.int32(), nullable=False),  # length of posts.normal
        pa.field("lang", pa.string(), nullable=False),  # "und" where it cannot be told
        pa.field("url", pa.string()),
        pa.field("reply_to", pa.string()),
        pa.field("translation_of", pa.string()),
        pa.field("reshare_of", pa.string()),
        pa.field("mention_start", pa.list_(pa.int32()), nullable=False),  # code points
        pa.field("mention_end", pa.list_(pa.int32()), nullable=False),
        pa.field("mention_key", pa.list_(pa.string()), nullable=False),
        pa.field("tagged", pa.list_(pa.string()), nullable=False),
        pa.field("photos", pa.list_(PHOTO), nullable=False),
        pa.field("photo_refusals", pa.list_(pa.string()), nullable=False),  # of all its photos
        pa.field("refuses_training", pa.list_(pa.string()), nullable=False),
        pa.field("attribution", pa.string()),
    ]
)

PARQUET: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "use_dictionary": ["person", "account", "platform", "country", "kind", "audience", "lang"],
}
"""How every Parquet file of the lake and of a build is written. Dictionaries only where values
repeat: trying them on texts and ids costs a fifth of the writing and ends without one."""

_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPost:
    """One post of the lake. The bytes of its photos lie beside it (`Lake.photo_path`)."""

    id: str
    person: PersonId
    post: Post
    row: Mapping[str, Any] = field(repr=False)  # its columns, for `facts.gather`


def text_mark(normal_text: str, home: Home) -> bytes:
    """16 bytes that two copies of a text share on this site, and on no other."""
    return home.mark("text", normal_text.encode("utf-8", "surrogatepass"))


def row_of(person: PersonId, post: Post, home: Home) -> dict[str, Any]:
    """The columns of a post that is about to be stored."""
    refusals = {name for photo in post.photos for name in photo.refuses_training}
    normal_text = normal(post.text)
    return {
        "post_id": post.id,
        "person": person,
        "account": post.account,
        "platform": post.platform,
        "kind": post.kind.value,
        "audience": post.audience.value,
        "group": post.group,
        "created_at": post.created_at,
        "origin": post.origin,
        "text": post.text,
        "text_hash": text_mark(normal_text, home),
        "near": near(normal_text, home),
        "normal_chars": len(normal_text),
        "lang": post.lang or language_of(post.text),
        "url": post.url,
        "reply_to": post.reply_to,
        "translation_of": post.translation_of,
        "reshare_of": post.reshare_of,
        "mention_start": [mention.start for mention in post.mentions],
        "mention_end": [mention.end for mention in post.mentions],
        "mention_key": [mention.key for mention in post.mentions],
        "tagged": list(post.tagged),
        "photos": [
            {
                "sha256": photo.sha256,
                "media_type": photo.media_type,
                "alt": photo.alt,
                "look": photo.look or None,
            }
            for photo in post.photos
        ],
        "photo_refusals": sorted(refusals),
        "refuses_training": list(post.refuses_training),
        "attribution": post.attribution,
    }


def post_of(row: Mapping[str, Any]) -> StoredPost:
    """The post of one row. A No in one of its photos is given to all of them: stricter, and
    enough for a law that keeps the whole post out."""
    spans = zip(row["mention_start"], row["mention_end"], row["mention_key"], strict=True)
    post = Post(
        account=AccountId(row["account"]),
        platform=row["platform"],
        kind=Kind(row["kind"]),
        audience=Audience(row["audience"]),
        created_at=row["created_at"],
        origin=row["origin"],
        text=row["text"],
        lang=row["lang"],
        group=row["group"],
        url=row["url"],
        reply_to=row["reply_to"],
        translation_of=row["translation_of"],
        reshare_of=row["reshare_of"],
        mentions=tuple(Mention(start=start, end=end, key=key) for start, end, key in spans),
        tagged=tuple(row["tagged"]),
        photos=tuple(photo_of(photo, row["photo_refusals"]) for photo in row["photos"]),
        refuses_training=tuple(row["refuses_training"]),
        attribution=row["attribution"],
    )
    return StoredPost(id=row["post_id"], person=PersonId(row["person"]), post=post, row=row)


def photo_of(stored: Mapping[str, Any], refusals: Sequence[str] = ()) -> Photo:
    """The picture of one entry of the column `photos`, without its bytes."""
    fields = {**stored, "look": stored["look"] or b""}
    return Photo(**fields, refuses_training=tuple(refusals))


def photo_name(photo: Photo) -> str:
    return f"{photo.sha256}.{_SUFFIXES.get(photo.media_type, 'bin')}"


def language_of(text: str) -> str:
    """ISO 639-1, or "und". eldc: its model is in the wheel, 143 k posts a second on one core."""
    _ready()
    return str(eldc.detect(text))


@cache
def _ready() -> None:
    eldc.init()
