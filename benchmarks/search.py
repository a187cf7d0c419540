"""Search at a hundred thousand posts and a million: is it found, how soon, and how soon is it gone?

    python benchmarks/search.py ../shared/data/community --vectors /tmp/vectors.npz

Each question looks for one known post of the community: by two of its rarest words (word), by
those with an ending that a person might use instead (ending), with a slip of the finger in each
(slip), and by what another member wrote who says the same in the other language (language). Who
asks is held out: those translations are not in the index. Found is a post with the same text.

The community is enlarged by posts of two of its sentences each, of which none is looked for; the
vector of such a post is the middle of those of its sentences, since a million texts take the model
a working day. How near that comes to the post's own vector is measured on some of them.

Beside it, in the same run: FTS5 alone as the search was before (words as they stand, no stems, no
vectors), and tantivy with its stemmer for English. Then a person's posts are deleted, and every
file is read for their words and vectors.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tantivy
from numpy.typing import NDArray
from pysqlite3 import dbapi2
from search_questions import Post, Question, posts_of, questions

from demur.memory import meaning, vectors
from demur.memory.filters import Columns
from demur.memory.finding import Finder
from demur.memory.search import EVERYWHERE, Build, Search, Stored
from demur.memory.stopwords import subject
from demur.memory.vectors import RECORD, Vectors

SHARDS = 16
PART = 256  # posts that are embedded together
HERS = 50  # posts of the person who is deleted


@dataclass(frozen=True)
class Found:
    recall: dict[str, float]
    p50: float
    p95: float
    p95_cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("community", type=Path)
    parser.add_argument("--vectors", type=Path, required=True, help="kept here between runs")
    parser.add_argument("--posts", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--own", type=int, default=30_000, help="of the community's own posts")
    parser.add_argument("--each", type=int, default=100, help="questions of each kind")
    asked = parser.parse_args()
    dice = random.Random(8)
    every = posts_of(asked.community)
    looked_for = questions(asked.community, every, asked.each, dice)
    held_out = {question.held_out for question in looked_for}
    targets = {question.text_wanted for question in looked_for}
    own = [post for post in every if post.id not in held_out]
    own.sort(key=lambda post: post.text not in targets)
    own = own[: asked.own]
    means = embedded(own, asked.vectors)
    plain = [at for at, post in enumerate(own) if post.text not in targets]
    print(f"{len(looked_for)} questions, {len(own)} posts of the community\n")
    for count in asked.posts:
        pairs = [dice.sample(plain, 2) for _ in range(count - len(own))]
        measure(own, means, pairs, looked_for)


def embedded(own: Sequence[Post], file: Path) -> NDArray[np.float32]:
    """The posts' vectors, made once and in parts: the model takes longer than all else here."""
    known: dict[str, NDArray[np.float32]] = {}
    if file.exists():
        kept = np.load(file)
        known = dict(zip(kept["texts"].tolist(), kept["means"], strict=True))
    new = [post.text for post in own if post.text not in known]
    began = time.process_time()
    for at in range(0, len(new), PART):
        some = new[at : at + PART]
        known |= zip(some, meaning.bearings(some, kind="passage"), strict=True)
        np.savez(file, texts=np.array(list(known)), means=np.stack(list(known.values())))
    if new:
        spent, length = (
            1e3 * (time.process_time() - began) / len(new),
            sum(map(len, new)) / len(new),
        )
        print(f"{spent:.1f} CPU-ms a post of {length:.0f} characters to embed")
    return np.stack([known[post.text] for post in own])


def measure(
    own: Sequence[Post],
    means: NDArray[np.float32],
    pairs: Sequence[Sequence[int]],
    looked_for: Sequence[Question],
) -> None:
    texts = [post.text for post in own] + [f"{own[a].text} {own[b].text}" for a, b in pairs]
    langs = [post.lang for post in own] + [own[a].lang for a, _ in pairs]
    print(f"\n{len(texts)} posts, {len(pairs)} of them enlarged; the median cosine of such a")
    print(f"post's vector to its own is {likeness(texts, means, pairs):.2f}\n")
    with tempfile.TemporaryDirectory() as place:
        ours = Ours(Path(place) / "ours", texts, langs, means, pairs)
        alone = Fts5(Path(place) / "alone", texts)
        beside = Tantivy(Path(place) / "tantivy", texts)
        ask: dict[str, Callable[[str], list[int]]] = {
            "words and meaning": ours.both,
            "words alone (stems, slips)": ours.words,
            "FTS5 alone, the peer": alone.ask,
            "tantivy, the peer": beside.ask,
        }
        kinds = list(dict.fromkeys(question.kind for question in looked_for))
        print(f"| recall@10 | {' | '.join(kinds)} | p50 ms | p95 ms | p95 CPU-ms |")
        print(f"|{'---|' * (len(kinds) + 4)}")
        for name, one in ask.items():
            found = run(one, texts, looked_for)
            recalls = " | ".join(f"{found.recall[kind]:.2f}" for kind in kinds)
            spent = f"{found.p50:.1f} | {found.p95:.1f} | {found.p95_cpu:.1f}"
            print(f"| {name} | {recalls} | {spent} |", flush=True)
        print("\n| | CPU-s to put in | MB on disk | 50 posts gone after | their bytes after |")
        print("|---|---|---|---|---|")
        for name, each in (("ours", ours), ("FTS5 alone", alone), ("tantivy", beside)):
            gone, left = each.delete()
            said = (
                f"| {name} | {each.spent:.0f} | {size(each.folder):.0f} | {gone:.0f} ms | {left} |"
            )
            print(said, flush=True)


