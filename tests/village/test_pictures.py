"""The drawings: every one opens, says what it shows, and carries what it is told to carry."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from demur.village import pictures
from demur.village.village import load


@pytest.mark.parametrize("name", sorted(pictures.WORDS))
def test_each_drawing_opens_and_has_words_in_two_languages(name: str) -> None:
    image = Image.open(io.BytesIO(pictures.jpeg(name, 3)))
    image.load()
    assert image.size == (384, 288)
    assert len(image.getcolors(1 << 20) or []) > 50  # something is drawn on it
    dutch, english = pictures.WORDS[name]
    assert dutch != english and pictures.alt(name, "nl") == dutch and pictures.alt(name, "de")


def test_every_picture_that_a_post_shows_exists() -> None:
    shown = {s.picture for s in load().sayings if s.picture}
    assert shown == set(pictures.WORDS)
    assert len(shown) >= 30


def test_the_same_light_gives_the_same_bytes_and_another_light_others() -> None:
    again = pictures.jpeg.__wrapped__("ferry", 5)
    assert again == pictures.jpeg("ferry", 5) != pictures.jpeg("ferry", 6)


def test_a_telephone_leaves_its_place_and_a_photographer_her_no() -> None:
    where = Image.open(io.BytesIO(pictures.jpeg("dike", 1, meta="where")))
    gps = where.getexif().get_ifd(0x8825)
    assert [float(n) for n in gps[2]] == [53.0, 29.0, 0.0]
    no = pictures.jpeg("groyne", 1, meta="no-mining")
    assert b"DMI-PROHIBITED-AIMLTRAINING" in no
    plain = pictures.jpeg("groyne", 1)
    assert b"DataMining" not in plain and not Image.open(io.BytesIO(plain)).getexif()
