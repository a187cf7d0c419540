"""An authority's order: whose it is, what it says, where it holds, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from demur.errors import NotAllowed, NotFound, ProofRejected, Refusal
from demur.people import Scope, Use
from demur.rights import authority, book, models
from demur.rights.authority import Order, Verb
from demur.rights.place import here
from demur.tlog import note

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
ITALY = Scope(country="IT")


def order(**facts: object) -> Order:
    said: dict[str, object] = {
        "verb": Verb.HALT,
        "scope": ITALY,
        "id": "2026/17",
        "issued": NOW - timedelta(hours=1),
        "expires": NOW + timedelta(days=7),
        "site": here().origin,
    }
    return Order(**(said | facts))  # type: ignore[arg-type]


def signed(what: Order, *, name: str = "garante.example", key: Ed25519PrivateKey = KEY) -> str:
    return note.sign(what.text, name, key)


@pytest.fixture
def garante(site: object) -> models.Authority:
    vkey = str(note.key_of("garante.example", KEY))
    return authority.add("Garante", vkey, countries=["it"], now=NOW)


@pytest.fixture
def board(site: object) -> models.Authority:
    vkey = str(note.key_of("board.example", OTHER))
    return authority.add("The Board", vkey, now=NOW)


def test_an_authority_is_a_line_of_the_book(garante):
    line = models.Entry.objects.latest("index")
    assert (line.kind, line.pk) == ("authority", garante.entry_id)
    assert book.opening(line).payload["countries"] == ["IT"]


@pytest.mark.parametrize("key", ["", "garante.example", "garante.example+00000000+AQ=="])
def test_a_key_that_is_none_is_refused(site, key):
    with pytest.raises(ProofRejected):
        authority.add("Garante", key, now=NOW)


def test_nobody_signs_with_another_ones_key(garante):
    with pytest.raises(NotAllowed):
        authority.add("Somebody", garante.key, now=NOW)
    with pytest.raises(NotAllowed):
        authority.add("Garante", str(note.key_of("x", OTHER)), now=NOW)


def test_a_halt_stands_at_once_with_its_line_and_the_order_as_it_came(garante):
    before = models.Epoch.objects.get().value
    text = signed(order())
    placed = authority.obey(text, now=NOW)
    assert placed.scope == {"country": "IT"}
    assert (placed.authority, placed.order, placed.lifted_at) == (garante, text, None)
    assert placed.entry.kind == "hold"
    assert models.Epoch.objects.get().value == before + 1


def test_a_halt_may_begin_on_a_later_day(garante):
    placed = authority.obey(signed(order(starts=date(2026, 12, 1))), now=NOW)
    assert placed.starts == date(2026, 12, 1)


def test_an_order_read_back_is_the_order(site):
    full = order(
        scope=Scope(platform="mastodon", country="IT", kinds=("photo",), uses=(Use.TRAINING,)),
        starts=date(2026, 12, 1),
    )
    assert authority.parse(full.text) == full


def _changed(text: str) -> str:
    return text.replace('"IT"', '"NL"')


@pytest.mark.parametrize(
    "spoil",
    [
        _changed,
        lambda text: text.replace("garante.example", "garante.sample"),
        lambda text: text[:-20] + "\n",
        lambda text: "",
        lambda text: text.replace("\n\n", "\n"),
    ],
)
def test_a_forged_order_is_refused_and_nothing_changes(garante, spoil: Callable[[str], str]):
    head = book.head()
    with pytest.raises(Refusal):
        authority.obey(spoil(signed(order())), now=NOW)
    assert book.head() == head
    assert not models.Hold.objects.exists()


def test_another_ones_key_under_their_name_is_refused(garante):
    with pytest.raises(ProofRejected):
        authority.obey(signed(order(), key=OTHER), now=NOW)


@pytest.mark.parametrize(
    "late",
    [
        {"expires": NOW},
        {"issued": NOW + timedelta(hours=1)},
        {"site": "elsewhere.example/log"},
    ],
)
def test_an_order_for_another_day_or_site_is_refused(garante, late):
    with pytest.raises(NotAllowed):
        authority.obey(signed(order(**late)), now=NOW)


def test_an_order_is_obeyed_once(garante):
    text = signed(order())
    authority.obey(text, now=NOW)
    with pytest.raises(NotAllowed, match="came before"):
        authority.obey(text, now=NOW)
    again = signed(order(scope=Scope(country="IT", platform="mastodon")))
    with pytest.raises(NotAllowed, match="came before"):
        authority.obey(again, now=NOW)


def test_an_old_lift_does_not_lift_a_new_halt(garante):
    authority.obey(signed(order(id="1")), now=NOW)
    lift = signed(order(verb=Verb.LIFT, id="2"))
    authority.obey(lift, now=NOW)
    authority.obey(signed(order(id="3")), now=NOW)
    with pytest.raises(NotAllowed, match="came before"):
        authority.obey(lift, now=NOW)
    assert models.Hold.objects.filter(lifted_at=None).count() == 1


def test_two_authorities_may_number_alike(garante, board):
    authority.obey(signed(order()), now=NOW)
    authority.obey(signed(order(), name="board.example", key=OTHER), now=NOW)
    assert models.Hold.objects.count() == 2


def test_an_authority_speaks_for_its_countries_alone(garante, board):
    for scope in (Scope(country="NL"), Scope(), Scope(platform="mastodon"), Scope(model="m")):
        with pytest.raises(NotAllowed):
            authority.obey(signed(order(scope=scope)), now=NOW)
    everywhere = order(scope=Scope())
    assert authority.obey(signed(everywhere, name="board.example", key=OTHER), now=NOW).scope == {}


@pytest.mark.parametrize(
    "scope", [{"post": "0" * 32}, {"group": "Dorp"}, {"kinds": ["gossip"]}, {"country": 1}, []]
)
def test_an_order_about_something_else_is_none(garante, scope):
    text = order().text.replace('{"country":"IT"}', _json(scope))
    with pytest.raises(ProofRejected):
        authority.obey(note.sign(text, "garante.example", KEY), now=NOW)


def _json(value: object) -> str:
    import json

    return json.dumps(value, separators=(",", ":"))


def test_whoever_halted_lifts_and_nobody_else(garante, board):
    authority.obey(signed(order()), now=NOW)
    lift = order(verb=Verb.LIFT, id="2026/18")
    with pytest.raises(NotAllowed, match="halted by Garante"):
        authority.obey(signed(lift, name="board.example", key=OTHER), now=NOW)
    lifted = authority.obey(signed(lift), now=NOW)
    assert lifted.lifted_at == NOW
    assert lifted.lifted_entry.kind == "lift"
    with pytest.raises(NotFound):
        authority.obey(signed(replace(lift, id="2026/19")), now=NOW)


def test_a_retired_authority_is_heard_no_more_and_its_halt_stays(garante):
    authority.obey(signed(order()), now=NOW)
    authority.retire(garante, now=NOW)
    with pytest.raises(ProofRejected):
        authority.obey(signed(order(verb=Verb.LIFT, id="2")), now=NOW)
    assert models.Hold.objects.filter(lifted_at=None).count() == 1


def test_an_order_as_long_as_a_book_is_not_read(garante):
    with pytest.raises(Refusal, match="at most"):
        authority.obey("x" * 20_000, now=NOW)
