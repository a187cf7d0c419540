"""Tokens and CPU of each engine, beside plain llama.cpp of the same run; and what the words lose.

    python benchmarks/engines.py --data ../shared/data/community --models SITE/models

The default base, once installed under MODELS, speaks with the people counts of part of the
community and without. Plain llama.cpp is xllamacpp with the same weights, greedy, told to write so
many tokens and asked for nothing between. One thread each unless `--threads` says otherwise; every
round goes through all of them, and the median round counts. CPU is this process's and llama.cpp's.

Then, on held-out authors' posts: how far the probabilities of llama.cpp are from torch's, and how
far a draw is from the true one when only the likeliest words are named (decision 0090).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import dutch_counts as community
import numpy as np
import psutil
from numpy.typing import NDArray

from demur.memory import vocabulary
from demur.memory.counts import Counts
from demur.serving import as_gguf
from demur.serving.company import Asked, Company, Machine
from demur.serving.engine import Over
from demur.serving.engine_llamacpp import LlamaCpp, base_file
from demur.serving.engine_torch import Torch
from demur.training.base import BaseModel, install

PROMPT, ANSWER = 256, 20
MANY = 1024  # words that are named where llama.cpp's arithmetic is looked at, and not their number
TOP_K, TOP_P, TEMPERATURE = 40, 0.9, 0.4  # as the assistant draws


class Usage:
    """CPU and wall seconds of a block, and how many tokens came of it."""

    def __init__(self, machine: Machine | None) -> None:
        self.pid = machine.pid if isinstance(machine, LlamaCpp) else None
        self.cpu, self.wall = -self._spent(), -time.perf_counter()

    def stop(self, tokens: int) -> tuple[float, float]:
        """CPU-ms a token; tokens a second."""
        self.cpu += self._spent()
        self.wall += time.perf_counter()
        return self.cpu / tokens * 1e3, tokens / self.wall

    def _spent(self) -> float:
        """Of this process, and of the one in which llama.cpp computes."""
        beside = psutil.Process(self.pid).cpu_times()[:2] if self.pid else ()
        return time.process_time() + sum(beside)


def plain(base: BaseModel, threads: int) -> Any:
    """llama.cpp as anybody would start it, with as many slots as are asked for at most."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(base_file(base))
    params.n_ctx, params.n_parallel = 4096, 4
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.warmup, params.verbosity = False, -1
    return xllamacpp.Server(params)


def prompts(text: Sequence[int], readers: int, length: int, turn: int) -> list[list[int]]:
    """As many as there are readers, each another part of the text, none of them read before."""
    starts = [(turn * 977 + reader * 311) % (len(text) - length) for reader in range(readers)]
    return [list(text[start : start + length]) for start in starts]


def ask_plain(server: Any, asked: Sequence[Sequence[int]], tokens: int) -> None:
    said = server.handle_completions(
        {"prompt": list(map(list, asked)), "n_predict": tokens, "temperature": 0.0,
         "ignore_eos": True, "cache_prompt": False}
    )  # fmt: skip
    assert len(said["choices"]) == len(asked), said


