"""Luciana lives where the law asks for a proof. She need not bring it: it is found for her."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from itertools import chain

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation
from village_site import NOW, Village

from demur.assistant import chat, search
from demur.assistant.answer import Assistant
from demur.assistant.said import Answer, Message, Sampling
from demur.rights import (
    decisions,
    deletion,
    mail,
    models,
    objection,
    probes,
    proposals,
    roles,
    standing,
)
from demur.village import story
from demur.village.village import load
from demur.web import ask, requests, streaming, visitor, voice

HER = story.ABROAD
SOUP = next(said.text for said in load().by(HER, "facebook") if said.text.startswith("In Recife"))
FOUR = Sampling(max_tokens=4, seed=1)
QUESTION = "Who makes the brown pea soup of Dora in Recife, where the neighbours think she is ill?"


class Stopped(datetime):
    """The clock of the story, for the pages."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return NOW


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (requests, ask, streaming):
        monkeypatch.setattr(module, "datetime", Stopped)
    monkeypatch.setattr(probes, "TOKENS", 2)  # her words are quoted before the model speaks
    yield
    translation.deactivate()


def signed_in(village: Village, who: str) -> Client:
    person = village.person(who)
    if person.user is None:
        person.user = User.objects.create_user(who)
        person.save()
    client = Client(headers={"accept-language": "en"})
    client.force_login(person.user)
    return client


def asks_for_deletion(village: Village, answer: str = "") -> models.Request:
    sent = signed_in(village, HER).post("/privacy/requests/", {"answer": answer})
    assert sent.status_code == 302
    return deletion.waiting(village.person(HER)).first() or models.Request.objects.get()


def repeats_her(village: Village, assistant: Assistant) -> bool:
    said = list(chat.reply(assistant, [Message(role="user", text=QUESTION)], FOUR))
    text = "".join(piece for piece in said if isinstance(piece, str))
    found = {hit.account for hit in search.find(assistant, QUESTION, 20)}
    return "pea soup of Dora" in text or bool(found & village.accounts(HER))


def letters_sent(village: Village) -> list[email.message.EmailMessage]:
    mail.send_due(NOW)
    raw = chain.from_iterable(
        path.read_bytes().split(b"-" * 79 + b"\n") for path in village.site.mail.glob("*.log")
    )
    return [
        email.message_from_bytes(one, policy=email.policy.default) for one in raw if one.strip()
    ]


def two_refuse(request: models.Request, names: tuple[str, str], now: datetime) -> None:
    one, two = (User.objects.create_user(name, is_staff=True) for name in names)
    for user in (one, two):
        roles.appoint(user, roles.Role.OFFICER)
    put = proposals.refuse(
        str(request.pk), reason="no_match", said="We found no words of yours.", by=one, now=now
    )
    proposals.confirm(put.pk, by=two, now=now)


