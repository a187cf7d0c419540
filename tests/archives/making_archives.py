"""Small archives in the platforms' real layouts, built by hand: one function a platform."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import libipld
from PIL import Image

Files = dict[str, Any]
"""Path in the archive -> bytes, or anything that becomes JSON."""

JUNE = 1_622_548_800  # 1 June 2021, 12:00 UTC


def content(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()


def zip_of(path: Path, files: Files, **how: Any) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, value in files.items():
            archive.writestr(name, content(value))
    return path


def folder_of(path: Path, files: Files) -> Path:
    for name, value in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content(value))
    return path


def tar_of(path: Path, files: Files, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, value in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content(value))
            archive.addfile(member, io.BytesIO(content(value)))
    return path


def as_meta_writes(value: Any) -> bytes:
    """JSON with every string's UTF-8 bytes escaped as if they were Latin-1 characters."""
    return json.dumps(_escaped(value), ensure_ascii=True).encode()


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8").decode("latin-1")
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {_escaped(key): _escaped(item) for key, item in value.items()}
    return value


def picture(form: str = "PNG", size: tuple[int, int] = (8, 6), **how: Any) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, form, **how)
    return out.getvalue()


def xmp(value: str, form: str = "attribute") -> bytes:
    """An XMP packet that says `plus:DataMining` in one of the three ways RDF allows."""
    said = {
        "attribute": f'<rdf:Description xmlns:plus="{_PLUS}" plus:DataMining="{value}"/>',
        "resource": f'<rdf:Description xmlns:plus="{_PLUS}">'
        f'<plus:DataMining rdf:resource="{value}"/></rdf:Description>',
        "element": f'<rdf:Description xmlns:plus="{_PLUS}">'
        f"<plus:DataMining>{value}</plus:DataMining></rdf:Description>",
    }[form]
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{said}</rdf:RDF>'
        '</x:xmpmeta><?xpacket end="w"?>'
    ).encode()


_PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
VOCABULARY = "http://ns.useplus.org/ldf/vocab/"


def facebook(*posts: Any, profile: Any = None, **more: Any) -> Files:
    """Facebook before 2024. `profile={}` leaves the profile out."""
    facts = _ANNA if profile is None else profile
    files: Files = {"posts/your_posts_1.json": as_meta_writes(list(posts))}
    if facts:
        files["profile_information/profile_information.json"] = as_meta_writes(
            {"profile_v2": facts}
        )
    return files | more


_ANNA = {
    "name": {"full_name": "Anna de Vriés"},
    "username": "anna.devries",
    "emails": {"emails": ["anna@dorp.example"]},
    "birthday": {"year": 1990, "month": 5, "day": 31},
    "registration_timestamp": 1_200_000_000,
}


def facebook_post(text: str, at: int = JUNE, **more: Any) -> dict[str, Any]:
    return {"timestamp": at, "data": [{"post": text}], "title": "Anna updated her status."} | more


def shown(uri: str, **more: Any) -> list[dict[str, Any]]:
    return [{"data": [{"media": {"uri": uri, "creation_timestamp": JUNE} | more}]}]


def instagram(*posts: Any, locked: str = "False", **more: Any) -> Files:
    """Instagram as of 2025."""
    facts = {
        "Username": {"value": "Anna.Zee"},
        "Name": {"value": "Anna 🌊"},
        "Email": {"value": "anna@dorp.example"},
        "Private Account": {"value": locked},
        "Date of birth": {"value": "1990-05-31"},
    }
    profile = {"profile_user": [{"string_map_data": facts}]}
    return {
        "your_instagram_activity/media/posts_1.json": as_meta_writes(list(posts)),
        "personal_information/personal_information/personal_information.json": as_meta_writes(
            profile
        ),
    } | more


def mastodon(*items: Any, actor: dict[str, Any] | None = None, **more: Any) -> Files:
    return {
        "actor.json": MASTODON_ANNA | (actor or {}),
        "outbox.json": {"type": "OrderedCollection", "orderedItems": list(items)},
    } | more


AT = "https://dorp.example/users/anna"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
MASTODON_ANNA = {
    "id": AT,
    "type": "Person",
    "preferredUsername": "anna",
    "name": "Anna",
    "url": "https://dorp.example/@anna",
    "summary": "<p>Zeevrouw</p>",
    "indexable": True,
    "manuallyApprovesFollowers": True,
}


def toot(html: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """A public toot; `to` and `cc` go to the activity and its note alike."""
    to = more.pop("to", [PUBLIC])
    cc = more.pop("cc", [f"{AT}/followers"])
    note = {
        "id": f"{AT}/statuses/{number}",
        "type": "Note",
        "published": "2021-06-01T12:00:00Z",
        "attributedTo": AT,
        "url": f"https://dorp.example/@anna/{number}",
        "content": html,
        "to": to,
        "cc": cc,
    }
    return {"type": "Create", "actor": AT, "to": to, "cc": cc, "object": note | more}


DID = "did:plc:annaannaannaannaannaanna"


def skeet(text: str, **more: Any) -> dict[str, Any]:
    return {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2024-06-01T12:00:00Z"} | more


def car_of(records: dict[str, Any], did: str = DID, left_over: Any = None) -> bytes:
    """A repository of one commit and one index node. `left_over` is a record nothing points at."""
    blocks = {path: _block(record) for path, record in sorted(records.items())}
    entries = [
        {"k": path.encode(), "p": 0, "t": None, "v": _Link(cid)}
        for path, (cid, _) in blocks.items()
    ]
    node = _block({"e": entries, "l": None})
    commit = _block({"did": did, "version": 3, "data": _Link(node[0]), "rev": "3k", "sig": b"x"})
    header = _cbor({"version": 1, "roots": [_Link(commit[0])]})
    out = varint(len(header)) + header
    stray = [_block(left_over)] if left_over is not None else []
    for cid, data in [commit, node, *blocks.values(), *stray]:
        out += varint(len(cid) + len(data)) + cid + data
    return out


class _Link(bytes):
    """A CID where DAG-CBOR wants a link (tag 42)."""


def _cbor(value: Any) -> bytes:
    """The little of DAG-CBOR that a repository needs; libipld encodes no links."""
    if isinstance(value, _Link):
        return b"\xd8\x2a" + _head(2, len(value) + 1) + b"\0" + value
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return _head(5, len(keys)) + b"".join(_cbor(key) + _cbor(value[key]) for key in keys)
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(_cbor(item) for item in value)
    return bytes(libipld.encode_dag_cbor(value))


def _head(major: int, count: int) -> bytes:
    if count < 24:
        return bytes([major << 5 | count])
    size = 1 if count < 256 else 2 if count < 65536 else 4
    return bytes([major << 5 | 24 + size.bit_length() - 1]) + count.to_bytes(size, "big")


def _block(value: Any) -> tuple[bytes, bytes]:
    data = _cbor(value)
    return b"\x01\x71\x12\x20" + hashlib.sha256(data).digest(), data


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def jsonl(*rows: Any) -> bytes:
    return b"".join(content(row) + b"\n" for row in rows)


def neutral(*posts: Any, accounts: list[Any] | None = None) -> Files:
    return {
        "accounts.jsonl": jsonl(*(accounts or [{"id": "forum:1", "handle": "anna"}])),
        "posts.jsonl": jsonl(*posts),
    }


def row(text: str, **more: Any) -> dict[str, Any]:
    post = {"id": "p1", "account": "forum:1", "created_at": "2021-06-01T12:00:00Z", "text": text}
    return post | {"audience": "public"} | more
