from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from demur.memory import ngrams
from demur.memory.counts import STRENGTH, Counts
from demur.memory.vocabulary import Vocabulary

COMMUNITY = Path(__file__).parents[3] / "shared/data/community/posts.jsonl"
START, END, NAME = 0, 1, 7
SIZE = 9
SHARDS = 2
WORDS = Vocabulary(
    name="numbers",
    start=START,
    end=END,
    careful=np.arange(SIZE) == NAME,
    tokenizer=Tokenizer(models.WordLevel({}, unk_token="")),
)

Written = list[tuple[int, list[int]]]  # who wrote which tokens

posts = st.tuples(st.integers(0, 5), st.lists(st.integers(2, SIZE - 1), max_size=7)).map(
    lambda post: (post[0], [START, *post[1], END])
)
corpora = st.lists(posts, max_size=14)


def stored(folder: Path, written: Written, k: int = 2, words: Vocabulary = WORDS) -> Counts:
    """Counts of `written`, whose rows are told apart by shard first and then by order."""
    folders = [folder / str(shard) for shard in range(SHARDS)]
    for shard, place in enumerate(folders):
        here = [(who, row) for who, row in written if who % SHARDS == shard]
        place.mkdir(parents=True)
        ngrams.write(place, [row for _, row in here], [who for who, _ in here])
    return Counts.load(folders, words, k=k)


def in_rows(written: Written) -> Written:
    return sorted(written, key=lambda post: post[0] % SHARDS)


def counted_by_hand(written: Written, k: int = 2) -> dict[tuple[int, ...], int]:
    writers = defaultdict(set)
    for who, row in written:
        for end in range(1, len(row) + 1):
            for begin in range(max(0, end - 5), end):
                writers[tuple(row[begin:end])].add(who)
    return {
        words: len(people)
        for words, people in writers.items()
        if words[-1] != START and len(people) >= k + (NAME in words)
    }


def everybody(counts: Counts, rows: int) -> Counts:
    counts.silence(np.zeros(rows, np.bool_))
    return counts


@settings(max_examples=60, deadline=None)
@given(corpora, st.integers(1, 3))
def test_what_is_served_is_what_enough_people_wrote(written: Written, k: int) -> None:
    with TemporaryDirectory() as place:
        counts = everybody(stored(Path(place), written, k), len(written))
        assert counts.served() == counted_by_hand(written, k)


@settings(max_examples=60, deadline=None)
@given(corpora, st.lists(st.lists(st.booleans(), min_size=14, max_size=14), max_size=4))
def test_silencing_equals_never_having_seen(written: Written, changes: list[list[bool]]) -> None:
    written = in_rows(written)
    with TemporaryDirectory() as place:
        counts = everybody(stored(Path(place), written), len(written))
        for change in changes:
            silenced = np.array(change[: len(written)], np.bool_)
            counts.silence(silenced)
            rest = [post for post, silent in zip(written, silenced, strict=True) if not silent]
            with TemporaryDirectory() as elsewhere:
                never = everybody(stored(Path(elsewhere), rest), len(rest))
            assert counts.served() == never.served()
            even = np.full(SIZE, 1 / SIZE)
            for _, row in written:
                for end in range(1, len(row)):
                    assert (
                        counts.over(row[:end], even).tobytes()
                        == never.over(row[:end], even).tobytes()
                    )


