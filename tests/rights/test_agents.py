"""Agents object for people: with their own key, to this site, now; no No of theirs is lost."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nacl.encoding import Base64Encoder
from nacl.signing import SigningKey

from demur.errors import NotFound, ProofRejected, Refusal
from demur.rights import agents, decisions, mail, models, objection, standing

pytestmark = pytest.mark.parametrize("site", ["sqlite"], indirect=True)  # nothing of SQL's own

KEY = SigningKey(b"agent of the rights office: 32 b")
OTHER = SigningKey(b"somebody else's key, 32 bytes ..")


@pytest.fixture
def agent(site, now) -> models.Agent:
    key = KEY.verify_key.encode().hex()  # as the DRP directory has it
    return agents.add("RIGHTS_OFFICE", name="Rights Office", key=key, now=now)


@pytest.fixture
def message(site, now):
    def make(**more) -> dict[str, object]:
        said = {
            "agent-id": "RIGHTS_OFFICE",
            "business-id": site.origin,
            "issued-at": now.isoformat(),
            "expires-at": (now + timedelta(minutes=15)).isoformat(),
            "drp.version": "1.0",
            "exercise": "objection:train-ai",
            "regime": "voluntary",
            "agent-request-id": "r1",
            "email": "anna@dorp.example",
            "email_verified": True,
        } | more
        return {name: value for name, value in said.items() if value is not None}

    return make


def signed(said: object, key: SigningKey = KEY) -> bytes:
    """As libsodium's combined mode has it, which an agent's own library makes."""
    return bytes(key.sign(json.dumps(said).encode(), encoder=Base64Encoder))


def send(agent: models.Agent, raw: bytes, now) -> models.Request:
    text, said = agents.opened(agent, raw)
    return agents.ask(agent, agents.read(text, agents.meant_for_us(agent, said, now)), now=now)


def test_an_agent_objects_for_a_member_who_is_told_and_can_undo(site, agent, anna, message, now):
    done = send(agent, signed(message()), now)
    assert (done.person, done.state) == (anna, "fulfilled")
    no = objection.standing_objection(anna)
    assert no is not None
    assert (no.route, no.agent) == ("agent", agent)
    assert anna.pk in standing.of(site, today=now.date).in_force().silent
    assert {"request_opened", "undo"} <= {letter.kind for letter in anna.letters.all()}
    assert mail.send_due(now)
    objection.undo(no, by=anna, now=now)
    assert anna.pk not in standing.of(site, today=now.date).in_force().silent


def test_the_same_message_again_is_the_same_request(agent, anna, message, now):
    first = send(agent, signed(message()), now)
    head = models.Entry.objects.count()
    assert send(agent, signed(message()), now) == first
    assert send(agent, signed(message(**{"agent-request-id": "r2"})), now) == first
    assert models.Entry.objects.count() == head


def test_a_replay_after_it_was_undone_does_not_object_again(agent, anna, message, now):
    raw = signed(message())
    done = send(agent, raw, now)
    no = objection.standing_objection(anna)
    assert no is not None
    objection.undo(no, by=anna, now=now)
    assert send(agent, raw, now) == done
    assert objection.standing_objection(anna) is None


def test_somebody_nobody_knows_is_answered_as_a_member_is(agent, anna, message, now):
    known = send(agent, signed(message()), now)
    unknown = send(
        agent, signed(message(email="nobody@dorp.example", **{"agent-request-id": "r9"})), now
    )
    assert (unknown.state, unknown.reason) == (known.state, known.reason)
    assert unknown.person is not None
    assert objection.standing_objection(unknown.person), "it waits for the day they come"


def test_a_handle_alone_is_enough_and_a_name_alone_is_not(agent, anna, message, now):
    by_handle = message(email=None, identifier="@anna", **{"agent-request-id": "h"})
    assert send(agent, signed(by_handle), now).person == anna
    by_name = message(email=None, name="Anna", **{"agent-request-id": "n"})
    nobody = send(agent, signed(by_name), now)
    assert (nobody.person, nobody.state, nobody.reason) == (
        None,
        "in_progress",
        "need_user_verification",
    )


def test_a_deletion_by_an_agent_fences_and_waits_for_the_proof(site, agent, register, message, now):
    luciana = register("luciana", country="BR", email="luciana@dorp.example")
    asked = message(exercise="deletion", regime="lgpd", email=luciana.email)
    done = send(agent, signed(asked), now)
    assert (done.state, done.restricted) == ("open", True)
    assert luciana.pk in standing.of(site, today=now.date).in_force().silent


@pytest.mark.parametrize(
    "wrong",
    [
        {"agent-id": "SOMEBODY_ELSE"},
        {"business-id": "other.example/log"},
        {"business-id": None},
        {"issued-at": "2026-11-20T12:05:00+00:00"},
        {"issued-at": "yesterday"},
        {"issued-at": "2026-11-20T11:00:00"},
        {"expires-at": "2026-11-20T12:00:00+00:00"},
        {"expires-at": "9999-12-31T23:59:59.999999+00:00", "issued-at": 5},
        {"expires-at": None},
    ],
)
def test_what_is_not_hers_not_ours_or_not_now_is_rejected(agent, anna, message, now, wrong):
    with pytest.raises(ProofRejected):
        send(agent, signed(message(**wrong)), now)
    assert not models.Request.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"drp.version": "7"},
        {"exercise": "sale:opt_in"},
        {"exercise": ["deletion"]},
        {"regime": "ccpa"},
        {"email": "no address"},
        {"email": {"a": 1}},
        {"identifier": 3},
        {"identifier": [None]},
        {"name": "x" * 501},
    ],
)
def test_what_cannot_be_done_is_refused_with_the_claim_that_is_wrong(agent, message, now, wrong):
    with pytest.raises(Refusal, match=next(iter(wrong))):
        send(agent, signed(message(**wrong)), now)


def test_another_key_a_changed_byte_and_no_signature_are_rejected(agent, message, now):
    raw = signed(message())
    decoded = bytearray(base64.b64decode(raw))
    decoded[-2] ^= 1
    whole = base64.b64encode(json.dumps(message()).encode())
    for body in (signed(message(), OTHER), base64.b64encode(decoded), whole, b"", b"\xff", b"===="):
        with pytest.raises(ProofRejected):
            agents.opened(agent, body)
    assert agents.opened(agent, raw)[1] == message()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    said=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_whatever_an_agent_signs_is_answered_with_a_refusal(agent, now, said):
    with pytest.raises(Refusal):
        send(agent, signed(said), now)


def test_a_stopped_agent_opens_nothing_and_what_it_asked_for_stands(agent, anna, message, now):
    token = agents.give_token(agent)
    done = send(agent, signed(message()), now)
    assert agents.by_token(token) == agent
    agents.stop(agent.pk, now=now)
    assert agents.by_token(token) is None
    agent.refresh_from_db()
    with pytest.raises(ProofRejected):
        agents.opened(agent, signed(message()))
    assert objection.standing_objection(anna) is not None
    assert decisions.fresh(done).state == "fulfilled"
    with pytest.raises(NotFound):
        agents.get("NOBODY")
    with pytest.raises(NotFound):
        agents.get("a\0b")


def test_a_new_key_ends_the_old_one_and_its_token(agent, message, now):
    token = agents.give_token(agent)
    assert agents.by_token(agents.give_token(agent)) == agent
    assert agents.by_token(token) is None
    new = agents.add(
        agent.pk, name="R", key=base64.b64encode(OTHER.verify_key.encode()).decode(), now=now
    )
    with pytest.raises(ProofRejected):
        agents.opened(new, signed(message()))
    assert agents.opened(new, signed(message(), OTHER))
    assert models.Entry.objects.filter(kind="agent").count() == 2
    for key in ("", "00", "z" * 64, base64.b64encode(b"short").decode()):
        with pytest.raises(Refusal):
            agents.add("X", name="X", key=key, now=now)


def test_an_agent_that_sends_very_many_is_shown_and_no_no_of_it_is_refused(  # noqa: PLR0917
    site, agent, register, message, now, monkeypatch
):
    monkeypatch.setattr(agents, "MANY", 3)
    people = [register(f"p{n}", email=f"p{n}@dorp.example") for n in range(6)]
    assert not agents.flagged(now)
    for n, person in enumerate(people):
        asked = message(email=person.email, **{"agent-request-id": str(n)})
        assert send(agent, signed(asked), now).state == "fulfilled"
    assert list(agents.flagged(now)) == [agent]
    silent = standing.of(site, today=now.date).in_force().silent
    assert {person.pk for person in people} <= set(silent)
    assert all(person.letters.filter(kind="undo").exists() for person in people)
    with pytest.raises(agents.TooMany):
        send(agent, signed(message(email=people[0].email, **{"agent-request-id": "again"})), now)
    assert not agents.flagged(now + timedelta(days=2))
