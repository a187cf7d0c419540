"""Whose words are these: an answer of 400 bytes traced through a community's posts.

Half of the answers quote posts between invented words, half quote nobody. The peer beside us is
plain `bytes.find` over the same texts from every word on, lengthened while it is found, in the
same run: it needs no index, and what it finds is the measure of what we find.

    python benchmarks/trace.py --data ../shared/data/community --copies 20
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from dutch_counts import community

from demur.memory import trace
from demur.memory.trace import Tracer

LEAST = trace.MIN_BYTES
VOWELS, CONSONANTS = "aeiou", "bdfgklmnprstvz"


def invented(dice: random.Random, length: int) -> str:
    """Words that nobody wrote."""
    words: list[str] = []
    while sum(map(len, words)) < length:
        words.append("".join(dice.choice(CONSONANTS) + dice.choice(VOWELS) for _ in range(4)))
    return " ".join(words)[:length].strip()


def answers(texts: Sequence[str], dice: random.Random, number: int) -> list[tuple[str, list[str]]]:
    """Answers of about 400 bytes, and what each of them quotes."""
    long = [text for text in texts if LEAST <= len(text.encode()) <= 150]
    found = []
    for at in range(number):
        quoted = dice.sample(long, 2) if at % 2 else []
        parts = [invented(dice, 60)]
        for quote in quoted:
            parts += [quote, invented(dice, 60)]
        parts.append(invented(dice, max(8, 400 - len(" ".join(parts).encode()))))
        found.append((" ".join(parts), quoted))
    return found


def patient(data: bytes, answer: str) -> list[str]:
    """The longest run from every word start that stands in `data`, without those inside another."""
    said = answer.encode()
    starts = [0, *(at + 1 for at, one in enumerate(said) if one == 0x20)]
    found, reach = [], 0
    for start in starts:
        end = start + LEAST
        while end <= len(said) and data.find(said[start:end]) >= 0:
            end += 1
        if end - 1 - start >= LEAST and end - 1 > reach:
            found.append(said[start : end - 1].decode(errors="ignore").strip())
            reach = end - 1
    return found


def timed(work: Callable[[str], object], said: Sequence[str]) -> list[float]:
    spent = []
    for one in said:
        start = time.perf_counter()
        work(one)
        spent.append(1e3 * (time.perf_counter() - start))
    return sorted(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--copies", type=int, default=1, help="enlarge the community this often")
    parser.add_argument("--shards", type=int, default=4)
    asked = parser.parse_args()
    dice = random.Random(11)
    own = [line.text for line in community(asked.data)]
    # Enlarged by posts of the same words in another order, so that they are not the same posts.
    texts = own + [
        " ".join(dice.sample(words, len(words)))
        for _ in range(asked.copies - 1)
        for words in map(str.split, own)
    ]
    data = "\0".join(texts).encode()
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / str(number) for number in range(asked.shards)]
        start = time.process_time()
        for number, folder in enumerate(folders):
            folder.mkdir()
            trace.write(folder, texts[number :: asked.shards])
        built = time.process_time() - start
        size = sum(path.stat().st_size for folder in folders for path in folder.iterdir())
        tracer = Tracer.load(folders)
        nobody = np.zeros(len(texts), np.bool_)
        said = answers(own, dice, 400)
        ours = timed(lambda one: tracer.trace(one, nobody), [one for one, _ in said])
        peer = timed(lambda one: patient(data, one), [one for one, _ in said[:20]])
        planted = found = 0
        wrong = silent = 0
        for answer, quoted in said:
            runs = [answer[span.start : span.end] for span in tracer.trace(answer, nobody)]
            planted += len(quoted)
            found += sum(any(quote.strip() in run for run in runs) for quote in quoted)
            wrong += sum(run.encode() not in data for run in runs)
            silent += not quoted and bool(runs)
    print(f"{len(texts)} posts, {len(data) / 1e6:.1f} MB in {asked.shards} shards: written in")
    print(f"{built:.1f} CPU-seconds, {size / len(data):.1f} bytes a byte on disk\n")
    print("| an answer of 400 bytes | p50 ms | p95 ms |\n|---|---|---|")
    for name, spent in (("traced", ours), ("bytes.find, the peer", peer)):
        print(f"| {name} | {spent[len(spent) // 2]:.2f} | {spent[int(len(spent) * 0.95)]:.2f} |")
    print(f"\n{found} of {planted} planted quotes found; {wrong} spans that nobody wrote;")
    print(f"{silent} of {len(said) // 2} answers that quote nobody had a span.")


if __name__ == "__main__":
    main()
