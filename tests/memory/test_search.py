from __future__ import annotations

import random
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pysqlite3 import dbapi2

from demur.errors import SiteUnusable
from demur.memory import search, stems
from demur.memory.search import Admitted, Build, Search, Stored, refuse_broken
from demur.memory.stopwords import subject

HERE = Build(shard=3, root="ab12")


def post(row: int, text: str) -> Stored:
    return Stored(
        row=row,
        post_id=f"post-{row}",
        account="mastodon:anna",
        platform="mastodon",
        kind="post",
        lang="nl",
        created_at="2024-05-01T10:00:00+00:00",
        url=None,
        attribution="Anna, CC BY",
        text=text,
    )


def posts(*texts: str) -> list[Stored]:
    return [post(row, text) for row, text in enumerate(texts)]


class Anyone(dict[Build, NDArray[np.bool_]]):
    """Every row of every build may be found."""

    def __contains__(self, build: object) -> bool:
        return True

    def __missing__(self, build: Build) -> NDArray[np.bool_]:
        return np.ones(5000, np.bool_)


def texts(found: Search, question: str, admitted: Admitted | None = None) -> list[str]:
    """What is found by the words of a question, the best first."""
    words = [stems.asked(word) for word in subject(question)]
    rows = found.ranked(words, Anyone() if admitted is None else admitted, most=9)
    return [post.text for build, row in rows for post in found.read(build, [row])]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Search]:
    opened = Search(tmp_path / "memory" / "search.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    opened = Search(tmp_path_factory.mktemp("full") / "search.db")
    opened.put(HERE, posts("De fiets staat bij de brug"))
    yield opened
    opened.close()


def test_a_question_finds_what_it_is_about_and_not_its_small_words(index: Search) -> None:
    index.put(HERE, posts("Waar kan ik mijn fiets laten?", "Wandelen in de duinen", "Een café"))
    assert texts(index, "Waar kan ik goed wandelen?") == ["Wandelen in de duinen"]
    assert texts(index, "CAFE") == ["Een café"]
    assert texts(index, "waar kan ik") == ["Waar kan ik mijn fiets laten?"]


def test_a_hit_carries_what_a_citation_shows(index: Search) -> None:
    index.put(HERE, posts("Wandelen in de duinen"))
    assert index.ranked([stems.asked("duinen")], Anyone(), most=9) == [(HERE, 0)]
    assert index.read(HERE, [0, 7]) == posts("Wandelen in de duinen")
    assert index.read(Build(shard=9, root="none"), [0]) == []


def test_those_who_may_not_be_shown_do_not_use_up_the_places(index: Search) -> None:
    index.put(HERE, posts(*["duinen duinen"] * 50, "de duinen bij ons"))
    late = np.arange(51) >= 49
    assert sorted(index.ranked([stems.asked("duinen")], {HERE: late}, most=2)) == [
        (HERE, 49),
        (HERE, 50),
    ]
    assert index.ranked([stems.asked("duinen")], {}, most=2) == []


@pytest.mark.parametrize(
    "question",
    [
        '"', "'", "*", "a AND", "NOT fiets", "fiets NEAR/2 brug", "text:fiets", "^fiets", "(fiets",
        "fiets*", "-fiets", "{text}: fiets", "\0fiets", "fiets\0 OR 1", "'; DROP TABLE post; --",
        "𝒻iets", "\ud800 fiets", "", "   ", "?!", "_", "fiets " * 5000,
    ],
)  # fmt: skip
def test_a_question_is_searched_for_and_never_obeyed(index: Search, question: str) -> None:
    index.put(HERE, posts("De fiets staat bij de brug", "Niemand vroeg iets"))
    found = texts(index, question)
    assert found in ([], ["De fiets staat bij de brug"])
    assert bool(found) == ("fiets" in question or "𝒻" in question)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=40))
def test_no_text_can_break_the_search(full: Search, question: str) -> None:
    assert texts(full, question) in ([], ["De fiets staat bij de brug"])


def test_a_new_build_stands_beside_the_old_one_until_that_retires(index: Search) -> None:
    new = Build(shard=3, root="cd34")
    index.put(HERE, posts("oud nieuws"))
    index.put(new, posts("vers nieuws"))
    assert sorted(texts(index, "nieuws")) == ["oud nieuws", "vers nieuws"]
    assert index.retire([new]) == [HERE]
    assert texts(index, "nieuws") == ["vers nieuws"]
    assert not index.has(HERE)


