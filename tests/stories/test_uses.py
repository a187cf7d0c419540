"""A No to some of it, copies by friends, a halted model: what is still said, and what is not."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq
import pytest
from street_site import ALMOST, HERS, STREET, TOLD, Street, account

from demur.assistant import chat, search, tracing
from demur.assistant.said import Answer, Message, Sampling
from demur.corpus import build as corpus
from demur.errors import StandingUnreadable
from demur.people import Scope, Use
from demur.rights import hold, objection
from demur.serving.release import read_release

LIGHTHOUSE = "Wie weet iets over de vuurtoren?"


def test_somebody_who_only_wants_to_be_found_is_found_and_never_quoted_or_learned(
    street: Street,
) -> None:
    assistant, reader = street.assistant(), street.signed_in("els")
    assert "anke" in street.quoted(assistant, LIGHTHOUSE)
    said = street.signed_in("anke").post(
        "/privacy/object/",
        {
            "email": "anke@straat.example",
            "uses": [Use.TRAINING, Use.ANSWERS, Use.TRANSLATION],
            "part": "1",
        },
    )
    assert said.status_code == 302
    assert "anke" in street.found(reader, "vuurtoren")
    assert "anke" not in street.quoted(assistant, LIGHTHOUSE)
    assert tracing.trace(assistant, HERS) == []

    street.build()
    assert "anke" in street.found(reader, "vuurtoren"), "after the build as well"
    assert "anke" not in street.quoted(assistant, LIGHTHOUSE)
    assert {row["uses"] for row in kept(street) if row["account"] == account("anke")} == {
        Use.SEARCH.bit
    }, "and the next training reads nothing of hers"


def test_a_friend_who_said_almost_the_same_falls_silent_in_the_same_second(street: Street) -> None:
    assistant, reader = street.assistant(), street.signed_in("els")
    assert {"anke", "joost"} <= street.found(reader, "vuurtoren zaterdag treden")
    assert tracing.trace(assistant, ALMOST)

    objection.submit(street.person("anke"), route="form", now=TOLD)
    assert not {"anke", "joost"} & street.found(reader, "vuurtoren zaterdag treden")
    assert tracing.trace(assistant, ALMOST) == []
    assert not {"anke", "joost"} & street.quoted(assistant, LIGHTHOUSE)
    assert "joost" in street.found(reader, "schuur geverfd"), "what is his own is still his"

    street.build()
    assert ALMOST not in {row["text"] for row in kept(street)}
    assert "joost" in street.found(reader, "schuur geverfd")


def test_her_picture_falls_out_where_somebody_else_posted_it_again(street: Street) -> None:
    reader = street.signed_in("els")
    before = {row["account"] for row in kept(street) if row["photos"]}
    assert before == {account(name) for name in ("anke", "bea", "kees")}
    assert "bea" in street.found(reader, "kijk nou vuurtoren")

    objection.submit(street.person("anke"), route="form", now=TOLD)
    assert "bea" not in street.found(reader, "kijk nou vuurtoren")
    assert "kees" in street.found(reader, "mooie dag op de dijk"), "another picture is another's"

    street.build()
    after = {row["account"] for row in kept(street) if row["photos"]}
    assert after == {account("kees")}


def test_an_authority_halts_the_model_in_the_middle_of_an_answer(street: Street) -> None:
    assistant = street.assistant()
    released = read_release(street.site.models)
    assert released is not None
    assert street.ask(assistant, LIGHTHOUSE).model == released.name

    speaking = chat.reply(
        assistant, [Message(role="user", text=LIGHTHOUSE)], Sampling(max_tokens=50, seed=1)
    )
    assert isinstance(next(speaking), str)
    halt = hold.place(Scope(model=released.name), by="Autoriteit", now=TOLD)
    *_, taken_back = speaking
    assert isinstance(taken_back, Answer)
    assert (taken_back.finish, taken_back.text) == ("standing-changed", "")

    answer = street.ask(assistant, LIGHTHOUSE)
    assert (answer.model, answer.shards, answer.halted) == (None, (), True)
    assert answer.citations, "posts may still be quoted: nobody halted them"
    assert "stilgelegd" in answer.text
    page = street.signed_in("els").post("/ask/", {"question": LIGHTHOUSE}, follow=True)
    assert "stilgelegd" in page.text

    hold.lift(halt.pk, by="Autoriteit", now=TOLD)
    assert street.ask(assistant, LIGHTHOUSE).model == released.name


def test_a_halt_of_another_model_halts_nothing_here(street: Street) -> None:
    hold.place(Scope(model="f" * 64), by="Autoriteit", now=TOLD)
    answer = street.ask(street.assistant(), LIGHTHOUSE)
    assert not answer.halted
    assert answer.model


def test_nobody_can_say_who_objects_so_not_even_the_search_page_finds_anything(
    street: Street,
) -> None:
    assistant = street.assistant()
    assert search.find(assistant, "vuurtoren", 5)
    (street.site.root / "demur.db").unlink()
    with pytest.raises(StandingUnreadable):
        search.find(assistant, "vuurtoren", 5)
    answer = street.ask(assistant, LIGHTHOUSE)
    assert (answer.memories, answer.model, answer.citations) == (False, None, ())


def kept(street: Street) -> list[dict[str, Any]]:
    return [
        row
        for shard in range(street.site.home.shards)
        for row in pq.read_table(corpus.current(street.site.build, shard).kept).to_pylist()
    ]


def test_the_street_has_who_these_stories_need(street: Street) -> None:
    """Everybody is used before anybody says no, or the stories above show nothing."""
    assert {row["account"] for row in kept(street)} == {account(name) for name in STREET}