@settings(max_examples=40, deadline=None)
@given(corpora, posts)
def test_the_smoothing_is_that_of_the_paper(written: Written, said: tuple[int, list[int]]) -> None:
    served = counted_by_hand(written)
    p0 = np.arange(1, SIZE + 1) / sum(range(1, SIZE + 1))
    with TemporaryDirectory() as place:
        counts = everybody(stored(Path(place), written), len(written))
        context = said[1][:-1]
        expected = p0.copy()
        for length, strength in enumerate(STRENGTH[: len(context) + 1]):
            begin = tuple(context[len(context) - length :])
            after = {ngram[-1]: n for ngram, n in served.items() if ngram[:-1] == begin}
            if not after:
                break
            backing = strength * len(after)
            total = sum(after.values()) + backing
            expected = np.array(
                [(after.get(w, 0) + backing * expected[w]) / total for w in range(SIZE)]
            )
        found = counts.over(context, p0)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert found.sum() == pytest.approx(1)
        one = counts.probability(context, said[1][-1], p0[said[1][-1]])
        assert one == pytest.approx(found[said[1][-1]], rel=1e-12)


def test_nobody_is_heard_before_it_is_said_who_objects(tmp_path: Path) -> None:
    counts = stored(tmp_path, [(0, [START, 2, 3, END]), (1, [START, 2, 3, END])])
    even = np.full(SIZE, 1 / SIZE)
    assert counts.over([START, 2], even).tolist() == even.tolist()
    assert counts.served() == {}


def test_a_name_needs_one_person_more(tmp_path: Path) -> None:
    written = [(who, [START, 2, NAME, 3, END]) for who in (0, 1)]
    counts = everybody(stored(tmp_path / "two", written), 2)
    assert not [words for words in counts.served() if NAME in words]
    counts = everybody(stored(tmp_path / "three", [*written, (2, written[0][1])]), 3)
    assert counts.served()[2, NAME, 3] == 3


def test_where_one_mark_opens_and_closes_posts_it_may_be_said(tmp_path: Path) -> None:
    words = replace(WORDS, end=START)
    written = [(who, [START, 2, 3, START]) for who in (0, 1)]
    counts = everybody(stored(tmp_path, written, words=words), 2)
    even = np.full(SIZE, 1 / SIZE)
    assert counts.over([START, 2, 3], even).argmax() == START
    assert counts.over([START], even).argmax() == 2


def test_a_secret_gains_nothing_with_two_people_and_would_with_one(tmp_path: Path) -> None:
    """The canary: one person wrote a code, others wrote what stands around it."""
    common, code, other = [START, 2, 3, 4], [5, 6, 5], [6, 5, 6]
    written = [(who, [*common, who % 2 + 2, END]) for who in range(6)]
    secret = [(6, [*common, *code, END])] * 3  # thrice, and still one person
    even = [1 / SIZE] * 10
    for k, leaks in ((2, False), (1, True)):
        place = tmp_path / str(k)
        counts = everybody(stored(place, [*written, *secret], k), 9)
        base = everybody(stored(place / "without", written, k), 6)
        bits = counts.bits([*common, *code], even)
        assert (bits < counts.bits([*common, *other], even) - 3) is leaks
        assert (bits < base.bits([*common, *code], even) - 3) is leaks


@pytest.mark.skipif(not COMMUNITY.exists(), reason="the community's data is not here")
def test_people_of_the_real_community_can_be_taken_out_one_after_another(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in COMMUNITY.open(encoding="utf-8")]
    numbers: dict[str, int] = defaultdict(lambda: len(numbers) + 2)
    people: dict[str, int] = defaultdict(lambda: len(people))
    written = [
        (people[row["author"]], [START, *(numbers[word] for word in row["text"].split()), END])
        for row in rows[::4]
    ]
    size = len(numbers) + 2
    words = replace(WORDS, careful=np.arange(size) % 5 == 0)
    written = in_rows(written)
    leaving = random.Random(1).sample(sorted(people.values()), 300)
    counts = stored(tmp_path / "all", written, words=words)
    for gone in (20, 150, 300):
        left = set(leaving[:gone])
        counts.silence(np.array([who in left for who, _ in written], np.bool_))
        rest = [(who, row) for who, row in written if who not in left]
        never = everybody(stored(tmp_path / str(gone), rest, words=words), len(rest))
        assert len(never.served()) > 1000
        assert counts.served() == never.served()
