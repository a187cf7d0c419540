from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from demur.errors import ProofRejected
from demur.tlog import note

# The example of c2sp.org/signed-note.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SIGNED = (
    "This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6"
    "TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
ANNA = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
BOB = Ed25519PrivateKey.from_private_bytes(b"b" * 32)


def test_the_example_of_the_specification_opens() -> None:
    key = note.parse_key(VKEY)
    assert str(key) == VKEY
    opened = note.parse(SIGNED)
    assert opened.text == "This is an example message.\n"
    assert note.opened(opened, [key]) == (key,)
    assert str(opened) == SIGNED


def test_the_poem_of_the_specification_is_split_at_its_last_empty_line() -> None:
    poem = (
        "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n"
        "ed \u00e8 subito sera.\n"
    )
    line = (
        "\u2014 quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9o"
        "JKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
    )
    opened = note.parse(poem + "\n" + line)
    assert opened.text == poem
    assert [each.name for each in opened.signatures] == ["quasimodo.example/salvatore"]


def test_what_is_signed_here_opens_here() -> None:
    signed = note.sign("hello\n", "dorp.example/log", ANNA)
    key = note.parse_key(str(note.key_of("dorp.example/log", ANNA)))
    assert note.opened(note.parse(signed), [key]) == (key,)


def test_a_changed_letter_rejects_the_note() -> None:
    key = note.key_of("log", ANNA)
    signed = note.sign("size 12\n", "log", ANNA)
    with pytest.raises(ProofRejected, match="does not hold"):
        note.opened(note.parse(signed.replace("12", "13")), [key])


def test_signatures_of_strangers_are_ignored_and_kept() -> None:
    by_log = note.sign("hello\n", "log", ANNA)
    by_bob = note.sign("hello\n", "bob", BOB).partition("\n\n")[2]
    both = note.parse(by_log + by_bob)
    assert note.opened(both, [note.key_of("log", ANNA)]) == (note.key_of("log", ANNA),)
    assert str(both) == by_log + by_bob
    keys = [note.key_of("bob", BOB), note.key_of("log", ANNA)]
    assert note.opened(both, keys) == tuple(keys)


def test_a_stranger_with_the_logs_name_is_still_a_stranger() -> None:
    key = note.key_of("log", ANNA)
    impostor = note.sign("hello\n", "log", BOB)
    with pytest.raises(ProofRejected, match="Nobody whose key was given"):
        note.opened(note.parse(impostor), [key])
    stranger = impostor.partition("\n\n")[2]
    assert note.opened(note.parse(note.sign("hello\n", "log", ANNA) + stranger), [key])


def test_one_bad_line_of_a_known_key_rejects_a_note_that_also_has_a_good_one() -> None:
    key = note.key_of("log", ANNA)
    signed = note.sign("hello\n", "log", ANNA)
    other = note.sign("goodbye\n", "log", ANNA).partition("\n\n")[2]
    with pytest.raises(ProofRejected, match="does not hold"):
        note.opened(note.parse(signed + other), [key])


@pytest.mark.parametrize(
    "spoilt",
    [
        "",
        "\n",
        "no signatures\n",
        SIGNED[:-1],
        SIGNED[:-5] + "\n",
        SIGNED + "\n",
        SIGNED + "more\n",
        SIGNED.replace("\n", "\r\n"),
        SIGNED.replace("\u2014", "-"),
        SIGNED.replace("\u2014 ", "\u2014  "),
        SIGNED.replace("an example", "an\texample"),
        SIGNED.replace("an example", "an\0example"),
        SIGNED.replace("com/foo U", "com/fo+o U"),
        SIGNED.replace("com/foo U", "com/foo  U"),
        SIGNED.replace("com/foo U", "com/fo\u00a0o U"),
        SIGNED.replace("yaQM=", "yaQN="),  # the same bytes, spelled with other unused bits
        SIGNED.replace("yaQM=", "yaQM"),
        SIGNED.replace("Uw2Q", "Uw2-"),
        "text\n\n\u2014 name AAAA\n",
        SIGNED + note.sign("x\n", "n", ANNA).partition("\n\n")[2] * 64,
    ],
)
def test_a_spoilt_note_is_refused(spoilt: str) -> None:
    with pytest.raises(ProofRejected):
        note.opened(note.parse(spoilt), [note.parse_key(VKEY)])


def test_sixteen_signatures_are_read_as_the_specification_demands() -> None:
    signed = note.sign("x\n", "log", ANNA)
    for number in range(15):
        signed += note.sign("x\n", f"other{number}", BOB).partition("\n\n")[2]
    assert note.opened(note.parse(signed), [note.key_of("log", ANNA)])


@pytest.mark.parametrize(
    "spoilt",
    [
        "",
        "example.com/foo",
        VKEY[:-4],
        VKEY + "\n",
        " " + VKEY,
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("530d903a", "530d90"),
        VKEY.replace("example.com/foo", "example.com/bar"),
        VKEY.replace("example.com/foo", ""),
        VKEY.replace("example.com/foo", "exa mple"),
        "example.com/foo+530d903a+AQ==",
    ],
)
def test_a_spoilt_key_is_refused(spoilt: str) -> None:
    with pytest.raises(ProofRejected):
        note.parse_key(spoilt)


def test_a_witness_key_does_not_open_a_note() -> None:
    key = note.Key(name="log", algorithm=4, public=ANNA.public_key().public_bytes_raw())
    signed = note.Note(
        text="x\n", signatures=(note.Signature(name="log", id=key.id, raw=ANNA.sign(b"x\n")),)
    )
    with pytest.raises(ProofRejected, match="no Ed25519 log key"):
        note.opened(signed, [key])


@pytest.mark.parametrize("text", ["bell\a\n", "tab\t\n", "return\r\n", "zero\0\n"])
def test_unreadable_text_is_refused_however_well_it_is_signed(text: str) -> None:
    key = note.key_of("log", ANNA)
    line = note.Signature(name="log", id=key.id, raw=ANNA.sign(text.encode()))
    with pytest.raises(ProofRejected, match="control characters"):
        note.parse(f"{text}\n{line}")


def test_nothing_unreadable_is_ever_signed() -> None:
    for text in ("no newline", "bell\a\n"):
        with pytest.raises(ProofRejected):
            note.sign(text, "log", ANNA)
    with pytest.raises(ValueError, match="name"):
        note.sign("x\n", "lo g", ANNA)
