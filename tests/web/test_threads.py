"""Anna keeps a conversation: hers alone, as it may be shown today, and gone when she says so."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.test import Client

from demur.assistant.said import Enough
from demur.errors import NotFound, StandingUnreadable
from demur.rights import erasure
from demur.rights.place import here
from demur.web.models import Thread, Turn
from demur.web.streaming import STOPS, event

from .conftest import HOSTILE
from .writing import words

SAID = "near the old pump"


def asks(client: Client, question: str = "When is the fair?", at: str = "/ask/", **more: object):
    return client.post(at, {"question": question, **more}, follow=True)


def address() -> str:
    return f"/ask/{Thread.objects.get().pk}/"


def texts() -> list[str]:
    return list(Turn.objects.order_by("pk").values_list("text", flat=True))


@pytest.fixture
def as_bob(bob) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(bob.user)
    return client


def test_a_question_begins_a_conversation_that_is_found_again(as_anna, bob, assistant):
    page = asks(as_anna, "When is the fair, and who bakes for it this year? " * 2)
    assert page.redirect_chain[0][0].startswith(address())
    assert SAID in words(page)
    assert SAID in words(as_anna.get(address()))
    title = Thread.objects.get().title
    assert title.endswith("…")
    assert title in words(as_anna.get("/ask/"))
    assert title in words(as_anna.get("/ask/conversations/"))


def test_a_follow_up_takes_what_was_said_before_along(as_anna, assistant):
    asks(as_anna, "When is the fair?")
    asks(as_anna, "And where?", at=address())
    assert [role for role, _ in prompt(assistant)] == ["user", "assistant", "user"]
    assert texts() == ["When is the fair?", assistant.text, "And where?", assistant.text]


def test_no_more_goes_along_than_a_small_model_can_hold(as_anna, assistant):
    assistant.text = f"{SAID} " * 60
    for _ in range(3):
        asks(as_anna, "When?", at=address() if Thread.objects.exists() else "/ask/")
    assert [role for role, _ in prompt(assistant)] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("post", ""),
        ("post", "stream/"),
        ("post", "stop/"),
        ("post", "rename/"),
        ("get", "export.json"),
        ("get", "export.txt"),
    ],
)
def test_nobody_else_learns_that_it_is_there(as_anna, as_bob, assistant, method, path):
    asks(as_anna, "Is my knee getting better?")
    nothing = as_bob.get("/ask/00000000-0000-4000-8000-000000000000/")
    there = getattr(as_bob, method)(f"{address()}{path}", {"question": "x", "title": "x"})
    assert there.status_code == nothing.status_code == 404
    assert "knee" not in words(there)
    as_bob.post(f"{address()}delete/")
    as_bob.post("/ask/conversations/delete/")
    assert "knee" not in words(as_bob.get("/ask/conversations/"))
    assert "knee" in words(as_anna.get(address()))
    assert Turn.objects.count() == 2


def test_the_desk_has_no_page_for_them():
    assert not {Thread, Turn} & set(admin.site._registry)


def test_an_answer_that_quotes_somebody_who_says_no_is_shown_no_more(as_anna, bob, assistant):
    asks(as_anna)
    asks(as_anna, "And where?", at=address())
    assert SAID in words(as_anna.get(address()))
    assistant.silent.add("0" * 32)
    shown = words(as_anna.get(address()))
    assert SAID not in shown
    assert shown.count("This answer is no longer shown") == 2
    for kind in ("json", "txt"):
        carried = as_anna.get(f"{address()}export.{kind}").content.decode()
        assert SAID not in carried
        assert "And where?" in carried
    asks(as_anna, "Tell me more.", at=address())
    assert [text for _, text in prompt(assistant)] == ["Tell me more."]


def test_a_post_that_reads_otherwise_by_now_takes_the_answer_with_it(as_anna, assistant):
    asks(as_anna)
    assistant.found = "Fun at the fair, says [masked]"
    assert SAID not in words(as_anna.get(address()))


def test_what_followed_from_an_answer_goes_with_it(as_anna, assistant):
    """The second answer quotes nobody, but the first was before the model when it was said."""
    asks(as_anna)
    assistant.memories, assistant.text = False, "She said so herself."
    asks(as_anna, "Who said that?", at=address())
    assert "She said so" in words(as_anna.get(address()))
    assistant.memories = True
    assistant.silent.add("0" * 32)
    assert "She said so" not in words(as_anna.get(address()))


def test_while_nobody_can_say_who_objects_nothing_that_quotes_is_shown(as_anna, assistant):
    asks(as_anna)
    assistant.refusal = StandingUnreadable("x")
    shown = words(as_anna.get(address()))
    assert "cannot be shown just now" in shown
    assert SAID not in shown
    assert '"withheld": true' in as_anna.get(f"{address()}export.json").content.decode()


def prompt(assistant):
    """What the model was asked last."""
    return assistant.planned[-1].then[-1].prompt


def events(response) -> list[tuple[str, str]]:
    found = []
    for one in b"".join(response.streaming_content).decode().strip().split("\n\n"):
        name, data = one.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_an_answer_that_is_stopped_keeps_what_was_said_till_then(as_anna, assistant):
    response = as_anna.post("/ask/stream/", {"question": "When is the fair?"})
    heard = iter(response.streaming_content)
    first, second = next(heard), next(heard)
    assert b"event: thread" in first
    assert b"The" in second
    assert as_anna.post(f"{address()}stop/").status_code == 204
    rest = b"".join(heard).decode()
    assert "You stopped the answer here" in rest
    [answer] = Turn.objects.filter(role="answer")
    assert (answer.text, answer.finish) == ("The", "stopped")
    assert [each["post_id"] for each in answer.drawn] == ["0" * 32]
    response.close()
    assert not STOPS._wished


def test_whoever_stops_is_heard_while_words_are_held_back(as_anna, assistant, monkeypatch):
    def held_back(*_args: object, **_wishes: object):
        try:
            yield from ["The", *[""] * 1000]
        except Enough:
            yield replace(assistant.answer(), text="The", traced=())
        else:
            raise AssertionError("nobody was heard")

    monkeypatch.setattr(assistant, "speak", held_back)
    response = as_anna.post("/ask/stream/", {"question": "When is the fair?"})
    heard = iter(response.streaming_content)
    said = [next(heard) for _ in range(4)]
    assert said[2:] == [event("piece", "")] * 2
    as_anna.post(f"{address()}stop/")
    assert "You stopped the answer here" in b"".join(heard).decode()
    response.close()


def test_a_reader_who_leaves_finds_what_was_said_till_then(as_anna, assistant):
    response = as_anna.post("/ask/stream/", {"question": "When is the fair?"})
    heard = iter(response.streaming_content)
    for _ in range(3):
        next(heard)
    response.close()
    assert texts() == ["When is the fair?", "The fair"]
    assistant.silent.add("0" * 32)
    assert "The fair" not in words(as_anna.get(address()))


def test_an_answer_that_breaks_off_leaves_a_question_to_ask_again(as_anna, assistant):
    assistant.breaks_off = StandingUnreadable("x")
    assert "it broke off" in words(asks(as_anna))
    assert texts() == ["When is the fair?"]
    assistant.breaks_off = None
    as_anna.post(address(), {"again": "1"})
    assert texts() == ["When is the fair?", assistant.text]


def test_another_answer_takes_the_place_of_the_last(as_anna, assistant):
    asks(as_anna)
    asks(as_anna, "And where?", at=address())
    assistant.text = "At the pump."
    as_anna.post(address(), {"again": "1"})
    assert texts()[2:] == ["And where?", "At the pump."]
    assert [text for _, text in prompt(assistant)] == [*texts()[:2], "And where?"]


def test_an_answer_that_cannot_be_had_takes_nothing_away(as_anna, assistant):
    asks(as_anna)
    before = texts()
    assistant.refusal = NotFound("nothing is released")
    refused = as_anna.post(address(), {"again": "1"})
    assert refused.status_code == 503
    asked = as_anna.post(address(), {"question": "And where?"})
    assert asked.status_code == 503
    assert texts() == before


def test_other_words_for_a_question_drop_what_followed(as_anna, assistant):
    asks(as_anna, "When is the fare?")
    asks(as_anna, "And where?", at=address())
    first = Turn.objects.order_by("pk").first()
    asks(as_anna, "When is the fair?", at=address(), instead_of=first.pk)
    assert texts() == ["When is the fair?", assistant.text]
    assert [text for _, text in prompt(assistant)] == ["When is the fair?"]


def test_a_question_of_another_conversation_is_not_edited_from_here(as_anna, as_bob, assistant):
    asks(as_bob, "Bob's own")
    bobs = Turn.objects.order_by("pk").first()
    asks(as_anna, "Anna's own")
    hers = Thread.objects.get(user__username="anna")
    refused = as_anna.post(f"/ask/{hers.pk}/", {"question": "x", "instead_of": bobs.pk})
    assert refused.status_code == 404
    assert Turn.objects.get(pk=bobs.pk).text == "Bob's own"


def test_a_name_of_her_own(as_anna, assistant):
    asks(as_anna, HOSTILE)
    as_anna.post(f"{address()}rename/", {"title": f"Fair {HOSTILE}"})
    for path in (address(), "/ask/", "/ask/conversations/"):
        page = as_anna.get(path).content.decode()
        assert "Fair &lt;script&gt;" in page
        assert "<script>document" not in page
        assert "<img src=x" not in page


def test_carried_away_as_json_and_as_text(as_anna, bob, assistant):
    asks(as_anna, "When is the <b>fair</b>?")
    one = as_anna.get(f"{address()}export.json")
    assert one["Cache-Control"] == "no-store"
    assert "attachment" in one["Content-Disposition"]
    [thread] = json.loads(one.content)
    assert [turn["text"] for turn in thread["turns"]] == texts()
    whole = as_anna.get("/ask/conversations/export.txt").content.decode()
    assert "When is the <b>fair</b>?" in whole
    assert assistant.text in whole
    assert as_anna.get("/ask/conversations/export.pdf").status_code == 404


def test_deleted_is_gone_from_the_database_to_the_last_byte(site, as_anna, assistant):
    asks(as_anna, "Is my left knee getting better?")

    def lie_about() -> list[str]:
        files = site.root.glob(f"{site.database.name}*")
        return [file.name for file in files if b"left knee" in file.read_bytes()]

    assert lie_about()
    assert "erased" in words(as_anna.post(f"{address()}delete/", follow=True))
    assert not Turn.objects.exists()
    assert lie_about() == []


def test_all_of_them_at_once(as_anna, as_bob, assistant):
    for question in ("One?", "Two?"):
        asks(as_anna, question)
    asks(as_bob, "Bob's own")
    as_anna.post("/ask/conversations/delete/")
    assert [thread.title for thread in Thread.objects.all()] == ["Bob's own"]


@pytest.mark.parametrize("staff", [False, True])
def test_who_erases_what_is_theirs_erases_their_conversations(as_anna, anna, assistant, staff):
    anna.user.is_staff = staff
    anna.user.save()
    asks(as_anna, "Is my knee getting better?")
    erasure.erase(here(), anna, now=datetime.now(UTC))
    assert not Thread.objects.exists()


def test_they_are_in_her_rights_file(as_anna, assistant):
    asks(as_anna)
    made = as_anna.post("/privacy/file/download/")
    file = zipfile.ZipFile(io.BytesIO(made.content))
    assert SAID in file.read("conversations.json").decode()
    assert "conversations.json" in file.read("README.txt").decode()


def test_why_this_answer(site, as_anna, bob, assistant):
    shown = re.sub(r"\s+", " ", words(asks(as_anna)))
    assert "Parts of the model that spoke</dt><dd>2 of 4" in shown
    assert "ffffffffffff" in shown
    assert "1 other post" in shown
    assert 'href="/privacy/"' in shown


def test_a_name_stands_beside_words_only_where_its_owner_wants_it(as_anna, as_bob, bob, assistant):
    assistant.attribution = "Bob de Boer, CC BY 4.0"
    for see in (lambda: words(asks(as_anna)), lambda: words(as_anna.get("/search/?q=fair"))):
        assert "a member" in see()
        assert "@bob@dorp.example" not in see()
        assert "Bob de Boer, CC BY 4.0" in see(), "its licence asks for that"
    as_bob.post("/privacy/switches/", {"named": "on"})
    assert "@bob@dorp.example" in words(asks(as_anna))
    assert "@bob@dorp.example" in words(as_anna.get("/search/?q=fair"))
    as_bob.post("/privacy/switches/", {})
    assert "@bob@dorp.example" not in words(as_anna.get("/search/?q=fair"))
    own = words(as_bob.get("/search/?q=fair"))
    assert ">you<" in own
    assert f"/privacy/object/{'0' * 32}/" in own


def test_a_language_that_is_not_ready_is_said_to_be(as_anna, assistant):
    german = as_anna.get("/ask/", headers={"accept-language": "de"}).content.decode()
    assert "Deutsch" in german.split("<main")[1]
    english = as_anna.get("/ask/").content.decode()
    assert "not ready" not in english
