"""Posts on their way into the lake, and out of it at their owner's word."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from corpus_town import Town

from demur.corpus import staging
from demur.corpus.lake import Staged
from demur.errors import NotFound, SiteUnusable
from demur.people import PersonId
from demur.posts import Kind, Photo, Post


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def person(town: Town, name: str) -> PersonId:
    return PersonId(town.people[name]["person"])


def everything(town: Town, *names: str) -> list[Post]:
    return [s.post for name in names for s in town.lake.posts_of(person(town, name))]


def picture(letter: str, data: bytes = b"bytes of a picture") -> Photo:
    return Photo(sha256=letter * 64, media_type="image/webp", alt="een boom", data=data)


def test_a_post_comes_back_as_it_was_put_in(town: Town) -> None:
    town.person("anna")
    put = town.post(
        "anna",
        "Groet aan @bob 🐑 en iedereen",
        kind=Kind.PHOTO,
        group="Buurtapp",
        url="https://dorp.example/1",
        reply_to="origin-0",
        translation_of="origin-1",
        tagged=("village:@cor",),
        photos=(picture("c"),),
        refuses_training=("hashtag:noai",),
        attribution="CC BY",
        created_at=datetime(2020, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
    )
    town.put(put)
    stored = town.lake.post(put.id)
    assert stored is not None
    assert stored.post == put
    assert stored.id == put.id == stored.post.id
    assert stored.person == person(town, "anna")
    shard = town.lake.home.shard(stored.person)
    assert town.lake.photo_path(shard, put.photos[0]).read_bytes() == b"bytes of a picture"


def test_importing_an_archive_again_changes_nothing(village: Town) -> None:
    before = files(village.lake.root)
    posts = everything(village, "anna", "bob", "cor")
    twice = village.owned([*posts, *posts])
    assert village.lake.stage("again", twice) == Staged(read=8, new=0, already_here=8)
    village.lake.publish("again")
    assert files(village.lake.root) == before


def test_a_post_that_is_twice_in_an_import_is_stored_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "HELD", 1)  # write a row group for every chunk
    monkeypatch.setattr(staging, "CHUNK", 2)
    town.person("anna")
    posts = [town.post("anna", f"bericht {number % 5}") for number in range(20)]
    assert town.lake.stage("one", town.owned(posts)) == Staged(read=20, new=5, already_here=15)
    town.lake.publish("one")
    assert len(everything(town, "anna")) == 5


def test_the_language_is_found_where_the_archive_does_not_say_it(town: Town) -> None:
    town.person("anna")
    town.put(
        town.post("anna", "Heerlijk gewandeld in de duinen vandaag", lang=None),
        town.post("anna", "Beautiful walk along the coast today", lang=None),
        town.post("anna", "", lang=None),
    )
    assert [post.lang for post in everything(town, "anna")] == ["nl", "en", "und"]


def test_a_reader_that_breaks_off_leaves_nothing_behind(town: Town) -> None:
    town.person("anna")

    def broken() -> Iterator[tuple[PersonId, Post]]:
        yield from town.owned([town.post("anna", "een", photos=(picture("d"),))])
        raise ValueError("the file is cut off")

    with pytest.raises(ValueError, match="cut off"):
        town.lake.stage("broken", broken())
    assert files(town.lake.root) == {}
    assert town.lake.staged() == []


def test_a_kill_between_staging_and_publishing_is_rolled_forward(village: Town) -> None:
    post = village.post("bob", "net op tijd", photos=(picture("e"),))
    village.lake.stage("late", village.owned([post]))
    assert village.lake.staged() == ["late"]
    assert village.lake.post(post.id) is None
    village.lake.publish("late")
    village.lake.publish("late")
    assert village.lake.staged() == []
    assert village.lake.post(post.id) is not None


def test_a_kill_in_the_middle_of_publishing_is_rolled_forward(
    village: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = [village.post(name, "net op tijd") for name in ("anna", "bob", "cor")]
    village.lake.stage("late", village.owned(posts))
    right, moved = Path.replace, itertools.count()

    def killed(self: Path, target: Path) -> Path:
        if next(moved) == 1:
            raise KeyboardInterrupt
        return right(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        village.lake.publish("late")
    monkeypatch.setattr(Path, "replace", right)
    assert village.lake.staged() == ["late"]
    village.lake.publish("late")
    assert all(village.lake.post(post.id) for post in posts)


def test_an_import_that_nobody_acknowledged_is_discarded(village: Town) -> None:
    before = files(village.lake.root)
    village.lake.stage("never", village.owned([village.post("bob", "x", photos=(picture("f"),))]))
    village.lake.discard("never")
    village.lake.discard("never")
    assert files(village.lake.root) == before


def test_an_import_that_broke_off_is_not_published(village: Town) -> None:
    village.lake.stage("half", village.owned([village.post("bob", "x")]))
    (village.lake.root / "staging" / "half" / "complete.json").unlink()
    with pytest.raises(SiteUnusable, match="discard it"):
        village.lake.publish("half")


def test_a_hostile_import_name_leads_nowhere(village: Town) -> None:
    with pytest.raises(NotFound):
        village.lake.discard("../../etc")


def test_erasing_a_person_touches_one_shard_and_leaves_the_neighbours(village: Town) -> None:
    neighbours = everything(village, "anna", "cor")
    village.put(village.post("bob", "met foto", photos=(picture("g"),)))
    before = files(village.lake.root)
    assert village.lake.erase(person(village, "bob")) == 3
    assert everything(village, "bob") == []
    assert everything(village, "anna", "cor") == neighbours
    shard = f"shard={village.lake.home.shard(person(village, 'bob')):04d}"
    after = files(village.lake.root)
    assert {name for name in before if before[name] != after.get(name)} == {
        name for name in before if shard in name
    }
    assert not [name for name in after if name.startswith("photos")]


def test_an_erased_person_s_words_are_in_no_file(village: Town) -> None:
    village.lake.erase(person(village, "anna"))
    assert village.lake.erase(person(village, "anna")) == 0
    import pyarrow.parquet as pq

    for part in village.lake.root.rglob("*.parquet"):
        rows = str(pq.read_table(part, partitioning=None).to_pylist())
        assert "geschaatst" not in rows


def test_a_picture_that_a_neighbour_posted_too_stays(town: Town) -> None:
    names = [f"p{number}" for number in range(9)]
    for name in names:
        town.person(name)
    shard_of = {name: town.lake.home.shard(person(town, name)) for name in names}
    one, two = next(
        (a, b) for a, b in itertools.combinations(names, 2) if shard_of[a] == shard_of[b]
    )
    town.put(*(town.post(name, "kijk", photos=(picture("h"),)) for name in (one, two)))
    path = town.lake.photo_path(shard_of[one], picture("h"))
    town.lake.erase(person(town, one))
    assert path.is_file()
    town.lake.erase(person(town, two))
    assert not path.exists()


def test_erasing_reaches_an_import_that_is_still_staged(village: Town) -> None:
    post = village.post("bob", "nog onderweg", photos=(picture("i"),))
    village.lake.stage("late", village.owned([post]))
    village.lake.erase(person(village, "bob"))
    village.lake.publish("late")
    assert village.lake.post(post.id) is None
    assert not list(village.lake.root.glob("photos/*/*"))


def test_two_accounts_turn_out_to_be_one_person_s(village: Town) -> None:
    village.put(village.post("bob", "met foto", photos=(picture("j"),)))
    cor, bob = person(village, "cor"), person(village, "bob")
    moved = everything(village, "bob")
    village.lake.move(bob, cor)
    assert everything(village, "bob") == []
    stored = list(village.lake.posts_of(cor))
    assert {s.post.id for s in stored} >= {post.id for post in moved}
    assert {s.person for s in stored} == {cor}
    photo = replace(picture("j"), data=b"")
    assert village.lake.photo_path(village.lake.home.shard(cor), photo).is_file()
    village.people["bob"]["person"] = cor
    village.build()
    assert len(village.texts()) == 5


def test_a_kill_while_two_people_become_one_loses_and_doubles_nothing(
    village: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    cor, bob = person(village, "cor"), person(village, "bob")
    before = {post.id for post in everything(village, "bob", "cor")}
    village.people["bob"]["person"] = cor

    def killed(self: object, who: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(village.lake), "erase", killed)
        with pytest.raises(KeyboardInterrupt):
            village.lake.move(bob, cor)
    village.build()
    assert len(village.texts()) == 4, "the old copies are nobody's, so the law keeps them out"
    village.lake.move(bob, cor)
    assert sorted(s.id for s in village.lake.posts_of(cor)) == sorted(before)
    village.build()
    assert len(village.texts()) == 4
