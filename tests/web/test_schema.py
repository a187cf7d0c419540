"""The API does what its own description says, whatever a program sends it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, settings
from nacl.signing import SigningKey
from schemathesis import GenerationMode

from demur.assistant.images import Drawing
from demur.rights import agents
from demur.web import keys, voice
from demur.web.api import api

DOORS = [
    (method, f"/v1{path.removeprefix('/v1')}")
    for path, methods in api.get_openapi_schema(path_prefix="/v1/")["paths"].items()
    for method in methods
]
MUCH = {"requests_a_minute": 100_000, "tokens_a_day": 10**9}
EXAMPLES = 12  # of each kind, at each door


@pytest.fixture
def schema(site, assistant, monkeypatch):
    drawing = Drawing(png=b"pixels", language="en", drew="composer")
    vectors = np.zeros((64, 384), "f4")
    monkeypatch.setattr(voice, "draw", lambda description, **size: drawing)
    monkeypatch.setattr(voice, "meaning", lambda texts: vectors[: len(texts)])
    return schemathesis.openapi.from_wsgi("/v1/openapi.json", get_wsgi_application())


@pytest.fixture
def tokens(site) -> dict[str, str]:
    now = datetime.now(UTC)
    key = SigningKey(b"agent of the rights office: 32 b").verify_key.encode().hex()
    agent = agents.add("RIGHTS_OFFICE", name="Rights Office", key=key, now=now)
    return {
        "drp": agents.give_token(agent),
        "chat": keys.create("test", now, scopes=keys.SCOPES, **MUCH),
    }


@pytest.mark.parametrize("kind", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), DOORS)
def test_the_api_keeps_to_its_description(schema, tokens, method, path, kind):
    about_people = path.startswith(("/v1/data-rights-request", "/v1/agent"))
    token = tokens["drp" if about_people else "chat"]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema[path][method].as_strategy(generation_mode=kind))
    def ask(case) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"})

    ask()


def test_every_door_of_the_description_is_tried():
    assert {path.split("/")[2] for _, path in DOORS} == {
        "models",
        "chat",
        "completions",
        "embeddings",
        "images",
        "data-rights-request",
        "agent",
    }
