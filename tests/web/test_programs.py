"""Programs ask for meaning and for pictures, with keys that open only what they are for."""

from __future__ import annotations

import base64
import json
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import openai
import pytest
from django.test import Client

from demur.assistant import images
from demur.assistant.images import Drawing
from demur.cli import main
from demur.errors import NotFound, Refusal
from demur.web import embeddings, keys, voice
from demur.web.limits import Caller, TooMany
from demur.web.models import ApiKey

ASK = [{"role": "user", "content": "When is the fair?"}]
NOON = datetime(2026, 11, 1, 12, 0, 20, tzinfo=UTC)


@pytest.fixture
def client(site, address, assistant):
    """Speaks with a key for everything."""
    key = keys.create("test", datetime.now(UTC), scopes=keys.SCOPES)
    return openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0)


@pytest.fixture
def meant(monkeypatch):
    """A meaning that anybody can compute: the letters a to d, counted, on the unit circle."""

    def embed(texts):
        counts = np.array([[text.count(letter) for letter in "abcd"] for text in texts], "f4") + 1
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)

    monkeypatch.setattr(voice, "meaning", embed)
    monkeypatch.setattr(voice, "counted", lambda texts: [len(text.split()) for text in texts])
    return embed


@pytest.fixture
def drawn(monkeypatch):
    """What is drawn for whoever asks; the real composer is `assistant.images`."""
    made = {"png": b"\x89PNG pixels", "language": "en", "drew": "composer", "parts": ("boat",)}
    made["note"] = "I have no picture for: sea."
    asked = []

    def draw(assistant, description, *, seed=None, size=512):
        asked.append((description, size))
        return Drawing(**made)

    monkeypatch.setattr(images, "draw", draw)
    return made, asked


def test_the_official_client_gets_vectors_as_it_asks_by_default(client, meant):
    answer = client.embeddings.create(model="demur-embed", input=["aab", "cd"])
    assert [each.index for each in answer.data] == [0, 1]
    np.testing.assert_allclose([each.embedding for each in answer.data], meant(["aab", "cd"]))
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 2
    plain = client.embeddings.create(model="demur-embed", input="aab", encoding_format="float")
    np.testing.assert_allclose(plain.data[0].embedding, meant(["aab"])[0], rtol=1e-6)


def test_the_real_model_says_the_same_in_two_languages_in_the_same_direction(client):
    said = ["When does the ferry leave?", "Hoe laat vertrekt de pont?", "I bake bread."]
    answer = client.embeddings.create(model="demur-embed", input=said)
    english, dutch, bread = (np.array(each.embedding) for each in answer.data)
    assert np.linalg.norm(english) == pytest.approx(1, abs=1e-3)
    assert english @ dutch > english @ bread
    assert 10 < answer.usage.prompt_tokens < 60


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"input": [1, 2, 3]}, "input"),
        ({"input": [[1, 2], [3]]}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a"] * (embeddings.TEXTS + 1)}, "input"),
        ({"input": "a " * embeddings.CHARACTERS}, "input"),
        ({"dimensions": 64}, "dimensions"),
        ({"encoding_format": "int8"}, "encoding_format"),
    ],
)
def test_what_an_embedding_cannot_honour_is_refused(client, meant, change, param):
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(**{"model": "demur-embed", "input": "a"} | change)
    assert refused.value.param == param


def test_the_official_client_gets_a_picture_and_reads_what_drew_it(client, drawn):
    made, asked = drawn
    answer = client.images.generate(
        model="demur-image", prompt="a boat", size="256x256", response_format="b64_json"
    )
    assert base64.b64decode(answer.data[0].b64_json) == made["png"]
    assert answer.data[0].revised_prompt == "composer: boat. I have no picture for: sea."
    assert answer.demur["note"] == made["note"]
    assert asked == [("a boat", 256)]
    assert client.images.generate(prompt="a boat").size == "512x512"


