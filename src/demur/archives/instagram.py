"""Instagram's "Download your information" in JSON: the layouts of 2018, 2021 and 2025.

Instagram does not say with a post who could see it, so every post is of unknown audience until its
owner or the operator declares one; a private profile is left alone whatever anybody declares.
Messages, stories, archived and deleted posts are not opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import groupby
from typing import Any

from demur.archives import export, json_files, moments
from demur.archives.container import BrokenFile, Container
from demur.archives.content import (
    ARCHIVED,
    LOCKED_PROFILE,
    NOT_A_POST,
    NOTHING_TO_READ,
    PRIVATE_MESSAGE,
    PROFILE_PICTURE,
    SAID_TWICE,
    STORY,
    UNCLEAR_DATE,
    UNREADABLE_PROFILE,
    Content,
    Notes,
)
from demur.archives.export import Export
from demur.archives.text import clean, handles, refusals
from demur.people import Account, AccountId
from demur.posts import Audience, Kind, Post, handle_key, name_key

NAME = "instagram"

_FOLDER = r"(?:your_instagram_activity/)?(?:content/|media/)"
_POSTS = rf"(?:{_FOLDER})?posts(?:_\d+)?\.json"
_REELS = rf"(?:{_FOLDER})?(?:reels|igtv_videos)(?:_\d+)?\.json"
_COMMENTS = r"(?:your_instagram_activity/)?comments/(?:post_comments|reels_comments)(?:_\d+)?\.json"
_OLD_MEDIA = r"media\.json"
_OLD_COMMENTS = r"comments\.json"
_PROFILE = (
    r"(?:personal_information/)?(?:personal_information/)?personal_information\.json"
    r"|account_information/personal_information\.json|profile\.json"
)
_READ = re.compile("|".join((_POSTS, _REELS, _COMMENTS, _OLD_MEDIA, _OLD_COMMENTS, _PROFILE)))
# Names that only Instagram uses; the short ones must show by their first bytes what they are.
_SURE = re.compile(rf"{_FOLDER}(?:posts|reels)(?:_\d+)?\.json|{_COMMENTS}")
_SHORT = {
    r"posts(?:_\d+)?\.json": b'"media"',
    r"reels\.json": b'"ig_reels_media"',
    _OLD_MEDIA: b'"taken_at"',
}
_REFUSED = {
    r"(^|/)(messages/|messages\.json$|direct/)": PRIVATE_MESSAGE,
    r"(^|/)(archived_posts|recently_deleted\w*|drafts?|other_content)(/|_\d+\.json$|\.json$)": (
        ARCHIVED
    ),
    r"(^|/)stories(/|_\d+\.json$|\.json$)": STORY,
    r"(^|/)profile_photos\.json$": PROFILE_PICTURE,
}
# The names in an export are in its owner's language. Where they are neither English nor Dutch,
# nothing is known: the profile counts as one of unknown age and lock, so it is out.
_LABELS = {
    "handle": ("Username", "Gebruikersnaam"),
    "name": ("Name", "Naam"),
    "email": ("Email", "E-mail", "E-mailadres"),
    "bio": ("Bio", "Biografie"),
    "born": ("Date of birth", "Geboortedatum"),
    "locked": ("Private Account", "Privéaccount"),
}
_YES, _NO = {"true", "yes", "waar", "ja"}, {"false", "no", "onwaar", "nee"}


def roots(box: Container) -> set[str]:
    found = export.roots(box, _SURE)
    if found:
        return found
    for pattern, mark in _SHORT.items():
        for root in export.roots(box, re.compile(pattern)):
            names = [n for n in box.sizes if re.fullmatch(re.escape(root) + pattern, n)]
            found |= {root for name in names if mark in _head(box, name)}
    return found


def _head(box: Container, name: str) -> bytes:
    try:
        with box.open(name) as stream:
            return stream.read(4096)
    except BrokenFile:
        return b""


def read(box: Container, root: str, notes: Notes, declared: Audience | None) -> Content:
    names = export.sorted_out(box, root, notes, _READ, _REFUSED)
    profile = [name for name in names if re.fullmatch(_PROFILE, name[len(root) :])]
    names = [name for name in names if name not in profile]
    account = _account(box, profile, names, notes)
    source = Export(box=box, root=root, account=account, notes=notes, declared=declared)
    return Content(accounts=lambda: iter([account]), posts=partial(_posts, source, names))


def _account(box: Container, profile: list[str], names: list[str], notes: Notes) -> Account:
    facts: dict[str, str] = {}
    refuses: tuple[str, ...] = ()
    try:
        for name in profile:
            facts |= _facts(json_files.load(box, name))
    except BrokenFile as broken:
        notes.problems.append(str(broken))
        refuses = (UNREADABLE_PROFILE,)
    handle = facts.get("handle", "").strip().lstrip("@").casefold()
    if not handle:
        notes.problems.append(
            "This Instagram archive does not say whose it is, so nobody's age is known and nothing "
            "of it can be used; ask for one with personal information, in English or Dutch, and "
            "unpack all parts into one folder."
        )
        nobody = AccountId(f"{NAME}:archive-{export.digest_of_files(box, names)}")
        return Account(id=nobody, platform=NAME, refuses_training=refuses)
    keys = {handle_key(NAME, handle)}
    keys |= {name_key(NAME, facts["name"])} if facts.get("name", "").strip() else set()
    return Account(
        id=AccountId(f"{NAME}:{handle}"),
        platform=NAME,
        handle=handle,
        name=facts.get("name") or None,
        email=facts.get("email") or None,
        born=_day(facts.get("born")),
        locked=_truth(facts.get("locked")),
        refuses_training=tuple(sorted({*refuses, *refusals(facts.get("bio", ""))})),
        keys=frozenset(keys),
    )


def _facts(loaded: object) -> dict[str, str]:
    if not isinstance(loaded, dict):
        return {}
    if "username" in loaded:  # 2018
        old = {"handle": "username", "name": "name", "email": "email", "bio": "biography"}
        old |= {"locked": "private_account", "born": "date_of_birth"}
        return {k: str(loaded[v]) for k, v in old.items() if loaded.get(v) is not None}
    users = loaded.get("profile_user")
    user = users[0] if isinstance(users, list) and users else {}
    table = user.get("string_map_data") if isinstance(user, dict) else None
    facts = {}
    for fact, labels in _LABELS.items():
        for label in labels:
            value = table.get(label) if isinstance(table, dict) else None
            if isinstance(value, dict) and isinstance(value.get("value"), str):
                facts[fact] = value["value"]
    return facts


def _truth(value: str | None) -> bool | None:
    word = (value or "").strip().casefold()
    return True if word in _YES else False if word in _NO else None


def _day(value: str | None) -> date | None:
    try:
        return date.fromisoformat((value or "").strip())
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A post or comment as any of the layouts gives it."""

    kind: Kind
    moment: datetime | None
    texts: list[str]
    media: list[tuple[str, str]]


