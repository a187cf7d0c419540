"""The privacy centre, walked through: what somebody presses there, and what becomes of it."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client

from demur.corpus.lake import Lake
from demur.people import AccountId, PersonId, Scope
from demur.posts import Audience, Kind, Post
from demur.rights import book, decisions, mail, models, objection, spool
from demur.tlog import note
from demur.tlog import receipt as paper
from demur.web import visitor

OBJECT, MINE = "/privacy/object/", "/privacy/mine/"


def signed_in(person: models.Person) -> Client:
    """In a browser of theirs, in English."""
    if person.user is None:
        person.user = User.objects.create_user(person.pk, person.email, "x")
        person.save()
    client = Client(headers={"accept-language": "en"})
    client.force_login(person.user)
    return client


def an_hour_later(client: Client) -> None:
    session = client.session
    session[visitor.PROVED] -= 3600
    session.save()


def text(page: Any) -> str:
    return str(page.content.decode())


def scopes(person: models.Person) -> list[Scope]:
    return [Scope.from_json(no.scope) for no in objection.standing_objections(person)]


def used(page: Any) -> set[str]:
    """The posts that a page of My data offers a No for: those that may still be used."""
    return set(re.findall(r"/privacy/object/([0-9a-f]{32})/", text(page)))


def test_marijke_goes_from_the_banner_to_a_receipt_that_checks_out(told):
    marijke = told.person("marijke")
    browser = signed_in(marijke)
    banner = text(browser.get("/"))
    assert f'<a class="button" href="{OBJECT}">' in banner
    form = text(browser.get(OBJECT))  # the first press
    address = re.search(r'name="email" value="([^"]+)"', form)
    assert address
    done = browser.post(OBJECT, {"email": address[1]}, follow=True)  # the second
    assert "You have said no, and it counts" in text(done)
    [proof] = re.findall(r"/privacy/receipts/\d+\.tlog-proof", text(done))
    key = note.parse_key(str(book.key(told.site)))
    assert paper.check(paper.read_receipt(text(browser.get(proof))), key).size > 0
    assert 'class="banner"' not in text(browser.get("/"))
    assert used(browser.get(MINE)) == set()


def test_bram_says_no_to_one_post_and_the_others_stay_as_they_were(told):
    bram = told.person("bram")
    browser = signed_in(bram)
    before = used(browser.get(MINE))
    assert len(before) > 1
    one = sorted(before)[0]
    assert "Say no to this post" in text(browser.get(f"{OBJECT}{one}/"))
    browser.post(f"{OBJECT}{one}/", {"email": bram.email})
    assert used(browser.get(MINE)) == before - {one}


def test_marijke_says_no_to_a_platform_and_then_to_everything(told):
    marijke = told.person("marijke")
    browser = signed_in(marijke)
    platform = marijke.accounts.first().platform
    browser.post(OBJECT, {"email": marijke.email, "part": "1", "platform": platform})
    left = used(browser.get(MINE))
    assert left
    assert used(browser.get(f"{MINE}?platform={platform}")) == set()
    page = text(browser.post(OBJECT, {"email": marijke.email}, follow=True))
    assert used(browser.get(MINE)) == set()
    assert page.count('.tlog-proof" download') == 2  # each No keeps its own receipt


def test_somebody_at_brams_open_computer_cannot_take_his_no_back(told):
    bram = told.person("bram")
    browser = signed_in(bram)
    browser.post(OBJECT, {"email": bram.email})
    an_hour_later(browser)
    everything = {"which": str(objection.standing_objection(bram).entry_id), "sure": "on"}
    refused = browser.post("/privacy/withdraw/", everything)
    assert refused["Location"].startswith("/sign-in/again/")
    assert scopes(bram) == [Scope()]
    fresh = signed_in(bram)
    assert fresh.post("/privacy/withdraw/", everything)["Location"] == "/privacy/withdrawn/"
    assert scopes(bram) == []


def test_an_aunt_without_an_account_says_no_by_mail_alone(told):
    browser = Client(headers={"accept-language": "en"})
    browser.post("/privacy/not-a-member/", {"email": "tante@elders.example"})
    mail.send_due(datetime.now(UTC))
    letters = [path.read_text("utf-8") for path in told.site.mail.rglob("*.log")]
    [letter] = [one for one in letters if "tante@elders.example" in one]
    link = re.search(r"(/privacy/not-a-member/[\w:=.-]+/)", letter.replace("=\n", ""))
    assert link
    assert "One more press" in text(browser.get(link[1].replace("=3D", "=")))
    done = browser.post(link[1].replace("=3D", "="))
    assert "You have said no, and it counts" in text(done)
    aunt = models.Person.objects.get(email="tante@elders.example")
    assert scopes(aunt) == [Scope()]


def test_a_brazilian_appeals_a_refusal_and_stays_fenced(told):
    bram = told.person("bram")
    models.Person.objects.filter(pk=bram.pk).update(country="BR")
    browser = signed_in(told.person("bram"))
    opened = browser.post("/privacy/requests/", {})["Location"]
    asked = models.Request.objects.get()
    assert used(browser.get(MINE)) == set()  # fenced from the moment he asked
    models.Request.objects.update(state="in_progress")
    decisions.refuse(
        asked, reason="no_match", said="Nothing found.", by="a", second="b", now=told.now()
    )
    assert "Nothing found." in text(browser.get(opened))
    browser.post(f"{opened}appeal/", {"words": "Look again."})
    page = text(browser.get(opened))
    assert "Being decided." in page
    assert "Nothing of yours is used." in page


def test_marijke_confirms_her_name_and_brams_post_is_masked_in_the_next_build(told):
    marijke, bram = told.person("marijke"), told.person("bram")
    marijke.accounts.update(name="Marijke Zoutkeet")
    account = bram.accounts.filter(platform="mastodon").first() or bram.accounts.first()
    post = Post(
        account=AccountId(account.pk),
        platform=account.platform,
        kind=Kind.POST,
        audience=Audience.PUBLIC,
        created_at=datetime(2025, 6, 1, 9, tzinfo=UTC),
        origin="brams/zoutkeet",
        text="Vandaag hielp Marijke Zoutkeet mij met de fietsband, wat een geduld.",
        lang="nl",
    )
    lake = Lake(told.site.lake, told.site.home)
    lake.stage("zoutkeet", [(PersonId(bram.pk), post)])
    lake.publish("zoutkeet")
    browser = signed_in(marijke)
    assert "hielp <strong>Marijke Zoutkeet</strong> mij" in text(browser.get("/privacy/mentions/"))
    place = models.NamedIn.objects.get(post=post.id)
    browser.post("/privacy/mentions/", {"shown": [place.pk], "yes": place.pk})
    browser.post(OBJECT, {"email": marijke.email})
    told.build()
    [row] = [row for row in _kept(told) if row["post_id"] == post.id]
    assert "Zoutkeet" not in row["text"]
    assert "met de fietsband" in row["text"]  # the post stays his


def test_a_no_on_a_full_disk_is_noted_in_force_and_entered_later(told, monkeypatch):
    def full(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError("database or disk is full")

    bram = told.person("bram")
    browser = signed_in(bram)
    browser.get("/")
    monkeypatch.setattr(objection, "submit", full)
    page = browser.post(OBJECT, {"email": bram.email})
    assert page.status_code == 202
    assert "It counts from now." in text(page)
    assert used(browser.get(MINE)) == set()  # before any database took it
    monkeypatch.undo()
    assert spool.replay(told.site, told.now()) == 1
    assert "You have said no, and it counts" in text(browser.get("/privacy/objected/"))


def test_marijke_takes_her_file_along_and_has_the_rest_erased(told):
    marijke = told.person("marijke")
    browser = signed_in(marijke)
    browser.post(OBJECT, {"email": marijke.email})
    assert browser.get("/privacy/file/download/")["Content-Type"].startswith("text/html")
    file = browser.post("/privacy/file/download/")
    names = zipfile.ZipFile(io.BytesIO(file.content)).namelist()
    assert "you.json" in names
    assert any(name.endswith(".tlog-proof") for name in names)
    assert browser.post("/privacy/file/erase/", {"word": "yes"}).status_code == 400
    assert list(Lake(told.site.lake, told.site.home).posts_of(PersonId(marijke.pk)))
    gone = browser.post("/privacy/file/erase/", {"word": "erase"})
    assert "It is erased" in text(gone)
    assert not list(Lake(told.site.lake, told.site.home).posts_of(PersonId(marijke.pk)))
    marijke.refresh_from_db()
    assert marijke.erased_at is not None
    assert marijke.email == ""
    assert browser.get(MINE).status_code == 302  # signed out


@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_room_of_the_centre_is_one_press_away_from_it(told, language):
    browser = signed_in(told.person("bram"))
    centre = text(browser.get("/privacy/", headers={"accept-language": language}))
    for room in ("mine", "am-i-in-it", "mentions", "accounts", "requests", "switches", "file"):
        assert f'href="/privacy/{room}/"' in centre
        assert browser.get(f"/privacy/{room}/").status_code == 200


def _kept(told: Any) -> list[dict[str, Any]]:
    parts = sorted(told.site.build.rglob("kept.parquet"))
    return [row for part in parts for row in pq.read_table(part).to_pylist()]
