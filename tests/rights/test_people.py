"""Finding the one person who is meant, and making one of two."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import User

from demur.errors import NotFound, Refusal
from demur.rights import models, people

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed",
    ["mastodon:https://dorp.example/users/anna", "@anna", "anna", " @ANNA ", "Anna@dorp.example"],
)
def test_anna_is_found_however_she_is_called(site, anna, bob, typed):
    assert people.find(typed) == anna
    assert people.find(anna.pk) == anna


def test_anna_is_found_without_her_server(site, register):
    anna = register("annie")
    anna.accounts.update(handle="annie@dorp.example")
    assert people.find("@annie") == people.find("@annie@dorp.example") == anna


@pytest.mark.parametrize("typed", ["", "@", "nobody", "mastodon:https://dorp.example/users/"])
def test_nobody_is_nobody(site, anna, typed):
    with pytest.raises(NotFound, match="Nobody here"):
        people.find(typed)


def test_a_shared_address_is_asked_about(site, anna, register):
    register("jan", email="anna@dorp.example")
    with pytest.raises(Refusal, match="2 people") as refused:
        people.find("anna@dorp.example")
    assert "users/anna" in str(refused.value)
    assert "users/jan" in str(refused.value)


def test_whoever_was_seen_first_keeps_their_place(site, anna, bob):
    kept = people.link(bob.accounts.get().pk, anna.accounts.first().pk, now=NOW)
    assert kept == anna
    bob.refresh_from_db()
    assert (bob.merged_into, bob.to_move) == (anna, True)
    assert anna.accounts.count() == 3
    assert people.find("@bob") == people.find(bob.pk) == anna
    assert people.family(bob) == [anna, bob]
    assert models.Entry.objects.latest("index").kind == "link"


def test_linking_again_changes_nothing(site, anna, bob):
    theirs = bob.accounts.get().pk
    for _ in range(2):
        people.link(anna.accounts.first().pk, theirs, now=NOW)
    assert models.Entry.objects.filter(kind="link").count() == 1


def test_a_chain_of_links_is_one_person(site, register):
    crowd = [register(name) for name in ("a", "b", "c", "d")]
    ids = [person.accounts.get().pk for person in crowd]
    for one, other in ((2, 3), (1, 3), (0, 2)):
        people.link(ids[one], ids[other], now=NOW)
    assert {people.find(person.pk).pk for person in crowd} == {crowd[0].pk}
    assert len(people.family(models.Person.objects.get(pk=crowd[3].pk))) == 4


def test_the_younger_age_and_the_narrower_consent_win(site, register):
    old = register("old", born=date(1980, 1, 1), opted_in=True)
    young = register("young", born=date(2010, 1, 1))
    kept = people.link(old.accounts.get().pk, young.accounts.get().pk, now=NOW)
    assert kept.pk == old.pk
    kept.refresh_from_db()
    assert kept.born == date(2010, 1, 1)
    assert kept.opted_in is False


def test_one_sign_in_stays_whoever_had_it(site, anna, bob):
    bob.user = User.objects.create(username="bob")
    bob.save()
    people.link(anna.accounts.first().pk, bob.accounts.get().pk, now=NOW)
    assert User.objects.get(username="bob").person == anna


def test_an_account_nobody_imported_cannot_be_linked(site, anna):
    with pytest.raises(NotFound, match="import its archive"):
        people.link(anna.accounts.first().pk, "mastodon:nobody", now=NOW)
