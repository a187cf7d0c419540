"""Mastodon's archive (zip, tar.gz or unpacked): actor.json, outbox.json and the pictures.

Posts to followers and to single people stay in the archive, and so do boosts: they are somebody
else's words. What the author said about being found (`indexable`, a #noai in the bio) goes on as
a machine-readable No; a yes there is no consent to anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from demur.archives import export, json_files, moments
from demur.archives.container import BrokenFile, Container
from demur.archives.content import (
    NOT_A_POST,
    NOTHING_TO_READ,
    OTHERS_WORDS,
    UNCLEAR_DATE,
    UNREADABLE_PROFILE,
    Content,
    Notes,
)
from demur.archives.export import Export
from demur.archives.text import Anchor, clean, from_html, handles, refusals
from demur.errors import ArchiveUnreadable
from demur.people import Account, AccountId
from demur.policy import signals
from demur.posts import Audience, Kind, Mention, Post, handle_key

NAME = "mastodon"

_READ = re.compile(r"actor\.json|outbox\.json")
_PUBLIC = {"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"}
_WRITTEN = {"Note", "Article", "Question", "Page"}


def roots(box: Container) -> set[str]:
    return export.roots(box, _READ)


def read(box: Container, root: str, notes: Notes, declared: Audience | None) -> Content:
    """`declared` changes nothing: Mastodon says with each post who may see it."""
    names = export.sorted_out(box, root, notes, _READ, {})
    account = _account(box, root, names, notes)
    outbox = [name for name in names if name.endswith("outbox.json")]
    source = Export(box=box, root=root, account=account, notes=notes)
    return Content(accounts=lambda: iter([account]), posts=partial(_posts, source, outbox))


def _account(box: Container, root: str, names: list[str], notes: Notes) -> Account:
    actor: dict[str, Any] = {}
    try:
        if f"{root}actor.json" in names:
            loaded = json_files.load(box, f"{root}actor.json")
            actor = loaded if isinstance(loaded, dict) else {}
    except BrokenFile as broken:
        notes.problems.append(str(broken))
    address = actor.get("id")
    if not isinstance(address, str) or not _host(address):
        address, actor = _author(box, root, names), {}
        notes.problems.append(
            "actor.json is missing or cannot be read, so what its owner wishes is unknown and "
            "nothing of this archive can be used; download the archive again."
        )
    user, host = actor.get("preferredUsername"), _host(address)
    handle = f"{user}@{host}" if isinstance(user, str) and user else None
    keys = {f"{NAME}:{address}".casefold()}
    keys |= {handle_key(NAME, handle)} if handle else set()
    if isinstance(actor.get("url"), str):
        keys.add(f"{NAME}:{actor['url']}".casefold())
    name = actor.get("name")
    return Account(
        id=AccountId(f"{NAME}:{address}"),
        platform=NAME,
        handle=handle,
        name=clean(name) if isinstance(name, str) and name.strip() else None,
        # Approving followers by hand hides no public post, so it is no lock: each post says
        # for itself who may see it.
        locked=False,
        refuses_training=_wishes(actor),
        memorial=actor.get("memorial") not in (None, False),  # unreadable counts as yes
        keys=frozenset(keys),
    )


def _wishes(actor: dict[str, Any]) -> tuple[str, ...]:
    """The author's No, in settings, bio, profile fields and profile tags."""
    if not actor:
        return (UNREADABLE_PROFILE,)
    fields = [str(part.get("value") or "") for part in _list(actor.get("attachment"))]
    tags = [str(tag.get("name") or "") for tag in _list(actor.get("tag"))]
    words = refusals(*(from_html(field)[0] for field in fields), *tags)
    return signals.combined(signals.mastodon_profile(actor), words)


def _author(box: Container, root: str, names: list[str]) -> str:
    """Whose posts the outbox holds, where actor.json does not say."""
    if f"{root}outbox.json" in names:
        for item in json_files.items(box, f"{root}outbox.json", Notes(), "orderedItems.item"):
            if isinstance(item, dict) and isinstance(item.get("actor"), str):
                return str(item["actor"])
    raise ArchiveUnreadable(
        f"{box.label} does not say whose Mastodon archive it is: actor.json and outbox.json cannot "
        "be read; download the archive again."
    )


def _posts(source: Export, outbox: list[str]) -> Iterator[Post]:
    notes = source.notes
    for name in outbox:
        for item in json_files.items(source.box, name, notes, "orderedItems.item"):
            note = item.get("object") if isinstance(item, dict) else None
            if gone := _deleted(item):
                export.hidden(Audience.DIRECT, notes, source.account.id, gone)
            elif not isinstance(item, dict) or item.get("type") not in ("Create", "Announce"):
                notes.skipped[NOT_A_POST] += 1
            elif item["type"] == "Announce":
                notes.skipped[OTHERS_WORDS] += 1
            elif not isinstance(note, dict) or note.get("type") not in _WRITTEN:
                notes.skipped[NOT_A_POST] += 1
            elif note.get("attributedTo", _address(source)) != _address(source):
                notes.skipped[OTHERS_WORDS] += 1
            elif (moment := _moment(item, note)) is None:
                notes.skipped[UNCLEAR_DATE] += 1
            elif not export.hidden(
                audience := _audience(item, note), notes, source.account.id, _origin(note, moment)
            ) and (post := _post(source, audience, moment, note)):
                yield post


