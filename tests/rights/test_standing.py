"""Who objects now: seen at once by everybody else, and nobody speaks when it cannot be read."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connections, transaction

from demur.corpus.facts import PEOPLE_SCHEMA
from demur.errors import StandingUnreadable
from demur.people import InForce, Scope, Use
from demur.policy import regimes
from demur.posts import Mention
from demur.rights import (
    book,
    groups,
    hold,
    models,
    notice,
    objection,
    people,
    spool,
    standing,
)

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


KEYS = {"mastodon:@anna", "mastodon:@anna1"}


@pytest.mark.parametrize(
    ("scope", "keys"),
    [
        (Scope(uses=(Use.TRAINING,)), KEYS),
        (Scope(uses=(Use.ANSWERS,)), set()),
        (Scope(platform="mastodon"), KEYS),
        (Scope(platform="forum"), set()),
        (Scope(kinds=("photo",)), set()),
        (Scope(post="p"), set()),
        (Scope(group="wandelen"), set()),
        (Scope(since=date(2026, 1, 1)), set()),
    ],
)
def test_a_narrowed_no_narrows_and_masks_her_where_it_is_about_her(now_standing, anna, scope, keys):
    objection.submit(anna, route="form", scope=scope, now=NOW)
    in_force = now_standing.in_force()
    assert in_force.silent == {}
    assert in_force.narrowed == {anna.pk: (scope,)}
    assert in_force.keys == keys
    said = standing.stands(today=TODAY, regimes=regimes.load())
    assert (said.narrowed, said.keys) == (in_force.narrowed, in_force.keys)
    assert not any(said.people["objects"].to_pylist())


def test_a_narrowed_no_is_both_names_after_a_link(now_standing, anna, bob):
    objection.submit(bob, route="form", scope=Scope(kinds=("photo",)), now=NOW)
    people.link(anna.accounts.first().pk, bob.accounts.get().pk, now=NOW)
    assert now_standing.in_force().narrowed.keys() == {anna.pk, bob.pk}


def test_a_stranger_is_masked_by_what_they_claimed_once_they_object(now_standing, site):
    ina = people.stranger("ina@else.example", keys=["mastodon:@ina"], now=NOW)
    assert now_standing.in_force().keys == frozenset()
    objection.submit(ina, route="link", now=NOW)
    assert now_standing.in_force().keys == {"mastodon:@ina"}
    assert standing.stands(today=TODAY, regimes=regimes.load()).keys == {"mastodon:@ina"}


def test_a_name_counts_where_it_was_confirmed_and_its_bearer_objects(now_standing, anna):
    for start, answer in ((0, True), (9, False), (20, None)):
        models.NamedIn.objects.create(
            person=anna, post="p" * 32, start=start, end=start + 4, confirmed=answer, at=NOW
        )
    assert now_standing.in_force().named == {}
    objection.submit(anna, route="form", now=NOW)
    key = f"named:{anna.pk}"
    assert now_standing.in_force().named == {"p" * 32: {key}}
    said = standing.stands(today=TODAY, regimes=regimes.load())
    assert said.named == {"p" * 32: (Mention(start=0, end=4, key=key),)}


def test_a_retracted_post_and_a_closed_group_are_silent(now_standing):
    models.Retracted.objects.create(post="p" * 32, line=0)
    groups.declare("wandelen", now=NOW)
    groups.close("wandelen", by="operator", now=NOW)
    in_force = now_standing.in_force()
    assert in_force.posts == {"p" * 32}
    assert in_force.holds == (Scope(group="wandelen"),)
    groups.reopen("wandelen", by="operator", now=NOW)
    assert now_standing.in_force().holds == ()


def test_a_hold_begins_on_its_day_and_everybody_notices(site):
    hold.place(Scope(model="m1"), by="AP", starts=TODAY + timedelta(days=1), now=NOW)
    before = standing.of(site, today=lambda: TODAY)
    after = standing.of(site, today=lambda: TODAY + timedelta(days=1))
    assert before.in_force().holds == ()
    assert after.in_force().holds == (Scope(model="m1"),)
    assert after.epoch() == before.epoch() + 1


def test_a_request_being_decided_and_a_death_are_silence(now_standing, anna, bob):
    with transaction.atomic():
        entry = book.append("request", {}, now=NOW)
    models.Request.objects.create(
        id=uuid4(), person=anna, exercise="deletion", route="form", state="open", due=TODAY,
        opened=entry, opened_at=NOW,
    )  # fmt: skip
    bob.accounts.update(memorial=True)
    assert now_standing.in_force().silent == {anna.pk: entry.index, bob.pk: bob.line}
    rows = table()
    assert all(row["restricted"] == (row["person"] == anna.pk) for row in rows.values())
    assert all(row["memorial"] == (row["person"] == bob.pk) for row in rows.values())


def asking_first() -> regimes.Regimes:
    law = regimes.load()
    entries = tuple(
        replace(entry, choice="opt-in") if "BR" in entry.countries else entry
        for entry in law.entries
    )
    return replace(law, entries=entries)


def test_where_a_yes_is_needed_taking_it_back_is_silence(site, register):
    ana = register("ana", country="BR", opted_in=True)
    register("anna")
    asked = standing.DatabaseStanding(
        today=lambda: TODAY, regimes=asking_first(), database=site.database, spools=site.spools
    )
    assert asked.in_force().silent == {}
    models.Person.objects.filter(pk=ana.pk).update(opted_in=False)
    assert asked.in_force().silent == {ana.pk: ana.line}


def test_a_letter_that_came_back_untells(now_standing, anna):
    notice.announce(now=NOW - timedelta(days=60), regimes=regimes.load())
    models.Delivery.objects.update(sent_at=NOW - timedelta(days=60))
    assert now_standing.in_force().narrowed == {}
    models.Delivery.objects.update(bounced_at=NOW)
    assert now_standing.in_force().narrowed == {anna.pk: (Scope(uses=tuple(Use)),)}


def test_a_corrected_birth_date_silences_what_was_posted_as_a_child(now_standing, anna):
    models.Person.objects.filter(pk=anna.pk).update(born=date(2006, 1, 2), line=anna.seen + 1)
    in_force = now_standing.in_force()
    assert in_force.silent == {}
    assert in_force.narrowed == {anna.pk: (Scope(until=date(2024, 1, 1)),)}


def test_what_must_be_known_for_one_person_is_little(site, register):
    crowd = [register(f"p{number}") for number in range(4)]
    objection.submit(crowd[0], route="form", now=NOW)
    said = standing.stands(today=TODAY, regimes=regimes.load(), only=crowd[1].pk)
    assert set(said.people["person"].to_pylist()) == {crowd[0].pk, crowd[1].pk}
    assert said.keys == {"mastodon:@p0"}


def test_a_no_in_the_spool_is_in_force_and_changes_the_epoch(site, now_standing, anna, bob):
    before = now_standing.epoch()
    spool.keep(site, {"email": "anna@dorp.example"}, now=NOW)
    spool.keep(site, {"person": bob.pk, "scope": {"kinds": ["photo"]}}, now=NOW)
    in_force = now_standing.in_force()
    assert in_force.epoch == now_standing.epoch() == before + 2
    assert in_force.silent.keys() == {anna.pk}
    assert in_force.keys == KEYS
    assert in_force.narrowed == {bob.pk: (Scope(kinds=("photo",)),)}
    said = standing.stands(today=TODAY, regimes=regimes.load())
    assert said.keys == KEYS
    assert {row["person"] for row in said.people.to_pylist() if row["objects"]} == {anna.pk}


def test_a_spool_that_is_gone_is_no_standing(site, now_standing):
    shutil.rmtree(site.spools[0])
    with pytest.raises(StandingUnreadable):
        now_standing.epoch()


def test_a_spooled_no_that_cannot_be_read_is_no_standing(site, now_standing):
    (site.spools[0] / "00000001.json").write_text("{")
    with pytest.raises(StandingUnreadable):
        now_standing.in_force()
