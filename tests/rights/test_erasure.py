"""Somebody is erased: what they wrote goes, their No stays, and a crash anywhere is finished."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import small_archive as archive
from django.contrib.auth.models import User
from django.db.models import Model

from demur.corpus.lake import Lake
from demur.people import PersonId, Scope
from demur.policy import regimes
from demur.rights import (
    book,
    erasure,
    mail,
    models,
    names,
    notice,
    objection,
    people,
    receipt,
    standing,
)
from demur.tlog import receipt as paper

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.parametrize("site", ["sqlite"], indirect=True)
TELLS = ("anna", "geheim", "Anna", "twin")


@pytest.fixture
def hers(site, tmp_path) -> models.Person:
    posts = [archive.post("anna", 1), archive.post("anna", 2), archive.post("bob", 1)]
    archive.take(
        site, tmp_path / "in", [archive.account("anna"), archive.account("bob")], posts, now=NOW
    )
    anna = archive.owner("anna")
    notice.announce(now=NOW, regimes=regimes.load())
    mail.send_due(NOW)
    anna.user = User.objects.create(username="anna", email="anna@dorp.example")
    anna.save()
    objection.submit(anna, route="form", scope=Scope(kinds=("photo",)), reason="geheim", now=NOW)
    return anna


def stored(site, person: models.Person) -> int:
    return sum(1 for _ in Lake(site.lake, site.home).posts_of(PersonId(person.pk)))


def tables() -> list[type[Model]]:
    from django.apps import apps

    return [m for m in apps.get_models() if m._meta.app_label in ("rights", "auth", "account")]


def left_of_her() -> set[str]:
    """Every text field in which something of hers can still be read, but her handle's keys."""
    found = set()
    for table in tables():
        for row in table.objects.all():
            for field in table._meta.concrete_fields:
                value = str(getattr(row, field.attname))
                if any(each in value for each in TELLS):
                    found.add(f"{table.__name__}.{field.name}")
    return found


def test_nothing_of_hers_can_be_read_any_more_but_how_others_mention_her(site, hers):
    assert erasure.erase(site, hers, now=NOW) == 2
    assert stored(site, hers) == 0
    assert stored(site, archive.owner("bob")) == 1
    assert left_of_her() == {"Person.claimed_keys"}


def test_her_no_holds_and_she_stays_masked_and_her_receipt_can_be_made_again(site, hers):
    erasure.erase(site, hers, now=NOW)
    in_force = standing.of(site, today=NOW.date).in_force()
    assert hers.pk in in_force.silent
    assert "forum:@anna" in in_force.keys
    no = objection.standing_objection(hers)
    assert (no.scope, no.reason, no.email) == ({}, "", "")
    paper.check(paper.read_receipt(receipt.text(no)), book.key(site))


def test_erased_already_is_erased(site, hers):
    erasure.erase(site, hers, now=NOW)
    size = models.Entry.objects.count()
    assert erasure.erase(site, hers, now=NOW) == 0
    assert models.Entry.objects.count() == size


def test_the_same_archive_brings_nothing_of_hers_back(site, hers, tmp_path):
    erasure.erase(site, hers, now=NOW)
    report = archive.take(
        site,
        tmp_path / "again",
        [archive.account("anna"), archive.account("bob")],
        [archive.post("anna", 1), archive.post("anna", 3), archive.post("bob", 2)],
        now=NOW,
    )
    assert report.stored == 1, "bob's new one"
    assert not models.Account.objects.filter(pk="forum:anna").exists()
    assert left_of_her() == {"Person.claimed_keys"}


def test_a_copy_of_her_words_is_recognised_after_she_is_gone(site, hers):
    before = standing.stands(today=NOW.date(), regimes=regimes.load()).suppressed
    assert not before.texts
    rows = list(Lake(site.lake, site.home).posts_of(PersonId(hers.pk)))
    erasure.erase(site, hers, now=NOW)
    after = standing.stands(today=NOW.date(), regimes=regimes.load()).suppressed
    assert after.texts == {bytes(each.row["text_hash"]) for each in rows}
    assert after.near == {number for each in rows for number in each.row["near"]}


def test_a_households_address_keeps_nobody_else_out(site, hers, register, tmp_path):
    register("jan", email="anna@dorp.example")
    erasure.erase(site, hers, now=NOW)
    report = archive.take(
        site, tmp_path / "jan", [archive.account("piet", email="anna@dorp.example")],
        [archive.post("piet", 1)], now=NOW,
    )  # fmt: skip
    assert report.stored == 1


def test_the_operators_own_sign_in_is_not_deleted_with_their_posts(site, hers):
    User.objects.filter(username="anna").update(is_staff=True)
    erasure.erase(site, hers, now=NOW)
    assert User.objects.filter(username="anna", person=None).exists()


STEPS = {
    "before the No": (objection, "submit"),
    "before the marks": (erasure, "_mark"),
    "before the lake": (Lake, "erase"),
    "before the tables": (erasure, "_forget"),
    "within the tables": (erasure, "_empty"),
    "before the line": (book, "append"),
}


class _CrashError(Exception):
    """A crash, at a place of our choosing."""


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_anywhere_is_finished_by_the_next_call(site, hers, monkeypatch, step):
    objection.submit(hers, route="form", now=NOW)

    def crash(*_: object, **__: object) -> None:
        raise _CrashError

    with monkeypatch.context() as patch:
        patch.setattr(*STEPS[step], crash)
        with pytest.raises(_CrashError):
            erasure.erase(site, hers, now=NOW)
    assert hers.pk in standing.of(site, today=NOW.date).in_force().silent
    erasure.erase(site, hers, now=NOW)
    assert stored(site, hers) == 0
    assert left_of_her() == {"Person.claimed_keys"}
    marks = models.Suppression.objects.filter(kind="text").count()
    assert marks == 2, "what recognises copies was kept before the posts went"


def test_a_confirmed_name_stays_masked(site, hers):
    row = models.NamedIn.objects.create(person=hers, post="p" * 32, start=0, end=4, at=NOW)
    models.NamedIn.objects.create(person=hers, post="q" * 32, start=0, end=4, at=NOW)
    names.settle(row, True, now=NOW)
    erasure.erase(site, hers, now=NOW)
    named = standing.of(site, today=NOW.date).in_force().named
    assert named == {"p" * 32: {f"named:{hers.pk}"}}
    assert models.NamedIn.objects.count() == 1


def test_a_stranger_is_erased_too(site):
    ina = people.stranger("ina@else.example", keys=["forum:@ina"], names=["Ina"], now=NOW)
    erasure.erase(site, ina, now=NOW)
    ina.refresh_from_db()
    assert (ina.email, ina.claimed_names, ina.claimed_keys) == ("", [], ["forum:@ina"])
