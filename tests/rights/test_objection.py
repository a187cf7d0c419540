"""A No: all of it or nothing, once, for every account, and never lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from demur.errors import NotFound
from demur.rights import book, mail, models, objection, people, receipt
from demur.tlog import checkpoint, note
from demur.tlog import receipt as paper

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TABLES = (
    models.Objection,
    models.Entry,
    models.Node,
    models.Checkpoint,
    models.Opening,
    models.Letter,
)


def everything() -> dict[str, int]:
    rows = {table.__name__: table.objects.count() for table in TABLES}
    return rows | {"epoch": models.Epoch.objects.get().value}


def test_anna_says_no(site, anna):
    before = everything()
    no = objection.submit(anna, route="form", reason="het is van mij", now=NOW)
    after = everything()
    grown = {name: after[name] - before[name] for name in after}
    assert grown.pop("Node") >= 1
    assert grown == {
        "Objection": 1, "Entry": 1, "Checkpoint": 1, "Opening": 1, "Letter": 1, "epoch": 1,
    }  # fmt: skip
    assert no.email == "anna@dorp.example"
    assert no.reason == "het is van mij"


def test_the_head_over_her_line_is_signed_with_it_and_published(site, anna):
    no = objection.submit(anna, route="form", now=NOW)
    signed = checkpoint.open_checkpoint(book.head(), book.key(site))
    assert signed.size == no.entry_id + 1
    assert (site.log / "checkpoint").read_text() == book.head()


def test_her_receipt_verifies_with_the_public_key_alone(site, anna):
    no = objection.submit(anna, route="form", now=NOW)
    read = paper.read_receipt(receipt.text(no))
    head = paper.check(read, note.parse_key(str(book.key(site))))
    assert head.size == no.entry_id + 1
    assert read.line.opening.payload["route"] == "form"


def test_the_line_of_a_no_holds_nothing_about_her(site, anna):
    no = objection.submit(anna, route="form", reason="geheim", now=NOW)
    payload = str(book.opening(no.entry).payload)
    for secret in ("anna", "geheim", "mastodon", anna.pk, bytes(anna.secret).hex()):
        assert secret not in payload
        assert secret.encode() not in bytes(no.entry.leaf)


def test_a_second_no_is_answered_with_the_first(site, anna):
    first = objection.submit(anna, route="form", now=NOW)
    before = everything()
    second = objection.submit(anna, route="letter", now=NOW + timedelta(days=3))
    assert second == first
    assert everything() == before


def test_a_no_without_an_address_counts_and_writes_no_letter(site, register):
    no = objection.submit(register("clara", email=""), route="letter", now=NOW)
    assert no.pk
    assert models.Letter.objects.count() == 0


def test_a_no_made_before_two_accounts_were_linked_covers_both(site, anna, bob):
    first = objection.submit(bob, route="form", now=NOW)
    whole = people.link(
        anna.accounts.first().pk, bob.accounts.first().pk, now=NOW + timedelta(days=1)
    )
    assert objection.standing_objection(whole) == first
    assert objection.submit(anna, route="form", now=NOW + timedelta(days=2)) == first


def test_taking_it_back_is_a_line_too_and_saying_no_again_is_a_new_one(site, anna):
    first = objection.submit(anna, route="form", now=NOW)
    back = objection.withdraw(anna, now=NOW + timedelta(days=1))
    assert back == first
    assert back.withdrawn_entry.kind == "objection_withdrawn"
    assert objection.standing_objection(anna) is None
    again = objection.submit(anna, route="form", now=NOW + timedelta(days=2))
    assert again.entry_id > first.entry_id


def test_nobody_can_take_back_what_they_never_said(site, anna):
    with pytest.raises(NotFound, match="nothing to take back"):
        objection.withdraw(anna, now=NOW)


class _CrashError(Exception):
    """A crash, at a place of our choosing."""


STEPS = {
    "nothing written yet": (book.line, "seal"),
    "before the nodes are kept": (book.StoredNodes, "save"),
    "before the line": (models.Entry.objects, "create"),
    "before its opening": (models.Opening.objects, "create"),
    "before the head is signed": (book, "_sign"),
    "before the row": (models.Objection.objects, "create"),
    "before the epoch": (book, "bump"),
    "before the letter": (mail, "queue"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_leaves_nothing(site, anna, monkeypatch, step):
    before = everything()
    head = book.head()

    def crash(*_: object, **__: object) -> None:
        raise _CrashError

    with monkeypatch.context() as patch:
        patch.setattr(*STEPS[step], crash)
        with pytest.raises(_CrashError):
            objection.submit(anna, route="form", now=NOW)
    assert everything() == before
    assert book.head() == head
    assert objection.submit(anna, route="form", now=NOW).pk


def test_a_full_disk_under_the_published_head_does_not_undo_a_no(site, anna, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(book, "_replace", full)
    no = objection.submit(anna, route="form", now=NOW)
    assert objection.standing_objection(anna) == no


def test_sixteen_people_and_sixteen_times_the_same_one_object_at_once(site, register):
    crowd = [register(f"p{number}", email="") for number in range(16)]
    start = threading.Barrier(16)

    def no(person: models.Person) -> int:
        from django.db import connections

        try:
            start.wait()
            mine = objection.submit(person, route="form", now=NOW)
            hers = objection.submit(crowd[0], route="form", now=NOW)
            assert hers.person_id == crowd[0].pk
            return mine.entry_id
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        lines = list(pool.map(no, crowd))
    assert len(set(lines)) == 16
    assert models.Objection.objects.count() == 16
    size = models.Entry.objects.count()
    assert checkpoint.open_checkpoint(book.head(), book.key(site)).size == size
    published = checkpoint.open_checkpoint((site.log / "checkpoint").read_text(), book.key(site))
    assert published.size == size
