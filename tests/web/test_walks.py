"""Anna walks through everything the assistant can do, in both languages, and axe with her."""

from __future__ import annotations

import io
import threading

import pytest
from PIL import Image
from playwright.sync_api import Page

from demur.assistant.images import Drawing
from demur.web import voice
from demur.web.models import Thread, Turn

from .browser import WIDTHS, faults, sign_in

pytestmark = pytest.mark.browser

WORDS = {
    "en": {
        "stop": "Stop",
        "stopped": "You stopped the answer here.",
        "again": "Another answer",
        "other": "Ask this in other words",
        "ask other": "Ask again in these words",
        "why": "Why this answer",
        "tools": "Rename, download or delete this conversation",
        "text": "Download as text",
        "delete": "Delete this conversation",
        "gone": "Deleted.",
        "narrow": "Narrow it down",
        "centre": "Are these your words?",
    },
    "nl": {
        "stop": "Stop",
        "stopped": "U hebt het antwoord hier gestopt.",
        "again": "Een ander antwoord",
        "other": "Dit anders vragen",
        "ask other": "Vraag het zo opnieuw",
        "why": "Waarom dit antwoord",
        "tools": "Dit gesprek hernoemen, ophalen of verwijderen",
        "text": "Ophalen als tekst",
        "delete": "Dit gesprek verwijderen",
        "gone": "Verwijderd.",
        "narrow": "Verfijnen",
        "centre": "Zijn dit uw woorden?",
    },
}


@pytest.fixture
def picture(monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(data, "PNG")
    drawing = Drawing(png=data.getvalue(), language="en", drew="composer", parts=("hill",))
    monkeypatch.setattr(voice, "draw", lambda _description: drawing)


def ask(page: Page, question: str) -> None:
    page.fill("#id_question", question)
    page.click("#ask button[type=submit]")


@pytest.mark.usefixtures("bob", "picture")
@pytest.mark.parametrize("language", ["en", "nl"])
def test_everything_it_can_do(chromium, address, anna, assistant, language):
    say = WORDS[language]
    context = chromium.new_context(locale=language, viewport={"width": WIDTHS[0], "height": 800})
    context.set_default_timeout(30_000)
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    found: list[str] = []
    sign_in(page, address)
    _converses(page, address, assistant, say, found)
    for path, field in (("write", "#id_about"), ("translate", "#id_text")):
        page.goto(f"{address}/{path}/")
        page.fill(field, "The fair is on Saturday.")
        page.click("#make button[type=submit]")
        page.wait_for_selector("#made .sources")
        assert page.url == f"{address}/{path}/"
        assert "near the old pump" in page.inner_text("#made .spoken")
        assert page.locator("#made").get_by_text(say["centre"]).is_visible()
        found += faults(page, None)
    page.goto(f"{address}/draw/")
    page.fill("#id_description", "A hill")
    page.click("#draw button[type=submit]")
    page.wait_for_selector(".drawing img")
    assert page.evaluate("document.querySelector('.drawing img').naturalWidth") == 64
    with page.expect_download() as drawn:
        page.click("a[download]")
    assert drawn.value.suggested_filename == "a-hill.png"
    found += faults(page, None)
    page.goto(f"{address}/search/")
    page.fill("#id_q", "fair")
    page.get_by_text(say["narrow"]).click()
    page.select_option("#id_kind", "post")
    page.click(".filters button[type=submit]")
    page.wait_for_selector(".posts")
    found += faults(page, None)
    assert found == []
    assert broken == []
    context.close()


def _converses(page: Page, address: str, assistant, say, found: list[str]) -> None:
    page.goto(f"{address}/ask/")
    assistant.hold = threading.Event()
    ask(page, "When is the fair?")
    with page.expect_response("**/stop/"):
        page.get_by_role("button", name=say["stop"]).click()
    assistant.hold.set()
    page.wait_for_selector("#conversation .answer")
    assert say["stopped"] in page.inner_text("#conversation")
    assert page.url == f"{address}/ask/{Thread.objects.get().pk}/"
    assert page.evaluate("document.activeElement.className") == "answer"
    page.get_by_role("button", name=say["again"]).click()
    page.wait_for_selector("#conversation .sources")
    ask(page, "And where?")
    page.wait_for_selector(".talk > li:nth-child(2) .sources")
    assert Turn.objects.count() == 4
    page.get_by_text(say["why"]).last.click()
    page.get_by_text(say["other"]).first.click()
    found += faults(page, None)
    page.fill(".edit textarea >> nth=0", "When is the fair this year?")
    page.get_by_role("button", name=say["ask other"]).first.click()
    page.wait_for_selector("text=this year")
    page.wait_for_selector("#conversation .sources")
    assert Turn.objects.count() == 2
    page.get_by_text(say["tools"]).click()
    with page.expect_download() as carried:
        page.get_by_role("link", name=say["text"]).click()
    assert carried.value.suggested_filename == "when-is-the-fair.txt"
    page.get_by_role("button", name=say["delete"]).click()
    page.wait_for_url("**/ask/conversations/**")
    assert say["gone"] in page.inner_text("main")
    assert not Thread.objects.exists()
    found += faults(page, None)


@pytest.mark.usefixtures("bob", "picture")
def test_everything_without_scripts_too(chromium, address, anna, assistant):
    context = chromium.new_context(locale="nl", java_script_enabled=False)
    context.set_default_timeout(30_000)
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/ask/")
    ask(page, "When is the fair?")
    ask(page, "And where?")
    assert page.locator(".answer .sources").count() == 2
    page.get_by_role("button", name=WORDS["nl"]["again"]).click()
    page.get_by_text(WORDS["nl"]["other"]).first.click()
    page.fill(".edit textarea >> nth=0", "When is it?")
    page.get_by_role("button", name=WORDS["nl"]["ask other"]).first.click()
    assert page.locator(".talk > li").count() == 1
    page.goto(f"{address}/write/")
    page.fill("#id_about", "The fair")
    page.click("#make button[type=submit]")
    assert "near the old pump" in page.inner_text("#made .spoken")
    assert not page.locator("[data-copy]").is_visible()
    page.goto(f"{address}/draw/")
    page.fill("#id_description", "A hill")
    page.click("#draw button[type=submit]")
    page.locator(".drawing img").wait_for()
    context.close()
