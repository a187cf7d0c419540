"""Finding the one person who is meant, and making one of two."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from demur.errors import NotAllowed, NotFound, Refusal
from demur.rights import book, links, models, notice, people

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


def test_two_sign_ins_of_two_accounts_both_go_on_working(site, anna, bob):
    for person, name in ((anna, "anna"), (bob, "bob")):
        person.user = User.objects.create(username=name)
        person.save()
    whole = people.link(anna.accounts.first().pk, bob.accounts.get().pk, now=NOW)
    for name in ("anna", "bob"):
        assert people.whole(User.objects.get(username=name).person) == whole


def test_an_account_nobody_imported_cannot_be_linked(site, anna):
    with pytest.raises(NotFound, match="import its archive"):
        people.link(anna.accounts.first().pk, "mastodon:nobody", now=NOW)


def campaign(name: str) -> models.Campaign:
    with transaction.atomic():
        entry = book.append("campaign", {"campaign": name}, now=NOW)
    return models.Campaign.objects.create(name=name, uses=["training"], entry=entry, at=NOW)


def test_a_notice_that_reached_either_of_two_accounts_has_reached_their_person(site, anna, bob):
    first, second = campaign("first"), campaign("second")
    models.Delivery.objects.create(campaign=first, person=anna, sent_at=NOW, bounced_at=NOW)
    models.Delivery.objects.create(campaign=first, person=bob, sent_at=NOW, no_more=True)
    models.Delivery.objects.create(campaign=second, person=bob, seen_at=NOW)
    whole = people.link(anna.accounts.first().pk, bob.accounts.get().pk, now=NOW)
    one, two = whole.deliveries.order_by("campaign")
    assert notice.reached(one) == NOW
    assert (one.no_more, two.seen_at) == (True, NOW)


def test_a_stranger_is_the_same_one_by_the_same_address(site):
    one = people.stranger("ina@else.example", keys=["mastodon:@ina"], language="nl", now=NOW)
    two = people.stranger("Ina@else.example", keys=["facebook:@ina"], names=["Ina Bos"], now=NOW)
    assert one == two
    assert two.claimed_keys == ["facebook:@ina", "mastodon:@ina"]
    assert two.claimed_names == ["Ina Bos"]
    assert book.opening(models.Entry.objects.get(pk=one.seen)).payload.keys() == {"people"}


def test_a_member_claims_beside_their_account_and_a_household_does_not(site, anna, register):
    assert people.stranger("anna@dorp.example", keys=["forum:@an"], now=NOW) == anna
    register("jan", email="anna@dorp.example")
    third = people.stranger("anna@dorp.example", keys=["forum:@third"], now=NOW)
    assert third.accounts.count() == 0


@pytest.mark.parametrize("email", ["", "ina", "ina@"])
def test_a_stranger_without_an_address_cannot_be_answered(site, email):
    with pytest.raises(Refusal, match="no e-mail address"):
        people.stranger(email, now=NOW)


@pytest.mark.parametrize("key", ["mastodon:@zoë", "mastodon:@anna_b"])
def test_whose_key_it_is_is_found_exactly(site, anna, bob, key):
    account = bob.accounts.get()
    account.keys = [key, "mastodon:@annaxb"]
    account.save()
    assert people.owners_of([key]) == [bob]
    assert people.owners_of([key[:-1]]) == []


def test_both_sides_must_say_that_they_are_one(site, anna, bob):
    theirs = bob.accounts.get().pk
    asked = links.ask(anna, theirs, now=NOW)
    assert links.ask(anna, theirs, now=NOW) == asked
    assert models.Letter.objects.filter(kind="link_asked", to="bob@dorp.example").count() == 1
    assert people.find("@bob") == bob, "asking alone links nothing"
    with pytest.raises(NotAllowed, match="Only whoever has that account"):
        links.settle(asked, anna, True, now=NOW)
    assert links.settle(asked, bob, True, now=NOW) == anna
    assert people.find("@bob") == anna
    assert links.settle(asked, bob, True, now=NOW) == anna


def test_a_link_that_was_refused_is_refused_and_not_asked_again(site, anna, bob):
    theirs = bob.accounts.get().pk
    asked = links.ask(anna, theirs, now=NOW)
    links.settle(asked, bob, False, now=NOW)
    assert people.find("@bob") == bob
    assert links.ask(anna, theirs, now=NOW) == asked
    assert models.Letter.objects.filter(kind="link_asked").count() == 1
    with pytest.raises(NotAllowed, match="answered already"):
        links.settle(asked, bob, True, now=NOW)


def test_one_cannot_link_ones_own_or_nothing(site, anna, bob):
    with pytest.raises(NotAllowed, match="linked to yours already"):
        links.ask(anna, anna.accounts.last().pk, now=NOW)
    with pytest.raises(NotFound):
        links.ask(anna, "mastodon:nobody", now=NOW)
    with pytest.raises(NotAllowed, match="no account here"):
        links.ask(people.stranger("i@else.example", now=NOW), bob.accounts.get().pk, now=NOW)
