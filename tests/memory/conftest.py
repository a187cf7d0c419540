"""A few people's kept posts as real build folders, and a real tokenizer that knows their words."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_meaning import put_in
from hand_built import ALL_USES, mark_of
from tokenizers import Tokenizer, models, pre_tokenizers

from demur.corpus.manifest import KEPT_SCHEMA
from demur.memory import vocabulary
from demur.memory.memories import Memories
from demur.memory.remember import remember
from demur.memory.vocabulary import Vocabulary
from demur.people import InForce, PersonId

sys.path.insert(0, str(Path(__file__).parent))  # for what its tests share

SHARDS = 3


def words_of(texts: Iterable[str]) -> Vocabulary:
    """A vocabulary of whole words: every word of the texts, two marks, and one for the rest."""
    split = pre_tokenizers.Whitespace()
    words = sorted({word for text in texts for word, _ in split.pre_tokenize_str(text)})
    marks = ["<start>", "<end>", "<rest>"]
    ids = {word: number for number, word in enumerate([*marks, *words])}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="<rest>"))
    tokenizer.pre_tokenizer = split
    tokenizer.add_special_tokens(marks)
    return vocabulary.of(tokenizer, start="<start>", end="<end>")


def home(person: str) -> int:
    return hashlib.sha256(person.encode()).digest()[0] % SHARDS


@dataclass
class Community:
    """People who write; `built` and `memories` are what becomes of it."""

    root: Path
    posts: list[dict[str, Any]] = field(default_factory=list)

    def writes(self, person: str, text: str, **more: Any) -> str:
        post_id = f"post-{len(self.posts)}"
        post = {
            "post_id": post_id,
            "person": person,
            "slice": 0,
            "account": f"mastodon:{person}",
            "platform": "mastodon",
            "country": "NL",
            "group": None,
            "kind": "post",
            "uses": ALL_USES,
            "lang": "nl",
            "created_at": datetime(2024, 5, 1, tzinfo=UTC),
            "text": text,
            "text_hash": mark_of(text),
            "near": [],
            "mention_keys": [],
            "masked": [],
            "tagged": [],
            "photos": [],
            "url": f"https://dorp.example/{post_id}",
            "attribution": None,
        }
        self.posts.append({**post, **more})
        return post_id

    def leaves(self, person: str) -> None:
        self.posts = [post for post in self.posts if post["person"] != person]

    @property
    def words(self) -> Vocabulary:
        return words_of(post["text"] for post in self.posts)

    def built(self, name: str = "first") -> list[Path]:
        folders = [self.root / "build" / f"shard={shard:04}" / name for shard in range(SHARDS)]
        for shard, folder in enumerate(folders):
            here = [post for post in self.posts if home(post["person"]) == shard]
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(here, KEPT_SCHEMA), folder / "kept.parquet")
        return folders

    @property
    def memory(self) -> Path:
        return self.root / "memory"

    def memories(self, words: Vocabulary, *, name: str = "first", k: int = 2) -> Memories:
        built = self.built(name)
        for folder in built:
            remember(folder, self.memory, words)
        return Memories.load(built, self.memory, words, k=k)

    def row(self, memories: Memories, post_id: str) -> int:
        found: int = memories.origins.post_ids.index(post_id).as_py()
        return found


@pytest.fixture
def fake_meaning() -> Iterator[None]:
    """The same words mean the same, and no others: see fake_meaning.py."""
    with put_in():
        yield


@pytest.fixture
def community(tmp_path: Path) -> Community:
    return Community(tmp_path)


@pytest.fixture
def words() -> Callable[[Iterable[str]], Vocabulary]:
    return words_of


def standing(epoch: int, *silent: str, **more: Any) -> InForce:
    return InForce(epoch=epoch, silent={PersonId(one): epoch for one in silent}, **more)


@pytest.fixture
def stands() -> Callable[..., InForce]:
    """`stands(3, "anna")`: at epoch 3 Anna objects, and nobody else."""
    return standing


@pytest.fixture(scope="session")
def settle() -> type[Community]:
    """`settle(folder)`: an empty community, for tests that need many."""
    return Community
