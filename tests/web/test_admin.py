"""The desk, by role: who sees what, what each deed does, and that an auditor can send nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser

from demur.people import Scope
from demur.rights import decisions, deletion, hold, models, objection, proposals, roles
from demur.rights.roles import Role
from demur.web import desk as pages

from .conftest import PASSWORD

NARROW = {"width": 390, "height": 844}
Desk = Callable[[Role], Client]


def staff(name: str, role: Role) -> User:
    user = User.objects.create_user(name, password=PASSWORD)
    roles.appoint(user, role)
    return user


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def operator(site) -> Client:
    return signed_in(staff("ina", Role.OPERATOR))


@pytest.fixture
def officer(site) -> Client:
    return signed_in(staff("omar", Role.OFFICER))


@pytest.fixture
def auditor(site) -> Client:
    return signed_in(staff("ada", Role.AUDITOR))


@pytest.fixture
def asked(register) -> models.Request:
    """By somebody in Brazil; looked for, and nothing was found."""
    luciana = register("luciana", country="BR", language="pt")
    made = deletion.open_(luciana, route="form", now=datetime.now(UTC))
    models.Request.objects.filter(pk=made.pk).update(state="in_progress")
    return decisions.fresh(made)


@pytest.fixture
def unclear(site) -> models.Incoming:
    return models.Incoming.objects.create(
        mark=b"m" * 16,
        came_at=datetime.now(UTC),
        outcome="unclear",
        sender="someone@elsewhere.example",
        words="I am not sure that I like this at all",
    )


@pytest.fixture
def placed(site) -> models.Hold:
    return hold.place(Scope(country="NL"), by="ina", now=datetime.now(UTC))


def test_a_stranger_is_sent_to_the_one_door_and_a_member_away(visitor, as_anna):
    for path in ("/admin/", "/admin/login/?next=/admin/"):
        assert visitor.get(path)["Location"] == "/sign-in/?next=/admin/"
    assert as_anna.get("/admin/").status_code == 403


def test_an_auditor_can_send_nothing(auditor, placed, asked, unclear, anna):
    """Every address of the desk and of Django's own tables, with every button there is."""
    proposal = proposals.lift(placed.pk, by=User.objects.create_superuser("root"), now=placed.at)
    facts = {
        "pk": {"desk-request": asked.pk, "desk-proposal": proposal.pk, "desk-lift": placed.pk},
        "mark": {"desk-mail": (b"m" * 16).hex()},
    }
    before = _everything()
    sent = 0
    for each in pages.urls:
        if each.name is None or "<slug:kind>" in str(each.pattern):
            continue
        known = {key: value[each.name] for key, value in facts.items() if each.name in value}
        known |= {"line": 0} if "<int:line>" in str(each.pattern) else {}
        for do in ("place", "confirm", "decline", "grant", "refuse", "no", "none"):
            response = auditor.post(
                reverse(f"web:{each.name}", kwargs=known),
                {"do": do, "account": "@anna@dorp.example", "reason": "other", "said": "no"},
            )
            assert response.status_code in (403, 405), each.name
            sent += 1
    for table in ("hold", "person", "entry", "authority", "request"):
        assert auditor.post(f"/admin/rights/{table}/add/", {"by": "x"}).status_code == 403
    assert sent > 70
    assert _everything() == before


def _everything() -> list[int]:
    rows = (models.Entry, models.Hold, models.Objection, models.Request, models.Letter)
    return [each.objects.count() for each in rows] + [
        models.Proposal.objects.filter(settled_at=None).count(),
        models.Incoming.objects.filter(settled_at=None).count(),
        models.Request.objects.filter(state="in_progress").count(),
    ]


def test_an_auditor_reads_the_numbers_and_no_word_of_anybody(auditor, unclear, asked, anna):
    objection.submit(anna, route="form", reason="my own words", now=datetime.now(UTC))
    front = auditor.get("/admin/").content.decode()
    assert "How long a No takes" in front
    for path in ("/admin/", "/admin/letters/", "/admin/proposals/", "/admin/sheets/holds.json"):
        text = auditor.get(path).content.decode()
        for secret in ("my own words", "not sure", "anna", "elsewhere.example", "luciana"):
            assert secret not in text
    for path in ("/admin/requests/", "/admin/mails/", f"/admin/requests/{asked.pk}/"):
        assert auditor.get(path).status_code == 403
    for table in ("person", "objection", "request", "incoming", "letter", "account"):
        assert auditor.get(f"/admin/rights/{table}/").status_code == 403
    assert auditor.get("/admin/rights/entry/").status_code == 200


def test_nobody_edits_a_row(operator, officer, placed):
    for client in (operator, officer, signed_in(User.objects.create_superuser("root"))):
        page = client.post(f"/admin/rights/hold/{placed.pk}/change/", {"by": "somebody else"})
        assert page.status_code == 403
        assert client.post(f"/admin/rights/hold/{placed.pk}/delete/").status_code == 403
    assert models.Hold.objects.get().by == "ina"


def test_a_letter_is_entered_and_its_receipt_can_be_printed(operator, anna):
    page = operator.post("/admin/letter/", {"account": "@anna@dorp.example", "reason": "by hand"})
    said = objection.standing_objection(anna)
    assert said is not None
    assert (page.status_code, said.route) == (200, "letter")
    receipt = operator.get(f"/admin/letter/{said.entry_id}.tlog-proof")
    assert receipt.content.startswith(b"c2sp.org/tlog-proof@v1\n")
    assert "by hand" not in page.content.decode()