def likeness(
    texts: Sequence[str], means: NDArray[np.float32], pairs: Sequence[Sequence[int]]
) -> float:
    some = range(0, len(pairs), max(1, len(pairs) // 50))
    first = len(texts) - len(pairs)
    real = meaning.bearings([texts[first + at] for at in some], kind="passage")
    made = np.stack([middle(means, [pairs[at]])[0] for at in some])
    return float(np.median((real * made).sum(axis=1)))


def middle(means: NDArray[np.float32], pairs: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    both = means[[a for a, _ in pairs]] + means[[b for _, b in pairs]]
    return np.asarray(both / np.linalg.norm(both, axis=1, keepdims=True))


def run(ask: Callable[[str], list[int]], texts: Sequence[str], every: Sequence[Question]) -> Found:
    found: defaultdict[str, list[bool]] = defaultdict(list)
    took, worked = [], []
    ask(every[0].asked)
    for question in every:
        began, began_cpu = time.perf_counter(), time.process_time()
        rows = ask(question.asked)
        worked.append(1e3 * (time.process_time() - began_cpu))
        took.append(1e3 * (time.perf_counter() - began))
        found[question.kind].append(question.text_wanted in {texts[row] for row in rows})
    recall = {kind: float(np.mean(hits)) for kind, hits in found.items()}
    p50, p95, p95_cpu = np.quantile(took, 0.5), np.quantile(took, 0.95), np.quantile(worked, 0.95)
    return Found(recall, float(p50), float(p95), float(p95_cpu))


class Ours:
    def __init__(self, folder: Path, texts: Sequence[str], langs: Sequence[str],
                 means: NDArray[np.float32], pairs: Sequence[Sequence[int]]) -> None:  # fmt: skip
        self.folder = folder
        self._texts = texts
        self._search = Search(folder / "search.db")
        each = -(-len(texts) // SHARDS)
        self._first = {
            Build(shard=shard, root="r"): shard * each
            for shard in range(SHARDS)
            if shard * each < len(texts)
        }
        began = time.process_time()
        self._folders = []
        for build, first in self._first.items():
            rows = range(first, min(first + each, len(texts)))
            self._search.put(
                build, (stored(at - first, secret(at, texts[at]), langs[at]) for at in rows)
            )
            self._folders.append(folder / str(build.shard))
            self._folders[-1].mkdir()
            write_vectors(self._folders[-1], rows, means, pairs)
        self.spent = time.process_time() - began
        self._everybody = np.ones(len(texts), np.bool_)
        none = Columns({}, {}, np.zeros(len(texts), np.int32))
        self._finder = Finder(
            search=self._search, vectors=Vectors.load(self._folders), columns=none,
            first=self._first,
        )  # fmt: skip

    def both(self, asked: str) -> list[int]:
        hits = self._finder.find(asked, self._everybody, EVERYWHERE, limit=10)
        return [hit.row for hit in hits]

    def words(self, asked: str) -> list[int]:
        ways = [self._finder._asked(w, self._everybody).ways for w in subject(asked)]
        masks = self._finder._by_build(self._everybody)
        found = self._search.ranked(ways, masks, most=10)
        return [self._first[build] + row for build, row in found]

    def delete(self) -> tuple[float, str]:
        """The rows of one shard, as `memory.remember.purge` does it."""
        rows = list(range(100, 100 + HERS))
        build, folder = next(iter(self._first)), self._folders[0]
        values = vectors.mapped(folder / vectors.FILE)["value"]
        secrets = [values[row].tobytes() for row in rows] + words_of(self._texts, rows)
        began = time.perf_counter()
        vectors.purge(folder, rows)
        self._search.purge(build, rows)
        return 1e3 * (time.perf_counter() - began), scan(self.folder, secrets)


def stored(row: int, text: str, lang: str) -> Stored:
    return Stored(
        row=row, post_id=f"{row}", account="a", platform="forum", kind="post", lang=lang,
        created_at="2024-05-01T10:00:00+00:00", url=None, attribution=None, text=text,
    )  # fmt: skip


def secret(row: int, text: str) -> str:
    """The posts that will be deleted hold a word that nobody else has."""
    return f"{text} zq{row}xq" if 100 <= row < 100 + HERS else text


def words_of(texts: Sequence[str], rows: Sequence[int]) -> list[bytes]:
    return [f"zq{row}xq".encode() for row in rows]


def write_vectors(
    folder: Path, rows: range, means: NDArray[np.float32], pairs: Sequence[Any]
) -> None:
    records = np.zeros(len(rows), RECORD)
    own = len(means)
    real = [row for row in rows if row < own]
    made = [row - own for row in rows if row >= own]
    values = [means[real]] if real else []
    values += [middle(means, [pairs[at] for at in made])] if made else []
    records["text"] = 1
    records["value"] = np.clip(np.rint(np.concatenate(values) / vectors.STEP), -127, 127)
    vectors.save(folder / vectors.FILE, records)


class Fts5:
    """FTS5 as the search used it before: words as they stand, any of them, stop words left out."""

    def __init__(self, folder: Path, texts: Sequence[str]) -> None:
        self.folder = folder
        folder.mkdir()
        self._db = dbapi2.connect(str(folder / "search.db"), isolation_level=None)
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
            "CREATE TABLE post (id INTEGER PRIMARY KEY, text TEXT);"
            "CREATE VIRTUAL TABLE words USING fts5(text, content='post', content_rowid='id',"
            " tokenize='unicode61 remove_diacritics 2');"
            "INSERT INTO words (words, rank) VALUES ('secure-delete', 1);"
        )
        began = time.process_time()
        rows = [(at, secret(at, text)) for at, text in enumerate(texts)]
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO post VALUES (?, ?)", rows)
        self._db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", rows)
        self._db.execute("COMMIT")
        self.spent = time.process_time() - began

    def ask(self, asked: str) -> list[int]:
        words = " OR ".join(f'"{word}"' for word in subject(asked))
        found = self._db.execute(
            "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT 10", (words,)
        )
        return [row for (row,) in found]

    def delete(self) -> tuple[float, str]:
        began = time.perf_counter()
        self._db.execute("BEGIN IMMEDIATE")
        for row in range(100, 100 + HERS):
            [(text,)] = self._db.execute("SELECT text FROM post WHERE id = ?", (row,)).fetchall()
            self._db.execute(
                "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", (row, text)
            )
            self._db.execute("DELETE FROM post WHERE id = ?", (row,))
        self._db.execute("COMMIT")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        took = 1e3 * (time.perf_counter() - began)
        return took, scan(self.folder, words_of((), range(100, 100 + HERS)))


class Tantivy:
    """tantivy's own index: words cut and stemmed as English, any of them is enough."""

    def __init__(self, folder: Path, texts: Sequence[str]) -> None:
        self.folder = folder
        folder.mkdir()
        schema = tantivy.SchemaBuilder()
        schema.add_integer_field("row", stored=True, indexed=True)
        schema.add_text_field("text", stored=True, tokenizer_name="en_stem")
        self._index = tantivy.Index(schema.build(), path=str(folder))
        began = time.process_time()
        writer = self._index.writer(heap_size=128_000_000, num_threads=1)
        for at, text in enumerate(texts):
            writer.add_document(tantivy.Document(row=at, text=secret(at, text)))
        writer.commit()
        writer.wait_merging_threads()
        self.spent = time.process_time() - began
        self._index.reload()
        self._searcher = self._index.searcher()

    def ask(self, asked: str) -> list[int]:
        question = self._index.parse_query(" ".join(subject(asked)), ["text"])
        found = self._searcher.search(question, 10).hits
        return [self._searcher.doc(at)["row"][0] for _, at in found]

    def delete(self) -> tuple[float, str]:
        began = time.perf_counter()
        writer = self._index.writer(heap_size=50_000_000, num_threads=1)
        for row in range(100, 100 + HERS):
            writer.delete_documents_by_term("row", row)
        writer.commit()
        writer.garbage_collect_files()
        writer.wait_merging_threads()
        took = 1e3 * (time.perf_counter() - began)
        return took, scan(self.folder, words_of((), range(100, 100 + HERS)))


def scan(folder: Path, secrets: Sequence[bytes]) -> str:
    """How many of these stand in any file."""
    data = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    left = sum(any(each in some for some in data) for each in secrets)
    return f"{left} of {len(secrets)} found"


def size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
