"""Facebook's "Download your information" in JSON, from before 2024 and since.

Facebook does not say with a post who could see it, so every post is of unknown audience until its
owner or the operator declares one, for the owner's own posts or group by group. Messages, archived
posts, trash and stories are not opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any

from demur.archives import export, json_files, moments
from demur.archives.container import BrokenFile, Container
from demur.archives.content import (
    ARCHIVED,
    NOT_A_POST,
    NOTHING_TO_READ,
    OTHERS_WORDS,
    PRIVATE_MESSAGE,
    SAID_TWICE,
    STORY,
    UNCLEAR_DATE,
    UNREADABLE_PROFILE,
    Content,
    Notes,
)
from demur.archives.export import Export
from demur.archives.text import clean, refusals
from demur.people import Account, AccountId
from demur.posts import Audience, Kind, Mention, Post, handle_key, name_key, normal

NAME = "facebook"

# Since 2024 most things lie below your_facebook_activity/, for a while that had another name.
_ACTIVITY = r"(?:your_facebook_activity/|your_activity_across_facebook/)?"
_POSTS = _ACTIVITY + r"posts/your_posts(?:_*check_ins_*photos_and_videos)?(?:_\d+)?\.json"
_COMMENTS = _ACTIVITY + r"comments(?:_and_reactions)?/comments\.json"
_GROUPS = _ACTIVITY + r"groups/(?:group_posts_and_comments|your_posts_in_groups)\.json"
_GROUP_COMMENTS = _ACTIVITY + r"groups/your_comments_in_groups\.json"
_ALBUMS = _ACTIVITY + r"(?:photos_and_videos|posts)/album/[^/]+\.json"
_OTHER_PHOTOS = _ACTIVITY + r"(?:photos_and_videos|posts)/your_(?:uncategorized_)?photos\.json"
_PROFILE = r"(?:personal_information/)?profile_information/profile_information\.json"

_READ = re.compile(
    "|".join((_POSTS, _COMMENTS, _GROUPS, _GROUP_COMMENTS, _ALBUMS, _OTHER_PHOTOS, _PROFILE))
)
_REFUSED = {
    r"(^|/)messages/": PRIVATE_MESSAGE,
    r"(^|/)(archive|trash|drafts?)(/|\.json$|_\d+\.json$)": ARCHIVED,
    r"(^|/)groups/.*(anonymous|pending).*\.json$": ARCHIVED,
    r"(^|/)(archived_)?stories(/|_|\.json$)": STORY,
}
# "Anna de Vries posted in Buurt Oost.", in the languages whose sentence ends with the group.
_IN_GROUP = re.compile(r".*? (?:posted|shared .*?|updated .*?|geplaatst|iets gedeeld) in (.+?)\.?$")
_NAMED = re.compile(r"@\[(\d+):(?:\d+:)?([^\]]*)\]")  # how a tag in a text is written


def roots(box: Container) -> set[str]:
    return export.roots(box, _READ)


def read(box: Container, root: str, notes: Notes, declared: Audience | None) -> Content:
    names = export.sorted_out(box, root, notes, _READ, _REFUSED)
    profile = [name for name in names if re.fullmatch(_PROFILE, name[len(root) :])]
    names = [name for name in names if name not in profile]
    account = _account(box, profile, names, notes)
    source = Export(box=box, root=root, account=account, notes=notes, declared=declared)
    return Content(accounts=lambda: iter([account]), posts=partial(_posts, source, names))


def _account(box: Container, profile: list[str], names: list[str], notes: Notes) -> Account:
    facts: dict[str, Any] = {}
    refuses: tuple[str, ...] = ()
    try:
        for file in profile:
            loaded = json_files.load(box, file)
            facts = loaded.get("profile_v2") or loaded.get("profile") or {}
    except (BrokenFile, AttributeError) as fault:
        refuses = (UNREADABLE_PROFILE,)
        if isinstance(fault, BrokenFile):
            notes.problems.append(str(fault))
    if not isinstance(facts, dict) or not facts:
        notes.problems.append(
            "This Facebook archive does not say whose it is, so nobody's age is known and nothing "
            "of it can be used; ask for one with profile information, and unpack all parts into "
            "one folder."
        )
        nobody = AccountId(f"{NAME}:archive-{export.digest_of_files(box, names)}")
        return Account(id=nobody, platform=NAME, refuses_training=refuses)
    name, handle, born = _name(facts), _string(facts.get("username")), _born(facts)
    own = _lasting(facts, name, handle, born)
    keys = {f"{NAME}:{own}".casefold()}
    keys |= {handle_key(NAME, handle)} if handle else set()
    keys |= {name_key(NAME, name)} if name else set()
    emails = facts.get("emails")
    listed = emails.get("emails") if isinstance(emails, dict) else None
    return Account(
        id=AccountId(f"{NAME}:{own}"),
        platform=NAME,
        handle=handle,
        name=name,
        email=_string(listed[0]) if isinstance(listed, list) and listed else None,
        born=born,
        # A Facebook profile has no lock: each post has an audience of its own.
        locked=False,
        refuses_training=refusals(str(facts.get("about_me") or ""), str(facts.get("intro") or "")),
        keys=frozenset(keys),
    )


def _lasting(facts: dict[str, Any], name: str | None, handle: str | None, born: date | None) -> str:
    """See docs/decisions/0010-account-ids.md for the order."""
    number = re.search(r"[?&]id=(\d+)", str(facts.get("profile_uri") or ""))
    since = facts.get("registration_timestamp")
    if number:
        return number.group(1)
    if isinstance(since, int) and since > 0 and born:
        return f"since-{export.digest(since, born)}"
    return handle.casefold() if handle else f"name-{export.digest(name, born)}"


def _posts(source: Export, names: list[str]) -> Iterator[Post]:
    # Albums last: a picture belongs to the post that showed it, with what was said there.
    albums = re.compile(f".*(?:{_ALBUMS}|{_OTHER_PHOTOS})")
    for name in sorted(names, key=lambda name: albums.fullmatch(name) is not None):
        make, paths = _how(source, name[len(source.root) :])
        for item in json_files.items(source.box, name, source.notes, *paths):
            if not isinstance(item, dict):
                source.notes.skipped[NOT_A_POST] += 1
            elif (post := make(item)) is not None:
                if post.group and post.audience is Audience.UNKNOWN:
                    source.notes.groups[post.group] += 1
                yield post


def _how(source: Export, below: str) -> tuple[Callable[[dict[str, Any]], Post | None], list[str]]:
    """How the items of one file become posts, and where in it they are."""
    in_group = re.fullmatch(f"{_GROUPS}|{_GROUP_COMMENTS}", below) is not None
    audience = export.audience(source.declared, in_group=in_group)
    if re.fullmatch(f"{_COMMENTS}|{_GROUP_COMMENTS}", below):
        paths = ["comments_v2.item", "comments.item", "group_comments_v2.item", "item"]
        return partial(_comment, source, audience), paths
    if re.fullmatch(f"{_ALBUMS}|{_OTHER_PHOTOS}", below):
        return partial(_album_photo, source, audience), ["photos.item", "other_photos_v2.item"]
    return partial(_post, source, audience, in_group), ["item", "group_posts_v2.item"]


def _post(source: Export, audience: Audience, in_group: bool, item: dict[str, Any]) -> Post | None:
    notes, moment = source.notes, moments.from_seconds(item.get("timestamp"))
    if moment is None:
        notes.skipped[UNCLEAR_DATE] += 1
        return None
    origin = f"post:{int(moment.timestamp())}"
    if export.hidden(audience, notes, source.account.id, origin):
        return None
    said = [text for part in _parts(item.get("data")) if (text := _string(part.get("post")))]
    media = _media(item)
    source.seen.update(uri for uri, _ in media)
    kept, orphaned = export.photos(source.box, source.root, media, notes)
    # A caption goes with its picture; it joins the text where either of the two is missing.
    captions = orphaned if said else [photo.alt for photo in kept] + orphaned
    text, mentions = _named("\n\n".join(export.paragraphs(said + captions)))
    if not text.strip() and not kept:
        notes.skipped[NOTHING_TO_READ] += 1
        return None
    group = _IN_GROUP.match(str(item.get("title") or "")) if in_group else None
    return Post(
        account=source.account.id,
        platform=NAME,
        kind=Kind.PHOTO if kept else Kind.POST,
        audience=audience,
        created_at=moment,
        origin=origin,
        text=text,
        group=clean(group.group(1)) if group else None,
        mentions=mentions,
        tagged=_tagged(item.get("tags")),
        photos=tuple(kept),
        refuses_training=refusals(text),
    )


def _media(item: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for attachment in _parts(item.get("attachments")):
        for part in _parts(attachment.get("data")):
            shown = part.get("media")
            if isinstance(shown, dict) and isinstance(shown.get("uri"), str):
                found.append((shown["uri"], _string(shown.get("description")) or ""))
    return found


def _comment(source: Export, audience: Audience, item: dict[str, Any]) -> Post | None:
    notes = source.notes
    said = (part.get("comment") for part in _parts(item.get("data")))
    found: dict[str, Any] = next((part for part in said if isinstance(part, dict)), {})
    text, mentions = _named(_string(found.get("comment")) or "")
    moment = moments.from_seconds(found.get("timestamp", item.get("timestamp")))
    author, group = _string(found.get("author")), _string(found.get("group"))
    owner = source.account.name
    if group:
        audience = export.audience(source.declared, in_group=True)
    if not text.strip():
        notes.skipped[NOTHING_TO_READ] += 1
    elif moment is None:
        notes.skipped[UNCLEAR_DATE] += 1
    elif author and owner and normal(author) != normal(owner):
        notes.skipped[OTHERS_WORDS] += 1
    elif not export.hidden(
        audience, notes, source.account.id, origin := f"comment:{int(moment.timestamp())}"
    ):
        return Post(
            account=source.account.id,
            platform=NAME,
            kind=Kind.COMMENT,
            audience=audience,
            created_at=moment,
            origin=origin,
            text=text,
            group=clean(group) if group else None,
            mentions=mentions,
            refuses_training=refusals(text),
        )
    return None


def _album_photo(source: Export, audience: Audience, item: dict[str, Any]) -> Post | None:
    notes = source.notes
    moment, uri = moments.from_seconds(item.get("creation_timestamp")), item.get("uri")
    if not isinstance(uri, str):
        notes.skipped[NOT_A_POST] += 1
    elif uri in source.seen:
        notes.skipped[SAID_TWICE] += 1
    elif moment is None:
        notes.skipped[UNCLEAR_DATE] += 1
    elif not export.hidden(
        audience, notes, source.account.id, origin := f"photo:{uri.rsplit('/', 1)[-1]}"
    ):
        caption = _string(item.get("description")) or ""
        kept, _ = export.photos(source.box, source.root, [(uri, caption)], notes)
        text, mentions = _named(caption)
        if kept or text.strip():
            return Post(
                account=source.account.id,
                platform=NAME,
                kind=Kind.PHOTO,
                audience=audience,
                created_at=moment,
                origin=origin,
                text=text,
                mentions=mentions,
                tagged=_tagged(item.get("tags")),
                photos=tuple(kept),
                refuses_training=refusals(text),
            )
        notes.skipped[NOTHING_TO_READ] += 1
    return None


def _named(text: str) -> tuple[str, tuple[Mention, ...]]:
    """The text with each `@[100001:2048:Jan Jansen]` as the name alone, and who that is."""
    out, mentions, reached, length = [], [], 0, 0
    for match in _NAMED.finditer(text):
        number, name = match.groups()
        before = text[reached : match.start()]
        start = length + len(before)
        out += [before, name]
        length, reached = start + len(name), match.end()
        for key in (f"{NAME}:{number}", name_key(NAME, name)):
            mentions.append(Mention(start=start, end=length, key=key))
    return clean("".join([*out, text[reached:]])), tuple(mentions)


def _tagged(tags: object) -> tuple[str, ...]:
    """Before 2019 a tag was a plain name, since then an object with one."""
    if not isinstance(tags, list):
        return ()
    names = [tag.get("name") if isinstance(tag, dict) else tag for tag in tags]
    return tuple(sorted({name_key(NAME, n) for n in names if isinstance(n, str) and n.strip()}))


def _parts(value: object) -> list[dict[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _name(facts: dict[str, Any]) -> str | None:
    name = facts.get("name")
    return _string(name.get("full_name") if isinstance(name, dict) else name)


def _born(facts: dict[str, Any]) -> date | None:
    """None too where the year is hidden: unknown is out."""
    given = facts.get("birthday")
    if not isinstance(given, dict):
        return None
    try:
        return date(int(given["year"]), int(given["month"]), int(given["day"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
