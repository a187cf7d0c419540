"""What platforms and pages say about somebody, read again with each import."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import small_archive as archive
from django.test import Client
from test_people import NOW, Lane

from demur.corpus.lake import Lake
from demur.people import PersonId
from demur.policy import reservations
from demur.rights import intake, models, standing
from demur.site.folder import Site

ANNA, CARL = archive.account("anna"), archive.account("carl")
TWO = [
    archive.post("anna", 1, text="Vanochtend elf lepelaars geteld op de plaat achter de steiger"),
    archive.post("anna", 2, text="Het brood van de bakker is weer heerlijk vandaag"),
    archive.post("carl", 1, text="Wie heeft mijn fiets gezien, hij stond bij het haventje"),
]


@pytest.fixture
def lane(site: Site, tmp_path: Path) -> Lane:
    neighbours = Lane(site, tmp_path / "in")
    neighbours.take([ANNA, CARL], TWO)
    neighbours.tell()
    assert neighbours.build().keys() == {"anna/1", "anna/2", "carl/1"}
    return neighbours


def test_anna_narrows_a_post_to_her_friends_and_it_is_silent_at_once(lane):
    lane.take([ANNA, CARL], [{**TWO[0], "audience": "friends"}, *TWO[1:]])
    assert len(standing.of(lane.site, today=NOW.date).in_force().posts) == 1
    assert lane.heard() == {"anna", "carl"}, "her other post stays"
    assert lane.build().keys() == {"anna/2", "carl/1"}
    page = lane.client("anna").get("/privacy/mine/")
    assert page.status_code == 200
    assert TWO[0]["text"] not in page.text, "the words have left us"


def test_anna_deletes_her_only_public_posts_and_falls_silent_before_any_build(lane):
    gone = [{"id": f"anna/{n}", "account": "forum:anna", "audience": "direct",
             "created_at": f"2025-03-0{n}T10:00:00Z"} for n in (1, 2)]  # fmt: skip
    lane.take([ANNA, CARL], [*gone, TWO[2]])
    assert lane.heard() == {"carl"}
    owner = PersonId(archive.owner("anna").pk)
    assert [s.post.text for s in Lake(lane.site.lake, lane.site.home).posts_of(owner)] == ["", ""]


def test_anna_adds_noai_to_an_old_post(lane):
    edited = {**TWO[0], "text": f"{TWO[0]['text']} #noai"}
    lane.take([ANNA, CARL], [edited, *TWO[1:]])
    assert lane.build().keys() == {"anna/2", "carl/1"}
    lane.take([ANNA, CARL], TWO)
    assert lane.build().keys() == {"anna/2", "carl/1"}, "an older archive takes no No back"


def test_anna_locks_her_profile_and_is_silent_from_the_import_on(lane):
    lane.take([archive.account("anna", locked=True), CARL], TWO)
    assert lane.heard() == {"carl"}
    assert lane.build().keys() == {"carl/1"}


def test_annas_account_becomes_a_memorial_on_mastodon(lane, tmp_path):
    address = "https://dorp.example/users/anna"
    actor = {"id": address, "preferredUsername": "anna", "type": "Person", "memorial": True}
    actor |= {"indexable": True, "discoverable": True}
    folder = tmp_path / "mastodon"
    folder.mkdir()
    (folder / "actor.json").write_text(json.dumps(actor))
    (folder / "outbox.json").write_text(json.dumps({"orderedItems": []}))
    intake.take(lane.site, folder, now=NOW)
    linked = archive.account("anna", linked_to=[f"mastodon:{address}"])
    lane.take([linked, CARL], TWO)
    intake.recover(lane.site)
    assert lane.heard() == {"carl"}
    assert lane.build().keys() == {"carl/1"}


@pytest.mark.parametrize(
    "signals",
    [
        {"headers": {"Content-Usage": "train-ai=n"}},
        {"meta": {"tdm-reservation": "1"}},
        {"robots_txt": "User-agent: *\nContent-Signal: ai-train=no", "path": "/@anna"},
        {"rsl": "<rsl><content url='/'><license><prohibits type='usage'>ai-train</prohibits>"},
        {"headers": {"Content-Usage": "train-ai=n,"}},
        {"something": "nobody has read of"},
    ],
)
def test_the_page_of_anna_says_no_in_a_machine_s_words_or_in_words_nobody_can_read(lane, signals):
    lane.take([archive.account("anna", signals=signals), CARL], TWO)
    assert lane.heard() == {"carl"}
    assert lane.build().keys() == {"carl/1"}


def test_somebody_tags_anna_in_an_old_picture_after_her_no(lane):
    lane.client("anna").post("/privacy/object/", {"email": "anna@dorp.example"})
    assert lane.heard() == {"carl"}
    lane.take([ANNA, CARL], [*TWO[:2], {**TWO[2], "tagged": ["forum:@anna"]}])
    assert lane.heard() == set(), "before any build"
    assert lane.build() == {}


def test_whoever_crawls_our_pages_about_anna_learns_that_training_is_reserved_and_no_more(lane):
    crawler, account = Client(), {"account": "forum:anna"}
    before = crawler.get("/.well-known/demur-reservation", account).content
    lane.client("anna").post("/privacy/object/", {"email": "anna@dorp.example"})
    assert models.Objection.objects.count() == 1
    assert crawler.get("/.well-known/demur-reservation", account).content == before
    said = dict(crawler.get("/privacy/").items())
    assert "aipref:train-ai" in reservations.headers(said)
