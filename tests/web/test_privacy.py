"""Anna says no, in the privacy centre; what she sees before, then and ever after."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client

from demur.people import PersonId
from demur.rights import book, models, notice, objection
from demur.rights import mail as letters
from demur.rights.receipt import Line
from demur.tlog import note
from demur.tlog import receipt as paper
from demur.web import objecting

from .conftest import HOSTILE, NOW, PASSWORD
from .writing import keep, post, text

# ---- being told ----


def test_anna_is_told_on_every_page_until_she_has_read_it(as_anna, anna):
    page = text(as_anna.get("/"))
    assert 'class="banner"' in page
    assert "From <strong>" in page
    assert notice.told(anna) is not None  # in the app counts as being told
    put_away = as_anna.post("/privacy/read/", {"next": "/about/"})
    assert put_away["Location"] == "/about/"
    assert 'class="banner"' not in text(as_anna.get("/about/"))
    assert objection.standing_objection(anna) is None


def test_putting_the_banner_away_sends_her_nowhere_else(as_anna):
    assert as_anna.post("/privacy/read/", {"next": "https://evil.example"})["Location"] == "/"


def test_a_child_is_not_asked(register):
    kid = register("kid", born=datetime(2015, 1, 1, tzinfo=UTC).date())
    client = Client(headers={"accept-language": "en"})
    client.force_login(kid.user)
    assert 'class="banner"' not in text(client.get("/"))
    assert "Nothing of yours is used at the moment" in text(client.get("/privacy/"))
    assert notice.told(kid) is None


def test_a_sign_in_without_an_account_is_told_that_nothing_is_known(site, visitor):
    from django.contrib.auth.models import User

    visitor.force_login(User.objects.create_user("guest"))
    assert "No account of this community" in text(visitor.get("/privacy/"))
    assert visitor.get("/privacy/object/").status_code == 403


def test_a_full_disk_keeps_nobody_from_reading(as_anna, anna, monkeypatch):
    from django.db import OperationalError

    def full(*_args):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(notice, "seen", full)
    assert as_anna.get("/privacy/").status_code == 200
    assert notice.told(anna) is None


# ---- saying no ----


def test_anna_says_no_and_reads_what_happens_now(as_anna, anna):
    form = text(as_anna.get("/privacy/object/"))
    assert 'value="anna@dorp.example"' in form
    done = as_anna.post("/privacy/object/", {"email": "anna@dorp.example"}, follow=True)
    assert done.redirect_chain == [("/privacy/objected/", 302)]
    stands = objection.standing_objection(anna)
    assert stands is not None
    assert stands.reason == ""
    assert f"line {stands.entry_id} of the book" in text(done)
    assert "on its way to <strong>anna@dorp.example</strong>" in text(done)
    assert 'class="banner"' not in text(as_anna.get("/"))


def test_a_second_no_shows_the_first_receipt(as_anna, anna):
    as_anna.post("/privacy/object/", {"email": "anna@dorp.example", "reason": "daarom"})
    first = objection.standing_objection(anna)
    assert as_anna.get("/privacy/object/")["Location"] == "/privacy/objected/"
    again = as_anna.post("/privacy/object/", {"email": "other@dorp.example"})
    assert again["Location"] == "/privacy/objected/"
    assert models.Objection.objects.get() == first


@pytest.mark.parametrize("email", ["", "not an address"])
def test_without_an_address_she_is_told_what_is_missing(as_anna, anna, email):
    page = as_anna.post("/privacy/object/", {"email": email, "reason": "<b>daarom</b>"})
    assert page.status_code == 400
    assert 'aria-invalid="true"' in text(page)
    assert "&lt;b&gt;daarom&lt;/b&gt;" in text(page)  # nothing she typed is lost
    assert objection.standing_objection(anna) is None


def test_nobody_says_no_for_her_from_another_site(anna):
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna.user)
    refused = client.post("/privacy/object/", {"email": "anna@dorp.example"})
    assert refused.status_code == 403
    assert "reload the page" in text(refused)
    assert objection.standing_objection(anna) is None


def test_the_confirmation_before_any_no_leads_to_the_form(as_anna):
    assert as_anna.get("/privacy/objected/")["Location"] == "/privacy/object/"


# ---- the receipt ----


def test_her_receipt_is_hers_to_download_and_check(as_anna, anna, site):
    as_anna.post("/privacy/object/", {"email": "anna@dorp.example"})
    line = objection.standing_objection(anna).entry_id
    paper_file = as_anna.get(f"/privacy/receipts/{line}.tlog-proof")
    assert paper_file["Content-Disposition"].endswith(f'"demur-{line}.tlog-proof"')
    assert paper_file["Cache-Control"] == "no-store"
    head = paper.check(paper.read_receipt(text(paper_file)), note.parse_key(str(book.key(site))))
    assert head.size == line + 1


def test_bob_cannot_fetch_annas_receipt(as_anna, anna, bob):
    as_anna.post("/privacy/object/", {"email": "anna@dorp.example"})
    line = objection.standing_objection(anna).entry_id
    client = Client()
    client.force_login(bob.user)
    assert client.get(f"/privacy/receipts/{line}.tlog-proof").status_code == 404
    assert "anna" not in text(client.get("/privacy/receipts/"))


def test_the_lines_about_her_are_in_her_language(as_anna, anna):
    as_anna.post("/privacy/object/", {"email": "anna@dorp.example"})
    dutch = as_anna.get("/privacy/receipts/", headers={"accept-language": "nl"})
    assert "bezwaar" in text(dutch)
    assert ".tlog-proof" in text(dutch)


# ---- my data ----


def test_every_post_of_hers_with_the_decision_and_the_reasons(as_anna, anna, site):
    keep(site, anna, post(1, "De kermis staat weer op het plein"), post(2, "Soep vandaag"))
    page = text(as_anna.get("/privacy/mine/"))
    assert page.index("Soep vandaag") < page.index("De kermis")  # newest first
    assert "This post is not used." in page
    dutch = text(as_anna.get("/privacy/mine/", headers={"accept-language": "nl"}))
    assert "Dit bericht wordt niet gebruikt." in dutch


def test_after_her_no_her_data_says_so_at_once(as_anna, anna, site):
    keep(site, anna, post(1, "De kermis staat weer op het plein"))
    assert "You objected." not in text(as_anna.get("/privacy/mine/"))
    as_anna.post("/privacy/object/", {"email": "anna@dorp.example"})
    assert "You objected." in text(as_anna.get("/privacy/mine/"))


def test_many_posts_are_turned_page_by_page(as_anna, anna, site):
    keep(site, anna, *(post(number, f"Bericht nummer {number}.") for number in range(60)))
    first = text(as_anna.get("/privacy/mine/"))
    assert first.count("<blockquote") == 25
    assert "Page 1 of 3" in first
    last = text(as_anna.get("/privacy/mine/?page=3"))
    assert last.count("<blockquote") == 10
    assert as_anna.get("/privacy/mine/?page=nonsense").status_code == 200


def test_html_in_a_post_is_only_text(register, site):
    mallory = register("anna", handle='"><svg onload=alert(1)>')
    keep(site, mallory, post(1, HOSTILE, url="javascript:alert(1)"))
    client = Client()
    client.force_login(mallory.user)
    for path in ("/privacy/mine/", "/privacy/object/"):
        page = text(client.get(path))
        assert "<script>" not in page
        assert "<svg onload" not in page
        assert "javascript:" not in page
    assert "&lt;script&gt;" in text(client.get("/privacy/mine/"))


# ---- coming in ----


def test_by_name_or_by_address_with_the_password(anna, visitor):
    for name in ("anna", "Anna@dorp.example"):
        came = visitor.post(
            "/sign-in/?next=/privacy/object/", {"login": name, "password": PASSWORD}
        )
        assert came["Location"] == "/privacy/object/"
        visitor.post("/sign-out/")


def test_a_wrong_password_is_answered_without_saying_which_was_wrong(anna, visitor):
    wrong = visitor.post("/sign-in/", {"login": "anna", "password": "x"})
    nobody = visitor.post("/sign-in/", {"login": "nobody", "password": "x"})
    for page in (wrong, nobody):
        assert "do not belong together" in text(page)


def test_signing_in_leads_to_no_other_site(anna, visitor):
    page = visitor.post(
        "/sign-in/?next=https://evil.example/", {"login": "anna", "password": PASSWORD}
    )
    assert page["Location"] == "/privacy/"


@pytest.mark.parametrize("signs_in", [True, False])
def test_somebody_who_never_had_a_password_objects_by_a_link(register, visitor, settings, signs_in):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    carla = register("carla", signs_in=signs_in)
    visitor.post("/sign-in/link/?next=/privacy/object/", {"email": "Carla@dorp.example"})
    letters.send_due(datetime.now(UTC))
    assert [letter.to for letter in mail.outbox] == [["carla@dorp.example"]]
    address = re.search(r"http://127\.0\.0\.1:8000(/\S+)", mail.outbox[0].body)[1]
    opened = visitor.get(address, follow=True)
    door = opened.redirect_chain[-1][0]
    assert "Press the button" in text(opened)
    came = visitor.post(door, {"new_password1": "", "new_password2": ""})
    assert came["Location"] == "/privacy/object/"
    visitor.post("/privacy/object/", {"email": "carla@dorp.example"})
    assert objection.standing_objection(carla) is not None
    assert "no longer works" in text(Client().get(address, follow=True))


def test_a_link_may_also_set_a_password(anna, visitor, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    visitor.post("/sign-in/link/", {"email": "anna@dorp.example"})
    letters.send_due(datetime.now(UTC))
    address = re.search(r"http://127\.0\.0\.1:8000(/\S+)", mail.outbox[0].body)[1]
    door = visitor.get(address, follow=True).redirect_chain[-1][0]
    half = visitor.post(door, {"new_password1": "kermis op zaterdag", "new_password2": ""})
    assert half.status_code == 200
    both = {"new_password1": "kermis op zaterdag", "new_password2": "kermis op zaterdag"}
    assert visitor.post(door, both)["Location"] == "/privacy/"
    anna.user.refresh_from_db()
    assert anna.user.check_password("kermis op zaterdag")


def test_an_address_nobody_knows_gets_the_same_page_and_no_letter(site, visitor, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    page = visitor.post("/sign-in/link/", {"email": "stranger@dorp.example"}, follow=True)
    assert "If we know this address" in text(page)
    assert letters.send_due(datetime.now(UTC)) == 0
    assert mail.outbox == []


# ---- what happened since ----


def line_about(kind: str, site, anna, minutes: int) -> None:
    shard = site.home.shard(PersonId(anna.pk))
    with transaction.atomic():
        book.append(kind, {"shard": shard}, now=NOW + timedelta(minutes=minutes))


def test_the_confirmation_tells_what_the_book_says_was_done(as_anna, anna, site):
    objection.submit(anna, route="form", now=NOW)
    assert text(as_anna.get("/privacy/objected/")).count("still to come") == 4
    for minutes, kind in enumerate(("shard_dropped", "shard_retrained", "purge_done"), 1):
        line_about(kind, site, anna, minutes)
    page = text(as_anna.get("/privacy/objected/"))
    assert page.count("still to come") == 1
    assert page.count('class="done"') == 4
    assert "12:02" in page


def test_whose_posts_were_in_no_memory_waits_for_nothing(anna):
    no = objection.submit(anna, route="form", now=NOW)
    served = Line(index=no.entry_id + 1, kind="served", at=NOW, objection=no)
    told = objecting.steps(no, [served])
    assert [step.needless for step in told if step.at is None] == [True, True, True]


def test_a_browser_that_asks_for_privacy_is_offered_a_no(site, visitor, as_anna):
    """Sec-GPC names nobody, so it is an offer to whoever reads, and is not recorded for them."""
    assert "Global Privacy Control" not in text(visitor.get("/privacy/"))
    for reader in (visitor, as_anna):
        offered = text(reader.get("/privacy/", headers={"sec-gpc": "1"}))
        assert "Global Privacy Control" in offered
    as_anna.post("/privacy/object/", {"email": "anna@dorp.example"})
    after = text(as_anna.get("/privacy/", headers={"sec-gpc": "1"}))
    assert "Global Privacy Control" not in after
