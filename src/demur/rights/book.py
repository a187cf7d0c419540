"""The book in the database: appending a line, signing the head, and handing both to outsiders.

`tlog` knows the bytes; this module keeps them in tables, so that a line and what it speaks of are
one transaction. The published `log/checkpoint` only ever moves forward, and a database that is
behind it, as a restored backup is, is refused.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import F

from demur.errors import NotFound, ProofRejected, SiteUnusable
from demur.rights import models
from demur.rights.place import Place, here
from demur.tlog import checkpoint, merkle, note, tiles
from demur.tlog import entry as line
from demur.tlog.proof import Proof

log = logging.getLogger(__name__)

Draw = Callable[[int], bytes]
"""Gives n random bytes."""


class StoredNodes:
    """`tlog.merkle.Nodes` over the table; what one append touches is read and written at once."""

    def __init__(self, size: int = 0) -> None:
        """size: of the tree about to grow; its peaks are all that an append and a root need."""
        peaks = [(level, (size >> level) - 1) for level in range(64) if size >> level & 1]
        self._known = _hashes(peaks)
        self._new: list[models.Node] = []

    def get(self, level: int, index: int) -> bytes:
        if (level, index) not in self._known:
            self._known |= _hashes([(level, index)])
        return self._known[level, index]

    def put(self, level: int, index: int, hash: bytes) -> None:
        self._known[level, index] = hash
        self._new.append(models.Node(level=level, index=index, hash=hash))

    def save(self) -> None:
        models.Node.objects.bulk_create(self._new)
        self._new = []


def _hashes(places: list[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """The nodes at (level, index). By hand: Django spells pairs as a long OR, which costs more."""
    if not places:
        return {}
    pairs = ", ".join(["(%s, %s)"] * len(places))
    query = f'SELECT level, "index", hash FROM rights_node WHERE (level, "index") IN ({pairs})'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(query, [number for place in places for number in place])
        return {(level, index): bytes(digest) for level, index, digest in cursor.fetchall()}


_turn = threading.RLock()
_mine = threading.local()


@contextmanager
def writing() -> Iterator[None]:
    """A transaction that may change what stands, with the head of the book held from its start.

    Threads of one process take turns here, since SQLite's own waiting is a lottery: with 16
    threads some waited for seconds. When the block ends the transaction is on the disk; the head
    is published after it, and a failure to publish (a full disk) undoes nothing.
    """
    _mine.writing, _mine.grown = True, False
    try:
        with _turn, transaction.atomic(durable=True):
            lock()
            yield
    finally:
        _mine.writing = False
    if _mine.grown:
        _publish()


def lock() -> None:
    """Hold the head of the book until the transaction ends.

    SQLite holds it since BEGIN IMMEDIATE; PostgreSQL locks the one row of Epoch.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("the book grows in a transaction only")
    if connection.features.has_select_for_update:
        models.Epoch.objects.select_for_update().get()


def bump() -> None:
    """What stands has changed: whoever speaks asks anew. Inside the transaction that changes it."""
    models.Epoch.objects.update(value=F("value") + 1)


def append(
    kind: str,
    payload: Mapping[str, Any],
    *,
    person: models.Person | None = None,
    now: datetime,
    draw: Draw = secrets.token_bytes,
) -> models.Entry:
    """Write a line and sign the head over it, inside the caller's transaction.

    payload: JSON without personal data; it is committed to, not published. person: whose meaning
    the line has, so that erasing them erases it.
    """
    if not getattr(_mine, "writing", False):
        lock()
    site, size = here(), _size()
    leaf, opening = line.seal(kind, payload, draw(line.NONCE), now)
    nodes = StoredNodes(size)
    merkle.append(nodes, size, leaf)
    nodes.save()
    entry = models.Entry.objects.create(index=size, kind=kind, leaf=leaf, at=now)
    models.Opening.objects.create(
        entry=entry, person=person, nonce=opening.nonce, payload=dict(payload)
    )
    _sign(site, size + 1, merkle.root(nodes, size + 1))
    transaction.on_commit(_grown)
    return entry


def inclusion(index: int, size: int | None = None, extra: bytes | None = None) -> Proof:
    """The proof that line `index` is in the book of `size` lines (the first that held it)."""
    size = index + 1 if size is None else size
    if not 0 <= index < size <= _size():
        raise NotFound(f"The book has no line {index} among its first {size}; look at its head.")
    path = merkle.inclusion(StoredNodes(), index, size)
    signed = models.Checkpoint.objects.get(size=size).note
    return Proof(index=index, path=tuple(path), checkpoint=signed, extra=extra)


def proof(index: int, size: int | None = None) -> str:
    """The same as a `.tlog-proof` without openings: all that outsiders may see."""
    return str(inclusion(index, size))


