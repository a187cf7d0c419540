"""Who looks for something finds it, in whichever words and language it was said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from demur.memory import vectors
from demur.memory.finding import NEAR
from demur.memory.memories import Heard
from demur.memory.remember import folder_of, purge, remember, retire
from demur.memory.search import Filter
from demur.people import InForce

Stands = Callable[..., InForce]
LAMP = "The lighthouse is open on Saturday, 182 steps and you can see the whole island"


def found(heard: Heard, text: str, **more: Any) -> list[str]:
    return [hit.post_id for hit in heard.search(text, limit=more.pop("limit", 9), **more)]


def photo(sha256: str, alt: str | None) -> dict[str, Any]:
    return {"sha256": sha256, "media_type": "image/png", "alt": alt, "look": None}


@pytest.fixture
def island(community: Any) -> Any:
    community.lamp = community.writes("priya", LAMP, lang="en")
    community.bike = community.writes("bob", "Mijn fiets stond gisteren bij de vuurtoren")
    community.sale = community.writes("carla", "Te koop: wasmachine, twee jaar oud")
    community.cat = community.writes(
        "dirk", "", kind="photo", photos=[photo("ab" * 32, "rode kat op een vensterbank")]
    )
    return community


def test_a_dutch_question_finds_what_was_said_in_english(island: Any, stands: Stands) -> None:
    heard = island.memories(island.words).under(stands(1))
    [first, *_] = heard.search("182 treden op en je ziet heel het eiland liggen", limit=3)
    assert first.post_id == island.lamp
    assert first.near > NEAR
    assert [hit.post_id for hit in heard.search("tweedehands wasdroger", limit=3)] == [island.sale]
    assert found(heard, "hoe laat begint de raadsvergadering over de begroting") == []


def test_pictures_are_found_by_what_they_show(island: Any, stands: Stands) -> None:
    heard = island.memories(island.words).under(stands(1))
    assert found(heard, "katten")[0] == island.cat
    [hit, *_] = heard.search("a ginger cat in the window", limit=3)
    assert (hit.post_id, hit.photos, hit.alts) == (
        island.cat, ("ab" * 32,), ("rode kat op een vensterbank",),
    )  # fmt: skip


@pytest.mark.usefixtures("fake_meaning")
class TestWords:
    """By words alone, so that no likeness of meaning helps."""

    @pytest.mark.parametrize(
        "asked", ["fietsen", "FIETSEN", "vuurtorens", "vuurtroen", "gisteen", "fiéts gistern"]
    )
    def test_inflected_or_mistyped_it_is_found(
        self, island: Any, stands: Stands, asked: str
    ) -> None:
        heard = island.memories(island.words).under(stands(1))
        assert found(heard, asked)[0] == island.bike

    def test_a_telephone_number_is_not_set_right_to_somebody_elses(
        self, community: Any, stands: Stands
    ) -> None:
        community.writes("anna", "Bel me op 0612345678 of b4nkpas123")
        heard = community.memories(community.words).under(stands(1))
        assert found(heard, "0612345678")
        assert found(heard, "0612345679") == found(heard, "b4nkpas124") == []

    def test_her_rare_word_is_neither_proposed_nor_in_the_way(
        self, community: Any, stands: Stands
    ) -> None:
        """After her No every question is answered as if she had never been there."""
        community.writes("bob", "we zagen een zeehond op de plaat")
        community.writes("bob", "de vloedlijn lag vol schelpen")
        community.writes("anna", "ik verzamel zeehonk en vloedlijst")
        words = community.words
        memories = community.memories(words)
        asked = ["zeehonk", "zeehont", "vloedlijst", "vloedlijsd", "verzamel", "verzamal"]
        before = [sorted(found(memories.under(stands(1)), each)) for each in asked]
        assert before[:2] == [["post-2"], ["post-0", "post-2"]]
        after = [sorted(found(memories.under(stands(2, "anna")), each)) for each in asked]
        community.leaves("anna")
        never = community.memories(words, name="never").under(stands(2))
        assert after == [sorted(found(never, each)) for each in asked]
        assert after[0] == ["post-0"], "what was hidden by her word is found without it"
        assert not any("post-2" in each for each in after)

    def test_a_filter_narrows_words_and_meaning_alike(self, community: Any, stands: Stands) -> None:
        def on(day: int) -> datetime:
            return datetime(2024, 5, day, 23, 59, tzinfo=UTC)

        community.writes("anna", "de pont vaart", created_at=on(1))
        community.writes("bob", "de pont vaart", platform="facebook", group="Eiland", lang="en")
        community.writes("bob", "de pont vaart", kind="question", created_at=on(9))
        heard = community.memories(community.words).under(stands(1))

        def narrowed(**where: Any) -> list[str]:
            return sorted(found(heard, "pont", where=Filter(**where)))

        assert narrowed() == ["post-0", "post-1", "post-2"]
        assert narrowed(accounts=("mastodon:bob",)) == ["post-1", "post-2"]
        assert narrowed(accounts=("mastodon:nobody",)) == []
        assert narrowed(platform="facebook") == narrowed(group="Eiland") == ["post-1"]
        assert narrowed(kinds=("question", "photo")) == ["post-2"]
        assert narrowed(lang="en") == ["post-1"]
        assert narrowed(since=date(2024, 5, 1), until=date(2024, 5, 1)) == ["post-0", "post-1"]
        assert narrowed(since=date(2024, 5, 2)) == ["post-2"]
        assert heard.search("pont", limit=1, where=Filter(group="Eiland"))[0].group == "Eiland"

    def test_those_who_may_not_be_found_use_up_no_place(
        self, community: Any, stands: Stands
    ) -> None:
        for _ in range(600):
            community.writes("anna", "pont pont")
        hers = len(community.posts)
        community.writes("bob", "de pont vaart om acht uur weer naar de wal toe")
        heard = community.memories(community.words).under(stands(1, "anna"))
        assert found(heard, "pont", limit=1) == [f"post-{hers}"]
        assert found(heard, "pont pont", limit=5) == [f"post-{hers}"]

    def test_a_build_takes_over_what_did_not_change_and_embeds_the_rest(
        self, community: Any, tmp_path: Any
    ) -> None:
        for number in range(9):
            community.writes(f"person {number}", f"bericht nummer {number}")
        words = community.words
        for folder in community.built():
            remember(folder, community.memory, words)
        community.leaves("person 3")
        community.writes("person 4", "nog een bericht")
        embedded: list[str] = []
        real = vectors.meaning.embed

        def counting(texts: list[str], **more: Any) -> Any:
            embedded.extend(texts)
            return real(texts, **more)

        # Within the fake: `monkeypatch` itself is undone after it, and would put the fake back.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(vectors.meaning, "embed", counting)
            again = [remember(each, community.memory, words) for each in community.built("next")]
        assert embedded == ["nog een bericht"]
        afresh = [remember(folder, tmp_path / "other", words) for folder in community.built("next")]
        for one, other in zip(again, afresh, strict=True):
            assert (one / "vectors.npy").read_bytes() == (other / "vectors.npy").read_bytes()

    def test_of_who_leaves_no_vector_stays_anywhere(self, community: Any) -> None:
        for person in ("anna", "bob", "carla", "dirk"):
            community.writes(person, f"alleen {person} schreef dit en niemand anders")
        words = community.words
        folders = {
            folder: remember(folder, community.memory, words) for folder in community.built()
        }
        [(built, row)] = [
            (folder, people.index("anna"))
            for folder in folders
            if "anna" in (people := pq.read_table(folder / "kept.parquet")["person"].to_pylist())
        ]
        hers = vectors.mapped(folders[built] / "vectors.npy")["value"][row].tobytes()
        assert on_disk(community, hers)
        assert purge(built, community.memory, [row]) == 1
        assert not on_disk(community, hers)
        remember(built, community.memory, words)
        assert on_disk(community, hers), "the build is whole again, as it was decided"
        community.leaves("anna")
        now = community.built("next")
        for folder in now:
            remember(folder, community.memory, words)
        retire(community.memory, now)
        assert not on_disk(community, hers)
        assert folder_of(now[0], community.memory).exists()


def on_disk(community: Any, data: bytes) -> bool:
    return any(data in path.read_bytes() for path in community.memory.rglob("*") if path.is_file())
