"""What was said can be found again by whoever wrote it, and by nobody else."""

from __future__ import annotations

import random
import string
from datetime import timedelta

import pytest
from django.db import DatabaseError
from hypothesis import given
from hypothesis import strategies as st

from demur.rights import answers, models
from demur.rights.evidence import WINDOW, repeated, windows, words

POST = "De lepelaars staan bij laag water op de zandplaat achter de dijk te slapen."
QUOTED = f"Uit de berichten:\n“{POST}” [1]\n\nGa bij laag water kijken."


def test_an_answer_that_quoted_a_post_is_found_by_it(site, now):
    answers.log(QUOTED, surface="chat", model="m1", now=now)
    [hit] = answers.spoken_of({"p1": POST, "p2": "Iets heel anders, over een fiets zonder bel."})
    assert (hit.text_id, hit.model, hit.surface, hit.at) == ("p1", "m1", "chat", now)
    assert hit.windows == len(words(POST)) - WINDOW + 1
    assert hit.words == POST


def test_a_post_of_eight_words_is_found_within_its_quotation_marks(site, now):
    short = "Om zeven uur gaat de laatste pont weg."
    answers.log(f"Zij schreef: “{short}” [2].", surface="api", model="m", now=now)
    assert [hit.words for hit in answers.spoken_of({"p": short})] == [short]


def test_another_spelling_of_the_same_words_is_the_same(site, now):
    answers.log(POST.upper().replace(" ", "  \n"), surface="cli", model="m", now=now)
    assert answers.spoken_of({"p": POST})


def test_what_was_kept_holds_no_word_and_is_another_mark_on_another_site(site, now):
    answers.log(QUOTED, surface="chat", model="m", now=now)
    raw = b"".join(bytes(row.mark) for row in models.Spoken.objects.all())
    assert b"lepelaars" not in raw
    assert {len(bytes(row.mark)) for row in models.Spoken.objects.all()} == {16}
    fields = {field.name for field in models.Answered._meta.get_fields()}
    assert fields == {"id", "at", "surface", "model", "spoken"}, "not who asked, not what was said"
    [window] = list(windows(words(POST)))[:1]
    other = type(site.home)(key=b"x" * 32, shards=1, slices=1)
    assert other.mark(answers.KIND, window.encode()) != site.home.mark(
        answers.KIND, window.encode()
    )


def test_after_ninety_days_it_is_forgotten(site, now):
    answers.log(QUOTED, surface="chat", model="m", now=now - timedelta(days=91))
    answers.log(QUOTED, surface="chat", model="m", now=now - timedelta(days=89))
    assert answers.forget(now) == 1
    assert len(answers.spoken_of({"p": POST})) == 1
    assert answers.forget(now) == 0


def test_seven_words_in_a_row_prove_nothing_and_leave_no_trace(site, now):
    assert (
        answers.log("Ga bij laag water eens kijken daar.", surface="chat", model="m", now=now) == 0
    )
    assert not models.Answered.objects.exists()


def test_an_answer_is_given_also_when_the_log_cannot_be_written(site, now, monkeypatch, caplog):
    def full(*_: object, **__: object) -> None:
        raise DatabaseError("database or disk is full")

    monkeypatch.setattr(models.Answered.objects, "create", full)
    assert answers.log(QUOTED, surface="chat", model="m", now=now) == 0
    [line] = caplog.messages
    assert "not logged" in line
    assert "lepelaars" not in line


@pytest.mark.parametrize("text", ["", " ", "“”", "…", "\u0130stanbul a b c d e f g h", "é" * 900])
def test_any_text_can_be_logged(site, now, text):
    kept = answers.log(text, surface="chat", model="m", now=now)
    assert bool(answers.spoken_of({"p": text})) == bool(kept)


@given(st.text(), st.integers(0, 5))
def test_every_word_points_at_its_place_in_the_text(text, copies):
    text = " ".join([text] * copies)
    for word in words(text):
        assert 0 <= word.start < word.end <= len(text)
        assert not any(char.isspace() for char in text[word.start : word.end])


@given(st.lists(st.text(string.ascii_lowercase, min_size=1), min_size=WINDOW, max_size=30))
def test_a_text_repeats_itself_wholly_and_its_echo_not_at_all(said):
    text = " ".join(said)
    [(count, excerpt)] = repeated(text, {"p": text}).values()
    assert count == len(said) - WINDOW + 1
    assert text.startswith(excerpt)
    assert repeated(text, {"p": text}, but=text) == {}


def test_ten_thousand_words_of_somebody_are_looked_up_in_a_moment(site, now):
    dice = random.Random(5)
    vocabulary = ["".join(dice.choices(string.ascii_lowercase, k=5)) for _ in range(3000)]
    theirs = {str(n): " ".join(dice.choices(vocabulary, k=25)) for n in range(400)}
    for n in (3, 77, 300):
        answers.log(theirs[str(n)], surface="chat", model="m", now=now)
    assert sorted(hit.text_id for hit in answers.spoken_of(theirs)) == ["3", "300", "77"]