def head() -> str:
    """The newest signed checkpoint."""
    return models.Checkpoint.objects.latest("size").note


def opening(entry: models.Entry) -> line.Opening:
    """What stands behind a line; NotFound once it was erased."""
    row = models.Opening.objects.filter(entry=entry).first()
    if row is None:
        raise NotFound(f"What line {entry.index} meant was erased at its owner's word.")
    return line.Opening(nonce=bytes(row.nonce), payload=row.payload)


def key(site: Place) -> note.Key:
    """The public key that verifies this site's book."""
    return note.key_of(site.origin, site.log_key)


def tile(path: str) -> bytes:
    """The bytes at a path of c2sp.org/tlog-tiles below the log's prefix; NotFound beyond it."""
    wanted, size = tiles.parse_path(path), _size()
    if not wanted.within(size):
        raise NotFound(f"The book has {size} lines; {path} reaches further. Look at its head.")
    if wanted.level is not None:
        return tiles.hash_tile(StoredNodes(), wanted)
    first = wanted.index * tiles.WIDTH
    rows = models.Entry.objects.filter(index__gte=first, index__lt=first + wanted.width)
    leaves = {index: bytes(leaf) for index, leaf in rows.values_list("index", "leaf")}
    return tiles.entry_bundle(leaves.__getitem__, wanted)


def found(site: Place) -> None:
    """Write down what the site may never change, and sign the empty book. Once; then it checks."""
    digest = hashlib.sha256(site.home.key).digest()
    facts = {"origin": site.origin, "shards": site.home.shards, "slices": site.home.slices}
    with transaction.atomic():
        models.Epoch.objects.get_or_create(pk=1, defaults={"value": 0})
        lock()
        row, new = models.Founding.objects.get_or_create(pk=1, defaults={**facts, "home": digest})
        if new:
            _sign(site, 0, merkle.EMPTY_ROOT)
    kept = {name: getattr(row, name) for name in facts}
    changed = [name for name in facts if kept[name] != facts[name]]
    if bytes(row.home) != digest:
        raise SiteUnusable("keys/home.key is not the one this site began with; put it back.")
    if changed:
        was = ", ".join(f"{name} = {kept[name]!r}" for name in changed)
        message = f"demur.toml was changed in what can never change; it must say {was} again."
        raise SiteUnusable(message)


def publish(folder: Path) -> None:
    """Bring log/checkpoint up to the head, by rename, forward only; safe from many processes."""
    path = folder / "checkpoint"
    with _alone(folder):
        newest = models.Checkpoint.objects.latest("size")
        # whose signature it carries is `guard`'s question
        published = (
            checkpoint.parse(note.parse(path.read_text("utf-8")).text) if path.exists() else None
        )
        if published is None or published.size < newest.size:
            _replace(path, newest.note)


def guard(folder: Path) -> None:
    """Raise SiteUnusable when the database is not the one whose head was published."""
    published = _published(folder / "checkpoint")
    try:
        size = _size()
    except (DatabaseError, models.Checkpoint.DoesNotExist):
        message = "The database holds no book; run `demur init` on a new folder, or restore it."
        raise SiteUnusable(message) from None
    if published is None:
        return
    if size < published.size:
        raise SiteUnusable(
            f"The database is older than the published log: it has {size} lines, log/checkpoint"
            f" has {published.size}, so objections may be missing. It looks like a restored"
            " backup; restore a newer copy of the database."
        )
    if merkle.root(StoredNodes(published.size), published.size) != published.root:
        raise SiteUnusable(
            f"The database's first {published.size} lines are not those of log/checkpoint;"
            " restore the database that belongs to this site."
        )


def _size() -> int:
    return models.Checkpoint.objects.values_list("size", flat=True).latest("size")


def _grown() -> None:
    """After a commit. Inside `writing` others wait for their turn: publish when it is over."""
    if getattr(_mine, "writing", False):
        _mine.grown = True
    else:
        _publish()


def _publish() -> None:
    """The line stands whether or not the file can be written; the next line tries again."""
    try:
        publish(here().log)
    except (OSError, DatabaseError, ProofRejected) as error:
        log.warning("log/checkpoint could not be published (%s)", type(error).__name__)


def _sign(site: Place, size: int, root: bytes) -> None:
    head = checkpoint.Checkpoint(origin=site.origin, size=size, root=root)
    models.Checkpoint.objects.create(size=size, note=checkpoint.sign(head, site.log_key))


def _replace(path: Path, text: str) -> None:
    """The old file or the new one, whole. The name is not synced: an older head does no harm."""
    temporary = path.with_name(".checkpoint.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _published(path: Path) -> checkpoint.Checkpoint | None:
    """What was published; ProofRejected if somebody else signed it."""
    if not path.exists():
        return None
    return checkpoint.open_checkpoint(path.read_text(encoding="utf-8"), key(here()))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
