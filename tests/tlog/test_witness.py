from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from demur.errors import ProofRejected
from demur.tlog import note, witness
from demur.tlog.note import Key, Signature

ED = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
ML = MLDSA44PrivateKey.from_seed_bytes(b"w" * 32)
KEYS = {
    4: Key(name="witness.example/w1", algorithm=4, public=ED.public_key().public_bytes_raw()),
    6: Key(name="witness.example/w2", algorithm=6, public=ML.public_key().public_bytes_raw()),
}


def cosigned(signed: str, algorithm: int, time: int) -> str:
    """An honest witness that skips its duty of comparing with what it saw before."""
    key, text = KEYS[algorithm], note.parse(signed).text
    message = witness.cosigned_message(key, time, text)
    raw = time.to_bytes(8, "big") + (ED if algorithm == 4 else ML).sign(message)
    return signed + str(Signature(name=key.name, id=key.id, raw=raw))


def test_the_message_is_the_one_of_the_specification() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    assert witness.cosigned_message(KEYS[4], 1679315147, text) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    assert witness.cosigned_message(KEYS[6], 1679315147, text) == (
        b"subtree/v1\n\0\x12witness.example/w2\0\0\0\0\x64\x18\x50\xcb"
        b"\x1bexample.com/behind-the-sofa\0\0\0\0\0\0\0\0\0\0\0\0\x01\x3e\x2d\xc3"
        + bytes.fromhex("0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62")
    )


@pytest.mark.parametrize("algorithm", [4, 6])
def test_a_witness_is_believed(book: Any, algorithm: int) -> None:
    signed = note.parse(cosigned(book.head(), algorithm, 1785585600))
    assert note.opened(signed, [book.key])
    key = note.parse_key(str(KEYS[algorithm]))
    (seen,) = witness.cosignatures(signed, [key])
    assert seen.witness == key.name
    assert seen.at == datetime(2026, 8, 1, 12, tzinfo=UTC)


def test_both_kinds_of_witness_may_sign_one_head(book: Any) -> None:
    signed = note.parse(cosigned(cosigned(book.head(), 4, 7), 6, 0))
    seen = witness.cosignatures(signed, KEYS.values())
    assert [each.at for each in seen] == [datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC), None]


@pytest.mark.parametrize("algorithm", [4, 6])
def test_a_cosignature_moved_to_another_head_is_refused(book: Any, algorithm: int) -> None:
    line = cosigned(book.head(6), algorithm, 7).removeprefix(book.head(6))
    with pytest.raises(ProofRejected, match="did not sign this checkpoint"):
        witness.cosignatures(note.parse(book.head(7) + line), KEYS.values())


@pytest.mark.parametrize("algorithm", [4, 6])
def test_a_cosignature_with_another_time_is_refused(book: Any, algorithm: int) -> None:
    signed = note.parse(cosigned(book.head(), algorithm, 7))
    (line,) = (each for each in signed.signatures if each.by(KEYS[algorithm]))
    later = Signature(name=line.name, id=line.id, raw=(8).to_bytes(8, "big") + line.raw[8:])
    with pytest.raises(ProofRejected, match="did not sign"):
        witness.cosignatures(note.Note(text=signed.text, signatures=(later,)), KEYS.values())


@pytest.mark.parametrize("raw", [b"", b"\0" * 8, b"\0" * 71, b"\0" * 73])
def test_a_cut_off_cosignature_is_refused(book: Any, raw: bytes) -> None:
    text = note.parse(book.head()).text
    short = Signature(name=KEYS[4].name, id=KEYS[4].id, raw=raw)
    with pytest.raises(ProofRejected):
        witness.cosignatures(note.Note(text=text, signatures=(short,)), [KEYS[4]])


def test_a_time_beyond_all_calendars_is_refused(book: Any) -> None:
    signed = note.parse(cosigned(book.head(), 4, 2**63 - 1))
    with pytest.raises(ProofRejected, match="cannot be"):
        witness.cosignatures(signed, [KEYS[4]])


def test_witnesses_nobody_asked_about_are_not_counted(book: Any) -> None:
    signed = note.parse(cosigned(book.head(), 4, 7))
    assert witness.cosignatures(signed, []) == ()
    assert witness.cosignatures(signed, [KEYS[6]]) == ()


def test_the_logs_own_key_is_no_witness(book: Any) -> None:
    with pytest.raises(ProofRejected, match="not a witness's"):
        witness.cosignatures(note.parse(book.head()), [book.key])
