"""A villager's Bluesky repository: a CAR file (version 1) with commit, search tree and records.

Beside it lie the identity document and the pictures by their CID, as tools that back a repository
up put them; a bare repository has neither. The commit's signature is a stand-in: nobody holds a
key, and no reader can check one without the network.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import libipld

from demur.village import pictures
from demur.village.addresses import bluesky_post, did, tid, variant
from demur.village.tree import root_of
from demur.village.village import HOME, Profile, Saying, Village, Villager

_RECORD, _BLOB = 0x71, 0x55  # multicodec: DAG-CBOR and raw bytes


def files(village: Village, villager: Villager, profile: Profile) -> dict[str, bytes]:
    """The repository with its identity document and pictures."""
    said = village.by(villager.key, "bluesky")
    blobs = {libipld.encode_cid(cid(_bytes(s), _BLOB)): _bytes(s) for s in said if s.picture}
    document = {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": did(profile.handle),
        "alsoKnownAs": [f"at://{profile.handle}"],
        "service": [
            {
                "id": "#atproto_pds",
                "type": "AtprotoPersonalDataServer",
                "serviceEndpoint": f"https://pds.{HOME}",
            }
        ],
    }
    made = {"repo.car": repository(village, villager, profile)}
    made["did_doc.json"] = json.dumps(document).encode()
    return made | {f"blobs/{name}.jpg": data for name, data in blobs.items()}


def repository(village: Village, villager: Villager, profile: Profile) -> bytes:
    """The CAR file alone."""
    blocks: dict[bytes, bytes] = {}

    def kept(value: object) -> bytes:
        block: bytes = libipld.encode_dag_cbor(value)
        blocks[cid(block, _RECORD)] = block
        return cid(block, _RECORD)

    records = _records(village, villager, profile)
    root = root_of({path: kept(record) for path, record in records.items()}, kept)
    commit = {
        "did": did(profile.handle),
        "version": 3,
        "data": root,
        "rev": max(tid(saying) for saying in village.by(villager.key, "bluesky")),
        "prev": None,
    }
    stand_in = hashlib.sha512(libipld.encode_dag_cbor(commit)).digest()
    head = kept(commit | {"sig": stand_in})
    return _car(head, blocks)


def cid(block: bytes, codec: int) -> bytes:
    """Version 1, SHA-256: the only form AT Protocol uses."""
    return bytes((1, codec, 0x12, 0x20)) + hashlib.sha256(block).digest()


def _car(head: bytes, blocks: dict[bytes, bytes]) -> bytes:
    header = libipld.encode_dag_cbor({"version": 1, "roots": [head]})
    order = [head, *sorted(key for key in blocks if key != head)]
    sections = [header, *(key + blocks[key] for key in order)]
    return b"".join(_varint(len(section)) + section for section in sections)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _records(village: Village, villager: Villager, profile: Profile) -> dict[str, dict[str, Any]]:
    said = list(village.by(villager.key, "bluesky"))
    made: dict[str, dict[str, Any]] = {
        "app.bsky.actor.profile/self": {
            "$type": "app.bsky.actor.profile",
            "displayName": villager.name,
            "description": villager.about,
        },
    }
    if profile.refuses:
        made["org.user-intents.declaration/self"] = {
            "$type": "org.user-intents.declaration",
            "updatedAt": "2025-02-22T09:00:00.000Z",
            "syntheticContentGeneration": {
                "allow": False,
                "updatedAt": "2025-02-22T09:00:00.000Z",
            },
            "bulkDataset": {"allow": False, "updatedAt": "2025-02-22T09:00:00.000Z"},
        }
    for saying in said:
        if saying.boost:
            made[f"app.bsky.feed.repost/{tid(saying)}"] = {
                "$type": "app.bsky.feed.repost",
                "subject": _reference(village, saying.boost),
                "createdAt": _moment(saying),
            }
        else:
            made[f"app.bsky.feed.post/{tid(saying)}"] = _post(village, saying)
    return made


def _post(village: Village, saying: Saying) -> dict[str, Any]:
    made: dict[str, Any] = {
        "$type": "app.bsky.feed.post",
        "text": saying.text,
        "createdAt": _moment(saying),
        "langs": [saying.lang],
    }
    if facets := _facets(village, saying.text):
        made["facets"] = facets
    if saying.answers:
        parent = _reference(village, saying.answers)
        made["reply"] = {"root": parent, "parent": parent}
    if saying.picture:
        data = _bytes(saying)
        blob = {
            "$type": "blob",
            "ref": cid(data, _BLOB),
            "mimeType": "image/jpeg",
            "size": len(data),
        }
        words = pictures.alt(saying.picture, saying.lang)
        made["embed"] = {
            "$type": "app.bsky.embed.images",
            "images": [{"alt": words, "image": blob}],
        }
    return made


def _reference(village: Village, name: str) -> dict[str, str]:
    saying = village.named(name)
    profile = village.people[saying.who].on("bluesky")
    assert profile is not None
    block = libipld.encode_dag_cbor(_post(village, saying))
    return {
        "uri": bluesky_post(profile.handle, saying),
        "cid": libipld.encode_cid(cid(block, _RECORD)),
    }


def _facets(village: Village, text: str) -> list[dict[str, Any]]:
    """Who is mentioned, counted in bytes of UTF-8."""
    known = {p.handle: p for v in village.people.values() if (p := v.on("bluesky"))}
    return [
        {
            "index": {
                "byteStart": len(text[: match.start()].encode()),
                "byteEnd": len(text[: match.end()].encode()),
            },
            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": did(match.group(1))}],
        }
        for match in re.finditer(rf"@(\w+\.{re.escape(HOME)})", text)
        if match.group(1) in known
    ]


def _moment(saying: Saying) -> str:
    return f"{saying.at:%Y-%m-%dT%H:%M:%S.000Z}"


def _bytes(saying: Saying) -> bytes:
    assert saying.picture is not None
    return pictures.jpeg(saying.picture, variant(saying), meta=saying.meta)
