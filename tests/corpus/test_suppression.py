"""Nobody's copy of an objector's words or pictures, and nobody's own words for somebody else's."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from corpus_town import HOME, Town
from hypothesis import given, settings
from hypothesis import strategies as st

from demur.corpus import likeness, scan, suppression
from demur.corpus.suppression import Suppressed
from demur.people import Home, PersonId
from demur.posts import Photo, normal

SAID = "Vandaag voor het eerst geschaatst op de sloot achter ons huis, het kraakte en hield!"
LOOK = bytes(range(32))


@dataclass
class Standing:
    suppressed: Suppressed


def parts(town: Town) -> list[Path]:
    return [part for shard in range(HOME.shards) for part in town.lake.parts(shard)]


def posted(town: Town, *names: str) -> Suppressed:
    return suppression.of_people(parts(town), [PersonId(town.people[n]["person"]) for n in names])


def copies(town: Town, suppressed: Suppressed) -> set[str]:
    """Texts that are copies, found in columns and, again, row by row; the two agree."""
    rows = [row for part in parts(town) for row in pq.read_table(part).to_pylist()]
    with scan.connect(town.out) as connection:
        suppression.copies(connection, parts(town), Standing(suppressed))
        found = connection.sql(
            f"SELECT p.text FROM {scan.parquet(parts(town))} p"
            f" WHERE {scan.PLACE} IN (FROM suppressed_places)"
        ).fetchall()
    plain = {row["text"] for row in rows if suppression.is_copy(row, Standing(suppressed))}
    assert {text for (text,) in found} == plain
    return plain


def turned(look: bytes, bits: int) -> bytes:
    value = int.from_bytes(look, "big")
    for bit in random.Random(bits).sample(range(256), bits):
        value ^= 1 << bit
    return value.to_bytes(32, "big")


def picture(look: bytes) -> Photo:
    return Photo(sha256=secrets.token_hex(32), media_type="image/webp", look=look)


@pytest.fixture
def anna(town: Town) -> Iterator[Town]:
    """Anna, who posted a sentence of her own and a picture; and Bob."""
    town.person("anna")
    town.person("bob")
    town.put(town.post("anna", SAID, photos=(picture(LOOK),)))
    return town


@pytest.mark.parametrize(
    "copy",
    [
        SAID,
        SAID.upper(),
        SAID + " 🎉😂",
        SAID.replace("geschaatst", "geschatst"),
        f"Kijk wat Anna schreef: „{SAID}”",
        SAID.replace(",", " -").replace("!", "…"),
    ],
)
def test_a_friend_s_copy_is_found_however_it_was_dressed_up(anna: Town, copy: str) -> None:
    anna.put(anna.post("bob", copy, origin="copy"))
    assert copies(anna, posted(anna, "anna")) == {SAID, copy}


@pytest.mark.parametrize(
    "other",
    [
        "Gisteren voor het laatst gezwommen in de zee voor ons dorp, het was koud en helder.",
        "Wie heeft er een ladder te leen voor zaterdag? De dakgoot moet nodig schoon.",
        "",
    ],
)
def test_words_of_one_s_own_are_nobody_s_copy(anna: Town, other: str) -> None:
    anna.put(anna.post("bob", other))
    assert copies(anna, posted(anna, "anna")) == {SAID}


def test_a_greeting_can_be_said_by_everybody(town: Town) -> None:
    town.person("anna")
    town.person("bob")
    town.put(town.post("anna", "Gefeliciteerd!"), town.post("bob", "Gefeliciteerd!"))
    assert posted(town, "anna") == Suppressed()
    assert copies(town, posted(town, "anna")) == set()


@pytest.mark.parametrize(("bits", "alike"), [(0, True), (12, True), (31, True), (32, False)])
def test_a_picture_that_looks_the_same_is_a_copy(anna: Town, bits: int, alike: bool) -> None:
    anna.put(anna.post("bob", "Mooi hè", photos=(picture(turned(LOOK, bits)),)))
    assert ("Mooi hè" in copies(anna, posted(anna, "anna"))) is alike


def test_a_picture_too_plain_to_tell_apart_is_nobody_s(anna: Town) -> None:
    anna.put(anna.post("bob", "Sneeuw", photos=(picture(b""),)))
    assert posted(anna, "bob").looks == frozenset()
    assert "Sneeuw" not in copies(anna, posted(anna, "anna"))


def test_what_is_suppressed_survives_as_marks_and_as_nothing_readable(anna: Town) -> None:
    suppressed = posted(anna, "anna")
    marks = list(suppressed.marks())
    assert Suppressed.of_marks([*marks, ("account", b"x" * 16)]) == suppressed
    assert {kind for kind, _ in marks} == {"text", "near", "look"}
    assert not any(b"geschaatst" in mark for _, mark in marks)


def test_another_site_s_marks_say_nothing_here() -> None:
    other = Home(key=b"o" * 32, shards=4, slices=3)
    here, there = (set(likeness.near(normal(SAID), home)) for home in (HOME, other))
    assert len(here) == len(there) == likeness.BANDS
    assert here.isdisjoint(there)


def test_an_explanation_asks_only_about_its_own_posts(anna: Town) -> None:
    anna.put(anna.post("anna", SAID[::-1], origin="2"), anna.post("bob", SAID + "!", origin="3"))
    whole = posted(anna, "anna")
    (row,) = (each.row for each in anna.lake.posts_of(PersonId(anna.people["bob"]["person"])))
    among = suppression.of_rows([row])
    asked = suppression.of_people(parts(anna), [PersonId(anna.people["anna"]["person"])], among)
    assert asked.near < whole.near
    assert suppression.is_copy(row, Standing(asked))
    assert asked.looks == frozenset()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.integers(0, 2**32))
def test_no_look_alike_is_missed_and_nothing_else_is_found(bits: int, seed: int) -> None:
    dice = random.Random(seed)
    ours = [dice.randbytes(32) for _ in range(50)]
    asked = turned(dice.choice(ours), bits)
    nearest = min(likeness.distance(asked, look) for look in ours)
    (found,) = likeness.Looks(ours).like([asked])
    assert found == (nearest <= likeness.ALIKE)


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 2**48 - 1)), st.lists(st.integers(0, 2**48 - 1)), st.randoms())
def test_no_number_is_missed_and_no_other_is_found(
    ours: set[int], others: list[int], dice: random.Random
) -> None:
    beside = [
        number ^ 1 << 40 for number in ours
    ]  # the same last bits: the sieve lets them through
    asked = [*ours, *others, *beside]
    dice.shuffle(asked)
    found = likeness.Numbers(ours).among(np.array(asked, np.int64))
    assert found.tolist() == [at for at, number in enumerate(asked) if number in ours]


def test_one_picture_is_compared_as_many_are() -> None:
    dice = random.Random(1)
    ours = frozenset(dice.randbytes(32) for _ in range(200))
    asked = [turned(look, bits) for look in sorted(ours)[:40] for bits in (0, 31, 32, 60)]
    assert likeness.Looks(ours).like(asked).tolist() == [likeness.alike(a, ours) for a in asked]
    assert not likeness.alike(asked[0], frozenset())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_compared(text: str) -> None:
    numbers = likeness.near(normal(text), HOME)
    assert len(numbers) in (0, likeness.BANDS)
    assert all(0 <= number < 1 << 48 for number in numbers)
    assert likeness.near(normal(text + " …!"), HOME) == numbers


def test_a_very_long_text_is_compared_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    text = normal(" ".join(str(number) for number in range(5_000)))
    whole = likeness.near(text, HOME)
    monkeypatch.setattr(likeness, "_BLOCK", 97)
    assert likeness.near(text, HOME) == whole