def test_the_receipt_of_a_no_by_another_road_is_its_persons_alone(operator, anna):
    said = objection.submit(anna, route="form", now=datetime.now(UTC))
    assert operator.get(f"/admin/letter/{said.entry_id}.tlog-proof").status_code == 404


def test_a_letter_by_somebody_nobody_knows_is_asked_after(operator):
    page = operator.post("/admin/letter/", {"account": "@nobody"})
    assert page.status_code == 400
    assert "Nobody here is known as" in page.content.decode()


def test_a_hold_is_counted_first_and_placed_at_the_second_press(operator):
    counted = operator.post("/admin/holds/place/", {"country": "nl", "do": "count"})
    assert "What would fall" in counted.content.decode()
    assert not models.Hold.objects.exists()
    operator.post("/admin/holds/place/", {"country": "nl", "kinds": ["photo"], "do": "place"})
    placed = models.Hold.objects.get()
    assert (placed.scope, placed.by) == ({"country": "NL", "kinds": ["photo"]}, "ina")


def test_two_people_lift_a_hold(operator, officer, placed):
    operator.post(f"/admin/holds/{placed.pk}/lift/")
    waits = proposals.waiting().get()
    page = f"/admin/proposals/{waits.pk}/"
    assert "You proposed this yourself" in operator.get(page).content.decode()
    assert operator.post(page, {"do": "confirm"}).status_code == 403
    assert models.Hold.objects.get().lifted_at is None
    assert officer.post(page, {"do": "confirm"}).status_code == 302
    assert models.Hold.objects.get().lifted_by == "ina, omar"


def test_an_unclear_mail_was_a_no(officer, unclear):
    page = f"/admin/mails/{bytes(unclear.pk).hex()}/"
    assert "not sure that I like this" in officer.get(page).content.decode()
    officer.post(page, {"do": "no"})
    said = models.Objection.objects.get()
    assert (said.route, said.email) == ("email", "someone@elsewhere.example")
    unclear.refresh_from_db()
    assert (unclear.outcome, unclear.words) == ("objection", "")
    assert officer.get(page).status_code == 404


def test_an_unclear_mail_was_none_and_its_words_go(officer, unclear):
    officer.post(f"/admin/mails/{bytes(unclear.pk).hex()}/", {"do": "none"})
    unclear.refresh_from_db()
    assert (unclear.words, models.Objection.objects.count()) == ("", 0)


def test_a_request_is_granted_at_one_word(officer, asked):
    queue = officer.get("/admin/requests/").content.decode()
    assert str(asked.pk) in queue
    assert "days left" in queue
    officer.post(f"/admin/requests/{asked.pk}/", {"do": "grant"})
    assert decisions.fresh(asked).state == "fulfilled"


def test_a_request_is_refused_at_two(officer, operator, asked):
    said = {"do": "refuse", "reason": "no_match", "said": "We found nothing of yours."}
    assert officer.post(f"/admin/requests/{asked.pk}/", said | {"said": ""}).status_code == 400
    assert officer.post(f"/admin/requests/{asked.pk}/", said).status_code == 302
    assert decisions.fresh(asked).state == "in_progress"
    page = f"/admin/proposals/{proposals.waiting().get().pk}/"
    assert "We found nothing of yours." in operator.get(page).content.decode()
    operator.post(page, {"do": "confirm"})
    assert decisions.fresh(asked).state == "denied"


def test_what_is_over_its_day_stands_out(officer, asked):
    models.Request.objects.filter(pk=asked.pk).update(
        due=(datetime.now(UTC) - timedelta(days=1)).date()
    )
    assert 'class="late"' in officer.get("/admin/").content.decode()
    assert "over its day" in officer.get("/admin/requests/").content.decode()


def test_the_operator_does_not_read_mails_nor_decide(operator, unclear, asked):
    for path in ("/admin/mails/", "/admin/requests/", f"/admin/requests/{asked.pk}/"):
        assert operator.get(path).status_code == 403


@pytest.mark.browser
@pytest.mark.usefixtures("unclear", "anna")
@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_desk_is_for_everybody(chromium: Browser, address, asked, placed, language):
    """axe finds nothing, nothing scrolls sideways at 390 pixels, and the keys are enough."""
    staff("omar", Role.OFFICER)
    root = User.objects.create_superuser("root")
    waits = proposals.lift(placed.pk, by=root, now=placed.at)
    models.Built.objects.create(
        at=placed.at, policy="0" * 64, kept={"0": 7}, reasons={"author-objects": 3}
    )
    context = chromium.new_context(locale=language, viewport=NARROW, java_script_enabled=True)
    page = context.new_page()
    page.goto(f"{address}/sign-in/?next=/admin/")
    page.fill("#id_login", "omar")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".queues")
    found: list[str] = []
    for path in (
        "/admin/", "/admin/requests/", f"/admin/requests/{asked.pk}/", "/admin/mails/",
        f"/admin/mails/{(b'm' * 16).hex()}/", "/admin/letter/", "/admin/holds/",
        "/admin/holds/place/", f"/admin/holds/{placed.pk}/lift/", "/admin/proposals/",
        f"/admin/proposals/{waits.pk}/", "/admin/letters/",
    ):  # fmt: skip
        page.goto(f"{address}{path}")
        found += [f"{path}: {one['id']}" for one in Axe().run(page).response["violations"]]
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{path}: {wide} pixels wide"] if wide > NARROW["width"] else []
    assert found == []
    page.goto(f"{address}/admin/proposals/{waits.pk}/")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText.trim()") in ("Confirm", "Bevestigen"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/proposals/")
    assert models.Hold.objects.get().lifted_at is not None
    context.close()
