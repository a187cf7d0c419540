"""My data: what is left of each post, which models held it, and only for its owner."""

from __future__ import annotations

import json

from django.test import Client

from demur.people import Scope, Use
from demur.rights import models, objection
from demur.rights import receipt as receipts
from demur.tlog.absence import Role

from .conftest import HOSTILE, NOW
from .writing import keep, post, text, words


def tell(person: models.Person) -> None:
    """They were told long ago, so that their posts may be used."""
    from datetime import timedelta

    from demur.rights import notice

    notice.seen(person, NOW - timedelta(days=400))
    models.Delivery.objects.update(seen_at=NOW - timedelta(days=400))


def test_what_may_still_be_used_is_said_use_by_use(as_anna, anna, site):
    keep(site, anna, post(1, "De kermis staat weer op het plein"))
    tell(anna)
    objection.submit(anna, route="form", scope=Scope(uses=(Use.TRAINING,)), now=NOW)
    page = words(as_anna.get("/privacy/mine/"))
    assert "This post may be used for answers and search." in page
    assert "You objected to training with it." in page


def test_posts_are_filtered_by_decision_and_platform(as_anna, anna, site):
    keep(site, anna, post(1, "De kermis staat weer op het plein"), post(2, "Soep vandaag"))
    tell(anna)
    gone = post(2, "Soep vandaag").id
    objection.submit(anna, route="form", scope=Scope(post=gone), now=NOW)
    out = text(as_anna.get("/privacy/mine/?outcome=out"))
    assert "Soep vandaag" in out
    assert "De kermis" not in out
    assert "There is no such post." in text(as_anna.get("/privacy/mine/?platform=bluesky"))
    assert as_anna.get("/privacy/mine/?outcome=<x>&page=-3").status_code == 200


def test_a_used_post_offers_its_own_no(as_anna, anna, site):
    keep(site, anna, post(1, "De kermis staat weer op het plein"))
    tell(anna)
    mine = post(1, "De kermis staat weer op het plein").id
    assert f"/privacy/object/{mine}/" in text(as_anna.get("/privacy/mine/"))


def test_the_models_that_held_her_are_named_from_when_to_when(as_anna, monkeypatch):
    held = receipts.Period(
        model="abcdef0123456789", line=3, role=Role.AUTHOR, since=NOW, until=None, silent_from=NOW
    )
    monkeypatch.setattr(receipts, "periods", lambda person: [held])
    page = words(as_anna.get("/privacy/mine/"))
    assert "Model abcdef012345, from 1 November 2026" in page
    assert "until now: with posts of yours" in page
    assert "silent since 1 November 2026" in page


def test_all_of_it_can_be_downloaded(as_anna, anna, site):
    keep(site, anna, post(1, HOSTILE, url="javascript:alert(1)"))
    file = as_anna.get("/privacy/mine/file/")
    assert file["Cache-Control"] == "no-store"
    [told] = json.loads(file.content)["posts"]
    assert told["text"] == HOSTILE
    assert told["address"] is None
    assert "no-notice" in told["rules"]


def test_nobody_else_gets_it(anna, bob, site):
    keep(site, anna, post(1, "De kermis staat weer op het plein"))
    client = Client()
    client.force_login(bob.user)
    assert json.loads(client.get("/privacy/mine/file/").content)["posts"] == []
    assert "De kermis" not in text(client.get("/privacy/mine/"))
