"""Anna clicks: from the banner to her receipt, in both languages, with a mouse or the keyboard."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page

from demur.people import AccountId
from demur.posts import Mention
from demur.rights import deletion, links, models, objection
from demur.web import asking, outsiders, proof
from demur.web.models import Thread

from .browser import WIDTHS, faults, sign_in
from .conftest import PASSWORD
from .writing import keep, post

pytestmark = pytest.mark.browser

STRANGERS = ["/", "/about/", "/privacy/", "/log/", "/sign-in/?next=/privacy/object/"]
STRANGERS += ["/sign-in/link/", "/sign-in/link/sent/", "/sign-in/link/x/y/", "/nothing"]
STRANGERS += ["/privacy/notices/", "/notice/no-more/spent/"]
STRANGERS += ["/privacy/not-a-member/", "/privacy/not-a-member/mailed/", "/privacy/am-i-in-it/"]
ANNAS = ["/", "/privacy/", "/privacy/object/", "/privacy/mine/"]
ANNAS += ["/privacy/am-i-in-it/", "/privacy/mentions/", "/privacy/accounts/", "/privacy/requests/"]
ANNAS += ["/privacy/accounts/asked/", "/privacy/switches/", "/privacy/file/"]
ANNAS += ["/privacy/file/erase/", "/sign-in/codes/", "/sign-in/codes/on/"]
AFTERWARDS = ["/privacy/", "/privacy/objected/", "/privacy/receipts/", "/privacy/withdraw/"]
AFTERWARDS += ["/privacy/withdrawn/"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Object", "You have said no")),
        ("nl", ("Bezwaar maken", "U hebt nee gezegd")),
    ],
)
def test_from_the_banner_to_the_receipt_in_two_clicks_without_scripts(
    chromium, address, anna, language, words
):
    banner, done = words
    context = chromium.new_context(locale=language, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, address)
    clicks = 0
    page.locator(".banner").get_by_role("link", name=banner).click()
    clicks += 1
    assert page.locator("[required]").evaluate_all("fields => fields.map(f => f.name)") == ["email"]
    assert page.input_value("#id_email") == "anna@dorp.example"  # nothing to fill in
    page.locator("main form").get_by_role("button").click()
    clicks += 1
    assert done in page.inner_text("h1")
    assert clicks <= 2
    assert objection.standing_objection(anna) is not None
    with page.expect_download() as receipt:
        page.locator("main a[download]").click()
    assert receipt.value.suggested_filename.endswith(".tlog-proof")
    context.close()


def test_saying_no_takes_no_more_than_reading_on(chromium, address, anna):
    """The two ways in the banner are one click each, and of one size."""
    context = chromium.new_context(locale="en")
    page = context.new_page()
    sign_in(page, address)
    no, more = page.locator(".banner .actions a").all()
    assert no.bounding_box()["height"] == more.bounding_box()["height"]
    assert no.bounding_box()["y"] == more.bounding_box()["y"]
    context.close()


def test_with_the_keyboard_alone(chromium, address, anna):
    context = chromium.new_context(locale="nl")
    page = context.new_page()
    page.goto(f"{address}/sign-in/?next=/")
    while page.evaluate("document.activeElement.id") != "id_login":
        page.keyboard.press("Tab")
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".banner")
    _tab_to(page, "Bezwaar maken")
    page.keyboard.press("Enter")
    page.wait_for_selector("#id_email")
    _tab_to(page, "Bezwaar maken")
    page.keyboard.press("Enter")
    page.wait_for_url("**/privacy/objected/")
    assert objection.standing_objection(anna) is not None
    context.close()


def _tab_to(page: Page, name: str) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.innerText.trim()")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"  # one always sees where one is
        if focused == name:
            return
    raise AssertionError(f"{name} cannot be reached with the keyboard")


def test_an_answer_appears_while_it_is_spoken(chromium, address, anna, bob, assistant):
    context = chromium.new_context(locale="en")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    sign_in(page, address)
    page.goto(f"{address}/ask/")
    page.fill("#id_question", "When is the fair?")
    page.click("#ask button[type=submit]")
    page.wait_for_selector("#conversation .sources")
    assert page.url == f"{address}/ask/{Thread.objects.get().pk}/"
    assert "near the old pump" in page.inner_text("#conversation .spoken")
    assert page.inner_text("#state") == "The answer is complete."
    assert faults == []
    context.close()


def test_an_answer_comes_without_scripts_too(chromium, address, anna, bob, assistant):
    context = chromium.new_context(locale="en", java_script_enabled=False)
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/ask/")
    page.fill("#id_question", "When is the fair?")
    page.click("#ask button[type=submit]")
    assert "near the old pump" in page.inner_text("#conversation .spoken")
    context.close()


@pytest.fixture
def lived_in(site, anna, bob) -> list[str]:
    """Something on every page: posts, mentions, a link asked for, requests in both ends.

    Gives the addresses that are there because of it.
    """
    models.Account.objects.filter(person=anna).update(name="Anna de Vries")
    tag = Mention(start=5, end=10, key="mastodon:@anna")
    bobs = [
        post(1, "Hoi, @anna, lekkere taart", by="bob", mentions=(tag,)),
        post(2, "Gisteren zag ik Anna de Vries op de pont", by="bob"),
        post(3, "Het boek van Anna de Vries is uit", by="bob"),
    ]
    keep(site, bob, *bobs, named="bobs")
    keep(site, anna, *(post(number, f"Bericht nummer {number}.") for number in range(30)))
    now = datetime.now(UTC)
    mine = AccountId("mastodon:https://dorp.example/users/anna")
    asked = links.ask(bob, mine, now=now)
    links.ask(anna, AccountId("mastodon:https://dorp.example/users/bob"), now=now)
    models.Person.objects.filter(pk=anna.pk).update(country="BR")
    request = deletion.open_(anna, route="form", now=now)
    proof.send(outsiders.CONFIRM, "carla@elders.example", {"handles": ["@c"], "names": ["Carla"]})
    proof.send(asking.ANSWER, "carla@elders.example", {"handles": ["@anna"]})
    letters = models.Letter.objects.filter(kind=proof.LETTER).order_by("pk")
    return [
        f"/privacy/accounts/{asked.pk}/",
        f"/privacy/requests/{request.pk}/",
        f"/privacy/requests/{request.pk}/take-back/",
        f"/privacy/object/{post(1, 'Bericht nummer 1.').id}/",
        *(letter.payload["link"].partition("8000")[2] for letter in letters),
    ]


@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_page_is_for_everybody(chromium, address, lived_in, language):
    """axe finds nothing at the width of a telephone or a desk, nothing needs scrolling sideways,
    every page has one title, nothing fails."""
    context = chromium.new_context(locale=language, viewport={"width": WIDTHS[0], "height": 800})
    page = context.new_page()
    found: list[str] = []
    for path in STRANGERS:
        found += faults(page, f"{address}{path}")
    sign_in(page, address)
    for path in (*ANNAS, *lived_in):
        found += faults(page, f"{address}{path}")
    page.goto(f"{address}/privacy/object/")
    page.fill("#id_email", "nonsense")
    page.click("main summary")
    page.click("main button[name=part]")  # an error in each half of the form
    found += faults(page, None)
    page.fill("#id_email", "anna@dorp.example")
    page.click("main button[type=submit]")
    for path in AFTERWARDS:
        found += faults(page, f"{address}{path}")
    page.emulate_media(color_scheme="dark")
    found += faults(page, f"{address}/privacy/")
    assert found == []
    context.close()
