"""What somebody sees who only looks around."""

from __future__ import annotations

import gettext
import html
import re
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client

import demur.web

PUBLIC = [
    "/",
    "/about/",
    "/privacy/",
    "/privacy/not-a-member/",
    "/privacy/not-a-member/mailed/",
    "/privacy/am-i-in-it/",
    "/log/",
    "/sign-in/",
    "/sign-in/link/",
    "/sign-in/link/sent/",
]
OWN = ["/ask/", "/ask/conversations/", "/write/", "/translate/", "/draw/", "/search/?q=fair"]
OWN += ["/pictures/" + "0" * 64, "/privacy/object/", "/privacy/mine/", "/privacy/receipts/"]
OWN += ["/privacy/mentions/", "/privacy/accounts/", "/privacy/requests/", "/privacy/switches/"]
OWN += ["/privacy/file/", "/privacy/file/erase/", "/privacy/withdraw/", "/privacy/mine/file/"]


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("language", ["en", "nl", "de", "fr"])
def test_every_public_page_opens_in_each_language(visitor, path, language):
    page = visitor.get(path, headers={"accept-language": language})
    assert page.status_code == 200
    assert f'<html lang="{language}" dir="ltr">' in page.content.decode()


@pytest.mark.parametrize("path", OWN)
def test_members_pages_ask_a_stranger_to_sign_in_first(visitor, path):
    page = visitor.get(path)
    assert page.status_code == 302
    assert page["Location"].startswith("/sign-in/?next=/")


def test_a_language_is_chosen_by_a_link_and_remembered(visitor):
    page = visitor.get("/language/nl/?next=/privacy/", follow=True)
    assert page.redirect_chain == [("/privacy/", 302)]
    assert "Privacycentrum" in page.content.decode()
    assert 'lang="nl"' in visitor.get("/about/").content.decode()


@pytest.mark.parametrize(
    "onward", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_the_language_link_sends_nobody_elsewhere(visitor, onward):
    assert visitor.get("/language/nl/", {"next": onward})["Location"] == "/"


def test_a_stranger_gets_no_cookie_for_looking_around(visitor):
    for path in ("/", "/privacy/", "/about/", "/log/"):
        assert not visitor.get(path).cookies


def test_robots_may_find_these_pages_and_not_train_on_them(visitor):
    robots = visitor.get("/robots.txt")
    assert robots["Content-Type"].startswith("text/plain")
    assert "Content-Usage: / train-ai=n" in robots.content.decode()
    assert visitor.get("/")["Content-Usage"] == "train-ai=n, search=y"


def test_pages_carry_the_headers_that_keep_strangers_out_of_them(visitor):
    page = visitor.get("/privacy/")
    policy = page["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Referrer-Policy"] == "same-origin"


def test_no_page_asks_anybody_else_for_anything(visitor):
    for path in PUBLIC:
        page = visitor.get(path).content.decode()
        assert not re.findall(r"""(?:src|srcset|action)=["']https?:""", page)
        assert not re.findall(r"""<link[^>]+href=["']https?:""", page)
        assert " style=" not in page
        assert "<script>" not in page


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nothing", 404), ("/log/tile/0/999", 404), ("/language/xx/", 404)],
)
def test_what_is_not_there_says_so_quietly(visitor, path, status):
    page = visitor.get(path)
    assert page.status_code == status
    assert 'href="/privacy/"' in page.content.decode()


def test_a_page_that_only_reads_refuses_to_be_written_to(visitor):
    page = visitor.post("/about/")
    assert page.status_code == 405
    assert "GET" in page["Allow"]
    assert "cannot be done here" in page.content.decode()


def test_a_form_that_is_far_too_large_is_told_so(as_anna, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    page = as_anna.post("/privacy/object/", {"email": "a@b.nl", "reason": "x" * 2000})
    assert page.status_code == 413
    assert "too much at once" in page.content.decode()


def test_a_bug_shows_no_more_than_an_apology(site, monkeypatch):
    def bug(*_args, **_kwargs):
        raise RuntimeError("anna@dorp.example objected at 12:00")

    monkeypatch.setattr("demur.web.visitor.of", bug)
    page = Client(raise_request_exception=False).get("/")
    assert page.status_code == 500
    assert "anna" not in page.content.decode()
    assert "broke on our side" in page.content.decode()


def test_an_unreadable_database_leaves_the_privacy_centre_standing(as_anna):
    def gone(*_args, **_kwargs):
        raise OperationalError("disk I/O error")

    with connection.execute_wrapper(gone):
        centre = as_anna.get("/privacy/")
        assert centre.status_code == 200
        assert "What is never used" in centre.content.decode()
        assert "mailto:privacy@localhost" in centre.content.decode()
        assert "cannot look up just now which model" in centre.content.decode()
        for path in ("/ask/", "/search/", "/privacy/mine/"):
            refused = as_anna.get(path)
            assert refused.status_code == 503
            assert "nobody's words are used" in html.unescape(refused.content.decode())


class Missing(gettext.NullTranslations):
    """What a catalogue falls back to: nothing, where it would show the English sentence."""

    def gettext(self, message: str) -> str:
        return ""


@pytest.mark.parametrize("language", ["nl", "de", "fr"])
def test_every_sentence_of_every_page_is_there_in_each_language(language):
    """The catalogue is complete, and compiled from what lies beside it."""
    folder = Path(demur.web.__file__).parent / "locale" / language / "LC_MESSAGES"
    source = (folder / "django.po").read_text("utf-8")
    assert "fuzzy" not in source
    assert not re.search(r'^msgstr(?:\[\d\])? ""\n(?!")', source, re.MULTILINE)
    with (folder / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    compiled.add_fallback(Missing())
    templates = Path(demur.web.__file__).parent / "templates"
    said = set()
    for template in templates.rglob("*.*"):
        text = template.read_text("utf-8")
        said |= set(re.findall(r'{% translate "([^"]+)" %}', text))
        for block in re.findall(r"{% blocktranslate trimmed %}(.*?){% endblocktranslate %}", text):
            said.add(re.sub(r"{{ (\w+) }}", r"%(\1)s", block.strip()))
    assert len(said) > 100
    assert sorted(sentence for sentence in said if not compiled.gettext(sentence)) == []
