"""The path stays open: a No that the database does not take is kept, holds, and arrives."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from demur.people import Scope
from demur.rights import models, objection, people, spool, standing

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
pytestmark = pytest.mark.parametrize("site", ["sqlite"], indirect=True)


def silent(site) -> set[str]:
    return set(standing.of(site, today=NOW.date).in_force().silent)


def test_a_spooled_no_arrives_with_the_time_at_which_it_was_said(site, anna):
    spool.keep(site, {"person": anna.pk, "reason": "van mij", "scope": {}}, now=NOW)
    assert silent(site) == {anna.pk}
    assert spool.replay(site, LATER) == 1
    no = objection.standing_objection(anna)
    assert (no.at, no.reason, no.route) == (NOW, "van mij", "form")
    assert spool.waiting(site.spools) == []
    assert silent(site) == {anna.pk}


def test_only_its_owner_can_read_it(site, anna):
    kept = spool.keep(site, {"person": anna.pk}, now=NOW)
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.path.parent.stat().st_mode) == 0o700


def test_whoever_could_not_be_looked_up_is_found_by_what_they_typed(site, anna, bob):
    spool.keep(site, {"who": "@Anna", "scope": {"kinds": ["photo"]}}, now=NOW)
    spool.keep(site, {"email": "BOB@dorp.example"}, now=NOW)
    assert spool.replay(site, LATER) == 2
    assert objection.standing_objection(anna).scope == {"kinds": ["photo"]}
    no = objection.standing_objection(bob)
    assert no.route == "email", "nothing was proven, so he can undo it"


def test_an_address_of_two_fences_both_and_either_can_undo(site, anna, register):
    jan = register("jan", email="anna@dorp.example")
    spool.keep(site, {"email": "anna@dorp.example"}, now=NOW)
    assert silent(site) == {anna.pk, jan.pk}
    spool.replay(site, LATER)
    objection.undo(objection.standing_objection(jan), now=LATER)
    assert silent(site) == {anna.pk}


def test_a_stranger_in_the_spool_is_masked_at_once_and_written_down_later(site):
    said = {"email": "ina@else.example", "keys": ["mastodon:@ina"], "names": ["Ina"]}
    spool.keep(site, {**said, "route": "link", "language": "nl"}, now=NOW)
    asked = standing.of(site, today=NOW.date)
    assert asked.in_force().keys == {"mastodon:@ina"}
    spool.replay(site, LATER)
    assert asked.in_force().keys == {"mastodon:@ina"}
    assert models.Person.objects.get().language == "nl"


def test_words_that_mean_nobody_wait_for_the_desk(site, anna):
    spool.keep(site, {"who": "somebody", "reason": "stop"}, now=NOW)
    spool.replay(site, LATER)
    asked = models.Incoming.objects.get()
    assert (asked.outcome, asked.words) == ("unclear", "somebody\nstop")
    assert silent(site) == set()


def test_a_crash_between_the_no_and_its_file_makes_it_no_second_one(site, anna, monkeypatch):
    spool.keep(site, {"person": anna.pk}, now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(spool, "_done", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            spool.replay(site, LATER)
    assert spool.replay(site, LATER) == 1
    assert models.Objection.objects.count() == 1


def test_a_database_that_still_does_not_answer_leaves_it_waiting(site, anna, monkeypatch):
    spool.keep(site, {"person": anna.pk}, now=NOW)

    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(objection, "submit", locked)
        with pytest.raises(OperationalError):
            spool.replay(site, LATER)
    assert len(spool.waiting(site.spools)) == 1
    assert silent(site) == {anna.pk}


def test_how_many_there_ever_were_only_grows(site, anna, bob):
    counts = [spool.ever(site.spools)]
    for person in (anna, bob):
        spool.keep(site, {"person": person.pk}, now=NOW)
        counts.append(spool.ever(site.spools))
    spool.replay(site, LATER)
    counts.append(spool.ever(site.spools))
    spool.keep(site, {"person": anna.pk}, now=NOW)
    counts.append(spool.ever(site.spools))
    assert counts == [0, 1, 2, 2, 3]
    assert len(list(site.spools[0].glob("*.done"))) == 1


def put_by(site) -> int:
    return len(list((site.spools[0] / spool.RESERVE).iterdir()))


def nothing_grows(monkeypatch, until=lambda: False):
    """A stand-in for a full disk: only what has its place on it already can be written."""
    real = os.fsync

    def full(handle: int) -> None:
        state = os.fstat(handle)
        if stat.S_ISREG(state.st_mode) and state.st_size != spool.BLOCK and not until():
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)


def test_on_a_full_disk_it_is_written_over_what_was_put_by(site, anna, monkeypatch):
    spool.prepare(site)
    assert put_by(site) == spool.PUT_BY
    with monkeypatch.context() as patch:
        nothing_grows(patch)
        kept = spool.keep(site, {"person": anna.pk, "reason": "van mij"}, now=NOW)
    assert silent(site) == {anna.pk}
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert put_by(site) == spool.PUT_BY - 1
    assert spool.replay(site, LATER) == 1
    assert objection.standing_objection(anna).reason == "van mij"
    assert put_by(site) == spool.PUT_BY, "put by again, once there is room"


def test_a_long_reason_has_room_freed_for_it(site, anna, monkeypatch):
    spool.prepare(site)
    with monkeypatch.context() as patch:
        nothing_grows(patch, until=lambda: put_by(site) < spool.PUT_BY - spool.MOST_BLOCKS)
        spool.keep(site, {"person": anna.pk, "reason": "é" * 5000}, now=NOW)
    assert put_by(site) == spool.PUT_BY - 2 * spool.MOST_BLOCKS
    spool.replay(site, LATER)
    assert objection.standing_objection(anna).reason == "é" * 5000


def test_what_others_write_on_a_full_disk_takes_no_place_from_a_no(site, anna):
    """A real file system of two megabytes, full to its last byte."""
    folder = site.spools[0]
    words = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system takes root")
    try:
        spool.prepare(site)
        with (folder / "ballast").open("wb", buffering=0) as ballast:
            for number in range(spool.PUT_BY + 1):
                with suppress(OSError):
                    while ballast.write(
                        b"x" * 4096
                    ):  # takes whatever a No before this one has freed
                        pass
                if number < spool.PUT_BY:
                    spool.keep(site, {"person": anna.pk}, now=NOW)
        with pytest.raises(OSError, match="full"):
            spool.keep(site, {"person": anna.pk}, now=NOW)
        spool.prepare(site)  # a server that is started now starts
        assert len(spool.waiting(site.spools)) == spool.PUT_BY
        (folder / "ballast").unlink()
        assert spool.replay(site, LATER) == spool.PUT_BY
        assert models.Objection.objects.count() == 1
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_the_other_disk_takes_it_when_this_one_is_full_to_the_end(site, anna, tmp_path, serve):
    other = replace(site, config=replace(site.config, spool=str(tmp_path / "other")))
    serve(other)
    spool.prepare(other)
    first = other.spools[0]
    (first / "00000001.json").mkdir()  # nothing can be linked there

    def broken(folder, raw, real=spool._write):
        if folder == first:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(folder, raw)

    (first / "00000001.json").rmdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "_write", broken)
        kept = spool.keep(other, {"person": anna.pk}, now=NOW)
    assert kept.path.parent == tmp_path / "other"
    assert silent(other) == {anna.pk}


def test_where_nothing_takes_it_the_asker_is_told_so(site, anna, monkeypatch):
    def broken(folder, raw):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spool, "_write", broken)
    with pytest.raises(OSError, match="No space"):
        spool.keep(site, {"person": anna.pk}, now=NOW)
    assert silent(site) == set()


@pytest.mark.parametrize("said", [{"scop": {}}, {"scope": {"kind": "photo"}}])
def test_what_could_not_be_read_back_is_not_kept(site, said):
    with pytest.raises((ValueError, TypeError)):
        spool.keep(site, said, now=NOW)
    assert spool.ever(site.spools) == 0


def test_a_merged_name_is_silent_too(site, anna, bob):
    people.link(anna.accounts.first().pk, bob.accounts.get().pk, now=NOW)
    spool.keep(site, {"person": bob.pk, "scope": Scope().to_json()}, now=NOW)
    assert silent(site) == {anna.pk, bob.pk}


def test_a_waiting_no_to_a_platform_masks_her_there_at_once(site, anna):
    spool.keep(site, {"person": anna.pk, "scope": {"platform": "mastodon"}}, now=NOW)
    asked = standing.of(site, today=NOW.date)
    assert asked.in_force().keys == {"mastodon:@anna", "mastodon:@anna1"}
