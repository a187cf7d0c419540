"""An agent speaks the Data Rights Protocol 1.0 with the site; hostile ones are answered too."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from nacl.encoding import Base64Encoder
from nacl.signing import SigningKey

from demur.rights import agents, models, objection
from demur.web import drp

KEY = SigningKey(b"agent of the rights office: 32 b")
ID = "RIGHTS_OFFICE"


def signed(said: object, key: SigningKey = KEY) -> str:
    return key.sign(json.dumps(said).encode(), encoder=Base64Encoder).decode()


@pytest.fixture
def said(site):
    def make(**more) -> dict[str, object]:
        now = datetime.now(UTC)
        return {
            "agent-id": ID,
            "business-id": site.origin,
            "issued-at": now.isoformat(),
            "expires-at": (now + timedelta(minutes=15)).isoformat(),
            "drp.version": "1.0",
            "exercise": "objection:train-ai",
            "regime": "gdpr",
            "agent-request-id": "r1",
            "email": "anna@dorp.example",
            "email_verified": True,
        } | more

    return make


@pytest.fixture
def agent(site) -> models.Agent:
    key = KEY.verify_key.encode().hex()
    return agents.add(ID, name="Rights Office", key=key, now=datetime.now(UTC))


@pytest.fixture
def token(agent, said) -> str:
    met = send("POST", f"/v1/agent/{ID}", signed(said()))
    assert met.json()["agent-id"] == ID
    return met.json()["token"]


def send(method: str, path: str, body: str | bytes = "", token: str = ""):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return Client(raise_request_exception=False).generic(
        method, path, body, content_type="text/plain", headers=headers
    )


def test_an_agent_meets_the_site_objects_and_sees_what_became_of_it(anna, token, said):
    assert send("GET", f"/v1/agent/{ID}", token=token).json() == {}
    asked = send("POST", "/v1/data-rights-request", signed(said()), token)
    assert asked.status_code == 200
    status = asked.json()
    assert status["status"] == "fulfilled"
    assert objection.standing_objection(anna) is not None
    again = send("GET", f"/v1/data-rights-request/{status['request_id']}", token=token)
    assert again.json() == status
    assert set(status) == {
        "request_id",
        "received_at",
        "expected_by",
        "processing_details",
        "status",
    }


def test_an_open_deletion_is_revoked_by_its_agent(register, token, said):
    luciana = register("luciana", country="BR", language="pt")
    asked = said(exercise="deletion", regime="lgpd", email=luciana.email)
    status = send("POST", "/v1/data-rights-request", signed(asked), token).json()
    assert status["status"] == "open"
    path = f"/v1/data-rights-request/{status['request_id']}"
    assert send("DELETE", path, "nonsense", token).status_code == 403
    assert send("DELETE", path, signed({"reason": ""}), token).json()["status"] == "revoked"
    assert not models.Request.objects.get().restricted


def test_what_is_granted_is_not_for_an_agent_to_take_back(anna, token, said):
    status = send("POST", "/v1/data-rights-request", signed(said()), token).json()
    path = f"/v1/data-rights-request/{status['request_id']}"
    refused = send("DELETE", path, signed({}), token)
    assert (refused.status_code, refused.json()["code"]) == (400, "400")
    assert objection.standing_objection(anna) is not None


def test_one_agent_sees_nothing_of_anothers(anna, token, said):
    status = send("POST", "/v1/data-rights-request", signed(said()), token).json()
    other = SigningKey(b"another agent, with its own key.")
    agents.add("OTHER", name="Other", key=other.verify_key.encode().hex(), now=datetime.now(UTC))
    met = send("POST", "/v1/agent/OTHER", signed(said(**{"agent-id": "OTHER"}), other))
    theirs = met.json()["token"]
    path = f"/v1/data-rights-request/{status['request_id']}"
    nowhere = "/v1/data-rights-request/00000000-0000-4000-8000-000000000000"
    for method in ("GET", "DELETE"):
        one, none = send(method, path, "", theirs), send(method, nowhere, "", theirs)
        assert (one.status_code, one.json()) == (none.status_code, none.json())
        assert one.status_code == 403
    assert send("GET", f"/v1/agent/{ID}", token=theirs).status_code == 403


def test_wrong_keys_replays_and_expired_messages_open_nothing(anna, agent, token, said):
    stranger = SigningKey(b"a key that nobody registered ...")
    old = datetime.now(UTC) - timedelta(hours=1)
    for body in (
        signed(said(), stranger),
        signed(said(**{"agent-id": "NOBODY"})),
        signed(said(**{"business-id": "elsewhere.example/log"})),
        signed(said(**{"expires-at": old.isoformat()})),
        "",
        "no base64 !",
        "QUFB" * 20000,
    ):
        answer = send("POST", f"/v1/agent/{ID}", body)
        assert answer.status_code in (403, 413)
        refused = send("POST", "/v1/data-rights-request", body, token)
        assert refused.status_code in (403, 413)
    assert send("POST", "/v1/agent/NOBODY", signed(said())).content == b""
    for wrong in ("", "x", token[:-1]):
        assert send("POST", "/v1/data-rights-request", signed(said()), wrong).status_code == 401
    assert not models.Request.objects.exists()
    assert agents.by_token(token) == agent, "a hostile message costs the agent nothing"


def test_no_answer_says_whether_somebody_is_known(anna, token, said):
    one = send("POST", "/v1/data-rights-request", signed(said()), token).json()
    other = said(email="nobody@dorp.example", **{"agent-request-id": "r2"})
    two = send("POST", "/v1/data-rights-request", signed(other), token).json()
    differ = {name for name in one if one[name] != two[name]}
    assert differ <= {"request_id", "received_at"}


def test_doubles_of_a_flagged_agent_are_too_many_and_its_nos_are_not(
    anna, bob, token, said, monkeypatch
):
    monkeypatch.setattr(agents, "MANY", 0)
    assert send("POST", "/v1/data-rights-request", signed(said()), token).status_code == 200
    double = signed(said(**{"agent-request-id": "r2"}))
    assert send("POST", "/v1/data-rights-request", double, token).status_code == 429
    other = signed(said(email=bob.email, **{"agent-request-id": "r3"}))
    assert send("POST", "/v1/data-rights-request", other, token).status_code == 200


def test_every_state_has_words():
    assert set(drp.DETAILS) | {"denied"} == {
        "open", "in_progress", "fulfilled", "revoked", "denied", "expired",
    }  # fmt: skip
