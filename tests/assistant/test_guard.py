"""What a model says, and what of it reaches whoever reads."""

from __future__ import annotations

from collections.abc import Generator

import attacking
import pytest
from attacking import Wrote, spoken, told
from hypothesis import given, settings
from hypothesis import strategies as some
from square_site import HOSTILE

from demur.assistant import guard
from demur.assistant.guarding import numerals, private
from demur.assistant.guarding.sources import quote
from demur.memory import windows
from demur.serving.engine import Finish

HERS = attacking.read("attacks")["posts"][0]
WORDS = HERS.split()


def test_what_she_wrote_is_not_said_and_what_is_cited_is() -> None:
    assert told(f"Goed nieuws: {HERS} en dus.", posts=[HERS]) == "Goed nieuws: […] en dus."
    assert told(f"Zij schreef: {HERS}.", posts=[HERS], quoted=[HERS]) == f"Zij schreef: {HERS}."


def test_who_brings_the_words_along_learns_nothing_from_them() -> None:
    """Neither that they stand in a post nor that they do not: the echo is the same."""
    assert told(f"Zeg ik na: {HERS}.", posts=[HERS], asked=HERS) == f"Zeg ik na: {HERS}."
    mine = "Mijn nummer is 06-12345678, schrijf een brief met mijn nummer erin"
    assert told("Bel mij op 06 12345678.", asked=mine) == "Bel mij op 06 12345678."
    assert "8765" not in told("Bel mij op 06 87654321.", asked=mine)


def test_nothing_is_held_for_ever_and_a_taken_back_answer_says_no_more() -> None:
    def broken_off() -> Generator[str, None, Finish]:
        yield "Een twee drie vier vijf zes zeven acht negen tien elf "
        return "standing-changed"

    watch = guard.Watch(None, asked="", quoted=[])
    speaking = watch.over(broken_off())
    said = []
    with pytest.raises(StopIteration) as end:
        while True:
            said.append(next(speaking))
    assert end.value.value == "standing-changed"
    assert "elf" not in "".join(said), "what was held when the standing changed is not said"
    assert told("") == ""
    assert told("kort") == "kort"


def test_whoever_stops_listening_stops_the_model() -> None:
    closed = []

    def endless() -> Generator[str, None, Finish]:
        try:
            while True:
                yield "woord "
        finally:
            closed.append(True)

    speaking = guard.Watch(None, asked="", quoted=[]).over(endless())
    next(speaking)
    speaking.close()
    assert closed == [True]


_OWN = some.lists(some.sampled_from(["en", "de", "zee", "is", "blauw.", "Toen", "ging", "ze"]))


@settings(max_examples=40, deadline=None)
@given(
    parts=some.lists(
        some.one_of(
            _OWN.map(" ".join),
            some.tuples(some.integers(0, len(WORDS)), some.integers(0, len(WORDS))).map(
                lambda cut: " ".join(WORDS[min(cut) : max(cut)])
            ),
            some.sampled_from(["06-12345678", "Dorpsstraat 12", "jan@dorp.example", "[7]", "\n"]),
        ),
        max_size=8,
    ),
    step=some.integers(1, 40),
)
def test_however_it_is_said_no_eight_words_of_hers_come_through(
    parts: list[str], step: int
) -> None:
    says = " ".join(parts)
    shown = told(says, posts=[HERS], step=step)
    hers = {window.mark for window in windows.of(HERS)}
    assert not hers & {window.mark for window in windows.of(shown)}
    assert "12345678" not in shown
    assert "Dorpsstraat 12" not in shown
    assert "jan@" not in shown
    if not hers & {window.mark for window in windows.of(says)}:  # and what is nobody's does
        kept = [word for word in says.split() if word in {"zee", "blauw.", "Toen", "ging"}]
        assert [word for word in shown.split() if word in set(kept)] == kept


def test_the_engine_is_told_before_the_eighth_word_and_not_before() -> None:
    watch = guard.Watch(Wrote([HERS]), asked="", quoted=[])  # type: ignore[arg-type]
    assert not watch.refuses("Nou, " + " ".join(WORDS[:7]))
    assert watch.refuses("Nou, " + " ".join(WORDS[:8]))
    assert not watch.refuses(" ".join(WORDS[:7]) + " dinsdagmiddag")
    cited = guard.Watch(Wrote([HERS]), asked="", quoted=[HERS])  # type: ignore[arg-type]
    assert not cited.refuses(HERS)


def test_steered_like_that_nothing_is_left_for_the_reader_to_miss() -> None:
    """An engine that asks says something else; then nothing has to be taken out."""
    watch = guard.Watch(Wrote([HERS]), asked="", quoted=[])  # type: ignore[arg-type]
    said = ""
    for word in WORDS:
        candidate = f"{said} {word}".strip()
        said = f"{said} iets".strip() if watch.refuses(candidate) else candidate
    assert "".join(watch.over(spoken(said))) == said
    assert watch.withheld == ()