def _posts(source: Export, names: list[str]) -> Iterator[Post]:
    audience, skipped = export.audience(source.declared, in_group=False), source.notes.skipped
    for name in names:
        for said in _said(source.box, name, name[len(source.root) :], source.notes):
            if source.account.locked:
                skipped[LOCKED_PROFILE] += 1
            elif said is None:
                skipped[NOT_A_POST] += 1
            elif said.moment is None:
                skipped[UNCLEAR_DATE] += 1
            elif said.media and said.media[0][0] in source.seen:
                skipped[SAID_TWICE] += 1  # carousels are listed again among the reels
            elif not export.hidden(
                audience, source.notes, source.account.id, _origin(said, said.moment)
            ):
                source.seen.update(uri for uri, _ in said.media)
                post = _post(source, audience, said, said.moment)
                if post is not None:
                    yield post


def _post(source: Export, audience: Audience, said: _Said, moment: datetime) -> Post | None:
    kept, _ = export.photos(source.box, source.root, said.media, source.notes)
    text = clean("\n\n".join(export.paragraphs(said.texts)))
    if not text.strip() and not kept:
        source.notes.skipped[NOTHING_TO_READ] += 1
        return None
    return Post(
        account=source.account.id,
        platform=NAME,
        kind=Kind.PHOTO if kept else said.kind,
        audience=audience,
        created_at=moment,
        origin=_origin(said, moment),
        text=text,
        mentions=handles(text, NAME),
        photos=tuple(kept),
        refuses_training=refusals(text),
    )


