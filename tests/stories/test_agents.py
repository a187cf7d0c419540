"""Organisations object for people over the Data Rights Protocol; hostile ones get nowhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from nacl.encoding import Base64Encoder
from nacl.signing import SigningKey
from village_site import Village

from demur.rights import agents, models, objection, standing
from demur.village import story

KEY = SigningKey(b"the islanders' own union, 32 by.")
ID = "ISLAND_UNION"


class Union:
    """An agent with its own key and its own HTTP client; it knows nothing but the protocol."""

    def __init__(self, village: Village, key: SigningKey = KEY) -> None:
        self.origin, self.key = village.site.origin, key
        self.token = ""

    def sign(self, **claims: object) -> str:
        now = datetime.now(UTC)
        said = {
            "agent-id": ID,
            "business-id": self.origin,
            "issued-at": now.isoformat(),
            "expires-at": (now + timedelta(minutes=10)).isoformat(),
            "drp.version": "1.0",
            "exercise": "objection:train-ai",
            "regime": "gdpr",
        } | claims
        return self.key.sign(json.dumps(said).encode(), encoder=Base64Encoder).decode()

    def post(self, path: str, body: str):
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return Client().generic("POST", path, body, content_type="text/plain", headers=headers)

    def meet(self) -> Union:
        self.token = self.post(f"/v1/agent/{ID}", self.sign()).json()["token"]
        return self

    def objects_for(self, email: str, number: str = "1"):
        return self.post(
            "/v1/data-rights-request", self.sign(email=email, **{"agent-request-id": number})
        )


@pytest.fixture
def union(told: Village) -> Union:
    key = KEY.verify_key.encode().hex()
    agents.add(ID, name="The islanders' union", key=key, now=told.now())
    return Union(told).meet()


def silent(village: Village) -> set[str]:
    return set(standing.of(village.site, today=village.now().date).in_force().silent)


def test_her_union_objects_for_her_and_she_is_told(told: Village, union: Union) -> None:
    her = told.person(story.OBJECTOR)
    answer = union.objects_for(her.email)
    assert answer.json()["status"] == "fulfilled"
    assert her.pk in silent(told)
    assert {"receipt", "undo"} <= {letter.kind for letter in her.letters.all()}


def test_whoever_did_not_want_it_undoes_it_and_the_message_opens_nothing_twice(
    told: Village, union: Union
) -> None:
    her = told.person(story.OBJECTOR)
    union.objects_for(her.email)
    no = objection.standing_objection(her)
    assert no is not None
    objection.undo(no, by=her, now=told.now())
    assert her.pk not in silent(told)
    union.objects_for(her.email)
    assert her.pk not in silent(told), "the same request again is the one she undid"


def test_a_hostile_agent_fences_nobody(told: Village, union: Union) -> None:
    her = told.person(story.OBJECTOR)
    hostile = Union(told, SigningKey(b"a key that no operator has seen."))
    assert hostile.post(f"/v1/agent/{ID}", hostile.sign()).status_code == 403
    hostile.token = union.token  # stolen
    assert hostile.objects_for(her.email).status_code == 403
    old = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    for wrong in ({"expires-at": old}, {"business-id": "elsewhere.example/log"}):
        body = union.sign(email=her.email, **wrong)
        assert union.post("/v1/data-rights-request", body).status_code == 403
    assert not models.Request.objects.exists()
    assert her.pk not in silent(told)


def test_a_mass_of_nos_by_one_agent_fences_each_tells_each_and_shows_the_operator(
    told: Village, union: Union, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "MANY", 2)
    members = [told.person(key) for key in ("marijke", "bram", "ben", "luciana")]
    for number, member in enumerate(members):
        assert union.objects_for(member.email, str(number)).status_code == 200
    assert {member.pk for member in members} <= silent(told)
    assert all(member.letters.filter(kind="undo").exists() for member in members)
    assert [agent.pk for agent in agents.flagged(datetime.now(UTC))] == [ID]
    assert union.objects_for(members[0].email, "again").status_code == 429
    assert {member.pk for member in members} <= silent(told), "and still nobody's No is refused"
