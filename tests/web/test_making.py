"""Anna has something written, translated and drawn, and looks for posts. Nothing of it is kept."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import date

import pytest

from demur.assistant.images import Drawing
from demur.assistant.pictures import Picture
from demur.errors import NotFound, StandingUnreadable
from demur.rights import models
from demur.web import voice
from demur.web.making import SURFACES
from demur.web.models import Turn

from .conftest import HOSTILE, POST_URL
from .writing import words

BRIEF = {"form": "email", "about": "the fair", "tone": "friendly", "length": "short"}
BRIEF |= {"language": "en"}
TEXT = {"text": "Het feest is zaterdag.", "into": "en"}
PNG = b"\x89PNG\r\n\x1a\n, let us say"
SHA = "ab" * 32


@pytest.mark.parametrize(("path", "sent"), [("/write/", BRIEF), ("/translate/", TEXT)])
def test_what_is_made_stands_beside_its_sources(as_anna, bob, assistant, path, sent):
    assert as_anna.get(path).status_code == 200
    shown = words(as_anna.post(path, sent))
    assert "<mark>near the old pump</mark>" in shown
    assert f'href="{POST_URL}"' in shown
    assert "Why this answer" in shown
    assert 'href="/privacy/"' in shown
    said = b"".join(as_anna.post(f"{path}stream/", sent).streaming_content).decode()
    pieces = re.findall(r"event: piece\ndata: (.*)", said)
    assert "".join(map(json.loads, pieces)) == assistant.text
    assert "near the old pump" in said.rpartition("event: answer")[2]
    assert not Turn.objects.exists()
    assert {row.surface for row in models.Answered.objects.all()} == {SURFACES[path.strip("/")]}


def test_the_wish_arrives_as_it_was_made(as_anna, assistant, monkeypatch):
    briefs = []
    real = voice.write
    monkeypatch.setattr(voice, "write", lambda brief: briefs.append(brief) or real(brief))
    as_anna.post("/write/", BRIEF | {"language": "nl"})
    [brief] = briefs
    assert (brief.form, brief.about, brief.tone) == ("email", "the fair", "friendly")
    assert (brief.length, brief.language) == ("short", "nl")
    dutch = as_anna.get("/write/", headers={"accept-language": "nl"}).content.decode()
    assert '<option value="nl" selected>' in dutch


@pytest.mark.parametrize("language", ["nl", "en"])
def test_who_reads_a_page_wants_to_read_the_translation(as_anna, language):
    page = as_anna.get("/translate/", headers={"accept-language": language}).content.decode()
    assert f'<option value="{language}" selected>' in page


@pytest.mark.parametrize(
    ("path", "sent", "sentence"),
    [
        ("/write/", BRIEF | {"about": " "}, "Say what it should be about"),
        ("/write/", BRIEF | {"form": "poem"}, "Select a valid choice"),
        ("/translate/", TEXT | {"text": ""}, "Paste or type a text first"),
        ("/translate/", TEXT | {"text": "x" * 4001}, "at most 4000"),
        ("/translate/", TEXT | {"into": "tlh"}, "Select a valid choice"),
        ("/draw/", {"description": ""}, "Describe the picture first"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(as_anna, assistant, path, sent, sentence):
    page = as_anna.post(path, sent)
    assert page.status_code == 400
    assert sentence in words(page)
    assert assistant.asked == []
    if path != "/draw/":
        assert as_anna.post(f"{path}stream/", sent).status_code == 400


@pytest.mark.parametrize(
    ("path", "sent"), [("/write/", BRIEF), ("/translate/", TEXT), ("/draw/", {"description": "a"})]
)
def test_not_just_now_leaves_the_wish_in_the_form(as_anna, assistant, monkeypatch, path, sent):
    assistant.refusal = StandingUnreadable("x")

    def refuse(_description):
        raise assistant.refusal

    monkeypatch.setattr(voice, "draw", refuse)
    page = as_anna.post(path, sent)
    assert page.status_code == 503
    assert "nobody's words are used" in words(page)
    assert next(iter(set(sent.values()) - {"email"})) in words(page)


@pytest.mark.parametrize("path", ["/write/", "/translate/"])
def test_html_in_a_draft_is_only_text(as_anna, bob, assistant, path):
    assistant.text = assistant.found = f"{HOSTILE} [1]"
    sent = BRIEF | {"about": HOSTILE} if path == "/write/" else TEXT | {"text": HOSTILE}
    streamed = b"".join(as_anna.post(f"{path}stream/", sent).streaming_content).decode()
    for shown in (
        as_anna.post(path, sent).content.decode(),
        json.loads(streamed.rpartition("data: ")[2]),
    ):
        assert "<script>document" not in shown
        assert "<img" not in shown


@pytest.fixture
def drawn(monkeypatch) -> list[Drawing]:
    made = [Drawing(png=PNG, language="en", drew="composer", parts=("sun", "hill"))]
    monkeypatch.setattr(voice, "draw", lambda _description: made[-1])
    return made


def test_a_picture_says_what_drew_it_and_is_kept_nowhere(as_anna, site, drawn):
    page = as_anna.post("/draw/", {"description": 'A hill" onload="alert(1)'})
    shown = page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert f'src="data:image/png;base64,{b64encode(PNG).decode()}"' in shown
    assert 'alt="A hill&quot; onload=&quot;alert(1)"' in shown
    assert "No model drew it" in shown
    assert "sun; hill" in shown
    assert re.search(r'download="a-hill-onloadalert1\.png"', shown)
    drawn.append(Drawing(png=PNG, language="en", drew="demur-flow", shards=(1, 2)))
    assert "Drawn by the image model demur-flow" in words(
        as_anna.post("/draw/", {"description": "A hill"})
    )


def test_a_picture_that_is_declined_says_why(as_anna, drawn):
    drawn.append(Drawing(png=b"", language="nl", drew="composer", declined="Geen gelijkenis."))
    shown = as_anna.post("/draw/", {"description": "Anna"}).content.decode()
    assert "Geen gelijkenis." in shown
    assert "data:image" not in shown


def test_search_is_narrowed_by_where_when_what_and_language(as_anna, anna, bob, assistant):
    models.GroupDeclared.objects.create(name="Bakkers", line=anna.line)
    asked = {"q": "fair", "platform": "mastodon", "group": "Bakkers", "kind": "comment"}
    asked |= {"lang": "nl", "since": "2026-01-02", "until": "2026-02-03"}
    page = as_anna.get("/search/", asked)
    assert page.status_code == 200
    assert "<details" in words(page)
    assert "1 October 2026" in words(page)
    where = assistant.where
    assert (where.platform, where.group, where.kinds) == ("mastodon", "Bakkers", ("comment",))
    assert (where.lang, where.since, where.until) == ("nl", date(2026, 1, 2), date(2026, 2, 3))


def test_by_name_only_those_are_found_who_let_it_be_shown(as_anna, anna, bob, assistant):
    refused = as_anna.get("/search/", {"q": "fair", "who": "@bob"})
    assert refused.status_code == 400
    assert "Nobody of this name" in words(refused)
    assert "near the old pump" not in words(refused)
    nobody = as_anna.get("/search/", {"q": "fair", "who": "@nobody"})
    told, other = (words(each).split("<main")[1].split("</main")[0] for each in (refused, nobody))
    assert other.replace("@nobody", "@bob") == told, "nobody learns who is here"
    as_anna.get("/search/", {"q": "fair", "who": "@anna"})
    assert assistant.where.accounts == ("mastodon:https://dorp.example/users/anna",)
    models.Person.objects.filter(pk=bob.pk).update(named=True)
    for typed in ("bob", "@bob", "@bob@dorp.example", "BOB"):
        assert as_anna.get("/search/", {"q": "fair", "who": typed}).status_code == 200
        assert assistant.where.accounts == ("mastodon:https://dorp.example/users/bob",)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"since": "2026-02-03", "until": "2026-01-02"}, "Swap the two"),
        ({"since": "yesterday"}, "not a date we can read"),
        ({"platform": "elsewhere"}, "Select a valid choice"),
        ({"kind": "chat"}, "Select a valid choice"),
    ],
)
def test_a_search_that_cannot_be_meant_says_so(as_anna, bob, assistant, asked, sentence):
    page = as_anna.get("/search/", {"q": "fair"} | asked)
    assert page.status_code == 400
    assert sentence in words(page)
    assert "near the old pump" not in words(page)


def test_a_posted_picture_is_shown_only_while_it_may_be(as_anna, monkeypatch):
    monkeypatch.setattr(voice, "picture", lambda _: Picture(data=PNG, media_type="image/png"))
    seen = as_anna.get(f"/pictures/{SHA}")
    assert (seen.content, seen["Content-Type"]) == (PNG, "image/png")
    assert seen["Cache-Control"] == "no-store"
    assert "sandbox" in seen["Content-Security-Policy"]

    def gone(_sha: str) -> Picture:
        raise NotFound("There is no such picture here.")

    monkeypatch.setattr(voice, "picture", gone)
    assert as_anna.get(f"/pictures/{SHA}").status_code == 404
    assert as_anna.get("/pictures/../secrets").status_code == 404
