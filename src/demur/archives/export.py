"""What several readers share: where an export begins, which of its files are read, who could see
a post, its pictures, and ids for people whom the platform gives none. It reads no post.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from demur.archives.container import BrokenFile, Container
from demur.archives.content import HIDDEN, UNKNOWN_FILE, Notes
from demur.archives.pictures import photo
from demur.people import Account, AccountId
from demur.posts import Audience, Hidden, Photo


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One person's export while its posts are read."""

    box: Container
    root: str  # the folder inside the archive where it begins
    account: Account
    notes: Notes
    declared: Audience | None = None  # what the owner or operator says where the platform does not
    seen: set[str] = field(default_factory=set)  # pictures already shown in a post


_PICTURE = re.compile(r"\.(jpe?g|png|webp|gif|heic|mp4|mov|srt|m4a|mp3)$", re.I)


def roots(box: Container, known: re.Pattern[str]) -> set[str]:
    """The folders inside the archive in which an export begins: '' or 'facebook-anna/'.

    `known` matches a path from the export's own top.
    """
    found = set()
    for name in box.sizes:
        for start in [0, *(m.end() for m in re.finditer("/", name))]:
            if known.fullmatch(name, start):
                found.add(name[:start])
                break
    return found


def sorted_out(
    box: Container, root: str, notes: Notes, read: re.Pattern[str], refused: dict[str, str]
) -> list[str]:
    """The files to read, in order. The rest is counted: refused ones by their reason (`refused`
    maps a pattern to it), pictures not at all, for they are read with the post that shows them."""
    chosen = []
    for name in sorted(box.sizes, key=_natural):
        below = name[len(root) :] if name.startswith(root) else None
        reason = _reason(below, refused) if below is not None else UNKNOWN_FILE
        if reason is not None:
            notes.skipped[reason] += 1
        elif below is not None and read.fullmatch(below):
            chosen.append(name)
        elif not _PICTURE.search(name):
            notes.skipped[UNKNOWN_FILE] += 1
    return chosen


def _reason(below: str, refused: dict[str, str]) -> str | None:
    if _PICTURE.search(below):
        return None
    return next((why for pattern, why in refused.items() if re.search(pattern, below)), None)


def _natural(name: str) -> list[str | int]:
    """Sorts your_posts_2.json before your_posts_10.json."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d{1,18})", name)]


def audience(declared: Audience | None, *, in_group: bool) -> Audience:
    """What is known about who could see it. A declaration for a group covers group posts only and
    one for the person's own posts covers those only: neither export says who may read a group."""
    if declared is None or (declared in _OF_GROUPS) != in_group:
        return Audience.UNKNOWN
    return declared


_OF_GROUPS = (Audience.PUBLIC_GROUP, Audience.CLOSED_GROUP)


def hidden(shown_to: Audience, notes: Notes, account: AccountId, origin: str) -> bool:
    """Whether a post stays in the archive; counts it if so, and tells where it lies."""
    if shown_to not in HIDDEN:
        return False
    notes.skipped[HIDDEN[shown_to]] += 1
    platform = account.split(":", 1)[0]
    notes.hid(Hidden(account=account, platform=platform, origin=origin, audience=shown_to))
    return True


def photos(
    box: Container, root: str, media: list[tuple[str, str]], notes: Notes
) -> tuple[list[Photo], list[str]]:
    """The pictures of one post, and the words of those that cannot be kept.

    `media` holds (address in the archive, words about it). Words survive a missing picture: they
    were published too.
    """
    kept: list[Photo] = []
    orphaned: list[str] = []
    for uri, words in media:
        picture = photo(box, root + uri, words, notes)
        if picture is not None:
            kept.append(picture)
        elif words.strip():
            orphaned.append(words)
    return kept, orphaned


def paragraphs(texts: list[str]) -> Iterator[str]:
    """Each text once: platforms repeat a caption as the text of the post."""
    said: list[str] = []
    for text in texts:
        if text.strip() and not any(text.strip() in earlier for earlier in said):
            said.append(text)
            yield text


def digest(*parts: object) -> str:
    """16 hexadecimal digits that stand for `parts` (docs/decisions/0010-account-ids.md)."""
    joined = "\0".join(str(part) for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def digest_of_files(box: Container, names: list[str]) -> str:
    """The same for the bytes of files: all that can be said of an owner without a profile."""
    whole = hashlib.sha256()
    for name in names:
        try:
            with box.open(name) as stream:
                while chunk := stream.read(1 << 20):
                    whole.update(chunk)
        except BrokenFile:
            whole.update(name.encode("utf-8", "surrogatepass"))
    return whole.hexdigest()[:16]