def test_a_picture_that_is_declined_is_refused_as_openai_refuses_it(client, drawn):
    drawn[0].update(png=b"", declined="Nobody is drawn here.")
    with pytest.raises(openai.BadRequestError, match="Nobody is drawn here") as refused:
        client.images.generate(model="demur-image", prompt="Anna at the fair")
    assert refused.value.code == "content_policy_violation"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"response_format": "url"}, "response_format"),
        ({"size": "1792x1024"}, "size"),
        ({"n": 2}, "n"),
        ({"output_format": "webp"}, "output_format"),
        ({"background": "transparent"}, "background"),
        ({"prompt": ""}, "prompt"),
    ],
)
def test_what_a_picture_cannot_honour_is_refused(client, drawn, change, param):
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(**{"model": "demur-image", "prompt": "a boat"} | change)
    assert refused.value.param == param
    assert drawn[1] == []


def test_another_model_is_at_none_of_the_doors(client, meant, drawn):
    for ask in (
        lambda: client.embeddings.create(model="demur", input="a"),
        lambda: client.images.generate(model="demur", prompt="a"),
        lambda: client.completions.create(model="demur-embed", prompt="a"),
    ):
        with pytest.raises(openai.NotFoundError) as refused:
            ask()
        assert refused.value.code == "model_not_found"


# ---- scopes ----


@pytest.mark.parametrize(
    ("scope", "door", "body"),
    [
        ("chat", "chat/completions", {"model": "demur", "messages": ASK}),
        ("chat", "completions", {"model": "demur", "prompt": "When?"}),
        ("embeddings", "embeddings", {"model": "demur-embed", "input": "a"}),
        ("images", "images/generations", {"model": "demur-image", "prompt": "a boat"}),
    ],
)
@pytest.mark.usefixtures("site", "assistant", "meant", "drawn")
def test_a_key_opens_what_its_scopes_name_and_nothing_else(scope, door, body):
    now = datetime.now(UTC)
    others = [each for each in keys.SCOPES if each != scope]
    for scopes, status in (([scope], 200), (others, 401)):
        key = keys.create("test", now, scopes=scopes)
        answer = Client().post(
            f"/v1/{door}",
            json.dumps(body),
            content_type="application/json",
            headers={"authorization": f"Bearer {key}"},
        )
        assert answer.status_code == status
    assert answer.json()["error"]["code"] == "missing_scope"
    assert scope in answer.json()["error"]["message"]


def test_a_key_without_a_known_scope_is_not_made(site):
    for scopes in ([], ["everything"]):
        with pytest.raises(Refusal, match="chat, embeddings, images, metrics"):
            keys.create("test", NOON, scopes=scopes)
    assert not ApiKey.objects.exists()


