"""How much Dutch each memory adds: bits per byte on the posts of authors nobody trained on.

    python benchmarks/dutch.py ../shared/data/community --tokens 100000

One author in ten is held out by a keyed hash; of the others, people are taken in the order of
another keyed hash until the planned number of tokens is reached. Both memories read the same
people: counts with k = 2, adapters by `train_shard` in two processes. Each held-out post is scored
on its own after the start mark, over the whole vocabulary; posts that somebody trained on wrote
word for word too are left out. Lower is better.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from community_shards import KEY, Said, Text, drawn, held_out, lay_out, read

from demur.corpus.build import BuiltShard
from demur.execution.local import processes
from demur.memory.counts import Counts
from demur.memory.remember import remember
from demur.memory.vocabulary import Vocabulary
from demur.memory.vocabulary import of as vocabulary_of
from demur.people import Home
from demur.posts import normal
from demur.serving.merge import Merge, Merged
from demur.training.base import BaseModel, install, open_base
from demur.training.chain import recall
from demur.training.lora import attach
from demur.training.recipe import Recipe
from demur.training.run import Adapter, train_shard
from demur.training.student import Student, load

LONGEST = 128  # tokens of a post that are scored


def main() -> None:
    torch.set_num_threads(1)
    wishes = _wishes()
    work = wishes.work or Path(tempfile.mkdtemp(prefix="dutch-"))
    base = install(wishes.base, work / "models")
    recipe = Recipe(epochs=wishes.epochs)
    vocabulary = _vocabulary(base)
    everybody = read(wishes.community)
    chosen, tokens = _chosen(everybody, vocabulary, wishes.tokens)
    home = Home(key=KEY, shards=wishes.shards, slices=wishes.slices)
    built = lay_out(chosen, home, work / "build")

    began = time.monotonic()
    counts = _counts(built, work / "memory", vocabulary)
    counted = time.monotonic() - began
    began = time.monotonic()
    merged, steps, cpu = _trained(built, work / "models", base, recipe)
    trained = time.monotonic() - began

    scorer = Scorer(base, recipe)
    table: dict[str, dict[str, float]] = defaultdict(dict)
    sizes = {}
    for lang in ("nl", "en"):
        rows = vocabulary.encode(_unseen(everybody, chosen, lang, wishes.bytes))
        rows = [row[: LONGEST + 1] if len(row) > LONGEST + 1 else row[:-1] for row in rows]
        sizes[lang] = sum(len(vocabulary.tokenizer.decode(row[1:]).encode()) for row in rows)
        for plain, laid, adapter in (("base", "counts", None), ("adapters", "both", merged)):
            own = scorer.scores(rows, adapter)
            bits = -sum(float(np.log2(each).sum()) for each in own)
            table[plain][lang] = bits / sizes[lang]
            pairs = zip(rows, own, strict=True)
            table[laid][lang] = sum(counts.bits(row, [1.0, *p0]) for row, p0 in pairs) / sizes[lang]
    print(f"{len(chosen)} people, {tokens} tokens; held out: {sizes} bytes, {base.name}")
    print(f"{wishes.shards} shards of {wishes.slices} slices, {steps} steps, {recipe}")
    print(f"counts {counted:.0f} s; adapters {trained:.0f} s, {cpu:.0f} CPU-s, ", end="")
    print(f"{tokens * recipe.epochs / max(cpu, 1e-9):.0f} tokens per CPU-second")
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"{torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}\n")
    print("| bits per byte, held-out authors | Dutch | English |\n|---|---|---|")
    for name in ("base", "counts", "adapters", "both"):
        print(f"| {name} | {table[name]['nl']:.3f} | {table[name]['en']:.3f} |")


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("community", type=Path)
    parser.add_argument("--base", default="smollm2", help="smollm2, a folder or a GGUF file")
    parser.add_argument("--tokens", type=int, default=100_000, help="to train on, about")
    parser.add_argument("--bytes", type=int, default=24_000, help="to score, for each language")
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--slices", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--work", type=Path, help="keep what is made here, to go on from it")
    return parser.parse_args()


def _vocabulary(base: BaseModel) -> Vocabulary:
    tokenizer = base.tokenizer()
    mark = str(tokenizer.id_to_token(base.separator))
    return vocabulary_of(tokenizer, start=mark, end=mark)


def _chosen(everybody: Said, vocabulary: Vocabulary, planned: int) -> tuple[Said, int]:
    """People in the order of their hash until their tokens are as many as planned."""
    chosen, tokens = {}, 0
    for person in sorted(everybody, key=lambda p: drawn("order", p)):
        if held_out(person):
            continue
        if tokens >= planned:
            break
        chosen[person] = everybody[person]
        texts = [text.text for text in everybody[person]]
        tokens += sum(len(row) - 1 for row in vocabulary.encode(texts))
    return chosen, tokens


def _counts(built: Sequence[BuiltShard], memory: Path, vocabulary: Vocabulary) -> Counts:
    folders = [remember(shard.path, memory, vocabulary) for shard in built]
    counts = Counts.load(folders, vocabulary, k=2)
    counts.silence(np.zeros(sum(shard.manifest.posts for shard in built), np.bool_))
    return counts


def _trained(
    built: Sequence[BuiltShard], models: Path, base: BaseModel, recipe: Recipe
) -> tuple[Merged, int, float]:
    """The merged adapter, the optimizer steps of all shards, the CPU-seconds they took."""
    merge, steps, cpu = Merge(len(built)), 0, 0.0
    tasks = [(shard, models, base.hash, recipe) for shard in built]
    for adapter, seconds in processes(2)(_train_one, tasks):
        checkpoint = recall(models, adapter.chains[-1])
        assert checkpoint
        merge.add(checkpoint.learned)
        steps += checkpoint.steps
        cpu += seconds
        print(f"shard {adapter.shard}: {checkpoint.steps} steps", file=sys.stderr, flush=True)
    return merge.merged(), steps, cpu


def _train_one(task: tuple[BuiltShard, Path, str, Recipe]) -> tuple[Adapter, float]:
    built, models, base, recipe = task
    student = Student(open_base(models, base), recipe)
    began = time.process_time()
    adapter = train_shard(built, student, models, home_key=KEY, wanted=lambda: True)
    assert isinstance(adapter, Adapter)
    return adapter, time.process_time() - began


def _unseen(everybody: Said, chosen: Said, lang: str, size: int) -> list[str]:
    """Posts of held-out authors, in the order of a hash, up to about `size` bytes."""
    known = {normal(text.text) for texts in chosen.values() for text in texts}
    posts: list[Text] = [
        text
        for person, texts in everybody.items()
        if held_out(person)
        for text in texts
        if text.lang == lang and normal(text.text) not in known
    ]
    found: list[str] = []
    for post in sorted(posts, key=lambda post: post.post_id):
        if sum(len(text.encode()) for text in found) >= size:
            break
        found.append(post.text)
    return found


class Scorer:
    """The base model, with or without the merged adapter, asked what it thinks of each token."""

    def __init__(self, base: BaseModel, recipe: Recipe) -> None:
        self._model = load(base)
        layers = list(enumerate(self._model.model.layers))
        self._adapters = attach(layers[-recipe.layers :], recipe)

    @torch.inference_mode()
    def scores(self, rows: Sequence[list[int]], adapter: Merged | None) -> list[list[float]]:
        """Its probability of each token after the start mark, row by row."""
        for name, lora in self._adapters.items():
            lora.speaks = adapter is not None
            if adapter:
                lora.learned.copy_(torch.from_numpy(adapter.halves[name].copy()))
        found = []
        for row in rows:
            logits = self._model(torch.tensor([row])).logits[0, :-1].double()
            found.append(torch.softmax(logits, -1)[range(len(row) - 1), row[1:]].tolist())
        return found


if __name__ == "__main__":
    main()
