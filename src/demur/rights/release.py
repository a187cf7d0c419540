"""Releases: which people are in a model that is served, so that absence can be proven later.

The book commits to the root of a prefix tree of tags; the tags themselves, which say nothing to
anyone without a person's secret, are a file beside the log, named by that root.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from demur.corpus import files
from demur.errors import NotFound
from demur.people import PersonId
from demur.rights import book, models
from demur.rights.place import Place
from demur.tlog import absence
from demur.tlog.absence import PrefixTree, Role
from demur.tlog.release import Release, ServedImages, ServedShard
from demur.tlog.spelling import HASH

AT_ONCE = 500  # people a query; SQLite takes 32,766 values, PostgreSQL 65,535


def record(
    site: Place,
    *,
    model: str,
    base: str,
    recipe: str,
    shards: Iterable[ServedShard],
    authors: Iterable[PersonId],
    mentioned: Iterable[PersonId],
    image: ServedImages | None = None,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Entry:
    """Write the `served` line of a model, and keep what absence proofs will need.

    May be part of the caller's transaction, or is one of its own.

    authors, mentioned: everybody whose posts, or whose mentions, are in its manifests.
    """
    roles = {Role.AUTHOR: authors, Role.MENTION: mentioned}
    tags = [
        absence.tag(secret, model, role)
        for role, people in roles.items()
        for secret in _secrets(people)
    ]
    tree = PrefixTree(tags)
    # before the line: a file without a line harms nobody, a line without its file proves nothing
    files.write_bytes(_tags(site.log, tree.root), b"".join(sorted(set(tags))))
    release = Release(
        model=model,
        base=base,
        recipe=recipe,
        shards=tuple(shards),
        people_root=tree.root,
        image=image,
    )
    with transaction.atomic():
        return book.append("served", release.payload, now=now, draw=draw)


def tree(folder: Path, release: Release) -> PrefixTree:
    """The tree a release committed to, from the file beside the log."""
    path = _tags(folder, release.people_root)
    if not path.exists():
        raise NotFound(f"{path} is gone, so nobody's absence can be shown; put it back.")
    raw = path.read_bytes()
    return PrefixTree(raw[at : at + HASH] for at in range(0, len(raw), HASH))


def holds(folder: Path, release: Release, tags: Iterable[bytes]) -> bool:
    """Is any of these tags among those that a release committed to?"""
    path = _tags(folder, release.people_root)
    if not path.exists():
        raise NotFound(f"{path} is gone, so nobody's absence can be shown; put it back.")
    raw = path.read_bytes()
    wanted = set(tags)
    return any(raw[at : at + HASH] in wanted for at in range(0, len(raw), HASH))


def _tags(log: Path, root: bytes) -> Path:
    return log / "people" / f"{root.hex()}.tags"


def _secrets(people: Iterable[PersonId]) -> Iterator[bytes]:
    """Of these people and of everybody they were before they were linked."""
    wanted = sorted(set(people))
    for at in range(0, len(wanted), AT_ONCE):
        some = wanted[at : at + AT_ONCE]
        family = Q(pk__in=some) | Q(merged_into__in=some)
        rows = models.Person.objects.filter(family)
        yield from map(bytes, rows.values_list("secret", flat=True))
