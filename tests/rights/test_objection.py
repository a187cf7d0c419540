"""A No: all of it or nothing, once, for every account, and never lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from demur.errors import NotAllowed, NotFound, Refusal
from demur.people import Scope, Use
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


PHOTOS = Scope(kinds=("photo",))
ANSWERS = Scope(uses=(Use.ANSWERS,))


def test_several_nos_of_different_scope_stand_beside_each_other(site, anna):
    photos = objection.submit(anna, route="form", scope=PHOTOS, now=NOW)
    answers = objection.submit(anna, route="form", scope=ANSWERS, now=NOW)
    again = objection.submit(anna, route="form", scope=PHOTOS, now=NOW + timedelta(days=1))
    assert again == photos
    assert objection.standing_objections(anna) == [photos, answers]
    everything_ = objection.submit(anna, route="form", now=NOW + timedelta(days=2))
    assert objection.standing_objection(anna) == everything_, "the widest is the one to show"


def test_one_of_several_is_taken_back_and_the_others_stand(site, anna):
    photos = objection.submit(anna, route="form", scope=PHOTOS, now=NOW)
    answers = objection.submit(anna, route="form", scope=ANSWERS, now=NOW)
    assert objection.withdraw(anna, only=photos, now=NOW) == photos
    assert objection.standing_objections(anna) == [answers]
    objection.submit(anna, route="form", scope=PHOTOS, now=NOW)
    objection.withdraw(anna, now=NOW)
    assert objection.standing_objections(anna) == []


def test_after_a_link_two_nos_of_one_scope_are_one_and_are_taken_back_together(site, anna, bob):
    objection.submit(anna, route="form", now=NOW)
    objection.submit(bob, route="form", now=NOW)
    whole = people.link(anna.accounts.first().pk, bob.accounts.get().pk, now=NOW)
    assert len(objection.standing_objections(whole)) == 2
    objection.withdraw(whole, only=objection.standing_objection(whole), now=NOW)
    assert objection.standing_objections(whole) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Scope(kinds=("photo", "comment")), Scope(kinds=("comment", "photo", "photo"))),
        (Scope(uses=tuple(Use)), Scope()),
        (Scope(kinds=("post", "comment", "photo", "chat")), Scope()),
    ],
)
def test_the_same_scope_said_otherwise_is_the_same_no(site, anna, one, other):
    first = objection.submit(anna, route="form", scope=one, now=NOW)
    assert objection.submit(anna, route="form", scope=other, now=NOW) == first


@pytest.mark.parametrize(
    "scope",
    [
        Scope(country="NL"),
        Scope(model="m1"),
        Scope(kinds=("diary",)),
        Scope(since=date(2026, 2, 1), until=date(2026, 1, 1)),
    ],
)
def test_a_scope_that_is_not_hers_to_name_is_refused_and_nothing_is_written(site, anna, scope):
    before = everything()
    with pytest.raises(Refusal):
        objection.submit(anna, route="form", scope=scope, now=NOW)
    assert everything() == before


def test_the_receipt_of_a_narrowed_no_says_to_what(site, anna):
    no = objection.submit(anna, route="form", scope=PHOTOS, now=NOW)
    read = paper.read_receipt(receipt.text(no))
    assert read.line.opening.payload["scope"] == {"kinds": ["photo"]}
    (line,) = receipt.lines(anna)
    assert "part" in line.words("en")
    assert "deel" in line.words("nl")


@pytest.mark.parametrize("route", objection.BY_OTHERS)
def test_a_no_in_her_name_from_elsewhere_holds_and_she_is_told_how_to_undo_it(site, anna, route):
    no = objection.submit(anna, route=route, email="twin@elsewhere.example", now=NOW)
    letters = dict(models.Letter.objects.values_list("kind", "to"))
    assert letters == {"receipt": "twin@elsewhere.example", "undo": "anna@dorp.example"}
    assert objection.standing_objection(anna) == no
    undone = objection.undo(no, now=NOW + timedelta(days=1))
    assert undone.withdrawn_entry.kind == "undone"
    assert objection.standing_objection(anna) is None
    assert objection.undo(no, now=NOW + timedelta(days=2)).withdrawn_at == undone.withdrawn_at
    assert "somebody else" in receipt.lines(anna)[-1].words("en")


def test_her_own_no_from_her_own_address_is_not_told_to_her_as_somebody_elses(site, anna):
    objection.submit(anna, route="email", email="Anna@dorp.example", now=NOW)
    assert list(models.Letter.objects.values_list("kind", flat=True)) == ["receipt"]


def test_a_no_made_signed_in_is_taken_back_and_never_undone(site, anna):
    no = objection.submit(anna, route="form", now=NOW)
    with pytest.raises(NotAllowed, match="take it back"):
        objection.undo(no, now=NOW)
    assert objection.standing_objection(anna) == no


def test_somebody_claims_annas_handle_and_she_strikes_it_out(site, anna):
    claims = ["mastodon:@anna", "mastodon:@nobody"]
    mallory = people.stranger("mallory@elsewhere.example", keys=claims, now=NOW)
    no = objection.submit(mallory, route="link", email=mallory.email, now=NOW)
    assert models.Letter.objects.get(kind="undo").person == anna, "told, though fenced at once"
    objection.undo(no, by=anna, now=NOW)
    mallory.refresh_from_db()
    assert mallory.claimed_keys == ["mastodon:@nobody"]
    assert objection.standing_objection(mallory) == no, "the rest of it stands"
    with pytest.raises(NotAllowed, match="nothing of yours"):
        objection.undo(no, by=anna, now=NOW)


def test_a_claim_that_was_all_there_was_falls_with_its_no(site, anna):
    mallory = people.stranger("m@elsewhere.example", keys=["mastodon:@anna"], now=NOW)
    no = objection.submit(mallory, route="link", email=mallory.email, now=NOW)
    objection.undo(no, by=anna, now=NOW)
    assert objection.standing_objection(mallory) is None
