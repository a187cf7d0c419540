from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.errors import ProofRejected
from demur.tlog import entry
from demur.tlog.entry import Opening

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
NONCE = bytes(range(32))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def test_a_line_says_what_and_when_and_nothing_about_whom() -> None:
    leaf, opening = entry.seal("objection", {"email": "anna@dorp.example"}, NONCE, NOON)
    body = b'{"email":"anna@dorp.example"}'
    assert leaf == (
        b'{"c":"%s","kind":"objection","t":"2026-08-01T12:00:00Z","v":1}'
        % hashlib.sha256(NONCE + body).hexdigest().encode()
    )
    assert b"anna" not in leaf
    assert entry.opens(leaf, opening)
    assert entry.read(leaf).at == NOON


def test_the_same_objection_twice_looks_like_two_strangers() -> None:
    first, _ = entry.seal("objection", {"email": "anna@dorp.example"}, NONCE, NOON)
    second, _ = entry.seal("objection", {"email": "anna@dorp.example"}, b"2" * 32, NOON)
    assert entry.read(first).commitment != entry.read(second).commitment


def test_once_the_nonce_is_erased_knowing_the_address_does_not_open_the_line() -> None:
    leaf, opening = entry.seal("objection", {"email": "anna@dorp.example"}, NONCE, NOON)
    assert not entry.opens(leaf, Opening(nonce=b"?" * 32, payload=opening.payload))
    assert hashlib.sha256(b"anna@dorp.example").hexdigest().encode() not in leaf
    assert hashlib.sha256(b'{"email":"anna@dorp.example"}').hexdigest().encode() not in leaf


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_any_payload_is_opened_by_itself_alone(payload: dict[str, Any]) -> None:
    leaf, _ = entry.seal("notice", payload, NONCE, NOON)
    again = Opening(nonce=NONCE, payload=json.loads(json.dumps(payload)))
    assert entry.opens(leaf, again)
    assert not entry.opens(leaf, Opening(nonce=NONCE, payload={**payload, "more": 1, "": None}))
    assert not entry.opens(leaf, Opening(nonce=NONCE[::-1], payload=payload))


def test_times_are_written_in_utc_whole_seconds() -> None:
    brussels = timezone(timedelta(hours=2))
    moment = datetime(2026, 8, 1, 14, 0, 0, 999_999, tzinfo=brussels)
    leaf, _ = entry.seal("notice", {}, NONCE, moment)
    assert b'"t":"2026-08-01T12:00:00Z"' in leaf


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_nonce_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        entry.seal("notice", {}, b"n" * size, NOON)


def test_what_the_book_does_not_know_is_never_written() -> None:
    with pytest.raises(ValueError, match="no lines of kind"):
        entry.seal("gossip", {}, NONCE, NOON)
    with pytest.raises(ValueError, match="time zone"):
        entry.seal("notice", {}, NONCE, NOON.replace(tzinfo=None))
    for payload in ({"n": 2**53}, {"n": float("nan")}, {"n": "\ud800"}):
        with pytest.raises(ValueError):
            entry.seal("notice", payload, NONCE, NOON)


GOOD = '{"c":"%s","kind":"notice","t":"2026-08-01T12:00:00Z","v":1}' % ("ab" * 32)


def test_a_kind_from_the_future_is_read() -> None:
    assert entry.read(GOOD.replace("notice", "new_kind").encode()).kind == "new_kind"


@pytest.mark.parametrize(
    "leaf",
    [
        "", "null", "[]", "1", "{}", GOOD[:-1], GOOD + " ", " " + GOOD, GOOD + GOOD,
        GOOD.replace(":", ": "), GOOD.replace('"v":1', '"v":2'), GOOD.replace('"v":1', '"v":true'),
        GOOD.replace('"v":1', '"v":1.0'), GOOD.replace('"v":1', '"v":1,"v":1'),
        GOOD.replace('"v":1', '"v":1,"w":2'), GOOD.replace("ab", "AB"), GOOD.replace("ab", "a", 1),
        GOOD.replace('"c"', '"d"'), GOOD.replace("notice", ""), GOOD.replace("notice", "no tice"),
        GOOD.replace("notice", "\\u001b"), GOOD.replace('"notice"', "1"),
        GOOD.replace('"notice"', "[]"),
        GOOD.replace("12:00:00Z", "12:00:00+00:00"), GOOD.replace("12:00:00Z", "25:00:00Z"),
        GOOD.replace("2026-08-01", "2026-8-1"), GOOD.replace("T12", " 12"),
        "[" * 100_000, '{"a":' * 100_000, '{"c":' + "9" * 10_000 + "}",
    ],
)  # fmt: skip
def test_a_leaf_with_a_second_spelling_or_another_shape_is_refused(leaf: str) -> None:
    with pytest.raises(ProofRejected):
        entry.read(leaf.encode())
