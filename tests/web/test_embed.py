"""The assistant in a frame on somebody else's page: it answers there, and shows how to object."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client

from demur.errors import NotFound, SiteUnusable
from demur.site import config

from .browser import sign_in
from .conftest import HOSTILE

PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Dorp</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src {site};
 frame-src {site}">
<script src="{site}/static/web/demur-assistant.js"></script></head>
<body><main><h1>The village square</h1>
<demur-assistant site="{site}" lang="{lang}"></demur-assistant></main></body></html>"""


@contextmanager
def page_of_another(site: str, lang: str = "en", *, host: str = "127.0.0.1") -> Iterator[str]:
    """A page at a port of its own, which is another origin; on localhost another site as well."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(PAGE.format(site=site, lang=lang).encode())

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def frames(site, settings):
    """Lets an origin frame the assistant."""

    def allow(*origins: str) -> None:
        settings.DEMUR_SITE = replace(site, config=replace(site.config, embed_origins=origins))

    return allow


# ---- who may frame it ----


def test_only_the_named_origins_may_frame_this_page_and_nobody_any_other(frames, as_anna):
    frames("https://dorp.example", "https://plein.example")
    framed = as_anna.get("/embed/")
    policy = framed["Content-Security-Policy"]
    assert "frame-ancestors https://dorp.example https://plein.example" in policy
    assert "X-Frame-Options" not in framed
    for path in ("/ask/", "/privacy/object/", "/sign-in/"):
        other = as_anna.get(path)
        assert "frame-ancestors 'none'" in other["Content-Security-Policy"]
        assert path == "/sign-in/" or other["X-Frame-Options"] == "DENY"


def test_where_no_origin_is_named_there_is_no_such_page(site, as_anna):
    assert as_anna.get("/embed/").status_code == 404
    assert as_anna.post("/embed/stream/", {"question": "When?"}).status_code == 404


@pytest.mark.parametrize(
    "origins",
    ['["*"]', '["https://*.dorp.example"]', '["http://dorp.example"]', '["https://d.example/x"]',
     '["https://d.example; script-src *"]', '[7]', '"https://dorp.example"'],
)  # fmt: skip
def test_an_origin_is_named_whole(site, origins):
    toml = site.root / "demur.toml"
    toml.write_text(
        toml.read_text().replace("[database]", f"embed_origins = {origins}\n[database]")
    )
    with pytest.raises(SiteUnusable, match="embed_origins"):
        config.read(toml)


def test_whoever_is_not_signed_in_sees_the_way_in_and_the_way_to_object(frames, visitor, assistant):
    frames("https://dorp.example")
    shown = visitor.get("/embed/", {"lang": "nl"}).content.decode()
    assert "Aanmelden" in shown
    assert "/privacy/object/" in shown
    assert "<form" not in shown
    assert visitor.post("/embed/", {"question": "When?"}).status_code == 200
    assert visitor.post("/embed/stream/", {"question": "When?"}).status_code == 403
    assert assistant.asked == []


def test_a_page_elsewhere_cannot_ask_in_somebodys_name(frames, anna, assistant):
    frames("https://dorp.example")
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna.user)
    for path in ("/embed/", "/embed/stream/"):
        assert client.post(path, {"question": "When?"}).status_code == 403
    assert assistant.asked == []


def test_without_scripts_the_answer_comes_with_the_page_and_is_inert(frames, as_anna, assistant):
    frames("https://dorp.example")
    assistant.text = assistant.found = HOSTILE
    shown = as_anna.post("/embed/?lang=nl", {"question": "Wanneer?"}).content.decode()
    assert "<script>document" not in shown
    assert "&lt;script&gt;document" in shown
    assert 'lang="nl"' in shown
    assert as_anna.post("/embed/", {"question": " "}).status_code == 400


def test_an_assistant_that_cannot_speak_says_so_in_the_frame(frames, as_anna, assistant):
    frames("https://dorp.example")
    assistant.refusal = NotFound("nothing is released")
    refused = as_anna.post("/embed/", {"question": "When?"})
    assert refused.status_code == 503


# ---- in a browser, on a page of another origin ----


@pytest.mark.browser
@pytest.mark.usefixtures("anna", "bob", "assistant")
def test_she_asks_on_the_village_s_own_page_and_sees_how_to_object(chromium, address, frames):
    context = chromium.new_context(locale="en", viewport={"width": 390, "height": 800})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    with page_of_another(address, "nl") as origin:
        frames(origin)
        sign_in(page, address)
        page.goto(origin)
        inside = page.frame_locator("demur-assistant iframe")
        inside.locator("#id_question").fill("Wanneer is de kermis?")
        inside.get_by_role("button", name="Vragen").click()
        inside.locator("#answer .sources").wait_for()
        assert "near the old pump" in inside.locator("#answer .spoken").inner_text()
        inside.get_by_text("Het antwoord is compleet.").wait_for()
        object_ = page.locator("demur-assistant").get_by_role("link", name="zeg nee")
        assert object_.get_attribute("href") == f"{address}/privacy/object/"
        assert object_.is_visible()
        assert inside.locator("footer a").is_visible()
        assert Axe().run(page).response["violations"] == []
        assert faults == []
    context.close()


@pytest.mark.browser
def test_the_frame_itself_is_for_everybody(chromium, address, anna, frames):
    frames("http://localhost:1")
    context = chromium.new_context(locale="en", viewport={"width": 320, "height": 600})
    page = context.new_page()
    for way_in in (lambda: None, lambda: sign_in(page, address)):
        way_in()
        page.goto(f"{address}/embed/")
        assert [each["id"] for each in Axe().run(page).response["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()


@pytest.mark.browser
def test_on_a_page_that_is_not_named_the_frame_stays_shut_and_the_way_to_object_in_sight(
    chromium, address, anna, assistant, frames
):
    context = chromium.new_context(locale="en")
    page = context.new_page()
    with page_of_another(address) as origin:
        frames("https://dorp.example")
        sign_in(page, address)
        page.goto(origin)
        page.wait_for_load_state("networkidle")
        assert page.frame_locator("demur-assistant iframe").locator("#id_question").count() == 0
        assert page.locator("demur-assistant").get_by_role("link", name="say no").is_visible()
    context.close()


@pytest.mark.browser
def test_on_another_site_the_frame_knows_nobody_and_shows_the_way_in(
    chromium, address, anna, assistant, frames
):
    """Her sign-in is a cookie that goes along to pages of the same site alone."""
    context = chromium.new_context(locale="en")
    page = context.new_page()
    with page_of_another(address, host="localhost") as origin:
        frames(origin)
        sign_in(page, address)
        page.goto(origin)
        inside = page.frame_locator("demur-assistant iframe")
        door = inside.get_by_role("link", name="Sign in")
        door.wait_for()
        assert door.get_attribute("target") == "_blank"
        assert inside.locator("#id_question").count() == 0
    context.close()
