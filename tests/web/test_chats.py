"""Anna lets the model learn from what she asks, and takes that back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from demur.corpus.lake import Lake
from demur.people import PersonId, Scope, Use
from demur.posts import Audience, Kind
from demur.rights import erasure, models, people, standing
from demur.web import learned, mydata, threads
from demur.web.models import Thread, Turn

from .writing import keep, post

ASKED = "Who bakes the plum cake for the fair this year?"
NOW = datetime.now(UTC)


def asks(client, question=ASKED, at="/ask/", **more):
    return client.post(at, {"question": question, **more}, follow=True)


def bring(site) -> int:
    return learned.bring(site, now=datetime.now(UTC))


def stored(site, person) -> list:
    return list(Lake(site.lake, site.home).posts_of(PersonId(person.pk)))


def in_force(site):
    return standing.of(site, today=lambda: datetime.now(UTC).date()).in_force()


@pytest.fixture
def switched_on(site, anna, as_anna, assistant) -> None:
    asks(as_anna)
    as_anna.post("/privacy/switches/", {"chats": "on"})
    assert bring(site) == 1


def test_nothing_is_learned_unless_she_switched_it_on(site, anna, as_anna, assistant):
    asks(as_anna)
    assert bring(site) == 0
    assert stored(site, anna) == []


def test_her_questions_go_in_and_no_answer(site, anna, assistant, switched_on):
    [one] = stored(site, anna)
    assert one.post.text == ASKED
    assert (one.post.kind, one.post.audience) == (Kind.CHAT, Audience.DIRECT)
    assert bring(site) == 0, "again, nothing changes"


def test_they_may_teach_the_model_and_nobody_is_shown_them(site, anna, switched_on):
    models.Delivery.objects.filter(person=anna).update(seen_at=NOW - timedelta(days=90))
    [each] = mydata.of(anna, NOW.date() + timedelta(days=1))
    assert each.decision.uses == {Use.TRAINING}


def test_off_again_is_silent_at_once_and_out_of_the_lake_next(site, anna, as_anna, switched_on):
    as_anna.post("/privacy/switches/", {})
    assert in_force(site).narrowed[PersonId(anna.pk)] == (Scope(kinds=("chat",)),)
    assert bring(site) == 1
    assert stored(site, anna) == []
    raw = b"".join(file.read_bytes() for file in site.lake.rglob("*.parquet"))
    assert b"plum cake" not in raw
    assert Turn.objects.filter(text=ASKED).exists(), "she still has her conversation"
    as_anna.post("/privacy/switches/", {"chats": "on"})
    assert PersonId(anna.pk) not in in_force(site).narrowed
    assert bring(site) == 1
    assert [each.post.text for each in stored(site, anna)] == [ASKED]


def test_a_deleted_conversation_is_taken_back_at_once(site, anna, as_anna, switched_on):
    [one] = stored(site, anna)
    epoch = in_force(site).epoch
    as_anna.post(f"/ask/{Thread.objects.get().pk}/delete/")
    assert one.id in in_force(site).posts
    assert in_force(site).epoch > epoch
    assert bring(site) == 1
    assert stored(site, anna) == []


def test_a_question_put_otherwise_takes_the_old_words_back(site, anna, as_anna, switched_on):
    [one] = stored(site, anna)
    thread, turn = Thread.objects.get(), Turn.objects.filter(role="question").get()
    asks(as_anna, "Who bakes?", at=f"/ask/{thread.pk}/", instead_of=turn.pk)
    assert one.id in in_force(site).posts
    assert bring(site) == 2
    assert [each.post.text for each in stored(site, anna)] == ["Who bakes?"]


def test_an_answer_loses_the_words_of_somebody_who_erases_theirs(site, as_anna, bob, assistant):
    """Nobody sees them from then on, and with the worker's next round they lie nowhere."""
    said = post(1, "Plum cake at the old pump", by="bob")
    keep(site, bob, said)
    assistant.post_id, assistant.text = said.id, "Plum cake at the old pump [1]"
    asks(as_anna)
    assert threads.sweep(site) == 0
    erasure.erase(site, bob, now=NOW)
    assert threads.sweep(site) == 1
    assert "no longer shown" in as_anna.get(f"/ask/{Thread.objects.get().pk}/").content.decode()
    files = [file for file in site.root.rglob("*") if file.is_file()]
    assert not [file for file in files if b"Plum cake at the" in file.read_bytes()]


def test_deleting_costs_the_book_no_line_where_nothing_was_learned(site, as_anna, assistant):
    asks(as_anna)
    lines = models.Entry.objects.count()
    as_anna.post("/ask/conversations/delete/")
    assert models.Entry.objects.count() == lines


def test_two_who_are_one_need_both_to_want_it(site, anna, bob, as_anna, switched_on):
    people.link(
        "mastodon:https://dorp.example/users/bob",
        "mastodon:https://dorp.example/users/anna",
        now=NOW,
    )
    assert not people.whole(models.Person.objects.get(pk=anna.pk)).chats_on
    assert bring(site) == 1
    assert [*stored(site, anna), *stored(site, bob)] == []


def test_her_accounts_on_the_pages_are_those_she_knows(as_anna, switched_on):
    for path in ("/privacy/accounts/", "/search/", "/privacy/object/"):
        assert "assistant:" not in as_anna.get(path).content.decode()
