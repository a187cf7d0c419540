"""Saying no to a part, to one post, without a database; and taking it back."""

from __future__ import annotations

import errno
from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client

from demur.people import EVERYTHING, Scope, Use
from demur.posts import Kind
from demur.rights import letters, models, objection, spool
from demur.web import objecting, visitor

from .conftest import NOW, PASSWORD
from .writing import keep, post, text, words

FORM = "/privacy/object/"
EMAIL = {"email": "anna@dorp.example"}


def scopes(person: models.Person) -> list[Scope]:
    return [Scope.from_json(no.scope) for no in objection.standing_objections(person)]


def full(*_args: object, **_kwargs: object) -> None:
    raise OperationalError("database or disk is full")


def grow_old(client: Client) -> None:
    """Her sign-in was an hour ago."""
    session = client.session
    session[visitor.PROVED] -= 3600
    session.save()


# ---- a part ----


def test_by_default_her_no_covers_everything(as_anna, anna):
    as_anna.post(FORM, EMAIL)
    assert scopes(anna) == [EVERYTHING]


def test_what_she_ticked_counts_only_with_the_button_below_it(as_anna, anna):
    """The first button is everything, whatever stands ticked under it: the wider No is safer."""
    as_anna.post(FORM, EMAIL | {"kinds": ["photos"]})
    assert scopes(anna) == [EVERYTHING]


def test_anna_says_no_to_photos_of_one_year_being_quoted(as_anna, anna):
    part = {
        "part": "1",
        "kinds": ["photos"],
        "uses": ["answers", "search"],
        "since": "2019-01-01",
        "until": "2019-12-31",
    }
    done = as_anna.post(FORM, EMAIL | part, follow=True)
    assert scopes(anna) == [
        Scope(
            kinds=(Kind.PHOTO,),
            uses=(Use.ANSWERS, Use.SEARCH),
            since=date(2019, 1, 1),
            until=date(2019, 12, 31),
        )
    ]
    page = words(done)
    assert "My photos · from 1 January 2019 on · up to and including 31 December 2019" in page
    assert "It is about a part." in page
    assert "uses nothing that you wrote" not in page


def test_several_nos_stand_beside_each_other_each_with_its_receipt(as_anna, anna):
    as_anna.post(FORM, EMAIL | {"part": "1", "kinds": ["photos"]})
    as_anna.post(FORM, EMAIL | {"part": "1", "uses": ["translation"]})
    page = text(as_anna.get("/privacy/objected/"))
    for no in objection.standing_objections(anna):
        assert f"/privacy/receipts/{no.entry_id}.tlog-proof" in page
    assert "You have said no to:" in text(as_anna.get(FORM))


@pytest.mark.parametrize(
    "part",
    [{}, {"since": "2020-01-01", "until": "2019-01-01"}, {"kinds": ["souls"]}, {"uses": ["sale"]}],
)
def test_a_part_that_is_none_is_asked_about_and_nothing_is_lost(as_anna, anna, part):
    page = as_anna.post(FORM, EMAIL | {"part": "1", "reason": "daarom"} | part)
    assert page.status_code == 400
    assert "<details open>" in text(page)
    assert "daarom" in text(page)
    assert scopes(anna) == []


def test_platforms_are_offered_where_there_are_several(as_anna, anna):
    assert 'name="platform"' not in text(as_anna.get(FORM))
    models.Account.objects.create(id="bluesky:did:1", person=anna, platform="bluesky", line=0)
    assert 'name="platform"' in text(as_anna.get(FORM))
    as_anna.post(FORM, EMAIL | {"part": "1", "platform": "bluesky"})
    assert scopes(anna) == [Scope(platform="bluesky")]


def test_one_post_of_hers(as_anna, anna, site):
    keep(site, anna, post(1, "De kermis staat weer op het plein"))
    mine = post(1, "De kermis staat weer op het plein").id
    page = as_anna.get(f"{FORM}{mine}/")
    assert "De kermis staat weer" in text(page)
    assert 'value="anna@dorp.example"' in text(page)
    as_anna.post(f"{FORM}{mine}/", EMAIL)
    assert scopes(anna) == [Scope(post=mine)]


def test_somebody_elses_post_does_not_exist_for_her(as_anna, bob, site):
    keep(site, bob, post(1, "Bobs soep", by="bob"))
    theirs = post(1, "Bobs soep", by="bob").id
    for path in (f"{FORM}{theirs}/", f"{FORM}{'0' * 32}/"):
        assert as_anna.get(path).status_code == 404
        assert as_anna.post(path, EMAIL).status_code == 404


# ---- without a database ----


def test_a_no_on_a_full_disk_is_written_down_beside_and_the_page_says_so(
    as_anna, anna, site, monkeypatch
):
    monkeypatch.setattr(objection, "submit", full)
    noted = as_anna.post(FORM, EMAIL | {"reason": "daarom"})
    assert noted.status_code == 202
    assert "You have no receipt yet" in text(noted)
    [waiting] = spool.waiting(site.spools)
    assert waiting.said["person"] == anna.pk
    assert waiting.said["scope"] == {}
    monkeypatch.undo()
    spool.replay(site, NOW)
    assert scopes(anna) == [EVERYTHING]