def _origin(said: _Said, moment: datetime) -> str:
    first = said.media[0][0].rsplit("/", 1)[-1] if said.media else str(int(moment.timestamp()))
    return f"{said.kind}:{first}"


def _said(box: Container, name: str, below: str, notes: Notes) -> Iterator[_Said | None]:
    if re.fullmatch(_OLD_MEDIA, below):
        yield from _old_media(box, name, notes)
    elif re.fullmatch(_OLD_COMMENTS, below):
        for item in json_files.items(box, name, notes, "media_comments.item"):
            yield _old_comment(item)
    elif re.fullmatch(_COMMENTS, below):
        paths = ("item", "comments_media_comments.item", "comments_reels_comments.item")
        for item in json_files.items(box, name, notes, *paths):
            yield _comment(item) if isinstance(item, dict) else None
    else:
        paths = ("item", "ig_reels_media.item", "ig_igtv_media.item")
        for item in json_files.items(box, name, notes, *paths):
            yield _media_post(item) if isinstance(item, dict) else None


def _media_post(item: dict[str, Any]) -> _Said | None:
    """One picture: the caption is the picture's title. Several: it is the post's."""
    media = [part for part in _list(item.get("media")) if isinstance(part.get("uri"), str)]
    if not media:
        return None
    # creation_timestamp stands at the post where there are several pictures, else at its picture.
    moment = moments.from_seconds(
        item.get("creation_timestamp", media[0].get("creation_timestamp"))
    )
    titles = [item.get("title"), *(part.get("title") for part in media)]
    return _Said(
        kind=Kind.POST,
        moment=moment,
        texts=[title for title in titles if isinstance(title, str)],
        media=[(part["uri"], "") for part in media],
    )


def _comment(item: dict[str, Any]) -> _Said | None:
    table = item.get("string_map_data")
    if isinstance(table, dict):
        words = _first(table, "Comment", "Opmerking").get("value")
        moment = _first(table, "Time", "Tijd").get("timestamp")
    else:
        entries = _list(item.get("string_list_data"))
        words = entries[0].get("value") if entries else None
        moment = entries[0].get("timestamp") if entries else None
    if not isinstance(words, str):
        return None
    return _Said(kind=Kind.COMMENT, moment=moments.from_seconds(moment), texts=[words], media=[])


def _old_media(box: Container, name: str, notes: Notes) -> Iterator[_Said | None]:
    """2018: one entry a picture; those of one post share caption and time."""
    shape = _shape(box, name)
    for refused, reason in (("stories", STORY), ("profile", PROFILE_PICTURE), ("direct", None)):
        if refused in shape:
            notes.skipped[reason or PRIVATE_MESSAGE] += 1
    for kind in ("photos", "videos"):
        if kind not in shape and shape:
            continue
        entries = json_files.items(box, name, notes, f"{kind}.item")
        whole = (e for e in entries if isinstance(e, dict) and isinstance(e.get("path"), str))
        for (taken, caption), group in groupby(
            whole, lambda e: (e.get("taken_at"), e.get("caption"))
        ):
            yield _Said(
                kind=Kind.POST,
                moment=moments.from_iso(taken),
                texts=[caption] if isinstance(caption, str) else [],
                media=[(entry["path"], "") for entry in group],
            )
        if not shape:  # broken: the one walk above has said so
            return


def _shape(box: Container, name: str) -> frozenset[str]:
    try:
        return json_files.examine(box, name).keys
    except BrokenFile:
        return frozenset()


def _old_comment(item: object) -> _Said | None:
    """2018: [time, text, whose picture it was]."""
    if not (isinstance(item, list) and len(item) >= 2 and isinstance(item[1], str)):
        return None
    return _Said(kind=Kind.COMMENT, moment=moments.from_iso(item[0]), texts=[item[1]], media=[])


def _first(table: dict[str, Any], *labels: str) -> dict[str, Any]:
    return next((table[label] for label in labels if isinstance(table.get(label), dict)), {})


def _list(value: object) -> list[dict[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
