"""Who objects now: seen at once by everybody else, and nobody speaks when it cannot be read."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections, transaction

from demur.corpus.facts import PEOPLE_SCHEMA
from demur.errors import StandingUnreadable
from demur.people import InForce, Scope
from demur.policy import regimes
from demur.rights import book, hold, models, notice, objection, people, standing

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def now_standing(site) -> standing.DatabaseStanding:
    return standing.of(site, today=lambda: TODAY)


def test_nobody_objects_at_first(now_standing, anna, bob):
    assert now_standing.in_force() == InForce(epoch=now_standing.epoch(), silent={})


def test_her_no_silences_her_and_the_ways_to_point_at_her(now_standing, anna, bob):
    before = now_standing.epoch()
    no = objection.submit(anna, route="form", now=NOW)
    in_force = now_standing.in_force()
    assert now_standing.epoch() == in_force.epoch == before + 1
    assert in_force.silent == {anna.pk: no.entry_id}
    assert in_force.keys == {"mastodon:@anna", "mastodon:@anna1"}


def test_a_no_taken_back_silences_nobody(now_standing, anna):
    objection.submit(anna, route="form", now=NOW)
    objection.withdraw(anna, now=NOW)
    assert now_standing.in_force().silent == {}
    assert now_standing.in_force().keys == frozenset()


def test_a_closed_profile_a_signal_and_a_child_are_silent_by_the_line_that_told(
    now_standing, register
):
    closed = register("clara", locked=True)
    signal = register("dora")
    signal.accounts.update(refuses_training="mastodon mastodon:noindex")
    child = register("eef", born=date(TODAY.year - 18, TODAY.month, TODAY.day) + timedelta(days=1))
    register("just-grown-up", born=date(TODAY.year - 18, TODAY.month, TODAY.day))
    register("age-unknown", born=None)
    silent = now_standing.in_force().silent
    assert silent == {person.pk: person.line for person in (closed, signal, child)}
    assert now_standing.in_force().keys == frozenset()


def test_after_a_link_both_names_of_a_person_are_silent(now_standing, anna, bob):
    no = objection.submit(bob, route="form", now=NOW)
    people.link(anna.accounts.first().pk, bob.accounts.first().pk, now=NOW)
    in_force = now_standing.in_force()
    assert in_force.silent == {anna.pk: no.entry_id, bob.pk: no.entry_id}
    assert "mastodon:@anna" in in_force.keys


def test_a_hold_is_in_force_until_it_is_lifted(now_standing):
    scope = Scope(country="IT", kinds=("photo",))
    placed = hold.place(scope, by="Garante", now=NOW)
    assert now_standing.in_force().holds == (scope,)
    assert hold.place(scope, by="Garante", now=NOW) == placed
    before = now_standing.epoch()
    hold.lift(placed.pk, by="Garante", now=NOW)
    assert now_standing.in_force() == InForce(epoch=before + 1, silent={})


def test_another_process_objects_and_this_one_sees_it_before_its_next_token(
    site, now_standing, anna
):
    if site.database is None:
        pytest.skip("the other process opens the site folder, which names no server")
    code = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from demur.site import folder, start\n"
        "start.setup(folder.open_site(Path(sys.argv[1])))\n"
        "from demur.rights import objection, people\n"
        "objection.submit(people.find('@anna'), route='letter', now=datetime.now(UTC))\n"
        "print('answered', flush=True)\n"
        "sys.stdin.read()\n"
    )
    before = now_standing.epoch()
    words = [sys.executable, "-c", code, str(site.root)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"answered\n"
        assert now_standing.epoch() > before
        assert anna.pk in now_standing.in_force().silent
        other.stdin.close()


def test_a_no_is_seen_from_within_somebody_elses_long_transaction(now_standing, anna, bob):
    before = now_standing.epoch()
    done = threading.Event()

    def no() -> None:
        objection.submit(anna, route="form", now=NOW)
        connections.close_all()
        done.set()

    with transaction.atomic(using="reader"):
        models.Person.objects.using("reader").count()
    thread = threading.Thread(target=no)
    thread.start()
    assert done.wait(10)
    thread.join()
    assert now_standing.epoch() == before + 1


def test_reading_does_not_wait_for_a_writer(now_standing, anna):
    before = now_standing.epoch()
    with transaction.atomic():
        book.lock()
        book.bump()
        assert now_standing.epoch() == before
        assert now_standing.in_force().silent == {}
    assert now_standing.epoch() == before + 1


@pytest.mark.parametrize("ask", ["epoch", "in_force"])
def test_no_database_no_standing(site, now_standing, ask):
    if site.database is None:
        pytest.skip("a file is taken away")
    now_standing.epoch()
    site.database.rename(site.root / "away.db")
    with pytest.raises(StandingUnreadable, match="no one's words are used"):
        getattr(now_standing, ask)()
    (site.root / "away.db").rename(site.database)
    getattr(now_standing, ask)()


def test_a_server_that_is_not_there_is_no_standing(site, serve, now_standing):
    if site.database is not None:
        pytest.skip("a server is taken away")
    lost = replace(site.config.postgres, host="/nonexistent")
    serve(replace(site, config=replace(site.config, postgres=lost)))
    with pytest.raises(StandingUnreadable):
        now_standing.epoch()


@pytest.mark.parametrize("ask", ["epoch", "in_force"])
def test_a_broken_database_is_no_standing(site, now_standing, ask):
    if site.database is None:
        pytest.skip("a file is broken")
    now_standing.epoch()
    connections.close_all()
    for rest in site.root.glob("demur.db-*"):
        rest.unlink()
    site.database.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StandingUnreadable):
        getattr(now_standing, ask)()


def test_an_empty_database_is_no_standing(site, now_standing):
    models.Epoch.objects.all().delete()
    with pytest.raises(StandingUnreadable):
        now_standing.epoch()


def test_an_older_database_put_in_its_place_is_no_standing(site, now_standing, anna):
    if site.database is None:
        pytest.skip("a file is put back")
    connections.close_all()
    shutil.copy(site.database, site.root / "backup.db")
    objection.submit(anna, route="form", now=NOW)
    assert anna.pk in now_standing.in_force().silent
    connections["default"].close()
    for rest in site.root.glob("demur.db-*"):
        rest.unlink()
    (site.root / "backup.db").rename(site.database)  # under a process that has it open
    with pytest.raises(StandingUnreadable, match="earlier state"):
        now_standing.epoch()
    with pytest.raises(StandingUnreadable, match="earlier state"):
        now_standing.in_force()


def test_the_epoch_costs_microseconds(now_standing):
    now_standing.epoch()
    started = time.perf_counter()
    for _ in range(500):
        now_standing.epoch()
    mean = (time.perf_counter() - started) / 500
    assert mean < 0.002, f"{mean * 1e6:.0f} µs before every token"


def table(today: date = TODAY) -> dict[str, dict[str, object]]:
    made = standing.stands(today=today, regimes=regimes.load()).people
    assert made.schema == PEOPLE_SCHEMA
    return {row["account"]: row for row in made.to_pylist()}


def test_the_law_learns_who_objects_by_which_account(site, anna, bob):
    one, two = (account.pk for account in anna.accounts.order_by("pk"))
    objection.submit(anna, route="letter", account=one, now=NOW)
    rows = table()
    assert (rows[one]["objects"], rows[one]["objects_here"]) == (True, True)
    assert (rows[two]["objects"], rows[two]["objects_here"]) == (True, False)
    other = rows[bob.accounts.get().pk]
    assert (other["objects"], other["objects_here"]) == (False, False)


def test_whoever_is_silent_at_the_gate_is_left_out_by_the_builder_wholly(site, anna):
    """Else their shard would be built with the open account and never be allowed to speak."""
    first = anna.accounts.first()
    first.locked = True
    first.refuses_training = "mastodon mastodon:noindex\nneutral hashtag:noai"
    first.save()
    for row in table().values():
        assert row["locked"] is True
        assert row["refuses_training"] == ["hashtag:noai", "mastodon:noindex"]


def test_unknown_stays_unknown(site, register):
    register("nobody", born=None, country="", language="", locked=None)
    (row,) = table().values()
    for column in ("adult_from", "country", "locked", "told", "usable_from", "language"):
        assert row[column] is None


def test_the_waiting_period_runs_from_delivery(site, anna):
    notice.announce(now=NOW, regimes=regimes.load())
    row = table()[anna.accounts.first().pk]
    assert (row["notice_queued"], row["told"], row["usable_from"]) == (True, None, None)
    models.Delivery.objects.update(sent_at=NOW + timedelta(days=2))
    row = table()[anna.accounts.first().pk]
    assert (row["notice_queued"], row["told"]) == (False, TODAY + timedelta(days=2))
    assert row["usable_from"] == TODAY + timedelta(days=32)


def test_an_operator_may_wait_longer_and_never_shorter(site, serve, anna):
    notice.announce(now=NOW, regimes=regimes.load())
    models.Delivery.objects.update(seen_at=NOW)
    for days, counted in ((10, 30), (90, 90)):
        serve(replace(site, config=replace(site.config, notice_days=days)))
        row = table()[anna.accounts.first().pk]
        assert row["usable_from"] == TODAY + timedelta(days=counted)