def _deleted(item: Any) -> str | None:
    """The address of a post that its author deleted, where the outbox keeps that."""
    if not isinstance(item, dict) or item.get("type") != "Delete":
        return None
    tombstone = item.get("object")
    gone = tombstone.get("id") if isinstance(tombstone, dict) else tombstone
    return gone if isinstance(gone, str) else None


def _moment(item: dict[str, Any], note: dict[str, Any]) -> datetime | None:
    return moments.from_iso(note.get("published") or item.get("published"))


def _origin(note: dict[str, Any], moment: datetime) -> str:
    return str(note.get("id") or f"post:{int(moment.timestamp())}")


def _address(source: Export) -> str:
    return source.account.id.removeprefix(f"{NAME}:")


def _audience(item: dict[str, Any], note: dict[str, Any]) -> Audience:
    """What the activity and its note both allow; followers or named people otherwise."""
    to = _strings(note.get("to", item.get("to")))
    cc = _strings(note.get("cc", item.get("cc")))
    outer = _strings(item.get("to", list(to))) | _strings(item.get("cc", list(cc)))
    if not (to | cc) & _PUBLIC or not outer & _PUBLIC:
        followers = any(who.endswith("/followers") for who in to | cc)
        return Audience.FRIENDS if followers else Audience.DIRECT
    return Audience.PUBLIC if to & _PUBLIC else Audience.UNLISTED


def _post(
    source: Export, audience: Audience, moment: datetime, note: dict[str, Any]
) -> Post | None:
    notes, address = source.notes, _address(source)
    media = [
        (part["url"].lstrip("/"), str(part.get("name") or ""))
        for part in _list(note.get("attachment"))
        if isinstance(part.get("url"), str)
    ]
    kept, orphaned = export.photos(source.box, source.root, media, notes)
    body, anchors = from_html(str(note.get("content") or ""))
    warning = clean(str(note.get("summary") or "")).strip()
    before = f"{warning}\n\n" if warning else ""
    text = "\n\n".join([before + body, *(clean(words) for words in orphaned)])
    if not text.strip() and not kept:
        notes.skipped[NOTHING_TO_READ] += 1
        return None
    tags = _list(note.get("tag"))
    mentions = _mentions(text, len(before), anchors, tags, _host(address))
    answered = note.get("inReplyTo")
    answered = answered if isinstance(answered, str) else None
    to_others = answered is not None and not answered.startswith(f"{address}/")
    languages = note.get("contentMap")
    hashtags = [str(tag.get("name") or "") for tag in tags if tag.get("type") == "Hashtag"]
    return Post(
        account=source.account.id,
        platform=NAME,
        kind=Kind.COMMENT if to_others else Kind.PHOTO if kept else Kind.POST,
        audience=audience,
        created_at=moment,
        origin=_origin(note, moment),
        text=text,
        lang=_language(languages),
        url=note["url"] if isinstance(note.get("url"), str) else None,
        reply_to=answered,
        mentions=mentions,
        photos=tuple(kept),
        refuses_training=refusals(text, *hashtags),
    )


def _mentions(
    text: str, shift: int, anchors: list[Anchor], tags: list[dict[str, Any]], home: str
) -> tuple[Mention, ...]:
    """Who is pointed at: each place once with the handle in full and once with the address that
    the server put into the tag, for either may be all that an objector's account is known by."""
    found: set[Mention] = set()
    named = [tag for tag in tags if tag.get("type") == "Mention"]
    for anchor in anchors:
        if anchor.mention:
            start, end = anchor.start + shift, anchor.end + shift
            for key in _keys(text[start:end], anchor.href, named):
                found.add(Mention(start=start, end=end, key=key))
    for mention in handles(text, NAME, found):
        # '@buur' alone means somebody on the author's own server.
        local = mention.key.count("@") == 1 and mention not in found
        key = f"{mention.key}@{home}".casefold() if local else mention.key
        found.add(Mention(start=mention.start, end=mention.end, key=key))
    return tuple(sorted(found, key=lambda m: (m.start, m.end, m.key)))


def _keys(words: str, href: str, named: list[dict[str, Any]]) -> set[str]:
    host = _host(href)
    user = words.strip().lstrip("@").split("@")[0]
    keys = {handle_key(NAME, f"{user}@{host}"), f"{NAME}:{href}".casefold()}
    for tag in named:
        name, address = str(tag.get("name") or "").lstrip("@"), str(tag.get("href") or "")
        tag_user, _, tag_host = name.partition("@")
        tag_host = tag_host or _host(address)
        same_host = host.casefold() in (tag_host.casefold(), _host(address).casefold())
        if same_host and tag_user.casefold() == user.casefold():
            keys |= {handle_key(NAME, f"{tag_user}@{tag_host}"), f"{NAME}:{address}".casefold()}
    return keys


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def _language(content_map: object) -> str | None:
    """What the author's client said, if it said one language of two letters."""
    if not isinstance(content_map, dict) or len(content_map) != 1:
        return None
    language = str(next(iter(content_map))).split("-")[0].lower()
    return language if re.fullmatch("[a-z]{2}", language) else None


def _strings(value: object) -> set[str]:
    values = value if isinstance(value, list) else [value]
    return {one for one in values if isinstance(one, str)}


def _list(value: object) -> list[dict[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
