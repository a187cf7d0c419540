"""The authority's portal: who may read it, what stands in it, and the order that it takes."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser

from demur.people import Scope
from demur.rights import authority, models, objection
from demur.rights.authority import Order, Verb
from demur.rights.place import here
from demur.tlog import note

ITALY = Scope(country="IT")
KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
HTML = {"accept": "text/html", "accept-language": "en"}


@pytest.fixture
def garante(site) -> models.Authority:
    user = User.objects.create_user("garante", password="dorp aan zee 1")
    vkey = str(note.key_of("garante.example", KEY))
    return authority.add("Garante", vkey, countries=["IT"], user=user, now=datetime.now(UTC))


@pytest.fixture
def reader(garante) -> Client:
    client = Client(headers=HTML)
    client.force_login(garante.user)
    return client


def signed(*, verb: Verb = Verb.HALT, id: str = "1", scope: Scope = ITALY) -> str:
    now = datetime.now(UTC).replace(microsecond=0)
    order = Order(
        verb=verb, scope=scope, id=id, issued=now, expires=now + timedelta(days=1),
        site=here().origin,
    )  # fmt: skip
    return note.sign(order.text, "garante.example", KEY)


PAGES = ["/authority/", "/authority/dry-run/", "/authority/lines/", "/authority/sheets/holds.csv"]


@pytest.mark.parametrize("path", PAGES)
def test_a_member_finds_nothing_there(path, as_anna, garante):
    assert as_anna.get(path).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_asked_to_sign_in(path, visitor, garante):
    response = visitor.get(path)
    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/sign-in/")


def test_a_retired_authority_reads_no_more(reader, garante):
    authority.retire(garante, now=datetime.now(UTC))
    assert reader.get("/authority/").status_code == 403


def test_everything_stands_there_and_nobody_does(reader, anna):
    said = objection.submit(anna, route="form", reason="my own words", now=datetime.now(UTC))
    models.Built.objects.create(
        at=datetime.now(UTC), policy="0" * 64, kept={"0": 7}, reasons={"author-objects": 3}
    )
    pages = [reader.get(path).content.decode() for path in PAGES]
    assert "author-objects" in pages[0]
    assert f"Line {said.entry_id}" in pages[2]
    for secret in ("anna", "my own words", anna.pk):
        assert not any(secret in page for page in pages)


def test_the_numbers_can_be_taken_along(reader):
    models.Built.objects.create(
        at=datetime.now(UTC), policy="0" * 64, kept={"0": 7}, reasons={"=evil()": 3}
    )
    rows = list(
        csv.DictReader(io.StringIO(reader.get("/authority/sheets/reasons.csv").content.decode()))
    )
    assert [(row["reason"], row["posts"]) for row in rows] == [("'=evil()", "3")]
    assert json.loads(reader.get("/authority/sheets/kept.json").content)["kept"][0]["posts"] == 7
    assert reader.get("/authority/sheets/kept.exe").status_code == 404
    assert reader.get("/authority/sheets/people.csv").status_code == 404


def test_a_line_comes_with_its_proof(reader, garante, tmp_path):
    proof = reader.get(f"/authority/lines/{garante.entry_id}.tlog-proof")
    assert proof.content.startswith(b"c2sp.org/tlog-proof@v1\n")


def test_nothing_but_the_order_can_be_sent(reader):
    for path in PAGES:
        assert reader.post(path).status_code == 405


@pytest.mark.usefixtures("garante")
def test_a_machine_sends_an_order_without_a_cookie(visitor):
    client = Client(enforce_csrf_checks=True)
    text = signed()
    taken = client.post("/authority/orders/", text, content_type="text/plain")
    assert taken.status_code == 201
    assert taken.json()["order"] == "HALT"
    again = client.post("/authority/orders/", text, content_type="text/plain")
    assert again.status_code == 403
    assert "came before" in again.json()["error"]


@pytest.mark.usefixtures("garante")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 403),
        ("HALT", 403),
        ("x" * 17_000, 413),
        ("x" * 400_000, 413),
        (b"\xff\xfe", 403),
    ],
)
def test_what_is_no_order_is_answered_with_a_sentence(body, status, visitor):
    taken = visitor.post("/authority/orders/", body, content_type="text/plain")
    assert taken.status_code == status
    assert taken.json()["error"].endswith(".")
    assert not models.Hold.objects.exists()


@pytest.mark.usefixtures("garante")
def test_only_post_brings_an_order(visitor):
    response = visitor.get("/authority/orders/")
    assert (response.status_code, response["Allow"]) == (405, "POST")


def test_an_order_pasted_into_the_form_is_the_same_order(reader):
    pasted = signed().replace("\n", "\r\n")  # as browsers send what stands in a textarea
    page = reader.post("/authority/orders/", {"order": pasted})
    assert (page.status_code, b"The order is obeyed" in page.content) == (201, True)
    assert models.Hold.objects.get().authority_id == "Garante"
    refused = reader.post("/authority/orders/", {"order": pasted})
    assert (refused.status_code, b"came before" in refused.content) == (403, True)


def test_the_dry_run_stays_within_their_countries(reader):
    assert reader.get("/authority/dry-run/", {"country": "IT"}).status_code == 200
    beyond = reader.get("/authority/dry-run/", {"country": "NL"})
    assert (beyond.status_code, b"speaks for IT" in beyond.content) == (400, True)
    counted = reader.get("/authority/dry-run/", {"country": "it", "format": "json"}).json()
    assert (counted["posts"], counted["people"], counted["models"]) == (0, 0, [])
    assert not models.Hold.objects.exists()


@pytest.mark.browser
@pytest.mark.usefixtures("garante", "anna")
@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_portal_is_for_everybody(chromium: Browser, address, language):
    """axe finds nothing and nothing scrolls sideways, on a telephone and at a desk."""
    models.Built.objects.create(
        at=datetime.now(UTC), policy="0" * 64, kept={"0": 7}, reasons={"author-objects": 3}
    )
    context = chromium.new_context(locale=language, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/sign-in/?next=/authority/")
    page.fill("#id_login", "garante")
    page.fill("#id_password", "dorp aan zee 1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#id_order")
    found: list[str] = []
    for path in ("/authority/", "/authority/dry-run/", "/authority/lines/"):
        page.goto(f"{address}{path}")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            faults = Axe().run(page).response["violations"]
            found += [f"{path} at {width}: {one['id']}" for one in faults]
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{path}: {wide} pixels wide"] if wide > 390 else []
    page.goto(f"{address}/authority/")
    page.fill("textarea", signed())
    page.click("main button[type=submit]")
    found += [f"answered: {one['id']}" for one in Axe().run(page).response["violations"]]
    assert found == []
    context.close()