def test_what_was_taken_out_is_named_once_each() -> None:
    watch = guard.Watch(Wrote([HERS]), asked="", quoted=[], language="nl")  # type: ignore[arg-type]
    says = f"{HERS} en bel 06-12345678 of 06-87654321, zie https://evil.example/ en [4]."
    shown = "".join(watch.over(spoken(says)))
    assert shown == "[…] en bel [telefoonnummer] of [telefoonnummer], zie [link] en."
    assert watch.withheld == ("verbatim", "telephone", "link", "source")


def test_a_link_and_a_number_that_stand_in_a_cited_post_are_left() -> None:
    post = "Kaartjes op https://dorp.example/kermis, zegt de pont"
    said = "Zie https://dorp.example/kermis [1], of “kaartjes op https://dorp.example/kermis” [1]."
    assert told(said, quoted=[post]) == said
    assert told("Zie https://dorp.example/kermis?q=x [2]", quoted=[post]) == "Zie [link]"


def test_a_quotation_that_nobody_wrote_loses_its_number() -> None:
    posts = ["De pont vaart om tien uur", "De burgemeester komt ook"]
    assert told("“De burgemeester komt ook” [2]", quoted=posts).endswith("[2]")
    assert told("“De burgemeester is een dief” [2]", quoted=posts).endswith("dief”")
    assert told("“De burgemeester komt ook” [1]", quoted=posts).endswith("ook”")


def test_a_post_is_quoted_as_it_is_but_for_what_would_end_its_quotation() -> None:
    assert quote("Mooi <b>weer</b>, 'echt' \"waar\"!") == "“Mooi <b>weer</b>, 'echt' \"waar\"!”"
    assert quote("a” [2]\n\n“b [ 3 ] ![x](y)") == "“a’ (2) ‘b (3) ! [x](y)”"
    for text in HOSTILE:
        assert quote(guard.masked(text)).count("“") == 1


def test_a_quoted_post_is_masked_in_its_own_language() -> None:
    post = "Bel 06-12345678, Dorpsstraat 12, of mail an\u200bna@dorp.example"
    assert guard.masked(post, "nl") == "Bel [telefoonnummer], [adres], of mail [e-mailadres]"
    assert guard.masked(post, "de") == guard.masked(post)
    assert "[telephone number]" in guard.masked(post)


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("telephone", "020-5551234"), ("telephone", "+31 (0)20 555 12 34"),
        ("telephone", "0031612345678"), ("telephone", "0475/12.34.56"),
        ("telephone", "+32 475 12 34 56"), ("telephone", "+49 30 901820"),
        ("telephone", "(415) 555-2671"),
        ("telephone", "nul zes twaalf vierendertig vijf zes zeven acht"),
        ("email", "KATE.O+news@EXAMPLE.co.uk"), ("email", "jan (at) dorp (punt) nl"),
        ("bank", "NL91 ABNA 0417 1643 00"), ("bank", "BE68539007547034"),
        ("bank", "12.34.56.789"), ("bank", "001-1234567-27"),
        ("citizen", "111222333"), ("citizen", "1112.22.333"), ("citizen", "85.07.30-033.28"),
        ("card", "4111 1111 1111 1111"), ("card", "378282246310005"),
        ("address", "Burgemeester de Vriesstraat 14a"), ("address", "1234 AB 56"),
        ("address", "12 Old Mill Lane"), ("address", "12 rue de la Paix"),
        ("address", "Hauptstraße 5"), ("plate", "12-AB-34"), ("plate", "G-001-BB"),
    ],
)  # fmt: skip
def test_each_form_is_known(kind: str, written: str) -> None:
    [found] = private.find(f"zie {written} hier")
    assert (found.kind, f"zie {written} hier"[found.start : found.end].strip(".")) == (
        kind,
        written,
    )


def test_the_arithmetic_tells_a_number_from_one_like_it() -> None:
    assert numerals.iban("DE89370400440532013000") == 22
    assert numerals.iban("DE89370400440532013001") == 0
    assert numerals.iban("NL91 ABNA 0417 1643 00 graag") == len("NL91 ABNA 0417 1643 00")
    assert numerals.eleven("111222333")
    assert not numerals.eleven("111222334")
    assert numerals.card("4111111111111111")
    assert not numerals.card("4111111111111112")
    assert not numerals.card("9111111111111111")
    assert numerals.belgian_account("001123456727")
    assert private.find("order 123456782, 4111 1111 1111 1112 en 987654321") == []


@settings(max_examples=50, deadline=None)
@given(some.text(max_size=200))
def test_any_text_may_come(text: str) -> None:
    assert guard.declines(text) is None or guard.declines(text) in guard.REASONS
    masked = guard.masked(text, "nl")
    assert guard.masked(masked, "nl") == masked
    told(text, posts=[HERS])
