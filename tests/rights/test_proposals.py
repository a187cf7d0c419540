"""A second pair of eyes: nobody lifts a hold or refuses somebody alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User

from demur.errors import NotAllowed, NotFound, Refusal
from demur.people import Scope
from demur.rights import authority, decisions, deletion, hold, models, proposals, roles
from demur.rights.roles import Role
from demur.tlog import note

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def staff(name: str, role: Role) -> User:
    made = User.objects.create_user(name)
    roles.appoint(made, role)
    return made


@pytest.fixture
def ina(site) -> User:
    return staff("ina", Role.OPERATOR)


@pytest.fixture
def omar(site) -> User:
    return staff("omar", Role.OFFICER)


@pytest.fixture
def ada(site) -> User:
    return staff("ada", Role.AUDITOR)


@pytest.fixture
def placed(site) -> models.Hold:
    return hold.place(Scope(country="NL"), by="ina", now=NOW)


def test_one_proposes_and_another_lifts(ina, omar, placed):
    waits = proposals.lift(placed.pk, by=ina, now=NOW)
    assert models.Hold.objects.get(pk=placed.pk).lifted_at is None
    done = proposals.confirm(waits.pk, by=omar, now=NOW)
    assert (done.agreed, done.second) == (True, omar)
    lifted = models.Hold.objects.get(pk=placed.pk)
    assert lifted.lifted_at == NOW
    assert lifted.lifted_by == "ina, omar"
    with pytest.raises(NotAllowed):
        proposals.confirm(waits.pk, by=omar, now=NOW)


def test_nobody_confirms_what_they_proposed_not_even_a_superuser(placed):
    root = User.objects.create_superuser("root")
    waits = proposals.lift(placed.pk, by=root, now=NOW)
    with pytest.raises(NotAllowed, match="yourself"):
        proposals.confirm(waits.pk, by=root, now=NOW)
    assert models.Hold.objects.get(pk=placed.pk).lifted_at is None


def test_an_auditor_neither_proposes_nor_confirms_nor_declines(ina, ada, placed):
    with pytest.raises(NotAllowed):
        proposals.lift(placed.pk, by=ada, now=NOW)
    waits = proposals.lift(placed.pk, by=ina, now=NOW)
    for act in (proposals.confirm, proposals.decline):
        with pytest.raises(NotAllowed):
            act(waits.pk, by=ada, now=NOW)
    assert proposals.waiting().count() == 1


def test_what_is_declined_is_not_done_and_may_be_proposed_again(ina, omar, placed):
    first = proposals.lift(placed.pk, by=ina, now=NOW)
    assert proposals.lift(placed.pk, by=ina, now=NOW) == first
    with pytest.raises(NotAllowed, match="proposed this already"):
        proposals.lift(placed.pk, by=omar, now=NOW)
    proposals.decline(first.pk, by=omar, now=NOW)
    assert models.Hold.objects.get(pk=placed.pk).lifted_at is None
    assert proposals.lift(placed.pk, by=omar, now=NOW).pk != first.pk


def test_whoever_proposed_may_take_it_back(ina, placed):
    waits = proposals.lift(placed.pk, by=ina, now=NOW)
    assert proposals.decline(waits.pk, by=ina, now=NOW).agreed is False


def test_two_people_here_do_not_lift_what_an_authority_halted(ina, site):
    from .test_authority import KEY, order, signed

    authority.add("Garante", str(note.key_of("garante.example", KEY)), now=NOW)
    halted = authority.obey(signed(order()), now=NOW)
    with pytest.raises(NotAllowed, match="it alone"):
        proposals.lift(halted.pk, by=ina, now=NOW)


def test_a_hold_that_is_none_cannot_be_lifted(ina):
    with pytest.raises(NotFound):
        proposals.lift(99, by=ina, now=NOW)


def test_a_refusal_is_read_by_a_second_person_and_said_in_words(ina, omar, register):
    luciana = register("luciana", country="BR", language="pt", email="luciana@dorp.example")
    asked = deletion.open_(luciana, route="form", now=NOW)
    models.Request.objects.filter(pk=asked.pk).update(state="in_progress")
    with pytest.raises(Refusal):
        proposals.refuse(str(asked.pk), reason="other", said=" ", by=omar, now=NOW)
    with pytest.raises(NotAllowed):
        proposals.refuse(str(asked.pk), reason="other", said="No.", by=ina, now=NOW)
    words = "We looked and found nothing of yours in any answer."
    waits = proposals.refuse(str(asked.pk), reason="no_match", said=words, by=omar, now=NOW)
    assert decisions.fresh(asked).state == "in_progress"
    with pytest.raises(NotAllowed, match="yourself"):
        proposals.confirm(waits.pk, by=omar, now=NOW)
    proposals.confirm(waits.pk, by=ina, now=NOW)
    refused = decisions.fresh(asked)
    assert (refused.state, refused.reason, refused.said) == ("denied", "no_match", words)
    assert refused.restricted
