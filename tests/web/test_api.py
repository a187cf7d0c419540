"""Programs speak with the assistant as they speak with OpenAI's, and get OpenAI's refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import openai
import pytest
from django.test import Client

from demur.assistant.said import Sampling
from demur.errors import NotFound, StandingUnreadable
from demur.web import bearer, keys, wire

ASK = [{"role": "user", "content": "When is the fair?"}]


@pytest.fixture
def key(site) -> str:
    return keys.create("test", datetime.now(UTC))


@pytest.fixture
def client(address, assistant, key):
    return openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0)


@pytest.fixture
def post(key, assistant):
    def send(body, **headers):
        raw = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return Client().post(
            "/v1/chat/completions",
            raw,
            content_type="application/json",
            headers={"authorization": f"Bearer {key}"} | headers,
        )

    return send


def test_the_official_client_gets_an_answer(client, assistant):
    answer = client.chat.completions.create(
        model="demur",
        messages=[{"role": "developer", "content": "Be brief."}, *ASK],
        max_tokens=40,
        temperature=0.2,
        seed=5,
    )
    assert answer.choices[0].message.content == assistant.text
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.demur["citations"][0]["url"].startswith("https://")
    assert answer.demur["traced"][0]["post_ids"]
    assert [role for role, _ in assistant.planned[0].then[-1].prompt] == ["system", "user"]
    assert assistant.asked[0][1] == Sampling(max_tokens=40, temperature=0.2, seed=5)


def test_the_official_client_streams(client, assistant):
    chunks = list(
        client.chat.completions.create(
            model="demur", messages=ASK, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    said = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(said) == assistant.text
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-2].demur["memories"] is True
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == len(assistant.text.split(" "))
    assert len({chunk.id for chunk in chunks}) == 1


def test_the_official_client_lists_and_fetches_the_model(client):
    there = ["demur", "demur-embed", "demur-image"]
    assert [model.id for model in client.models.list()] == there
    assert client.models.retrieve("demur").owned_by == "community"
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("gpt-9")
    assert refused.value.code == "model_not_found"


def test_the_official_client_raises_when_a_stream_breaks_off(client, assistant):
    assistant.breaks_off = StandingUnreadable("nobody can say")
    with pytest.raises(openai.APIError, match="ask again"):
        list(client.chat.completions.create(model="demur", messages=ASK, stream=True))


def test_a_no_in_the_middle_ends_an_answer_as_filtered(client, assistant):
    assistant.finish = "standing-changed"
    whole = client.chat.completions.create(model="demur", messages=ASK)
    assert whole.choices[0].finish_reason == "content_filter"
    assert whole.choices[0].message.content == ""
    assert whole.demur["finish"] == "standing-changed"
    last = list(client.chat.completions.create(model="demur", messages=ASK, stream=True))[-1]
    assert last.choices[0].finish_reason == "content_filter"
    assert last.demur["citations"] == []


def test_the_longest_answer_ends_as_length(post, assistant):
    assistant.finish = "length"
    assert (
        post({"model": "demur", "messages": ASK}).json()["choices"][0]["finish_reason"] == "length"
    )


def test_a_wrong_key_is_refused_as_openai_does(address, assistant):
    stranger = openai.OpenAI(base_url=f"{address}/v1", api_key="demur-wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as refused:
        stranger.models.list()
    assert refused.value.code == "invalid_api_key"
    assert Client().get("/v1/models").status_code == 401
    assert assistant.asked == []


def test_a_session_is_no_key(as_anna, assistant):
    assert as_anna.get("/v1/models").status_code == 401


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": ASK * (wire.MAX_MESSAGES + 1)}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages"),
        ({"messages": [*ASK, {"role": "assistant", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": wire.MAX_TOKENS + 1}, "max_tokens"),
        ({"max_completion_tokens": -1}, "max_completion_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"seed": -1}, "seed"),
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"stop": ""}, "stop"),
        ({"logit_bias": {"50256": -100}}, "logit_bias"),
        ({"store": True}, "store"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_what_cannot_be_honoured_is_refused_with_a_sentence(post, assistant, change, param):
    refused = post({"model": "demur", "messages": ASK} | change)
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert error["param"] == param
    assert error["type"] == "invalid_request_error"
    assert error["message"].endswith(".")
    assert assistant.asked == []


def test_hints_for_sampling_are_left_unread(post):
    hints = {"top_p": 0.9, "presence_penalty": 1, "user": "x", "n": 1, "stop": None}
    hints |= {"logit_bias": {}, "store": False, "modalities": ["text"], "service_tier": "auto"}
    assert post({"model": "demur", "messages": ASK} | hints).status_code == 200


@pytest.mark.parametrize(
    ("stop", "passed"), [("\n", ("\n",)), (["a", "b"], ("a", "b")), (None, ())]
)
def test_stops_are_handed_to_the_assistant(post, assistant, stop, passed):
    assert post({"model": "demur", "messages": ASK, "stop": stop}).status_code == 200
    assert assistant.asked[0][1].stop == passed


def test_a_conversation_that_the_base_cannot_read_is_refused_and_not_cut(post, assistant):
    long = [{"role": "user", "content": "word " * (wire.MAX_CHARACTERS // 5 + 1)}]
    refused = post({"model": "demur", "messages": long})
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "context_length_exceeded"
    assert assistant.asked == []


def test_the_official_client_completes_a_prompt_by_the_same_road(client, assistant):
    answer = client.completions.create(model="demur", prompt=["When is the fair?"], stop=["Q:"])
    assert answer.object == "text_completion"
    assert answer.choices[0].text == assistant.text
    assert answer.demur["citations"]
    assert assistant.asked[0] == ("When is the fair?", Sampling(stop=("Q:",)))
    chunks = list(client.completions.create(model="demur", prompt="When?", stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == assistant.text
    assert chunks[-1].choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": ["one", "two"]}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"echo": True}, "echo"),
        ({"best_of": 3}, "best_of"),
        ({"suffix": "x"}, "suffix"),
        ({"logprobs": 2}, "logprobs"),
    ],
)
def test_what_a_completion_cannot_honour_is_refused(client, assistant, change, param):
    with pytest.raises(openai.BadRequestError) as refused:
        client.completions.create(**{"model": "demur", "prompt": "When?"} | change)
    assert refused.value.param == param
    assert assistant.asked == []


def test_text_in_parts_is_joined(post, assistant):
    parts = [{"type": "text", "text": "When is"}, {"type": "text", "text": "the fair?"}]
    post({"model": "demur", "messages": [{"role": "user", "content": parts}]})
    assert assistant.asked[0][0] == "When is\nthe fair?"


def test_another_model_does_not_exist_here(post):
    refused = post({"model": "gpt-9", "messages": ASK})
    assert refused.status_code == 404
    assert refused.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"model": "demur"}', b"\xff\xfe"])
def test_a_body_that_is_no_request_is_refused_in_the_same_shape(post, body):
    refused = post(body)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"]


def test_a_body_that_is_too_large_is_not_read(post, assistant):
    refused = post(
        {"model": "demur", "messages": [{"role": "user", "content": "x" * bearer.MAX_BODY}]}
    )
    assert refused.status_code == 413
    assert "shorter" in refused.json()["error"]["message"]
    assert assistant.asked == []


@pytest.mark.parametrize("refusal", [StandingUnreadable("x"), NotFound("nothing is released")])
@pytest.mark.parametrize("stream", [False, True])
def test_an_assistant_that_cannot_speak_is_unavailable_not_broken(post, assistant, refusal, stream):
    assistant.refusal = refusal
    refused = post({"model": "demur", "messages": ASK, "stream": stream})
    assert refused.status_code == 503
    assert refused.json()["error"]["type"] == "server_error"
    assert refused["Retry-After"] == "5"


def test_what_is_asked_is_never_logged(post, assistant, caplog):
    post({"model": "demur", "messages": [{"role": "user", "content": "SECRET"}], "n": 3})
    assistant.refusal = StandingUnreadable("x")
    post({"model": "demur", "messages": [{"role": "user", "content": "SECRET"}]})
    assert "SECRET" not in caplog.text


def test_what_is_not_there_is_refused_in_openais_shape(visitor):
    refused = visitor.get("/v1/nothing")
    assert refused.status_code == 404
    assert refused.json()["error"]["type"] == "invalid_request_error"
    assert visitor.get("/v1/openapi.json").json()["openapi"].startswith("3.1")
