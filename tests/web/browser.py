"""A browser for the tests: Chromium as the system has it, somebody signed in, and what is looked at
on every page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from .conftest import PASSWORD

NARROW = {"width": 320, "height": 800}
WIDTHS = (390, 1280)


def sign_in(page: Page, address: str) -> None:
    page.goto(f"{address}/sign-in/?next=/")
    page.fill("#id_login", "anna")
    page.fill("#id_password", PASSWORD)
    page.click("main button[type=submit]")


def faults(page: Page, address: str | None) -> list[str]:
    """Loaded once and looked at in both widths; the last one is the telephone's again."""
    if address is not None:
        page.goto(address)
    faults = []
    english = page.evaluate("document.documentElement.lang") == "en"
    for width in reversed(WIDTHS if english else WIDTHS[:1]):  # the same page in other words
        page.set_viewport_size({"width": width, "height": 800})
        where = f"{page.url} at {width}"
        faults += [f"{where}: {one['id']}" for one in Axe().run(page).response["violations"]]
    page.set_viewport_size(NARROW)
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > NARROW["width"]:
        faults.append(f"{page.url}: {wide} pixels wide at {NARROW['width']}")
    if page.evaluate("document.querySelectorAll('h1').length") != 1:
        faults.append(f"{page.url}: not one h1")
    return faults
