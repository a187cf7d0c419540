from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demur.memory import trace
from demur.memory.trace import Span, Tracer

BRIDGE = "De brug bij het oude gemaal is weer open, dus fietsen kan."
BAKER = "Op zaterdag bakt Joost krentenbollen achter de kerk."


def tracer(folder: Path, *shards: Sequence[str]) -> Tracer:
    folders = [folder / str(number) for number in range(len(shards))]
    for place, texts in zip(folders, shards, strict=True):
        place.mkdir(parents=True)
        trace.write(place, texts)
    return Tracer.load(folders)


def nobody(rows: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.zeros(rows, np.bool_)


def found(answer: str, spans: list[Span]) -> list[tuple[str, tuple[int, ...]]]:
    return [(answer[span.start : span.end], span.rows) for span in spans]


def test_words_are_given_back_to_everybody_who_wrote_them(tmp_path: Path) -> None:
    traced = tracer(tmp_path, [BAKER, BRIDGE], [f"Goed nieuws: {BRIDGE}"])
    answer = "Ik las: De brug bij het oude gemaal is weer open, dus neem je fiets."
    assert found(answer, traced.trace(answer, nobody(3))) == [
        ("De brug bij het oude gemaal is weer open, dus", (1, 2))
    ]


def test_the_words_of_somebody_silent_are_nobodys(tmp_path: Path) -> None:
    traced = tracer(tmp_path, [BAKER, BRIDGE])
    answer = f"Men zegt: {BRIDGE} En {BAKER}"
    assert found(answer, traced.trace(answer, np.array([False, True]))) == [(BAKER, (0,))]


def test_a_shorter_run_of_somebody_else_is_found_behind_a_silent_longer_one(
    tmp_path: Path,
) -> None:
    short = "De brug bij het oude gemaal is gesloten."
    traced = tracer(tmp_path, [BRIDGE, short])
    assert found(BRIDGE, traced.trace(BRIDGE, np.array([True, False]), min_bytes=20)) == [
        ("De brug bij het oude gemaal is", (1,))
    ]


def test_offsets_count_characters_and_not_bytes(tmp_path: Path) -> None:
    post = "Één café in Zoë's straat schenkt écht goede koffie ☕ zegt iedereen"
    answer = f"👍🏽 ñ {post}!"
    spans = tracer(tmp_path, [post]).trace(answer, nobody(1))
    assert found(answer, spans) == [(post, (0,))]


def test_an_answer_in_its_own_words_repeats_nobody(tmp_path: Path) -> None:
    traced = tracer(tmp_path, [BRIDGE, BAKER], [])
    assert traced.trace("Er is van alles te doen in het dorp dit weekeinde.", nobody(2)) == []
    assert traced.trace("", nobody(2)) == []


def test_no_run_goes_from_one_post_into_the_next(tmp_path: Path) -> None:
    one, two = "kom morgen allemaal naar", "het plein voor de kerk"
    assert tracer(tmp_path, [one, two]).trace(f"{one} {two}\0{one}\0{two}", nobody(2)) == []


def test_a_phrase_of_thousands_names_only_some(tmp_path: Path) -> None:
    post = "Wat een prachtige dag was het vandaag"
    traced = tracer(tmp_path, [post] * 3000)
    silenced = np.arange(3000) < 2990
    (span,) = traced.trace(post, silenced)
    assert span.rows == tuple(range(2990, 3000))
    (span,) = traced.trace(post, nobody(3000))
    assert len(span.rows) == trace.MOST


texts = st.text(alphabet="ab é,☕", max_size=24)


@settings(max_examples=200, deadline=None)
@given(st.lists(texts, max_size=5), st.lists(st.booleans(), min_size=5, max_size=5), texts, texts)
def test_spans_are_those_a_patient_reader_would_find(
    posts: list[str], silent: list[bool], before: str, after: str
) -> None:
    answer = before + (posts[0][2:] if posts else "") + after
    silenced = np.array(silent[: len(posts)], np.bool_)
    with TemporaryDirectory() as place:
        traced = tracer(Path(place), posts[:2], posts[2:])
        spans = traced.trace(answer, silenced, min_bytes=8)
    assert [(span.start, span.end, span.rows) for span in spans] == read(posts, silenced, answer)


def read(posts: list[str], silenced: np.ndarray, answer: str) -> list[tuple]:  # type: ignore[type-arg]
    """The same by trying every span at every place of every post."""

    def latin(text: str, at: int) -> bool:
        return 0 <= at < len(text) and text[at].isascii() and text[at].isalnum()

    def begins(text: str) -> list[int]:
        return [at for at, one in enumerate(text) if one > " " and not latin(text, at - 1)]

    def ends(text: str) -> list[int]:
        return [
            at + 1
            for at, one in enumerate(text)
            if one > " " and not (latin(text, at) and latin(text, at + 1))
        ]

    def rows(words: str) -> tuple[int, ...]:
        return tuple(
            row
            for row, post in enumerate(posts)
            if not silenced[row] and any(post.startswith(words, at) for at in begins(post))
        )

    spans = [
        (start, end, rows(answer[start:end]))
        for start in begins(answer)
        for end in ends(answer)
        if len(answer[start:end].encode()) >= 8 and rows(answer[start:end])
    ]
    return [
        one
        for one in spans
        if not any(o[:2] != one[:2] and o[0] <= one[0] and one[1] <= o[1] for o in spans)
    ]


@pytest.mark.parametrize("posts", [[], [""], ["\0"], [" "]])
def test_posts_without_words_are_no_trouble(tmp_path: Path, posts: list[str]) -> None:
    assert tracer(tmp_path, posts).trace(BRIDGE, nobody(len(posts))) == []
