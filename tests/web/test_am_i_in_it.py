"""Am I in it? And saying no without an account: by an address alone, and telling nobody whose."""

from __future__ import annotations

import re

import pytest

from demur.people import EVERYTHING
from demur.posts import Mention
from demur.rights import models, objection
from demur.rights import receipt as receipts
from demur.tlog.absence import Role
from demur.web import claimed, proof

from .conftest import NOW
from .test_mine import tell
from .writing import keep, post, text, words

ASK, NO = "/privacy/am-i-in-it/", "/privacy/not-a-member/"


def mailed() -> str:
    """The path behind the link of the newest letter."""
    letter = models.Letter.objects.filter(kind=proof.LETTER).order_by("pk").last()
    assert letter is not None
    found = re.search(r"(/privacy/\S+)", letter.payload["link"])
    assert found
    return found[1]


def test_anna_is_told_with_numbers(as_anna, anna, site):
    keep(site, anna, post(1, "De kermis staat weer op het plein"), post(2, "Soep vandaag"))
    assert "No. The assistant uses nothing of yours." in words(as_anna.get(ASK))
    tell(anna)
    page = words(as_anna.get(ASK))
    assert "Not now. Posts of yours may be used" in page
    assert page.count("<dd>2</dd>") == 2


def test_in_a_model_she_is_until_she_says_no(as_anna, anna, monkeypatch):
    def held(silent: object) -> list[receipts.Period]:
        return [
            receipts.Period(
                model="m", line=1, role=Role.AUTHOR, since=NOW, until=None, silent_from=silent
            )
        ]

    monkeypatch.setattr(receipts, "periods", lambda person: held(None))
    assert "Yes. The assistant that answers today holds posts" in words(as_anna.get(ASK))
    objection.submit(anna, route="form", now=NOW)
    monkeypatch.setattr(receipts, "periods", lambda person: held(NOW))
    assert "No longer." in words(as_anna.get(ASK))


def test_a_stranger_gets_a_number_and_no_post(visitor, bob, site):
    where = Mention(start=5, end=18, key="mastodon:@carla@dorp.example")
    keep(site, bob, post(1, "Taart @carla@dorp.example", by="bob", mentions=(where,)))
    asked = visitor.post(
        ASK, {"email": "carla@elders.example", "handles": "@carla@dorp.example"}, follow=True
    )
    assert "Look in your mail" in text(asked)
    page = words(visitor.get(mailed()))
    assert "1 post here mentions you" in page
    assert "Taart" not in page


def test_somebody_without_an_account_says_no_by_address_alone(visitor, site):
    visitor.post(NO, {"email": "carla@elders.example"})
    path = mailed()
    assert "One more press" in text(visitor.get(path))
    assert models.Objection.objects.count() == 0
    done = visitor.post(path)
    assert "You have said no, and it counts" in text(done)
    no = models.Objection.objects.get()
    assert (no.scope, no.route, no.person.email) == ({}, "link", "carla@elders.example")
    visitor.post(path)  # again, and again: one No
    assert models.Objection.objects.get() == no


def test_what_others_call_her_is_kept_with_her_no(visitor, site):
    said = {
        "email": "carla@elders.example",
        "handles": "@carla@dorp.example\nhttps://instagram.com/carla_k/",
        "names": "Carla de Koning, Carlaatje",
    }
    visitor.post(NO, said)
    visitor.post(mailed())
    person = models.Person.objects.get(email="carla@elders.example")
    assert "mastodon:@carla@dorp.example" in person.claimed_keys
    assert "instagram:@carla_k" in person.claimed_keys
    assert person.claimed_names == ["Carla de Koning", "Carlaatje"]
    assert objection.standing_objection(person) is not None


def test_nobody_learns_whose_address_we_know(visitor, anna):
    known = visitor.post(NO, {"email": anna.email}, follow=True)
    unknown = visitor.post(NO, {"email": "nobody@elders.example"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    kinds = list(models.Letter.objects.values_list("to", "kind").order_by("pk"))
    assert kinds == [(anna.email, "confirm"), ("nobody@elders.example", "confirm")]
    assert objection.standing_objections(anna) == []


def test_nobody_has_us_write_to_an_address_again_and_again(visitor, site):
    for _ in range(9):
        visitor.post(NO, {"email": "victim@elders.example"})
    assert models.Letter.objects.count() == proof.AT_ONCE


def test_a_link_opens_its_own_page_and_no_other(visitor, site):
    visitor.post(ASK, {"email": "carla@elders.example", "handles": "@carla"})
    token = mailed().removeprefix(ASK)
    assert visitor.post(f"{NO}{token}").status_code == 404
    assert visitor.get(f"{NO}nonsense/").status_code == 404
    assert models.Objection.objects.count() == 0


def test_a_link_wears_off(visitor, site, monkeypatch):
    visitor.post(NO, {"email": "carla@elders.example"})
    monkeypatch.setattr(proof, "LASTS", -proof.LASTS)
    assert visitor.post(mailed()).status_code == 404


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("@anna", "instagram:@anna"),
        ("anna@dorp.example", "mastodon:@anna@dorp.example"),
        ("https://dorp.example/@anna", "mastodon:@anna@dorp.example"),
        ("https://bsky.app/profile/anna.dorp.example", "bluesky:@anna.dorp.example"),
        ("https://www.facebook.com/anna.v", "facebook:@anna.v"),
        ("https://dorp.example/users/Anna", "mastodon:https://dorp.example/users/anna"),
    ],
)
def test_handles_and_addresses_become_the_keys_that_archives_keep(site, said, key):
    assert key in claimed.keys([said])


def test_a_member_who_follows_the_strangers_way_is_the_member(visitor, anna):
    visitor.post(NO, {"email": anna.email})
    visitor.post(mailed())
    standing = objection.standing_objection(anna)
    assert standing is not None
    assert standing.scope == EVERYTHING.to_json()