def test_a_file_of_an_older_version_is_made_anew_and_nothing_of_it_stays(tmp_path: Path) -> None:
    file = tmp_path / "search.db"
    with closing(dbapi2.connect(str(file))) as old:
        old.executescript(
            "CREATE TABLE build (id INTEGER PRIMARY KEY, shard, root, whole);"
            "CREATE TABLE post (id INTEGER PRIMARY KEY, build, text);"
            "CREATE VIRTUAL TABLE words USING fts5(text, content='post', content_rowid='id');"
            "INSERT INTO build VALUES (1, 3, 'ab12', 1); PRAGMA user_version=1;"
            "INSERT INTO post VALUES (1, 1, 'geheimtaal');"
            "INSERT INTO words (words) VALUES ('rebuild');"
        )
    with closing(Search(file)) as index:
        assert not index.has(HERE), "the next round puts it in again"
        assert left_on_disk(tmp_path, ["geheimtaal"]) == []
        index.put(HERE, posts("vers"))
    with closing(Search(file)) as again:
        assert again.has(HERE)


def test_a_build_is_put_in_whole_or_not_at_all(index: Search) -> None:
    index.put(HERE, posts("een bericht"))

    def cut_off() -> Iterator[Stored]:
        yield post(0, "een ander bericht")
        raise KeyboardInterrupt

    for build in (HERE, Build(shard=4, root="ef56")):
        with pytest.raises(KeyboardInterrupt):
            index.put(build, cut_off())
    assert texts(index, "bericht") == ["een bericht"]
    assert index.has(HERE)
    assert not index.has(Build(shard=4, root="ef56"))


def test_after_a_purge_not_one_byte_of_her_words_is_left(index: Search, tmp_path: Path) -> None:
    dice = random.Random(5)
    letters = "bcdfghjklmnpqrstvwxz"
    secrets = ["".join(dice.choices(letters, k=12)) for _ in range(400)]
    others = [" ".join("".join(dice.choices(letters, k=7)) for _ in range(6)) for _ in range(1200)]
    hers = [" ".join(secrets[at : at + 4]) for at in range(0, 400, 4)]
    rows = [*others[:600], *hers, *others[600:]]
    index.put(HERE, posts(*rows))
    index.put(Build(shard=3, root="cd34"), posts(*rows))
    assert len(left_on_disk(tmp_path, secrets)) == 400
    for build in (HERE, Build(shard=3, root="cd34")):
        assert index.purge(build, range(600, 700)) == 100
    assert left_on_disk(tmp_path, secrets) == []
    assert left_on_disk(tmp_path, [secret[:7] for secret in secrets]) == []
    assert texts(index, secrets[0]) == []
    assert not index.has(HERE)
    assert index.purge(HERE, [600, 9999]) == 0


def left_on_disk(folder: Path, words: list[str]) -> list[str]:
    data = b"\0".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return [word for word in words if word.encode() in data]


def test_a_reader_that_does_not_end_is_told_of(
    index: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.put(HERE, posts("een geheim", "een ander bericht"))
    script = """
        import sys
        from pysqlite3 import dbapi2
        rows = dbapi2.connect(sys.argv[1]).execute("SELECT text FROM post")
        print(rows.fetchone(), flush=True)
        sys.stdin.read()
    """
    reader = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), tmp_path / "memory" / "search.db"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert reader.stdout
    reader.stdout.readline()
    monkeypatch.setattr(search, "BUSY_SECONDS", 0.2)
    hasty = Search(tmp_path / "memory" / "search.db")
    with pytest.raises(SiteUnusable, match="still reading"):
        hasty.purge(HERE, [0])
    assert texts(index, "geheim") == []
    reader.communicate()
    assert hasty.purge(HERE, [0]) == 0
    assert left_on_disk(tmp_path, ["geheim"]) == []
    hasty.close()


@pytest.mark.parametrize("version", [(3, 7, 0), (3, 40, 1), (3, 51, 2)])
def test_a_sqlite_that_corrupts_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(SiteUnusable, match="pysqlite3"):
        refuse_broken(version)


def test_a_sqlite_without_the_fault_is_welcome() -> None:
    refuse_broken((3, 51, 3))
    refuse_broken((3, 6, 23))
