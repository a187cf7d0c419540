"""Requests: the fence stands first, the proof is looked for by us, two must agree to refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.assistant.said import Answer, Citation
from demur.corpus.lake import Lake
from demur.errors import NotAllowed, NotFound, Refusal
from demur.people import PersonId
from demur.posts import Audience, Kind, Post
from demur.rights import (
    answers,
    decisions,
    deletion,
    evidence,
    letters,
    mail,
    models,
    objection,
    standing,
)

POST = "Cheguei na ilha da minha filha, onde o vento fala mais alto que a vizinha."
OTHER = "Uma sopa marrom de ervilhas com a colher em pé, como na casa da Dora."


@dataclass
class FakeModel:
    """Says one thing to every question, and remembers under which standing it was opened."""

    says: str
    cites: tuple[str, ...] = ()
    opened_under: list[object] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def opens(self, site: object, standing: object) -> FakeModel:
        self.opened_under.append(standing)
        return self

    def speak(self, asked, planner, sampling) -> Iterator[str | Answer]:
        self.asked.append(asked)
        yield self.says
        yield Answer(
            text=self.says, language="en", citations=tuple(map(_cited, self.cites)), traced=(),
            shards=(), memories=True, halted=False, model="m8", finish="stop", tokens_in=1,
            tokens_out=1,
        )  # fmt: skip


def _cited(post: str) -> Citation:
    return Citation(
        number=1, post_id=post, account="a", platform="p", url=None, attribution=None, lang="pt",
        text="",
    )  # fmt: skip


SILENT = FakeModel("I found no public post about this.")


@pytest.fixture
def luciana(site, register) -> models.Person:
    person = register("luciana", country="BR", language="pt", email="luciana@dorp.example")
    put(site, person, POST, OTHER)
    return person


@pytest.fixture
def asked(luciana, now) -> models.Request:
    return deletion.open_(luciana, route="form", now=now)


def put(site, person: models.Person, *texts: str) -> None:
    account = person.accounts.first()
    posts = [
        Post(
            account=account.pk, platform="mastodon", kind=Kind.POST, audience=Audience.PUBLIC,
            created_at=datetime(2025, 5, 18, tzinfo=UTC), origin=str(n), text=text,
        )
        for n, text in enumerate(texts)
    ]  # fmt: skip
    lake = Lake(site.lake, site.home)
    lake.stage("i", [(PersonId(person.pk), post) for post in posts])
    lake.publish("i")


def silent(site, person: models.Person, now: datetime) -> bool:
    return person.pk in standing.of(site, today=now.date).in_force().silent


def test_she_is_fenced_before_anybody_looks_and_has_it_in_writing(site, asked, luciana, now):
    assert silent(site, luciana, now)
    assert (asked.state, asked.regime, asked.due) == ("open", "lgpd", date(2026, 12, 20))
    assert [letter.kind for letter in luciana.letters.all()] == ["request_opened"]
    assert asked.opened.kind == "request"
    opening = models.Opening.objects.get(entry=asked.opened)
    assert "luciana" not in json.dumps(opening.payload)


def test_her_words_in_an_earlier_answer_grant_it_without_anybody_deciding(
    site, asked, luciana, now
):
    answers.log(f"“{POST}” [1]", surface="chat", model="m7", now=now - timedelta(days=3))
    found = deletion.search(site, asked, SILENT.opens, now=now)
    asked = decisions.fresh(asked)
    assert (asked.state, asked.restricted) == ("fulfilled", False)
    assert [(e.found, e.words, e.model, e.surface) for e in found] == [("log", POST, "m7", "chat")]
    no = objection.standing_objection(luciana)
    assert no is not None
    assert (no.scope, no.route) == ({}, "proof")
    assert silent(site, luciana, now)


def test_the_letter_brings_the_evidence_to_read_and_for_a_program(site, asked, luciana, now):
    answers.log(f"“{POST}” [1]", surface="chat", model="m7", now=now)
    deletion.search(site, asked, SILENT.opens, now=now)
    letter = luciana.letters.get(kind="request_fulfilled")
    sent = letters.message(letter)
    names = {name: content for name, content, _ in sent.attachments}
    assert POST in names["evidence.txt"]
    told = json.loads(names["evidence.json"])
    assert told["digest"] == evidence.digest(told["evidence"])
    decided = models.Opening.objects.get(entry=decisions.fresh(asked).decided)
    assert decided.payload["evidence"] == told["digest"], "the book commits to what was found"
    assert POST not in json.dumps(letter.payload)


def test_what_the_model_would_have_said_of_her_is_a_hit(site, asked, luciana, now):
    found = deletion.search(site, asked, FakeModel(OTHER).opens, now=now)
    assert {each.found for each in found} == {"probe"}
    assert {each.words for each in found} == {OTHER}
    assert decisions.fresh(asked).state == "fulfilled"


def test_her_post_named_as_a_source_is_a_hit_also_without_its_words(site, asked, luciana, now):
    [post, _] = deletion.posts_of(site, luciana)
    found = deletion.search(site, asked, FakeModel("Yes.", cites=(post,)).opens, now=now)
    assert {(each.post, each.windows) for each in found} == {(post, 0)}


def test_an_echo_of_the_question_is_no_hit(site, asked, luciana, now):
    class Echo(FakeModel):
        def speak(self, asked, planner, sampling):
            self.says = asked
            return super().speak(asked, planner, sampling)

    assert deletion.search(site, asked, Echo("").opens, now=now) == []


def test_only_for_the_probe_she_is_not_fenced_and_only_by_this_request(
    site, asked, luciana, bob, now
):
    objection.submit(bob, route="form", now=now)
    model = FakeModel("Nothing.")
    deletion.search(site, asked, model.opens, now=now)
    [probing] = model.opened_under
    in_force = probing.in_force()
    assert luciana.pk not in in_force.silent
    assert bob.pk in in_force.silent, "everybody else's No holds for the probe too"
    assert silent(site, luciana, now), "and for everybody else she is silent"
    luciana.accounts.update(locked=True)
    assert luciana.pk in probing.in_force().silent, "what else silences her stays"


def test_nothing_found_leaves_her_fenced_and_the_request_undecided(site, asked, luciana, now):
    assert deletion.search(site, asked, SILENT.opens, now=now) == []
    asked = decisions.fresh(asked)
    assert (asked.state, asked.restricted) == ("in_progress", True)
    assert silent(site, luciana, now)


def test_before_the_first_release_the_log_alone_is_searched(site, asked, now):
    def nothing(site: object, standing: object) -> FakeModel:
        raise NotFound("No model is released yet.")

    assert deletion.search(site, asked, nothing, now=now) == []


def test_what_she_pastes_is_compared_with_her_posts_and_not_kept(site, asked, luciana, now):
    pasted = f"Someone showed me this: {POST} Is it not funny? 8d1f"
    [found] = deletion.paste(asked, pasted, now=now)
    asked = decisions.fresh(asked)
    assert (found.found, found.words, asked.state) == ("paste", POST, "fulfilled")
    assert "8d1f" not in json.dumps(asked.evidence)


def test_something_else_that_she_pastes_changes_nothing(asked, now):
    assert deletion.paste(asked, "The weather is fine and the ferry leaves at nine.", now=now) == []
    assert decisions.fresh(asked).state == "open"


def test_a_second_request_is_answered_with_the_first(asked, luciana, now):
    head = models.Entry.objects.count()
    assert deletion.open_(luciana, route="form", now=now + timedelta(days=1)) == asked
    assert models.Entry.objects.count() == head
    assert luciana.letters.count() == 1


def test_in_the_union_it_is_granted_at_once(site, register, now):
    hanna = register("hanna", country="DE", email="hanna@dorp.example")
    granted = deletion.open_(hanna, route="form", now=now)
    assert (granted.state, granted.regime) == ("fulfilled", "gdpr")
    assert silent(site, hanna, now)
    kinds = [letter.kind for letter in hanna.letters.order_by("pk")]
    assert kinds == ["request_opened", "receipt", "request_fulfilled"]


def test_an_operator_may_give_everybody_the_best_regime(site, serve, luciana, now):
    serve(replace(site, config=replace(site.config, everyone="best")))
    assert deletion.open_(luciana, route="form", now=now).state == "fulfilled"


def refused(request: models.Request, now: datetime, **said) -> models.Request:
    words = {
        "reason": "no_match",
        "said": "We found nothing of yours.",
        "by": "els",
        "second": "jo",
    }
    return decisions.refuse(request, **{**words, **said}, now=now)


def test_one_person_alone_cannot_refuse_her(site, asked, now):
    deletion.search(site, asked, SILENT.opens, now=now)
    for second in ("els", ""):
        with pytest.raises(NotAllowed, match="two different people"):
            refused(asked, now, second=second)
    with pytest.raises(Refusal, match="Say why"):
        refused(asked, now, said=" ")
    with pytest.raises(Refusal, match="Say why"):
        refused(asked, now, reason="too_many_requests")
    assert decisions.fresh(asked).state == "in_progress"


def test_nobody_refuses_what_was_not_looked_for(asked, now):
    with pytest.raises(NotAllowed, match="nobody has looked"):
        refused(asked, now)


def test_a_refusal_says_why_and_the_fence_outlasts_the_time_to_appeal(site, asked, luciana, now):
    deletion.search(site, asked, SILENT.opens, now=now)
    done = refused(asked, now)
    assert (done.state, done.reason, done.restricted) == ("denied", "no_match", True)
    letter = letters.message(luciana.letters.get(kind="request_denied"))
    assert "We found nothing of yours." in letter.body
    assert list(deletion.due(site, now + timedelta(days=29), SILENT.opens)) == []
    assert silent(site, luciana, now)
    [line] = deletion.due(site, now + timedelta(days=31), SILENT.opens)
    assert "restriction ends" in line
    assert not silent(site, luciana, now)
    assert list(deletion.due(site, now + timedelta(days=32), SILENT.opens)) == []


def test_an_appeal_is_decided_by_somebody_else_and_she_stays_fenced(site, asked, luciana, now):
    deletion.search(site, asked, SILENT.opens, now=now)
    refused(asked, now)
    later = now + timedelta(days=20)
    appealed = decisions.appeal(asked, "It did say my soup.", now=later)
    assert (appealed.state, appealed.restricted, appealed.due) == (
        "in_progress",
        True,
        date(2027, 1, 10),
    )
    assert decisions.appeal(asked, "Again.", now=later).appeal == "It did say my soup."
    assert list(deletion.due(site, now + timedelta(days=31), SILENT.opens)) == []
    with pytest.raises(NotAllowed, match="somebody else"):
        refused(asked, later)
    assert refused(asked, later, second="kim").state == "denied"
    assert [line.kind for line in models.Entry.objects.order_by("index")][-3:] == [
        "decision",
        "appeal",
        "decision",
    ]


def test_what_nobody_decides_in_time_is_granted(site, asked, luciana, now):
    deletion.search(site, asked, SILENT.opens, now=now)
    on_time = datetime(2026, 12, 20, 23, tzinfo=UTC)
    assert list(deletion.overdue(on_time)) == []
    late = on_time + timedelta(days=1)
    assert list(deletion.overdue(late)) == [asked]
    [line] = deletion.due(site, late, SILENT.opens)
    assert "its time was over" in line
    assert decisions.fresh(asked).state == "fulfilled"


def test_she_takes_it_back_and_is_heard_again(site, asked, luciana, now):
    assert decisions.revoke(asked, now=now).state == "revoked"
    assert not silent(site, luciana, now)
    assert decisions.revoke(asked, now=now).state == "revoked"
    with pytest.raises(NotAllowed):
        decisions.accept(asked, now=now)
    with pytest.raises(NotAllowed):
        deletion.paste(asked, POST, now=now)


def test_what_is_granted_is_a_no_and_only_taken_back_as_one(asked, now):
    decisions.accept(asked, now=now)
    with pytest.raises(NotAllowed, match="take back"):
        decisions.revoke(asked, now=now)
    with pytest.raises(NotAllowed):
        refused(asked, now)


def test_granting_twice_is_granting_once(asked, luciana, now):
    decisions.accept(asked, now=now)
    head = models.Entry.objects.count()
    decisions.accept(asked, now=now)
    assert models.Entry.objects.count() == head
    assert luciana.letters.filter(kind="request_fulfilled").count() == 1


def test_a_crash_between_the_no_and_the_decision_is_finished_by_the_worker(
    site, register, now, monkeypatch
):
    hanna = register("hanna", country="DE", email="hanna@dorp.example")

    def crash(*_: object, **__: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(objection, "submit", crash)
        with pytest.raises(OSError, match="killed"):
            deletion.open_(hanna, route="form", now=now)
    assert silent(site, hanna, now), "fenced first"
    assert list(deletion.due(site, now, SILENT.opens))
    assert models.Request.objects.get(person=hanna).state == "fulfilled"


def test_nobody_knows_who_asked_so_nothing_is_granted_and_it_expires(site, now):
    unknown = deletion.open_(None, route="agent", now=now)
    assert (unknown.state, unknown.reason) == ("in_progress", "need_user_verification")
    with pytest.raises(NotAllowed):
        decisions.accept(unknown, now=now)
    list(deletion.due(site, now + timedelta(days=40), SILENT.opens))
    assert decisions.fresh(unknown).state == "expired"


def test_the_letters_leave(site, asked, luciana, now):
    answers.log(POST, surface="chat", model="m", now=now)
    deletion.search(site, asked, SILENT.opens, now=now)
    assert mail.send_due(now) == 3
    assert list(site.mail.iterdir())


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_month_is_the_same_day_of_the_next_or_its_last(day):
    due = decisions.a_month_after(day)
    assert 28 <= (due - day).days <= 31
    assert due.day == day.day or (due + timedelta(days=1)).day == 1
