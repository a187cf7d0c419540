"""Somebody asks, and sees whose words the answer uses."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from demur.errors import NotFound, StandingUnreadable
from demur.web import page, voice
from demur.web.models import Thread

from .conftest import HOSTILE, POST_URL


def text(page) -> str:
    return html.unescape(page.content.decode())


def events(response) -> list[tuple[str, object]]:
    body = b"".join(response.streaming_content).decode()
    found = []
    for event in body.strip().split("\n\n"):
        name, data = event.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def asks(client, question="When is the fair?", at="/ask/"):
    return client.post(at, {"question": question}, follow=True)


def test_an_answer_shows_the_posts_it_draws_on(as_anna, bob, assistant):
    shown = text(asks(as_anna))
    assert re.search(r'<a href="#source-\d+-1" aria-label="source 1">\[1\]</a>', shown)
    assert f'href="{POST_URL}"' in shown
    assert "a member" in shown
    assert "@bob@dorp" not in shown, "he did not switch on that his name is shown"
    assert "<mark>near the old pump</mark>" in shown
    assert "1 other post" in shown
    assert 'href="/privacy/"' in shown
    assert assistant.asked[0][0] == "When is the fair?"


def test_without_a_question_there_is_no_answer(as_anna, assistant):
    shown = as_anna.post("/ask/", {"question": "  "})
    assert shown.status_code == 400
    assert "Type a question first" in text(shown)
    assert assistant.asked == []


def test_it_says_so_when_the_memories_were_shut(as_anna, assistant):
    assistant.memories = False
    assert "Nothing of this community was used" in text(asks(as_anna))


def test_an_answer_that_was_overtaken_by_a_no_is_taken_back(as_anna, assistant):
    assistant.finish = "standing-changed"
    shown = text(asks(as_anna))
    assert "This answer was taken back" in shown
    assert "near the old pump" not in shown


def test_html_in_answers_posts_and_handles_is_only_text(as_anna, register, assistant):
    register("bob", handle='"><b onclick=alert(1)>', named=True)
    assistant.text = f"{HOSTILE} [1] [7]"
    assistant.found = HOSTILE
    streamed = dict(events(as_anna.post("/ask/stream/", {"question": HOSTILE})))["answer"]
    whole = asks(as_anna, HOSTILE).content.decode()
    searched = as_anna.get("/search/", {"q": HOSTILE}).content.decode()
    for shown in (streamed, whole, searched):
        assert "<script>document" not in shown
        assert "<img" not in shown
        assert "<b onclick" not in shown
        assert "&gt;&lt;b onclick" in shown, "it is there, as text"
    assert "[7]" in streamed
    assert not re.search(r"#source-\d+-7", streamed)


def test_a_link_that_is_not_one_for_the_web_is_not_offered():
    assert page.link("javascript:alert(1)") is None
    assert page.link("//evil.example") is None
    assert page.link("https://dorp.example/1") == "https://dorp.example/1"


def test_the_answer_comes_word_by_word_and_then_whole(as_anna, bob, assistant):
    response = as_anna.post("/ask/stream/", {"question": "When is the fair?"})
    assert response["Content-Type"].startswith("text/event-stream")
    assert response["Cache-Control"] == "no-store"
    said = events(response)
    assert "".join(value for name, value in said if name == "piece") == assistant.text
    assert said[0] == ("thread", f"/ask/{Thread.objects.get().pk}/")
    assert said[-1][0] == "answer"
    assert re.search(r"#source-\d+-1", said[-1][1])


def test_a_stream_that_breaks_off_says_so_in_words(as_anna, assistant):
    assistant.breaks_off = StandingUnreadable("nobody can say")
    said = events(as_anna.post("/ask/stream/", {"question": "Hi?"}))
    assert said[-1][0] == "stopped"
    assert "nobody can say" not in str(said)


@pytest.mark.parametrize("refusal", [StandingUnreadable("x"), NotFound("nothing is released")])
def test_an_assistant_that_cannot_speak_says_not_just_now(as_anna, assistant, refusal):
    assistant.refusal = refusal
    for shown in (
        as_anna.post("/ask/", {"question": "Hi?"}),
        as_anna.post("/ask/stream/", {"question": "Hi?"}),
        as_anna.get("/search/?q=fair"),
    ):
        assert shown.status_code == 503
        assert "nobody's words are used" in text(shown)
    assert as_anna.get("/privacy/").status_code == 200
    assert as_anna.get("/privacy/object/").status_code == 200


def test_search_shows_public_posts_and_names_nobody_who_did_not_ask_for_it(as_anna, bob, assistant):
    shown = text(as_anna.get("/search/?q=fair"))
    assert "Fun at the fair near the old pump" in shown
    assert "a member" in shown
    assert "@bob@dorp" not in shown
    assert "1 post<" in shown
    assert "Nothing found" not in text(as_anna.get("/search/"))


def test_a_crowd_of_askers_leaves_room_and_is_asked_to_come_back(assistant):
    assistant.hold = threading.Event()
    said = [("user", "Hi?")]
    speaking = [voice.chat(said) for _ in range(voice.TURNS)]
    with pytest.raises(voice.NotNow, match="ask again"):
        voice.chat(said, patience=0)
    speaking[0].close()  # somebody stopped listening
    another = voice.chat(said, patience=0)
    assistant.hold.set()
    assert "".join(another) == assistant.text
    assert another.answer is not None
    assert "".join(speaking[1]) == assistant.text
    for _ in range(voice.ROOM + 1):  # every turn was given back, once
        list(voice.chat(said, patience=0))
        voice.search("fair", 1)


def test_who_waits_for_a_turn_takes_up_no_more_than_the_room_there_is(assistant):
    assistant.hold = threading.Event()
    said = [("user", "Hi?")]
    answers: list[str] = []
    askers = [
        threading.Thread(target=lambda: answers.append("".join(voice.chat(said))))
        for _ in range(voice.ROOM)
    ]
    for asker in askers:
        asker.start()
    wait_until(lambda: voice.FLOOR._room._value == 0)
    with pytest.raises(voice.NotNow):
        voice.chat(said)  # at once: nobody is kept waiting in a thread of their own
    with pytest.raises(voice.NotNow):
        voice.search("fair", 1)
    assistant.hold.set()
    for asker in askers:
        asker.join()
    assert answers == [assistant.text] * voice.ROOM


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_refusal_gives_the_turn_back(assistant):
    assistant.refusal = StandingUnreadable("x")
    for _ in range(voice.ROOM + 1):
        with pytest.raises(StandingUnreadable):
            voice.chat([("user", "Hi?")], patience=0)


def test_the_privacy_centre_starts_without_the_assistant(site):
    """A No must not wait for torch, nor fail with it."""
    code = (
        "import sys, django; django.setup(); import demur.web.urls; print('torch' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={"DJANGO_SETTINGS_MODULE": "demur.site.settings", "DEMUR_SITE": str(site.root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "False\n"
