"""My requests: opened, counted down, refused in words, appealed, taken back; only one's own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from demur.rights import decisions, models, objection

from .test_objecting import grow_old
from .writing import keep, post, text, words

PAGE = "/privacy/requests/"


@pytest.fixture
def luciana(register) -> models.Person:
    """In Brazil, where deletion goes on proof."""
    return register("luciana", country="BR", language="en")


@pytest.fixture
def as_luciana(luciana) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(luciana.user)
    return client


def refused(request: models.Request) -> models.Request:
    models.Request.objects.filter(pk=request.pk).update(state="in_progress")
    return decisions.refuse(
        request,
        reason="no_match",
        said="We looked and found nothing of yours.",
        by="one",
        second="two",
        now=datetime.now(UTC),
    )


def test_she_asks_and_sees_by_when_she_is_answered(as_luciana):
    done = as_luciana.post(PAGE, {}, follow=True)
    page = words(done)
    assert "Received. We look for the proof ourselves." in page
    assert "Nothing of yours is used." in page
    assert "days left" in page
    assert "days left to answer you" in words(as_luciana.get(PAGE))
    assert models.Request.objects.get().restricted


def test_a_european_is_granted_it_at_once(as_anna, anna):
    page = words(as_anna.post(PAGE, {}, follow=True))
    assert "Granted. Nothing of yours is used." in page
    assert objection.standing_objection(anna) is not None


def test_a_pasted_answer_with_her_words_is_proof_enough(as_luciana, luciana, site):
    said = "As gaivotas dançam devagar sobre o velho farol ao meio dia"
    keep(site, luciana, post(1, said, by="luciana"))
    page = words(as_luciana.post(PAGE, {"answer": f"They say: {said}. Nice."}, follow=True))
    assert "Granted" in page
    assert "in the answer that you sent us" in page
    assert "gaivotas" in page


def test_a_refusal_says_why_and_can_be_appealed(as_luciana):
    as_luciana.post(PAGE, {})
    asked = refused(models.Request.objects.get())
    path = f"{PAGE}{asked.pk}/"
    page = words(as_luciana.get(path))
    assert "Refused. You can appeal." in page
    assert "We looked and found nothing of yours." in page
    as_luciana.post(f"{path}appeal/", {"words": "Look again, please."})
    asked.refresh_from_db()
    assert asked.state == "in_progress"
    assert asked.restricted
    assert asked.appeal == "Look again, please."
    assert "Appealed" in words(as_luciana.get(path))


def test_taking_it_back_takes_a_fresh_sign_in_and_a_press(as_luciana):
    as_luciana.post(PAGE, {})
    asked = models.Request.objects.get()
    path = f"{PAGE}{asked.pk}/take-back/"
    as_luciana.get(path)
    asked.refresh_from_db()
    assert asked.state == "open"
    as_luciana.post(path)
    asked.refresh_from_db()
    assert (asked.state, asked.restricted) == ("revoked", False)
    grow_old(as_luciana)
    assert as_luciana.post(path)["Location"].startswith("/sign-in/again/")


def test_other_peoples_requests_do_not_exist(as_luciana, as_anna):
    as_luciana.post(PAGE, {})
    path = f"{PAGE}{models.Request.objects.get().pk}/"
    assert as_anna.get(path).status_code == 404
    assert as_anna.post(f"{path}appeal/", {}).status_code == 404
    assert as_anna.post(f"{path}take-back/").status_code == 404
    assert "You have not asked for anything yet" in text(as_anna.get(PAGE))