def test_a_revoked_key_opens_nothing_from_then_on(site, assistant):
    key = keys.create("test", datetime.now(UTC))
    headers = {"authorization": f"Bearer {key}"}
    assert Client().get("/v1/models", headers=headers).status_code == 200
    keys.revoke(ApiKey.objects.get().pk, datetime.now(UTC))
    refused = Client().get("/v1/models", headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
    with pytest.raises(NotFound, match="key list"):
        keys.revoke(99, NOON)


def test_an_operator_makes_lists_and_revokes_keys(site, capsys):
    at = ["--site", str(site.root)]
    asked = ["key", "add", "the newsletter", "--scope", "images", "--tokens-a-day", "9000", *at]
    assert main(asked) == 0
    key = capsys.readouterr().out.strip()
    assert key.startswith("demur-")
    assert main(["key", "list", *at]) == 0
    shown = capsys.readouterr().out
    assert "the newsletter  images  60 requests a minute, 9,000 tokens a day, until" in shown
    assert key not in shown
    assert main(["key", "revoke", str(ApiKey.objects.get().pk), *at]) == 0
    assert "revoked" in capsys.readouterr().out
    assert main(["key", "revoke", "the newsletter", *at]) == 2
    assert main(["key", "add", *at]) == 2


# ---- limits ----


def stored(**limit) -> ApiKey:
    keys.create("test", NOON, **limit)
    return ApiKey.objects.latest("pk")


def test_the_61st_request_of_a_minute_waits_for_the_next(site, tmp_path):
    key = stored(requests_a_minute=2)
    for left in (1, 0):
        assert Caller(tmp_path, key, lambda: NOON).left.requests == left
    with pytest.raises(TooMany, match=r"2 requests a minute; try again in 40s\.") as refused:
        Caller(tmp_path, key, lambda: NOON)
    assert (refused.value.kind, refused.value.wait) == ("requests", 40)
    assert Caller(tmp_path, key, lambda: NOON + timedelta(seconds=40)).left.requests == 1


def test_tokens_put_by_are_given_back_and_the_day_ends_at_midnight(site, tmp_path):
    key = stored(tokens_a_day=100)
    caller = Caller(tmp_path, key, lambda: NOON)
    caller.reserve(90)
    with pytest.raises(TooMany, match=r"100 tokens a day; try again in 11h59m40s\.") as refused:
        Caller(tmp_path, key, lambda: NOON).reserve(20)
    assert refused.value.left.tokens == 10
    caller.settle(30)
    assert Caller(tmp_path, key, lambda: NOON).left.tokens == 70
    over_midnight = NOON + timedelta(hours=11, minutes=59, seconds=40)
    late = Caller(tmp_path, key, lambda: NOON)
    late.reserve(70)
    late._clock = lambda: over_midnight
    late.settle(0)
    assert late.left.tokens == 100, "yesterday's are not given back today"


def test_many_at_once_never_pass_the_limit_together(site, tmp_path):
    key = stored(requests_a_minute=50, tokens_a_day=100)
    passed, refused = [], []

    def ask() -> None:
        for _ in range(10):
            try:
                Caller(tmp_path, key, lambda: NOON).reserve(7)
                passed.append(1)
            except TooMany as too_many:
                refused.append(too_many.kind)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 14  # 14 times 7 tokens are 98
    assert refused.count("requests") == 30  # of 80


def test_half_a_file_is_begun_anew(site, tmp_path):
    key = stored()
    (tmp_path / f"{key.pk}.json").write_bytes(b'{"minute": 3, "requ')
    assert Caller(tmp_path, key, lambda: NOON).left.requests == 59
    (tmp_path / f"{key.pk}.json").write_bytes(b'{"minute": "x", "requests": [], "day": 1}')
    assert Caller(tmp_path, key, lambda: NOON).left.requests == 59


def test_the_official_client_is_told_how_long_to_wait(address, assistant):
    key = keys.create("test", datetime.now(UTC), requests_a_minute=1)
    client = openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0)
    first = client.chat.completions.with_raw_response.create(model="demur", messages=ASK)
    assert first.headers["x-ratelimit-limit-requests"] == "1"
    assert first.headers["x-ratelimit-remaining-requests"] == "0"
    spent = first.parse().usage.total_tokens
    assert first.headers["x-ratelimit-remaining-tokens"] == str(200_000 - spent)
    with pytest.raises(openai.RateLimitError) as refused:
        client.models.list()
    assert refused.value.code == "rate_limit_exceeded"
    assert refused.value.type == "requests"
    assert 0 < int(refused.value.response.headers["retry-after"]) <= 60


def test_what_a_day_may_cost_is_not_begun(address, assistant):
    key = keys.create("test", datetime.now(UTC), tokens_a_day=100)
    client = openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0)
    with pytest.raises(openai.RateLimitError) as refused:
        client.chat.completions.create(model="demur", messages=ASK, max_tokens=101)
    assert refused.value.type == "tokens"
    assert assistant.asked == []
    for _ in range(3):  # what is not spent is given back, also of a stream and of a refusal
        list(
            client.chat.completions.create(model="demur", messages=ASK, max_tokens=60, stream=True)
        )
    assistant.refusal = NotFound("nothing is released")
    for _ in range(3):
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="demur", messages=ASK, max_tokens=40)
