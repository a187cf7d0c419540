"""What a person holds in hand after a No, and what they can show later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from demur.errors import NotFound, ProofRejected
from demur.people import PersonId
from demur.rights import book, models, objection, people, receipt, release
from demur.tlog import note
from demur.tlog import receipt as paper
from demur.tlog.absence import Role
from demur.tlog.release import ServedShard

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def serve(site, model: str, *authors: models.Person, mentioned: tuple[models.Person, ...] = ()):
    return release.record(
        site,
        model=model,
        base="b" * 64,
        recipe="r" * 64,
        shards=[ServedShard(shard=0, manifest="m" * 64, adapter=None)],
        authors=[PersonId(person.pk) for person in authors],
        mentioned=[PersonId(person.pk) for person in mentioned],
        now=NOW,
    )


def happened(site, kind: str, shard: int) -> None:
    with transaction.atomic():
        book.append(kind, {"shard": shard}, now=NOW)


def standing_in(site, line: receipt.Line) -> dict[Role, bool]:
    read = paper.read_receipt(line.proof)
    paper.check(read, note.parse_key(str(book.key(site))))
    return paper.standing_in(read)


def test_whoever_never_objected_has_no_lines(site, anna):
    assert receipt.lines(anna) == []


def test_the_lines_tell_what_happened_to_her_shard_and_not_to_others(site, anna):
    hers = site.home.shard(PersonId(anna.pk))
    happened(site, "shard_dropped", hers)
    no = objection.submit(anna, route="form", now=NOW)
    happened(site, "shard_dropped", hers)
    happened(site, "shard_dropped", (hers + 1) % site.home.shards)
    happened(site, "shard_retrained", hers)
    lines = receipt.lines(anna)
    assert [line.kind for line in lines] == ["objection", "shard_dropped", "shard_retrained"]
    assert lines[0].index == no.entry_id
    assert lines[2].words("nl") == "Dat deel is opnieuw getraind zonder u."
    assert lines[2].words("it") == lines[2].words("en")


def test_every_later_line_verifies(site, anna):
    objection.submit(anna, route="form", now=NOW)
    happened(site, "shard_retrained", site.home.shard(PersonId(anna.pk)))
    lines = receipt.lines(anna)
    assert len(lines) == 2
    for line in lines:
        paper.check(paper.read_receipt(line.proof), book.key(site))


def test_a_model_made_without_her_proves_it(site, anna, bob):
    objection.submit(anna, route="form", now=NOW)
    serve(site, "model-2", bob)
    line = receipt.lines(anna)[-1]
    assert line.kind == "served"
    assert standing_in(site, line) == {Role.AUTHOR: False, Role.MENTION: False}
    assert "you are not in it" in line.words("en")


def test_a_model_that_still_held_her_says_so(site, anna, bob):
    objection.submit(anna, route="form", now=NOW)
    serve(site, "model-2", bob, anna, mentioned=(anna,))
    line = receipt.lines(anna)[-1]
    assert standing_in(site, line) == {Role.AUTHOR: True, Role.MENTION: True}
    assert "still held posts" in line.words("en")


def test_whoever_was_linked_is_found_under_both_secrets(site, anna, bob):
    objection.submit(bob, route="form", now=NOW)
    whole = people.link(anna.accounts.first().pk, bob.accounts.get().pk, now=NOW)
    serve(site, "model-2", whole)
    assert standing_in(site, receipt.lines(whole)[-1])[Role.AUTHOR] is True


def test_tags_that_were_tampered_with_prove_nothing(site, anna, bob):
    objection.submit(anna, route="form", now=NOW)
    entry = serve(site, "model-2", bob, anna)
    (tags,) = (site.log / "people").iterdir()
    tags.write_bytes(tags.read_bytes()[32:])
    line = receipt.lines(anna)[-1]
    assert line.index == entry.pk
    with pytest.raises(ProofRejected):
        standing_in(site, line)
    tags.unlink()
    with pytest.raises(NotFound, match="put it back"):
        _ = line.proof


def test_the_tags_say_nothing_about_anybody(site, anna):
    serve(site, "model-2", anna)
    (tags,) = (site.log / "people").iterdir()
    raw = tags.read_bytes()
    assert len(raw) == 32
    assert bytes(anna.secret) not in raw
    assert anna.pk.encode() not in raw


def test_taking_it_back_is_a_line_of_hers(site, anna):
    objection.submit(anna, route="form", now=NOW)
    objection.withdraw(anna, now=NOW + timedelta(days=1))
    assert [line.kind for line in receipt.lines(anna)] == ["objection", "objection_withdrawn"]


def test_an_empty_model_can_be_served(site, anna):
    objection.submit(anna, route="form", now=NOW)
    serve(site, "model-0")
    assert standing_in(site, receipt.lines(anna)[-1]) == {Role.AUTHOR: False, Role.MENTION: False}