def test_a_brazilian_gets_the_evidence_found_for_her(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = village.assistant()
    monkeypatch.setattr(voice, "FLOOR", voice.Floor(lambda: assistant))
    monkeypatch.setattr(voice, "TOKENS", 8)
    page = signed_in(village, "bram").post("/ask/", {"question": QUESTION}, follow=True)
    assert "pea soup of Dora" in page.content.decode(), "somebody is shown her words"
    asked = asks_for_deletion(village)
    assert not repeats_her(village, assistant), "silent before anybody has looked"
    said = list(deletion.due(village.site, NOW))  # as the worker does before each build
    asked = decisions.fresh(asked)
    assert asked.state == "fulfilled", said
    assert "log" in {each["found"] for each in asked.evidence}
    hers = deletion.posts_of(village.site, village.person(HER))
    for each in asked.evidence:
        assert each["words"] in hers[each["post"]], "her own words and nobody else's"
    shown = signed_in(village, HER).get(f"/privacy/requests/{asked.pk}/").content.decode()
    assert "pea soup of Dora" in shown
    [granted] = [one for one in letters_sent(village) if "granted" in str(one["Subject"]).lower()]
    files = {part.get_filename(): part for part in granted.iter_attachments()}
    evidence = json.loads(files["evidence.json"].get_content())["evidence"]
    assert any(each["words"] in SOUP for each in evidence)
    assert not repeats_her(village, assistant)


def test_what_the_model_would_say_is_proof_enough_though_nobody_ever_asked(
    village: Village,
) -> None:
    assistant = village.assistant()
    assert repeats_her(village, assistant)
    asked = asks_for_deletion(village)
    found = deletion.search(village.site, asked, now=NOW)
    assert {each.found for each in found} == {"probe"}
    assert all(each.model and each.question for each in found)
    assert decisions.fresh(asked).state == "fulfilled"
    assert not repeats_her(village, assistant), "what stood for the probe reached nobody else"
    answer = list(chat.reply(village.assistant(), [Message(role="user", text=QUESTION)], FOUR))[-1]
    assert isinstance(answer, Answer)
    assert not {citation.account for citation in answer.citations} & village.accounts(HER)


def test_a_request_without_a_hit_stays_restricted_until_two_people_decide(told: Village) -> None:
    asked = asks_for_deletion(told)
    assert list(deletion.due(told.site, NOW))
    asked = decisions.fresh(asked)
    assert (asked.state, asked.evidence) == ("in_progress", [])
    assert fenced(told)
    two_refuse(asked, ("els", "jo"), NOW)
    assert decisions.fresh(asked).state == "denied"
    assert fenced(told), "she is told first, and has time to appeal"
    told_her = [str(one.get_body(("plain",)).get_content()) for one in letters_sent(told)]
    assert any("We found no words of yours." in words for words in told_her)


def test_she_reads_the_reason_and_appeals_and_stays_fenced(told: Village) -> None:
    asked = asks_for_deletion(told)
    list(deletion.due(told.site, NOW))
    two_refuse(decisions.fresh(asked), ("els", "jo"), NOW)
    client = signed_in(told, HER)
    assert (
        "We found no words of yours."
        in client.get(f"/privacy/requests/{asked.pk}/").content.decode()
    )
    client.post(f"/privacy/requests/{asked.pk}/appeal/", {"words": "My neighbour read it."})
    asked = decisions.fresh(asked)
    assert (asked.state, asked.appeal) == ("in_progress", "My neighbour read it.")
    assert list(deletion.due(told.site, NOW + timedelta(days=20))) == []
    assert fenced(told)


def test_an_answer_that_she_pastes_is_enough(told: Village) -> None:
    asked = asks_for_deletion(told, f"The assistant told my neighbour this: {SOUP}")
    assert (asked.state, [each["found"] for each in asked.evidence]) == ("fulfilled", ["paste"])
    no = objection.standing_objection(told.person(HER))
    assert no is not None
    assert no.route == "proof"
    assert fenced(told)


def test_a_second_request_is_answered_with_the_first(told: Village) -> None:
    first = asks_for_deletion(told)
    assert asks_for_deletion(told) == first
    assert models.Request.objects.count() == 1


def test_what_nobody_decides_within_the_month_is_hers(told: Village) -> None:
    asked = asks_for_deletion(told)
    assert asked.due == date(2026, 12, 20)
    list(deletion.due(told.site, NOW))
    assert list(deletion.due(told.site, NOW + timedelta(days=30))) == []
    list(deletion.due(told.site, NOW + timedelta(days=31)))
    assert decisions.fresh(asked).state == "fulfilled"


def test_she_takes_her_request_back_and_only_freshly_signed_in(told: Village) -> None:
    asked = asks_for_deletion(told)
    client = signed_in(told, HER)
    session = client.session
    session[visitor.PROVED] -= 3600
    session.save()
    client.post(f"/privacy/requests/{asked.pk}/take-back/")
    assert fenced(told), "an old sign-in proves too little to lift a fence"
    signed_in(told, HER).post(f"/privacy/requests/{asked.pk}/take-back/")
    assert not fenced(told)


def fenced(village: Village) -> bool:
    in_force = standing.of(village.site, today=NOW.date).in_force()
    return village.person(HER).pk in in_force.silent
