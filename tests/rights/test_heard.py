"""What a mail says, over mails as people write them in four languages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.rights import heard

MAILS = tomllib.loads((Path(__file__).parent / "mails.toml").read_text("utf-8"))["mail"]
LANGUAGES = ("nl", "en", "de", "fr")


def read(mail: dict[str, str]) -> heard.Says:
    text = heard.own_words(mail["text"])
    return heard.read(mail["subject"], text, answers_us=bool(mail.get("answers_us")))


def table() -> str:
    """What the patterns make of every mail, as it is printed when it is not as it was."""
    rows = []
    for language in (*LANGUAGES, "all"):
        mails = [mail for mail in MAILS if language in (mail["lang"], "all")]
        said = [mail for mail in mails if mail["says"] == "no"]
        heard_no = [mail for mail in mails if read(mail) is heard.Says.NO]
        right = [mail for mail in said if mail in heard_no]
        rows.append(
            f"{language:>4} {len(mails):>4} mails, {len(said):>3} say no:"
            f" recall {len(right) / len(said):.3f}, precision {len(right) / len(heard_no):.3f}"
        )
    missed = [f"  {m['says']!r} read as {read(m)!r}: {m}" for m in MAILS if read(m) != m["says"]]
    return "\n".join([*rows, *missed])


def test_every_no_is_heard_and_nothing_else_is_taken_for_one():
    assert len(MAILS) >= 140
    assert {mail["lang"] for mail in MAILS} == set(LANGUAGES)
    assert all(read(mail) == mail["says"] for mail in MAILS), "\n" + table()


@pytest.mark.parametrize(
    "text",
    [
        "I do not object.",
        "Geen bezwaar.",
        "Kein Widerspruch.",
        "Pas d'objection.",
        "I would only object if you sold my posts.",
        'She said: "I object to AI". What should I tell her about her posts?',
    ],
)
def test_a_no_that_is_none(text):
    assert heard.read("", text) is heard.Says.UNCLEAR


def test_a_lone_no_answers_only_a_letter_of_ours():
    assert heard.read("Re: hello", "Nee.") is heard.Says.UNCLEAR
    assert heard.read("Re: hello", "Nee.", answers_us=True) is heard.Says.NO


def test_what_a_mail_quotes_is_not_what_it_says():
    text = "Wat bedoelt u?\n\nOp 20 nov 2026 schreef Dorp <a@dorp.example>:\n> Ik maak bezwaar\n"
    assert heard.own_words(text) == "Wat bedoelt u?"
    assert heard.own_words("Ja\n-- \nIk maak bezwaar tegen AI") == "Ja"
    assert heard.own_words("> Ik maak bezwaar tegen AI\nwat is dit?") == "wat is dit?"


@given(st.text(max_size=400), st.text(max_size=80), st.booleans())
def test_whatever_is_written_is_read(text, subject, answers):
    assert heard.read(subject, heard.own_words(text), answers_us=answers) in heard.Says


@pytest.mark.parametrize("piece", ["ik ", "a " * 50 + "i ", "mijn ", ". ", '"', "not the "])
def test_a_mail_made_to_keep_us_busy_is_read_in_time(piece):
    import time

    began = time.process_time()
    heard.read("ai " + piece * 20, piece * (heard.LONGEST // len(piece)) + " ai bezwaar")
    assert time.process_time() - began < 2
