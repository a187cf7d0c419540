"""The operator sees how the service fares, and nobody in it: counts, times, one line a request."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from demur.errors import StandingUnreadable
from demur.rights import objection
from demur.site import logs
from demur.web import keys, metrics

from .conftest import FakeAssistant

WORDS = "Marmaduke lost his green bicycle near the lighthouse"
MAIL = "marmaduke@secret.example"
FORBIDDEN = ("marmaduke", "bicycle", "secret", "lighthouse", "anna", "10.9.8.7", "dorp aan zee")


def scraped(scope: str = "metrics") -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    key = keys.create("test", datetime.now(UTC), scopes=[scope])
    answer = Client().get("/metrics", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def value(found, name: str, **labels: str) -> float:
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


@pytest.fixture
def ask(site, assistant):
    key = keys.create("test", datetime.now(UTC))

    def send(text: str = "When is the fair?", **more: object):
        body = {"model": "demur", "messages": [{"role": "user", "content": text}], **more}
        return Client().post(
            "/v1/chat/completions",
            json.dumps(body),
            content_type="application/json",
            headers={"authorization": f"Bearer {key}"},
        )

    return send


@pytest.fixture
def lines(monkeypatch):
    """Everything that goes to standard error through the log, as it is written there."""
    [handler] = [h for h in logging.getLogger().handlers if isinstance(h.formatter, logs.JsonLines)]
    written = io.StringIO()
    monkeypatch.setattr(handler, "stream", written)
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def test_answers_are_counted_by_ability_and_by_how_they_ended(ask, assistant):
    before = scraped()
    assert ask().status_code == 200
    assert b"[DONE]" in b"".join(ask(stream=True).streaming_content)
    assistant.finish = "standing-changed"
    ask()
    assistant.finish, assistant.refusal = "stop", StandingUnreadable(WORDS)
    ask()
    after = scraped()

    def grew(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grew("demur_answers_total", ability="chat", finish="stop") == 2
    assert grew("demur_answers_total", ability="chat", finish="standing-changed") == 1
    assert grew("demur_refusals_total", ability="chat", why="StandingUnreadable") == 1
    said = len(FakeAssistant().text.split(" "))
    assert grew("demur_tokens_total", ability="chat", side="said") == 2 * said + 3
    assert grew("demur_tokens_total", ability="chat", side="read") == 21
    assert grew("demur_first_words_seconds_count", ability="chat") == 3
    chat = {"route": "v1:chat_completions", "method": "POST"}
    assert grew("demur_requests_total", **chat, status="200") == 3
    assert grew("demur_requests_total", **chat, status="503") == 1


def test_an_answer_that_a_no_took_back_tells_how_long_that_took(ask, assistant, anna):
    before = scraped()
    objection.submit(anna, route="form", now=datetime.now(UTC))
    assistant.finish = "standing-changed"
    ask()
    after = scraped()
    counted = "demur_no_to_silence_seconds_count"
    assert value(after, counted) - value(before, counted) == 1
    took = value(after, "demur_no_to_silence_seconds_sum")
    assert 0 <= took - value(before, "demur_no_to_silence_seconds_sum") < 10


def test_what_stands_is_read_when_it_is_asked_for(site, anna):
    before = scraped()
    assert value(before, "demur_gate_open") == 1
    objection.submit(anna, route="form", now=datetime.now(UTC))
    after = scraped()
    assert value(after, "demur_objections") == value(before, "demur_objections") + 1
    assert value(after, "demur_epoch") > value(before, "demur_epoch")
    assert value(after, "demur_book_lines") == value(before, "demur_book_lines") + 1
    assert value(after, "demur_letters_due") >= 1  # her receipt
    assert value(after, "demur_spool") == 0


def test_a_gate_that_nobody_can_ask_is_seen(site, monkeypatch):
    def unreadable(*_args: object, **_more: object) -> object:
        raise StandingUnreadable("x")

    monkeypatch.setattr("demur.web.metrics.standing.of", unreadable)
    found = scraped()
    assert value(found, "demur_gate_open") == 0
    assert ("demur_epoch", ()) not in found


@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer nonsense"}, "chat"])
def test_only_a_key_for_it_opens_the_metrics(site, as_anna, header):
    if header == "chat":
        key = keys.create("test", datetime.now(UTC), scopes=["chat", "embeddings", "images"])
        header = {"authorization": f"Bearer {key}"}
    refused = as_anna.get("/metrics", headers=header, REMOTE_ADDR="127.0.0.1")
    assert refused.status_code == 401
    assert b"demur_" not in refused.content


def plant(ask, assistant, client: Client) -> None:
    """Somebody's words, names, addresses and tokens, wherever a request can carry them."""
    where = {"REMOTE_ADDR": "10.9.8.7", "HTTP_REFERER": f"https://x.example/?{MAIL}"}
    where |= {"HTTP_USER_AGENT": WORDS}
    client.get("/search/", {"q": WORDS}, **where)
    client.get("/privacy/not-a-member/secret-token-of-marmaduke/", **where)
    client.get(f"/marmaduke/{MAIL}", **where)
    client.get("/static/web/marmaduke.css", **where)
    client.generic("MARMADUKE", "/", **where)
    client.post("/sign-in/", {"login": MAIL, "password": "secret"}, **where)
    client.post("/ask/", {"question": WORDS}, **where)
    client.get("/v1/models", headers={"authorization": f"Bearer {WORDS}"}, **where)
    ask(WORDS)
    ask(WORDS, n=WORDS)
    ask(WORDS, user=MAIL, stream=True).close()
    assistant.refusal = ValueError(f"could not read {WORDS} of {MAIL}")
    client.raise_request_exception = False
    assert client.post("/ask/", {"question": WORDS}, **where).status_code == 500


