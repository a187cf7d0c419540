"""What happens to people's words in the three memories together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from demur.errors import SiteUnusable
from demur.memory.memories import Heard, Memories
from demur.memory.remember import remember, retire
from demur.people import InForce, PersonId, Scope, Use

pytestmark = pytest.mark.usefixtures("fake_meaning")

Stands = Callable[..., InForce]
SECRET = "mijn fietsslot gaat open met kwal zebra mosterd"
BRIDGE = "de brug bij het oude gemaal is weer open dus fietsen kan"


@pytest.fixture
def village(community: Any) -> Any:
    community.anna = community.writes("anna", SECRET)
    community.writes("anna", BRIDGE)
    for person in ("bob", "carla"):
        community.writes(person, "mijn fietsslot gaat open met een sleutel")
    community.writes("dirk", "de brug bij het oude gemaal is weer open maar niet lang")
    return community


def said(heard: Heard, words: Any, text: str) -> list[float]:
    """The probability of every word of a text, where the model itself has no opinion."""
    (row,) = words.encode([text])
    even = np.full(words.size, 1 / words.size)
    return [float(heard.over(row[:at], even)[row[at]]) for at in range(1, len(row))]


def test_what_only_anna_wrote_is_never_said(village: Any, stands: Stands) -> None:
    words = village.words
    heard = village.memories(words).under(stands(1))
    served = heard.memories.counts.served()
    for hers in ("kwal", "zebra", "mosterd"):
        assert not [ngram for ngram in served if words.tokenizer.token_to_id(hers) in ngram]
    even = 1 / words.size
    assert max(said(heard, words, SECRET)[-4:-1]) <= even
    assert min(said(heard, words, SECRET)[2:5]) > even
    leaky = Memories.load(village.built(), village.memory, words, k=1).under(stands(1))
    assert min(said(leaky, words, SECRET)[-4:-1]) > 2 * even


def test_anna_objects_and_is_neither_said_nor_cited_nor_traced(
    village: Any, stands: Stands
) -> None:
    words = village.words
    memories = village.memories(words)
    before = memories.under(stands(1))
    assert "post-0" in [hit.post_id for hit in before.search("zebra", limit=5)]
    rows = [row for span in before.trace(SECRET) for row in span.rows]
    assert [post.post_id for post in before.posts(rows)] == ["post-0"]
    brug = said(before, words, BRIDGE)

    after = memories.under(stands(2, "anna"))
    assert after.search("zebra mosterd", limit=5) == []
    assert [hit.post_id for hit in after.search("brug gemaal", limit=5)] == ["post-4"]
    assert after.trace(SECRET) == []
    (span,) = after.trace(BRIDGE)
    assert BRIDGE[span.start : span.end] == "de brug bij het oude gemaal is weer open"
    assert [post.post_id for post in after.posts(span.rows)] == ["post-4"]
    everything = [post.post_id for post in after.posts(range(len(memories.origins)))]
    assert sorted(everything) == ["post-2", "post-3", "post-4"]
    assert said(after, words, BRIDGE)[0] < brug[0]

    village.leaves("anna")
    never = village.memories(words, name="without her").under(stands(2))
    assert said(after, words, BRIDGE) == said(never, words, BRIDGE)
    assert memories.counts.served() == never.memories.counts.served()


def test_who_takes_a_no_back_is_heard_as_before(village: Any, stands: Stands) -> None:
    words = village.words
    memories = village.memories(words)
    before = said(memories.under(stands(1)), words, BRIDGE)
    assert said(memories.under(stands(2, "anna")), words, BRIDGE) != before
    assert said(memories.under(stands(3)), words, BRIDGE) == before


def test_a_reader_with_an_older_standing_does_not_bring_her_back(
    village: Any, stands: Stands
) -> None:
    memories = village.memories(village.words)
    memories.under(stands(2, "anna"))
    late = memories.under(stands(1))
    assert late.search("zebra", limit=5) == []
    assert late.trace(SECRET) == []


def test_a_standing_that_changed_without_a_new_epoch_is_obeyed_all_the_same(
    village: Any, stands: Stands
) -> None:
    memories = village.memories(village.words)
    assert memories.under(stands(1)).trace(SECRET)
    assert memories.under(stands(1, "anna")).trace(SECRET) == []


def test_a_hold_on_everything_leaves_the_base_model_alone(village: Any, stands: Stands) -> None:
    words = village.words
    heard = village.memories(words).under(stands(1, holds=(Scope(),)))
    assert set(said(heard, words, BRIDGE)) == {1 / words.size}
    assert heard.search("brug", limit=5) == []
    assert heard.trace(BRIDGE) == []


def test_threads_with_different_standings_never_hear_half_of_it(
    village: Any, stands: Stands
) -> None:
    words = village.words
    memories = village.memories(words)
    (row,) = words.encode([BRIDGE])
    even = np.full(words.size, 1 / words.size)
    allowed = {memories.under(stands(1)).over(row[:4], even).tobytes()}
    allowed.add(memories.under(stands(2, "anna")).over(row[:4], even).tobytes())
    assert len(allowed) == 2
    heard: list[bytes] = []

    def listen() -> None:
        heard.extend(memories.counts.over(row[:4], even).tobytes() for _ in range(300))

    listeners = [threading.Thread(target=listen) for _ in range(3)]
    for one in listeners:
        one.start()
    for epoch in range(3, 200):
        memories.under(stands(epoch, *["anna"] * (epoch % 2)))
    for one in listeners:
        one.join()
    assert set(heard) <= allowed


def test_memories_of_another_vocabulary_are_refused(village: Any, words: Any) -> None:
    village.memories(village.words)
    other = words(["heel iets anders"])
    with pytest.raises(SiteUnusable, match="demur work"):
        Memories.load(village.built(), village.memory, other)
    for folder in village.built():
        remember(folder, village.memory, other)
    assert Memories.load(village.built(), village.memory, other)


def test_nothing_built_is_said_so(tmp_path: Path, words: Any) -> None:
    with pytest.raises(SiteUnusable, match="demur build"):
        Memories.load([], tmp_path, words(["a"]))


def test_a_picture_without_a_caption_says_nothing(community: Any, stands: Stands) -> None:
    for person in ("anna", "bob"):
        community.writes(person, " ", kind="photo")
    memories = community.memories(community.words)
    assert memories.under(stands(1)).memories.counts.served() == {}


def test_what_retires_is_gone_and_what_stays_is_whole(village: Any, stands: Stands) -> None:
    words = village.words
    village.memories(words)
    village.leaves("anna")
    now = village.memories(words, name="second")
    retire(village.memory, village.built("second"))
    files = [path for path in village.memory.rglob("*") if path.is_file()]
    assert not [path for path in files if "first" in path.parts]
    assert not [path for path in files if b"zebra" in path.read_bytes()]
    assert now.under(stands(1)).search("brug", limit=3)


def test_what_she_lets_be_found_and_nothing_else_is_found_and_nothing_else(
    village: Any, stands: Stands
) -> None:
    words = village.words
    memories = village.memories(words)
    served = memories.under(stands(1)).memories.counts.served()
    only_search = (Scope(uses=(Use.TRAINING, Use.ANSWERS, Use.TRANSLATION)),)
    heard = memories.under(stands(2, narrowed={PersonId("anna"): only_search}))
    assert "post-0" in [hit.post_id for hit in heard.search("zebra", limit=5)]
    assert heard.search("zebra", limit=5, use=Use.ANSWERS) == []
    assert heard.trace(SECRET) == []
    everything = [post.post_id for post in heard.posts(range(len(memories.origins)))]
    assert sorted(everything) == ["post-2", "post-3", "post-4"]
    assert heard.memories.counts.served() != served


def test_a_post_kept_to_be_found_is_never_learned_nor_quoted_and_leaves_no_shard_unclean(
    community: Any, stands: Stands
) -> None:
    """The same as above once it is built: the file itself says what each post is for."""
    for person in ("anna", "bob"):
        community.writes(person, BRIDGE, uses=Use.SEARCH.bit)
    words = community.words
    heard = community.memories(words).under(stands(1))
    assert heard.memories.counts.served() == {}
    assert heard.trace(BRIDGE) == []
    assert len(heard.search("brug", limit=5)) == 2
    assert heard.search("brug", limit=5, use=Use.ANSWERS) == []
    assert not heard.unclean.any(), "nobody learned it, so nothing is to be forgotten"
    assert not [f for f in community.memory.rglob("*.npy") if b"gemaal" in f.read_bytes()]


def test_what_was_only_learned_is_neither_shown_nor_lies_in_the_search_file(
    community: Any, stands: Stands
) -> None:
    for person in ("anna", "bob"):
        community.writes(person, BRIDGE, uses=Use.TRAINING.bit)
    heard = community.memories(community.words).under(stands(1))
    assert heard.memories.counts.served()
    assert heard.search("brug", limit=5) == heard.search("brug", limit=5, use=Use.ANSWERS) == []
    assert heard.trace(BRIDGE) == []
    assert not [f for f in community.memory.glob("search.db*") if b"gemaal" in f.read_bytes()]
    assert heard.memories.under(stands(2, "anna")).unclean.any()


def test_by_the_clock_alone_nobody_is_heard_again(village: Any, stands: Stands) -> None:
    """Two readings of one epoch differ when a day ended between them, and may come in any order."""
    memories = village.memories(village.words)
    began = stands(1, holds=(Scope(kinds=("post",)),))
    assert memories.under(began).search("brug", limit=5) == []
    assert memories.under(stands(1)).search("brug", limit=5) == []
    assert memories.under(stands(2)).search("brug", limit=5)
