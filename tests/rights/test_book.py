"""The book in the database: it only grows, and an older copy of it is noticed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest
from django.db import connections, transaction

from demur.errors import NotFound, ProofRejected, SiteUnusable
from demur.rights import book, models, objection
from demur.tlog import checkpoint, merkle, note, proof, tiles

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def write(lines: int) -> None:
    for number in range(lines):
        with transaction.atomic():
            book.append("policy", {"number": number}, now=NOW)


def test_every_line_is_provable_under_every_later_head(site):
    write(9)
    key = book.key(site)
    for index in range(9):
        leaf = bytes(models.Entry.objects.get(pk=index).leaf)
        for size in range(index + 1, 10):
            assert proof.verify(book.inclusion(index, size), leaf, key).size == size


def test_the_signed_root_is_that_of_the_leaves(site):
    write(7)
    leaves = [bytes(e.leaf) for e in models.Entry.objects.order_by("index")]
    assert checkpoint.open_checkpoint(book.head(), book.key(site)).root == merkle.root_of(leaves)


def test_a_line_outside_a_transaction_is_refused(site):
    with pytest.raises(transaction.TransactionManagementError):
        book.append("policy", {}, now=NOW)


def test_a_rolled_back_line_never_was(site):
    head = book.head()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        book.append("policy", {}, now=NOW)
        raise ZeroDivisionError
    assert book.head() == head
    write(1)
    assert models.Entry.objects.get().index == 0


def test_there_is_no_line_that_is_not_there(site):
    write(2)
    with pytest.raises(NotFound):
        book.proof(2)
    with pytest.raises(NotFound):
        book.proof(0, size=3)


def test_tiles_hold_the_leaves_and_their_hashes(site):
    write(5)
    path = "tile/entries/000.p/5"
    bundle = tiles.leaves_in(book.tile(path), tiles.parse_path(path))
    assert book.tile("tile/0/000.p/5") == b"".join(map(merkle.leaf_hash, bundle))
    with pytest.raises(NotFound):
        book.tile("tile/0/000.p/6")


def test_the_published_head_only_moves_forward(site):
    write(1)
    old = book.head()
    write(1)
    path = site.log / "checkpoint"
    new = path.read_text()
    assert new == book.head() != old
    models.Checkpoint.objects.filter(size=2).delete()
    book.publish(site.log)
    assert path.read_text() == new


def test_a_restored_backup_refuses_to_serve(site, anna):
    if site.database is None:
        pytest.skip("the copy of a file is a SQLite backup")
    connections.close_all()
    shutil.copy(site.database, site.root / "backup.db")
    objection.submit(anna, route="form", now=NOW)
    connections.close_all()
    for rest in site.root.glob("demur.db*"):
        rest.unlink()
    shutil.copy(site.root / "backup.db", site.database)
    with pytest.raises(SiteUnusable, match=r"older than the published log.*restored backup"):
        book.guard(site.log)


def test_another_sites_book_is_refused(site):
    write(2)
    other = merkle.root_of([b"a", b"b"])
    head = checkpoint.Checkpoint(origin=site.origin, size=2, root=other)
    (site.log / "checkpoint").write_text(checkpoint.sign(head, site.log_key))
    with pytest.raises(SiteUnusable, match="not those of log/checkpoint"):
        book.guard(site.log)


def test_a_published_head_that_somebody_changed_is_refused(site):
    write(2)
    path = site.log / "checkpoint"
    path.write_text(path.read_text().replace("\n2\n", "\n1\n", 1))
    with pytest.raises(ProofRejected):
        book.guard(site.log)


def test_an_outsider_needs_only_the_key_and_the_head(site):
    write(3)
    key = note.parse_key(str(book.key(site)))
    assert checkpoint.open_checkpoint((site.log / "checkpoint").read_text(), key).size == 3


def test_an_erased_opening_erases_the_meaning_and_not_the_line(site, anna):
    no = objection.submit(anna, route="form", now=NOW)
    models.Opening.objects.filter(entry=no.entry).delete()
    with pytest.raises(NotFound, match="erased"):
        book.opening(no.entry)
    assert proof.parse(book.proof(no.entry_id)).index == no.entry_id
