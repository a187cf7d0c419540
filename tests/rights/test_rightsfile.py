"""The rights file: everything about one person, and nobody else's words."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
import small_archive as archive

from demur.people import PersonId, Scope
from demur.policy import regimes
from demur.rights import book, models, notice, objection, receipt, release, rightsfile
from demur.tlog import receipt as paper
from demur.tlog.release import ServedShard

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.parametrize("site", ["sqlite"], indirect=True)


def serve(site, model: str, now: datetime, *authors: models.Person) -> None:
    release.record(
        site,
        model=model,
        base="b" * 64,
        recipe="r" * 64,
        shards=[ServedShard(shard=0, manifest="m" * 64, adapter=None)],
        authors=[PersonId(person.pk) for person in authors],
        mentioned=[],
        now=now,
    )


@pytest.fixture
def anna(site, tmp_path) -> models.Person:
    archive.take(
        site,
        tmp_path / "in",
        [archive.account("anna"), archive.account("bob")],
        [archive.post("anna", 1, text="=HYPERLINK(1)"), archive.post("bob", 1)],
        now=NOW,
    )
    return archive.owner("anna")


def opened(person: models.Person) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(rightsfile.write(person, now=NOW)))


def test_it_holds_what_she_said_and_was_told(site, anna):
    notice.announce(now=NOW, regimes=regimes.load())
    no = objection.submit(anna, route="form", scope=Scope(kinds=("photo",)), reason="ja", now=NOW)
    file = opened(anna)
    you = json.loads(file.read("you.json"))
    assert you["objections"][0]["reason"] == "ja"
    assert you["objections"][0]["scope"] == {"kinds": ["photo"]}
    assert you["accounts"][0]["handle"] == "@anna"
    assert you["notices"][0]["campaign_id"] == "first"
    proof = file.read(f"receipts/{no.entry_id}.tlog-proof").decode()
    paper.check(paper.read_receipt(proof), book.key(site))


def test_every_post_of_hers_with_its_reasons_and_no_formula(site, anna):
    (row,) = csv.DictReader(io.StringIO(opened(anna).read("my-data.csv").decode()))
    assert row["text"] == "'=HYPERLINK(1)"
    assert row["reasons"]
    assert row["uses"] == ""


def test_nobody_else_is_in_it(site, anna):
    file = opened(anna)
    assert not any(b"bob" in file.read(name) for name in file.namelist())


def test_every_model_that_held_her_from_when_to_when(site, anna):
    bob = archive.owner("bob")
    days = [NOW + timedelta(days=number) for number in range(4)]
    serve(site, "m1", days[0], bob)
    serve(site, "m2", days[1], anna, bob)
    serve(site, "m3", days[2], anna)
    objection.submit(anna, route="form", now=days[3])
    one, two = receipt.periods(anna)
    assert (one.model, one.since, one.until) == ("m2", days[1], days[2])
    assert (two.model, two.since, two.until) == ("m3", days[2], None)
    assert two.silent_from == days[3], "still in service, and she is not heard in it"
    assert [period.model for period in receipt.periods(bob)] == ["m1", "m2"]
    assert len(json.loads(opened(anna).read("models.json"))) == 2