def test_when_nobody_can_be_looked_up_an_address_is_enough(as_anna, anna, site):
    def gone(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("disk I/O error")

    with connection.execute_wrapper(gone):
        form = as_anna.get(FORM)
        assert form.status_code == 200
        assert "cannot look up who you are" in text(form)
        assert as_anna.post(FORM, {"email": ""}).status_code == 400
        assert as_anna.post(FORM, EMAIL).status_code == 202
    spool.replay(site, NOW)
    assert scopes(anna) == [EVERYTHING]


def test_when_no_disk_takes_it_the_page_says_that_nothing_was_noted(as_anna, monkeypatch):
    def no_room(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(objection, "submit", full)
    monkeypatch.setattr(spool, "keep", no_room)
    page = as_anna.post(FORM, EMAIL)
    assert page.status_code == 503
    assert "your No is not kept yet" in text(page)
    assert "mailto:privacy@localhost" in text(page)


@pytest.mark.parametrize("door", ["/sign-in/", "/sign-in/link/"])
def test_whoever_cannot_be_let_in_on_a_full_disk_can_still_say_no(visitor, anna, site, door):
    def full_disk(execute, sql, *rest):
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            raise OperationalError("database or disk is full")
        return execute(sql, *rest)

    says = {"login": "anna", "password": PASSWORD, **EMAIL}
    with connection.execute_wrapper(full_disk):
        elsewhere = visitor.post(door, says | {"next": "/privacy/mine/"})
        assert "Not just now" in text(elsewhere)
        form = visitor.post(door, says | {"next": FORM})
        assert form.status_code == 503
        assert f'action="{FORM}"' in text(form)
        token = form.context["token"]
        assert visitor.post(FORM, EMAIL | {"blind": token}).status_code == 202
    spool.replay(site, NOW)
    assert scopes(anna) == [EVERYTHING]


def test_the_form_without_a_sign_in_is_given_out_only_then(visitor, anna):
    for token in ("", "x", "x:y:z"):
        sent = visitor.post(FORM, EMAIL | {"blind": token})
        assert sent["Location"].startswith("/sign-in/")
    assert scopes(anna) == []


# ---- taking it back ----


def test_taking_it_back_needs_a_fresh_sign_in(as_anna, anna):
    as_anna.post(FORM, EMAIL)
    grow_old(as_anna)
    everything = {"which": "all", "sure": "on"}
    refused = as_anna.post("/privacy/withdraw/", everything)
    assert refused.status_code == 302
    assert refused["Location"] == "/sign-in/again/?next=/privacy/withdraw/"
    assert scopes(anna) == [EVERYTHING]


def test_whoever_has_no_password_proves_it_by_a_link(register):
    carla = register("carla", signs_in=False)
    user = User.objects.create_user("carla", "carla@dorp.example")
    models.Person.objects.filter(pk=carla.pk).update(user=user)
    client = Client()
    client.force_login(user)
    grow_old(client)
    door = client.get("/privacy/file/erase/")["Location"]
    assert door == "/sign-in/link/?next=/privacy/file/erase/"


def test_taking_it_back_takes_a_box_that_nobody_ticks_in_passing(as_anna, anna):
    as_anna.post(FORM, EMAIL)
    line = str(objection.standing_objection(anna).entry_id)
    page = as_anna.get("/privacy/withdraw/")
    assert "It does not reach back" in text(page)
    assert as_anna.post("/privacy/withdraw/", {"which": line}).status_code == 400
    assert scopes(anna) == [EVERYTHING]
    done = as_anna.post("/privacy/withdraw/", {"which": line, "sure": "on"}, follow=True)
    assert "Nothing has changed in the assistant yet" in text(done)
    assert scopes(anna) == []


def test_one_of_several_is_taken_back_and_the_others_stand(as_anna, anna):
    for part in ({"kinds": ["photos"]}, {"uses": ["search"]}):
        as_anna.post(FORM, EMAIL | {"part": "1"} | part)
    photos = objection.standing_objections(anna)[0]
    which = {"which": str(photos.entry_id), "sure": "on"}
    page = as_anna.post("/privacy/withdraw/", which, follow=True)
    assert "This still stands:" in text(page)
    assert scopes(anna) == [Scope(uses=(Use.SEARCH,))]


def test_bob_cannot_take_annas_no_back(as_anna, anna, bob):
    as_anna.post(FORM, EMAIL)
    client = Client()
    client.force_login(bob.user)
    client.post(FORM, {"email": "bob@dorp.example"})
    line = str(objection.standing_objection(anna).entry_id)
    assert client.post("/privacy/withdraw/", {"which": line, "sure": "on"}).status_code == 400
    assert scopes(anna) == [EVERYTHING]


def test_a_no_that_somebody_else_made_is_undone_by_the_letters_link(visitor, anna):
    no = objection.submit(anna, route="agent", email="agent@verein.example", now=NOW_IS)
    path = "/" + letters.undo_link(no, anna).split("/", 3)[3]
    looked = visitor.get(path)
    assert "Somebody said no in your name" in text(looked)
    assert scopes(anna) == [EVERYTHING]  # a mail program that opens links changes nothing
    assert "It is undone" in text(visitor.post(path))
    assert scopes(anna) == []
    assert "It is undone" in text(visitor.get(path))
    assert visitor.get("/undo/x.y.z/").status_code == 404


NOW_IS = datetime.now(UTC)


def test_words_of_a_scope_are_a_persons(anna):
    no = objection.submit(anna, route="form", scope=Scope(platform="mastodon"), now=NOW)
    assert objecting.shown(no).covers == "from Mastodon"