def test_nobody_s_words_addresses_or_tokens_are_in_the_log_or_the_metrics(
    ask, assistant, as_anna, lines
):
    assistant.text = assistant.found = WORDS
    plant(ask, assistant, as_anna)
    logging.getLogger("some.library").warning("cannot parse %s", WORDS)
    logging.getLogger("some.library").warning(f"cannot parse {WORDS}")
    key = keys.create(MAIL, datetime.now(UTC), scopes=["metrics"])
    told = Client().get("/metrics", headers={"authorization": f"Bearer {key}"}).content.decode()
    written = json.dumps(lines(), ensure_ascii=False)
    for text in (written, told):
        assert [word for word in FORBIDDEN if word in text.lower()] == []
    assert "web:search" in written
    assert "web:search" in told


def test_each_request_leaves_one_line_with_its_route_and_how_it_ended(ask, as_anna, lines):
    as_anna.get("/search/", {"q": "fair"})
    streamed = ask(stream=True)
    assert len(lines()) == 1, "a stream has not ended before it has been heard"
    list(streamed.streaming_content)
    as_anna.get("/nothing/of/the/kind")
    found, chat, none = lines()
    assert {k: found[k] for k in ("event", "method", "route", "status", "ability")} == {
        "event": "request",
        "method": "GET",
        "route": "web:search",
        "status": 200,
        "ability": "search",
    }
    assert (chat["route"], chat["ability"]) == ("v1:chat_completions", "chat")
    assert chat["request"] == streamed["X-Request-ID"]
    assert (none["route"], none["status"], none["ability"]) == ("none", 404, None)
    assert all(line["ms"] >= 0 for line in (found, chat, none))


def test_what_broke_is_told_by_its_kind_and_its_place(ask, assistant, as_anna, lines):
    assistant.refusal = ValueError(WORDS)
    as_anna.raise_request_exception = False
    as_anna.post("/ask/", {"question": "When?"})
    [broken] = [line for line in lines() if "error" in line]
    assert broken["error"] == ["ValueError"]
    assert broken["trace"][-1].endswith(" speak")
    assert broken["event"] == "a request was answered with 500"


def test_every_label_is_one_that_cannot_hold_a_word_of_anybody():
    """A label that is added has to be looked at here."""
    labels = {
        label
        for family in metrics.REGISTRY.collect()
        for sample in family.samples
        for label in sample.labels
    }
    assert labels <= {
        "route", "method", "status", "ability", "finish", "side", "reason", "kind", "why", "le",
        "outcome",
    }  # fmt: skip
