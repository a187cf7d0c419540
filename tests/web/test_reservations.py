"""What machines are told on every page, read back with the readers we use on others' pages."""

from __future__ import annotations

import re

import pytest

from demur.policy import reservations
from demur.rights import models

EVERYWHERE = ["/", "/about/", "/privacy/", "/nothing", "/v1/models", "/log/checkpoint", "/ask/"]


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_says_no_to_training_whoever_s_words_it_holds(visitor, path):
    said = dict(visitor.get(path).items())
    names = reservations.headers({k: v for k, v in said.items() if k != "Link"})
    assert set(names) >= {"aipref:train-ai", "tdmrep", "robots:noai"}
    assert "aipref:search" not in names


def test_every_page_says_it_inside_too(visitor):
    page = visitor.get("/").content.decode()
    meta = dict(re.findall(r'<meta name="([^"]+)" content="([^"]+)">', page))
    assert set(reservations.meta(meta)) >= {"tdmrep", "robots:noai"}


def test_robots_txt_says_it_for_every_path_and_names_the_licence(visitor):
    robots = visitor.get("/robots.txt").content.decode()
    said = reservations.robots_txt(robots, "/@anna/17")
    assert {"aipref:train-ai", "content-signal:ai-train", "robots:disallowaitraining"} <= set(said)
    assert "License: http://testserver/license.xml" in robots


def test_the_licence_and_the_tdm_file_say_it_too(visitor):
    licence = visitor.get("/license.xml")
    assert licence["Content-Type"] == "application/rsl+xml"
    assert set(reservations.rsl(licence.content.decode(), "/@anna")) >= {"rsl:ai-train"}
    assert 'type="application/rsl+xml"' in visitor.get("/")["Link"]
    tdm = visitor.get("/.well-known/tdmrep.json")
    assert reservations.tdm_file(tdm.json(), "/@anna") == ("tdmrep",)


def test_the_platform_is_told_the_same_about_somebody_who_objects_and_everybody_else(
    as_anna, visitor, anna
):
    where = "/.well-known/demur-reservation"
    before = visitor.get(where, {"account": "mastodon:https://dorp.example/users/anna"})
    as_anna.post("/privacy/object/", {"email": "anna@dorp.example"})
    assert models.Objection.objects.filter(person=anna).exists()
    after = visitor.get(where, {"account": "mastodon:https://dorp.example/users/anna"})
    nobody = visitor.get(where, {"account": "mastodon:https://dorp.example/users/nobody"})
    assert before.content == after.content == nobody.content == visitor.get(where).content
    assert after.json()["train-ai"] == "n"
    assert reservations.headers({"Content-Usage": after.json()["headers"]["Content-Usage"]})
