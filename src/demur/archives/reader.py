"""The one door by which archives come in: finds out what an archive is and opens it.

The platform is known by what lies in the archive, never by its file name. Where that leaves a
doubt, the reader asks instead of guessing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from demur.archives import bluesky, facebook, instagram, mastodon, neutral
from demur.archives.container import Container, open_container, shown
from demur.archives.content import Content, Notes
from demur.errors import ArchiveUnreadable
from demur.people import Account, AccountId
from demur.posts import Audience, Hidden, Post

_ROOTS: dict[str, Callable[[Container], set[str]]] = {
    facebook.NAME: facebook.roots,
    instagram.NAME: instagram.roots,
    mastodon.NAME: mastodon.roots,
    bluesky.NAME: bluesky.roots,
    neutral.NAME: neutral.roots,
}
_READ: dict[str, Callable[[Container, str, Notes, Audience | None], Content]] = {
    facebook.NAME: facebook.read,
    instagram.NAME: instagram.read,
    mastodon.NAME: mastodon.read,
    bluesky.NAME: bluesky.read,
    neutral.NAME: neutral.read,
}
PLATFORMS = tuple(_ROOTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An open archive. `posts` streams and is walked once; use it as a context manager.

    accounts: the owner, or everybody whom the operator's records describe. May be walked again.
    posts: raises `ArchiveUnreadable` only for what makes the whole archive suspect. A file of it
        that is cut off gives none of its posts and one line in `problems`.
    links: pairs of accounts that the operator's records declare to be one person.
    skipped, problems, groups: see `content.Notes`; complete when the posts have been walked.
    """

    platform: str
    accounts: Callable[[], Iterator[Account]]
    posts: Callable[[], Iterator[Post]]
    links: Sequence[tuple[AccountId, AccountId]]
    skipped: Counter[str]
    problems: list[str]
    groups: Counter[str]
    close: Callable[[], None]

    def __enter__(self) -> Reading:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_archive(
    path: Path,
    *,
    platform: str | None = None,
    audience: Audience | None = None,
    hid: Callable[[Hidden], None] | None = None,
) -> Reading:
    """Open an archive of any known platform: zip, tar, tar.gz, folder or single file.

    platform: what the caller says it is; needed only where several platforms lie in one archive.
    audience: who could see the owner's posts, for archives that do not say (Facebook, Instagram).
        It never makes a post more public than the archive itself says.
    hid: see `content.Notes`.

    Raises `ArchiveUnreadable` with what is wrong and what to do.
    """
    if platform is not None and platform not in PLATFORMS:
        known = ", ".join(PLATFORMS)
        raise ArchiveUnreadable(f"There is no reader called {shown(platform)}; choose of {known}.")
    box = open_container(path)
    try:
        chosen, root = _which(box, platform)
        notes = Notes(hid=hid) if hid else Notes()
        content = _READ[chosen](box, root, notes, audience)
    except BaseException:
        box.close()
        raise
    return Reading(
        platform=chosen,
        accounts=content.accounts,
        posts=content.posts,
        links=content.links,
        skipped=notes.skipped,
        problems=notes.problems,
        groups=notes.groups,
        close=box.close,
    )


def _which(box: Container, platform: str | None) -> tuple[str, str]:
    """The platform and the folder inside the archive where its export begins."""
    found = {name: roots for name, look in _ROOTS.items() if (roots := look(box))}
    if platform == bluesky.NAME or (platform is None and not found):
        found |= {bluesky.NAME: {""}} if bluesky.holds_records(box) else {}
    if platform is None:
        if len(found) > 1:
            raise ArchiveUnreadable(
                f"{box.label} holds archives of {' and '.join(found)}; say which one with --as."
            )
        platform = next(iter(found), None)
    if platform is None:
        raise ArchiveUnreadable(_unknown(box))
    if platform not in found:
        others = f" but one of {' and '.join(found)}" if found else ""
        raise ArchiveUnreadable(
            f"{box.label} is no {platform} archive{others}; "
            "leave --as out or download the archive again."
        )
    begins = sorted(found[platform])
    if len(begins) > 1:
        named = ", ".join(shown(root) or "its top" for root in begins[:4])
        raise ArchiveUnreadable(
            f"{box.label} holds {len(begins)} {platform} archives ({named}); import each by itself."
        )
    return platform, begins[0]


def _unknown(box: Container) -> str:
    pages = re.compile(r"(posts|content|activity).*\.html$")
    if any(pages.search(name) for name in box.sizes):
        return f"{box.label} is an export as web pages; ask the platform for one in JSON."
    known = ", ".join(PLATFORMS)
    return f"{box.label} holds nothing we know; we read archives of {known}."