def ask(house: Company, asked: Sequence[Sequence[int]], tokens: int, over: Over | None) -> None:
    def one(prompt: Sequence[int]) -> None:
        said = list(
            house.stream(
                prompt,
                adapter=None,
                over=over and (lambda context, p: over([0, *context[len(prompt) :]], p)),
                still=lambda: True,
                max_tokens=tokens,
                temperature=TEMPERATURE,
                top_k=TOP_K,
                top_p=TOP_P,
                seed=1,
            )
        )
        assert len(said) == tokens

    threads = [threading.Thread(target=one, args=(prompt,)) for prompt in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def speed(base: BaseModel, text: Sequence[int], over: Over, *, threads: int, rounds: int) -> None:
    names = ["plain llama.cpp", "Demur, llama.cpp", "Demur, torch"]
    server = plain(base, threads)
    machines: dict[str, Machine] = {
        names[1]: LlamaCpp(base, None, threads=threads),
        names[2]: Torch(base, None, threads=threads),
    }
    for machine in machines.values():
        machine.stops = frozenset()  # type: ignore[misc]  # an answer of a fixed length
    houses = {name: Company(machine) for name, machine in machines.items()}
    ask_plain(server, prompts(text, 4, 8, 0), 2)
    for house in houses.values():
        ask(house, prompts(text, 4, 8, 0), 2, None)  # everything is there and awake
    runs: dict[tuple[str, int, bool], Callable[[list[list[int]], int], None]] = {}
    for readers in (1, 2, 4):
        runs[names[0], readers, False] = lambda asked, n: ask_plain(server, asked, n)
        for name, house in houses.items():
            for counts in (False, True):
                laid = over if counts else None
                runs[name, readers, counts] = partial(ask, house, over=laid)
    read: dict[Any, list[tuple[float, float]]] = {key: [] for key in runs}
    said: dict[Any, list[tuple[float, float]]] = {key: [] for key in runs}
    for turn in range(rounds):
        for key, run in runs.items():
            _, readers, counts = key
            usage = Usage(machines.get(key[0]))
            run(prompts(text, readers, 1, turn), ANSWER)
            spoken = usage.stop(readers * ANSWER)
            usage = Usage(machines.get(key[0]))
            if readers == 1 and not counts:
                run(prompts(text, 1, PROMPT, turn), 1)
            heard = usage.stop(PROMPT)
            said[key].append(spoken)
            read[key].append(heard)
    middle = lambda values, which: statistics.median(value[which] for value in values)  # noqa: E731
    floor = middle(said[names[0], 1, False], 0)
    print("| engine | readers | counts | CPU-ms a token | x plain, one reader | tokens a second |")
    print("|---|---|---|---|---|---|")
    for (name, readers, counts), values in said.items():
        cpu = middle(values, 0)
        print(f"| {name} | {readers} | {'yes' if counts else ''} | {cpu:.1f} | {cpu / floor:.2f} | "
              f"{middle(values, 1):.1f} |")  # fmt: skip
    print("\n| reading a question of 256 tokens | CPU-ms a token |\n|---|---|")
    for name in names:
        print(f"| {name} | {middle(read[name, 1, False], 0):.1f} |")
    server = None
    for house in houses.values():
        house.close()


def named_only(p: NDArray[Any], count: int) -> NDArray[Any]:
    """What is known of p when only its `count` likeliest are named."""
    likely = np.argpartition(-p, count)[:count]
    known = np.full(len(p), (1.0 - p[likely].sum()) / (len(p) - count))
    known[likely] = p[likely]
    return known


def drawn(p: NDArray[Any]) -> NDArray[Any]:
    """The chances of each word to be drawn."""
    likely = np.argsort(-p, kind="stable")[:TOP_K]
    weights = (p[likely] / p[likely[0]]) ** (1.0 / TEMPERATURE)
    weights /= weights.sum()
    kept = np.cumsum(weights) - weights <= TOP_P
    chances = np.zeros(len(p))
    chances[likely[kept]] = weights[kept] / weights[kept].sum()
    return chances


def apart(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Total variation: the chance that the two say different words, drawn as alike as can be."""
    return float(np.abs(one - other).sum()) / 2


def losses(base: BaseModel, texts: Sequence[Sequence[int]], over: Over, *, threads: int) -> None:
    true: list[tuple[Sequence[int], NDArray[Any], int]] = []
    here = Torch(base, None, threads=threads)
    for ids in texts:
        for at in range(1, len(ids)):
            before, tokens = ids[: at - 1], [ids[at - 1]]
            p = here.step(None, [Asked(0, before, tokens)])[0]
            true.append((ids[:at], p, ids[at]))
        here.forget(0)
    print(f"\n| words named, of {len(true)} places | a draw differs, mean | worst | before the "
          "draw, mean |\n|---|---|---|---|")  # fmt: skip
    for count in (40, 64, 128, 256, 1024):
        pairs = [(over(c, p), over(c, named_only(p, count))) for c, p, _ in true]
        after = [apart(drawn(a), drawn(b)) for a, b in pairs]
        plainly = statistics.mean(apart(a, b) for a, b in pairs)
        print(f"| {count} | {statistics.mean(after):.1e} | {max(after):.1e} | {plainly:.1e} |")
    print("\n| llama.cpp beside torch | places | a draw differs, mean | the likeliest word is the "
          "same | probabilities differ, mean | bits for the text's word, torch | llama.cpp |\n"
          "|---|---|---|---|---|---|---|")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "plain.gguf"
        as_gguf.write_base(base, whole, plain=True)
        for name, file, places in (("as served", None, len(true)), ("32 bits", whole, 120)):
            there = LlamaCpp(base, None, threads=threads, file=file, named=MANY)
            rows, bits = [], []
            for context, p, word in true[:places]:
                other = there.step(None, [Asked(0, context[:-1], context[-1:])])[0]
                rows.append(
                    (
                        apart(drawn(over(context, p)), drawn(over(context, other))),
                        float(p.argmax() == other.argmax()),
                        apart(named_only(p, MANY), other),
                    )
                )
                if (p > p[word]).sum() < MANY // 2:  # named by both
                    bits.append((-float(np.log2(p[word])), -float(np.log2(other[word]))))
            there.close()
            means = [
                statistics.mean(column)
                for each in (rows, bits)
                for column in zip(*each, strict=False)
            ]
            print(f"| {name} | {len(rows)} | {means[0]:.1e} | {100 * means[1]:.1f} % | "
                  f"{means[2]:.1e} | {means[3]:.3f} | {means[4]:.3f} |")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--people", type=int, default=250, help="authors whose posts are counted")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--places", type=int, default=400)
    asked = parser.parse_args()
    base = install("smollm2", asked.models)
    lines = community.community(asked.data)
    known = vocabulary.of(base.tokenizer(), **community.MARKS)
    authors = sorted({line.author for line in lines if not community.is_held_out(line.author)})
    some = set(sorted(authors, key=lambda author: community.number("some", author))[: asked.people])
    texts = [
        text for lang in ("nl", "en") for text in community.held_out(lines, lang, 400)
    ]  # fmt: skip
    ids = [row[: community.LONGEST] for row in known.encode(texts)]
    with tempfile.TemporaryDirectory() as folder:
        built = community.build(
            Path(folder) / "build", [line for line in lines if line.author in some]
        )
        memory = Path(folder) / "memory"
        counts = Counts.load(community.remember_all(built, memory, known), known)
        counts.silence(np.zeros(len(counts._silenced), np.bool_))
    print(f"{datetime.now(UTC).date()}, {base.name}, {asked.threads} thread(s), counts of "
          f"{len(some)} people, {len(counts.served())} n-grams served\n")  # fmt: skip
    speed(
        base,
        [token for row in ids for token in row],
        counts.over,
        threads=asked.threads,
        rounds=asked.rounds,
    )
    few = ids[:: max(1, len(ids) * 40 // asked.places)]
    while sum(len(row) - 1 for row in few) > asked.places:
        few = few[:-1]
    losses(base, few, counts.over, threads=asked.threads)
    return 0


if __name__ == "__main__":
    sys.exit(main())
