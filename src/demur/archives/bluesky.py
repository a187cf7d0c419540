"""Bluesky: repositories (CAR files) and single records saved as JSON, by people's lasting DIDs.

Everything in a repository is public, but some of its owners ask apps to show it only to those who
are signed in: such posts stay in the archive. `org.user-intents.declaration` goes on as a
machine-readable No. Likes, follows and reposts are nobody's words and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import libipld

from demur.archives import export, json_files, moments
from demur.archives.car import Repository, open_repository
from demur.archives.container import BrokenFile, Container
from demur.archives.content import (
    NOT_A_POST,
    NOT_IN_THIS_FILE,
    NOTHING_TO_READ,
    OTHERS_WORDS,
    UNCLEAR_DATE,
    UNKNOWN_FILE,
    Content,
    Notes,
)
from demur.archives.text import clean, handles, refusals
from demur.errors import ArchiveUnreadable
from demur.people import Account, AccountId
from demur.policy import signals
from demur.posts import Audience, Kind, Mention, Post, handle_key

NAME = "bluesky"

_POST = "app.bsky.feed.post"
_REPOST = "app.bsky.feed.repost"
_PROFILE = "app.bsky.actor.profile"
_INTENTS = "org.user-intents.declaration"
_SIGNED_IN_ONLY = "!no-unauthenticated"
_UNREADABLE_INTENTS = "bluesky:intents" + signals.UNREADABLE

_PICTURE = re.compile(r"(?:.*/)?bafk[a-z2-7]+(?:\.\w+)?")  # what was fetched beside, by its CID
_IDENTITY = re.compile(r"did_?doc.*\.json$", re.I)
_ADDRESS = re.compile(r"at://(did:[a-z]+:[\w.:%-]+)/([\w.-]+)/([\w.~:-]+)")
_HANDLE = re.compile(r"at://([\w.-]+)")


def roots(box: Container) -> set[str]:
    """'' if there is a repository anywhere in the archive. Several belong together."""
    return {""} if any(name.endswith(".car") for name in box.sizes) else set()


def holds_records(box: Container) -> bool:
    """Whether there are records saved as JSON. This opens files to find out, so it is asked only
    of an archive in which no other platform keeps its private messages."""
    return any(name.endswith(".json") and _head(box, name) for name in box.sizes)


def _head(box: Container, name: str) -> bytes:
    try:
        with box.open(name) as stream:
            head = stream.read(4096)
    except BrokenFile:
        return b""
    return head if all(part in head for part in (b'"value"', b'"uri"', b'"at://')) else b""


@dataclass(slots=True)
class _Owner:
    """What a repository says about its owner besides posts."""

    did: str
    handle: str | None = None
    name: str | None = None
    signed_in_only: bool = False
    refuses: tuple[str, ...] = ()

    def account(self) -> Account:
        own = f"{NAME}:{self.did}"
        keys = {own.casefold()} | ({handle_key(NAME, self.handle)} if self.handle else set())
        return Account(
            id=AccountId(own),
            platform=NAME,
            handle=self.handle,
            name=self.name,
            # Bluesky has no private profiles; asking to be hidden from strangers is the nearest.
            locked=self.signed_in_only,
            refuses_training=self.refuses,
            keys=frozenset(keys),
        )


def read(box: Container, root: str, notes: Notes, declared: Audience | None) -> Content:
    """`root` is '' and `declared` changes nothing: a repository is as public as its owner says."""
    handles_of = _identities(box)
    owners: dict[str, _Owner] = {}
    repositories: list[str] = []
    records: list[str] = []
    for name in sorted(box.sizes):
        if name.endswith(".car"):
            try:
                with closing(open_repository(box, name)) as repository:
                    owner = owners.setdefault(repository.did, _Owner(repository.did))
                    _learn(repository, owner)
                repositories.append(name)
            except BrokenFile as broken:
                notes.problems.append(str(broken))
        elif (found := _saved(box, name)) is not None:
            owners.setdefault(found[0], _Owner(found[0]))
            records.append(name)
        elif not _IDENTITY.search(name) and not _PICTURE.fullmatch(name):
            notes.skipped[UNKNOWN_FILE] += 1
    if notes.problems and not owners:
        raise ArchiveUnreadable(notes.problems[0])
    for did, owner in owners.items():
        owner.handle = handles_of.get(did)
    return Content(
        accounts=lambda: (owner.account() for owner in owners.values()),
        posts=partial(_posts, box, repositories, records, owners, notes),
    )


def _identities(box: Container) -> dict[str, str]:
    """DID -> handle, from identity documents lying beside a repository (plain or in a wrapper)."""
    found: dict[str, str] = {}
    for name in box.sizes:
        if _IDENTITY.search(name):
            try:
                loaded = json_files.load(box, name)
            except BrokenFile:
                continue
            document = loaded.get("didDoc", loaded) if isinstance(loaded, dict) else {}
            names = document.get("alsoKnownAs") if isinstance(document, dict) else None
            for also in names if isinstance(names, list) else []:
                match = _HANDLE.fullmatch(str(also))
                if match and isinstance(document.get("id"), str):
                    found.setdefault(document["id"], match.group(1).casefold())
    return found


def _learn(repository: Repository, owner: _Owner) -> None:
    for path, record in repository.records():
        collection = path.split("/")[0]
        if collection == _PROFILE and isinstance(record, dict):
            name = record.get("displayName")
            owner.name = clean(name) if isinstance(name, str) and name.strip() else None
            owner.signed_in_only = _SIGNED_IN_ONLY in _labels(record)
            said = refusals(str(record.get("description") or ""))
            owner.refuses = signals.combined(owner.refuses, said)
        elif collection == _INTENTS:
            owner.refuses = signals.combined(owner.refuses, _intents(record))


def _intents(record: object) -> tuple[str, ...]:
    """The proposal spells its keys with and without a prefix; both are heard."""
    if not isinstance(record, dict):
        return (_UNREADABLE_INTENTS,)
    short = {str(key).removeprefix("org.user-intents."): value for key, value in record.items()}
    return signals.combined(signals.bluesky_intents(record), signals.bluesky_intents(short))


def _labels(record: dict[str, Any]) -> set[str]:
    labels = record.get("labels")
    values = labels.get("values") if isinstance(labels, dict) else None
    return {str(value.get("val")) for value in _list(values)}


def _saved(box: Container, name: str) -> tuple[str, str, Any] | None:
    """A record saved as JSON with its address: (owner, address, record)."""
    if not name.endswith(".json") or not _head(box, name):
        return None
    try:
        loaded = json_files.load(box, name)
    except BrokenFile:
        return None
    match = _ADDRESS.fullmatch(str(loaded.get("uri"))) if isinstance(loaded, dict) else None
    if match and match.group(2) == _POST and isinstance(loaded.get("value"), dict):
        return match.group(1), match.group(0), loaded["value"]
    return None


def _posts(
    box: Container,
    repositories: list[str],
    records: list[str],
    owners: dict[str, _Owner],
    notes: Notes,
) -> Iterator[Post]:
    for name in repositories:
        with closing(open_repository(box, name)) as repository:
            owner = owners[repository.did]
            for path, record in repository.records():
                collection = path.split("/")[0]
                if record is None:
                    notes.skipped[NOT_IN_THIS_FILE] += 1
                elif collection == _REPOST:
                    notes.skipped[OTHERS_WORDS] += 1
                elif collection == _POST:
                    post = _post(box, owner, f"at://{owner.did}/{path}", record, notes)
                    if post is not None:
                        yield post
    for name in records:
        if (found := _saved(box, name)) is not None:
            post = _post(box, owners[found[0]], found[1], found[2], notes)
            if post is not None:
                yield post


def _post(box: Container, owner: _Owner, address: str, record: Any, notes: Notes) -> Post | None:
    text = record.get("text") if isinstance(record, dict) else None
    if not isinstance(text, str) or record.get("$type") != _POST:
        notes.skipped[NOT_A_POST] += 1
        return None
    shy = owner.signed_in_only or _SIGNED_IN_ONLY in _labels(record)
    audience = Audience.FRIENDS if shy else Audience.PUBLIC
    if export.hidden(audience, notes, AccountId(f"{NAME}:{owner.did}"), address):
        return None
    moment = moments.from_iso(record.get("createdAt"))
    if moment is None:
        notes.skipped[UNCLEAR_DATE] += 1
        return None
    kept, orphaned = export.photos(box, "", _images(box, record), notes)
    mentions = _mentions(text, record)
    text = "\n\n".join(part for part in (clean(text), *map(clean, orphaned)) if part)
    if not text.strip() and not kept:
        notes.skipped[NOTHING_TO_READ] += 1
        return None
    answered = _answered(record)
    to_others = answered is not None and not answered.startswith(f"at://{owner.did}/")
    tags = record.get("tags")
    hashtags = [f"#{tag}" for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    return Post(
        account=AccountId(f"{NAME}:{owner.did}"),
        platform=NAME,
        kind=Kind.COMMENT if to_others else Kind.PHOTO if kept else Kind.POST,
        audience=audience,
        created_at=moment,
        origin=address,
        text=text,
        lang=_language(record.get("langs")),
        url=f"https://bsky.app/profile/{owner.did}/post/{address.rsplit('/', 1)[-1]}",
        reply_to=answered,
        mentions=handles(text, NAME, mentions),
        photos=tuple(kept),
        refuses_training=refusals(text, *hashtags),
    )


def _images(box: Container, record: dict[str, Any]) -> list[tuple[str, str]]:
    """(file, alt text). A repository holds no pictures; who fetches them names them by CID."""
    by_cid = {name.rsplit("/", 1)[-1].split(".")[0]: name for name in box.sizes}
    embed = record.get("embed")
    embed = embed.get("media", embed) if isinstance(embed, dict) else {}
    found = []
    for image in _list(embed.get("images") if isinstance(embed, dict) else None):
        blob = image.get("image")
        blob = blob if isinstance(blob, dict) else {}
        ref = blob.get("ref", blob.get("cid"))
        ref = ref.get("$link") if isinstance(ref, dict) else ref
        try:
            cid = libipld.encode_cid(ref) if isinstance(ref, bytes) else str(ref)
        except ValueError:
            cid = ""
        found.append((by_cid.get(cid, cid), str(image.get("alt") or "")))
    return found


def _mentions(text: str, record: dict[str, Any]) -> list[Mention]:
    """Facets count bytes of UTF-8, the entities of 2023 code units of UTF-16; we count code points.
    Each place is given once by DID and once by the handle that stands there."""
    found: set[Mention] = set()
    utf8, utf16 = text.encode("utf-8", "surrogatepass"), text.encode("utf-16-le", "surrogatepass")
    for facet in _list(record.get("facets")):
        index = facet.get("index")
        index = index if isinstance(index, dict) else {}
        span = _span(utf8, "utf-8", 1, index.get("byteStart"), index.get("byteEnd"))
        for feature in _list(facet.get("features")):
            if feature.get("$type") == "app.bsky.richtext.facet#mention":
                found |= _pointing(text, span, feature.get("did"))
    for entity in _list(record.get("entities")):
        index = entity.get("index")
        index = index if isinstance(index, dict) else {}
        if entity.get("type") == "mention":
            span = _span(utf16, "utf-16-le", 2, index.get("start"), index.get("end"))
            found |= _pointing(text, span, entity.get("value"))
    return sorted(found, key=lambda mention: (mention.start, mention.end, mention.key))


def _span(
    raw: bytes, encoding: str, width: int, start: object, end: object
) -> tuple[int, int] | None:
    if not (isinstance(start, int) and isinstance(end, int)):
        return None
    if not 0 <= start < end <= len(raw) // width:
        return None
    try:
        before = raw[: start * width].decode(encoding)
        inside = raw[start * width : end * width].decode(encoding)
    except UnicodeDecodeError:
        return None  # cuts a character in two
    return len(before), len(before) + len(inside)


def _pointing(text: str, span: tuple[int, int] | None, did: object) -> set[Mention]:
    if span is None or not isinstance(did, str):
        return set()
    start, end = span
    keys = {f"{NAME}:{did}".casefold(), handle_key(NAME, text[start:end])}
    return {Mention(start=start, end=end, key=key) for key in keys}


def _answered(record: dict[str, Any]) -> str | None:
    reply = record.get("reply")
    parent = reply.get("parent") if isinstance(reply, dict) else None
    uri = parent.get("uri") if isinstance(parent, dict) else None
    return uri if isinstance(uri, str) else None


def _language(langs: object) -> str | None:
    if not isinstance(langs, list) or len(langs) != 1:
        return None
    language = str(langs[0]).split("-")[0].lower()
    return language if re.fullmatch("[a-z]{2}", language) else None


def _list(value: object) -> list[dict[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
