"""Two accounts become one person's when both sides have said so, and not before."""

from __future__ import annotations

import pytest
from django.test import Client

from demur.rights import models, objection, people

from .conftest import NOW
from .test_objecting import grow_old
from .writing import text

PAGE = "/privacy/accounts/"


@pytest.fixture
def as_bob(bob: models.Person) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(bob.user)
    return client


def asked() -> models.LinkAsked:
    return models.LinkAsked.objects.get()


def test_anna_asks_bob_agrees_and_a_no_of_one_is_a_no_of_both(as_anna, as_bob, anna, bob):
    as_anna.post(PAGE, {"account": "@bob@dorp.example"})
    assert "Waiting for the other side" in text(as_anna.get(PAGE))
    assert "Is this you too?" in text(as_bob.get(PAGE))
    path = f"{PAGE}{asked().pk}/"
    assert "It cannot be undone here" in text(as_bob.get(path))
    as_bob.post(path, {"answer": "yes"})
    bob.refresh_from_db()
    anna.refresh_from_db()
    assert people.whole(anna) == people.whole(bob)
    objection.submit(bob, route="form", now=NOW)
    assert objection.standing_objection(anna) is not None


def test_bob_says_that_is_somebody_else(as_anna, as_bob, anna, bob):
    as_anna.post(PAGE, {"account": "@bob@dorp.example"})
    as_bob.post(f"{PAGE}{asked().pk}/", {"answer": "no"})
    bob.refresh_from_db()
    assert bob.merged_into is None
    assert "Is this you too?" not in text(as_bob.get(PAGE))


def test_who_asks_learns_nothing_about_an_account(as_anna, bob):
    answers = {
        as_anna.post(PAGE, {"account": account})["Location"]
        for account in ("@bob@dorp.example", "@nobody@dorp.example", "@anna@dorp.example")
    }
    assert answers == {f"{PAGE}asked/"}
    assert models.LinkAsked.objects.count() == 1


def test_the_one_who_asked_cannot_agree_and_neither_can_a_third(as_anna, anna, bob, register):
    as_anna.post(PAGE, {"account": "@bob@dorp.example"})
    carla = Client()
    carla.force_login(register("carla").user)
    for client in (as_anna, carla):
        assert client.get(f"{PAGE}{asked().pk}/").status_code == 404
        assert client.post(f"{PAGE}{asked().pk}/", {"answer": "yes"}).status_code == 404
    assert asked().settled_at is None


def test_agreeing_takes_a_fresh_sign_in(as_anna, as_bob):
    as_anna.post(PAGE, {"account": "@bob@dorp.example"})
    grow_old(as_bob)
    refused = as_bob.post(f"{PAGE}{asked().pk}/", {"answer": "yes"})
    assert refused["Location"].startswith("/sign-in/again/")
    assert asked().settled_at is None
