from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.errors import ProofRejected
from demur.tlog import spelling


@given(st.binary(max_size=80))
def test_bytes_have_one_spelling(raw: bytes) -> None:
    text = spelling.to_base64(raw)
    assert spelling.from_base64(text, "it") == raw
    for other in (text + "\n", " " + text, text + "=", text.replace("=", "")):
        if other != text:
            with pytest.raises(ProofRejected):
                spelling.from_base64(other, "it")


@given(st.text(alphabet="AB/+=-_ \n\u0660", max_size=8))
def test_whatever_is_read_as_base64_is_written_back_the_same(text: str) -> None:
    try:
        raw = spelling.from_base64(text, "it")
    except ProofRejected:
        return
    assert spelling.to_base64(raw) == text


@given(st.integers(0, spelling.MOST))
def test_numbers_have_one_spelling(number: int) -> None:
    assert spelling.decimal(str(number), "it") == number
    for other in (f"0{number}", f"+{number}", f"{number} ", f"-{number}", f"{number}.0"):
        with pytest.raises(ProofRejected):
            spelling.decimal(other, "it")


@pytest.mark.parametrize(
    "text", ["", "9223372036854775808", "1" * 20, "9" * 10**6, "\u00b2", "1e3"]
)
def test_what_is_no_number_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ProofRejected, match=r"^The size is not a proper number"):
        spelling.decimal(text, "the size")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"{", b"{} ", b'{"b":1,"a":2}', b'{"a":1,"a":1}', b'{"a":1.0}', b'{"a":1e2}',
        b'{"a":NaN}', b'{"a":9007199254740993}', b'{"a":"\\u0061"}', b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{}', '{"a":1}'.encode("utf-16"), b'{"a":' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"a":' + b"[" * 10**6,
    ],
)  # fmt: skip
def test_json_has_one_spelling(raw: bytes) -> None:
    with pytest.raises(ProofRejected):
        spelling.from_canonical(raw, "the line")


def test_json_in_its_one_spelling_is_read() -> None:
    raw = '{"a":[1,null,{"b":"é"}],"é":true}'.encode()
    assert spelling.canonical(spelling.from_canonical(raw, "the line")) == raw
