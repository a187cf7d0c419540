"""How well copies are recognised: edited texts, edited pictures, and posts that are nobody's copy.

    python benchmarks/copies.py ../shared/data/community

Prints tables in Markdown. What is near is what `corpus.likeness` calls near; for pairs that it
finds although nobody edited anything, the real Jaccard similarity of their letters is shown.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageOps

from demur.archives.pictures import look_of
from demur.corpus.likeness import ALIKE, RUN, distance, near
from demur.people import Home
from demur.posts import OWN_WORDS, normal

HOME = Home(key=b"benchmark", shards=1, slices=1)
TEXTS, PICTURES = 2_000, 150
dice = random.Random(1)


def typo(text: str) -> str:
    at = dice.randrange(len(text))
    return text[:at] + dice.choice("etaoin") + text[at + 1 :]


EDITS: dict[str, Callable[[str], str]] = {
    "one typo": typo,
    "two typos": lambda text: typo(typo(text)),
    "emoji added": lambda text: text + " 🎉😂",
    "other punctuation": lambda text: re.sub(r"[.,!?]", " …", text),
    "quoted behind 24 letters": lambda text: f"Kijk wat zij schreef: „{text}”",
    "one word left out": lambda text: " ".join(
        word for at, word in enumerate(text.split()) if at != len(text.split()) // 2
    ),
    "cut at 80 %": lambda text: text[: len(text) * 4 // 5],
    "words in another order": lambda text: " ".join(dice.sample(text.split(), len(text.split()))),
}


def crop(picture: Image.Image, part: float) -> Image.Image:
    width, height = picture.size
    off = int(width * part), int(height * part)
    return picture.crop((off[0], off[1], width - off[0], height - off[1]))


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=quality)
    return Image.open(io.BytesIO(out.getvalue()))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG at quality 40": lambda p: jpeg(p, 40),
    "half the size": lambda p: p.resize((max(p.width // 2, 1), max(p.height // 2, 1))),
    "twice the size": lambda p: p.resize((p.width * 2, p.height * 2)),
    "grey": lambda p: p.convert("L").convert("RGB"),
    "2.5 % cut from each side": lambda p: crop(p, 0.025),
    "5 % cut from each side": lambda p: crop(p, 0.05),
    "10 % cut from each side": lambda p: crop(p, 0.10),
    "mirrored": ImageOps.mirror,
    "a quarter turned": lambda p: p.rotate(90, expand=True),
}


def texts(folder: Path) -> None:
    lines = (json.loads(line)["text"] for line in (folder / "posts.jsonl").open(encoding="utf-8"))
    own = [text for text in dict.fromkeys(lines) if near(normal(text), HOME)]
    some = dice.sample(own, TEXTS)
    long = [" ".join(dice.sample(own, 4)) for _ in range(TEXTS // 2)]
    began = time.process_time()
    numbers = [near(normal(text), HOME) for text in own]
    each = (time.process_time() - began) / len(own) * 1e6
    print(f"{len(own)} texts of {OWN_WORDS} letters or more, {each:.0f} µs of CPU each\n")
    print("| edit | of a short text | of a long one (about 200 letters) |\n|---|---|---|")
    for name, edit in EDITS.items():
        found = [
            sum(not set(near(normal(t), HOME)).isdisjoint(near(normal(edit(t)), HOME)) for t in ts)
            / len(ts)
            for ts in (some, long)
        ]
        print(f"| {name} | {found[0]:.1%} | {found[1]:.1%} |")
    _unedited(own, numbers)


def _unedited(own: list[str], numbers: list[list[int]]) -> None:
    shares: dict[int, list[int]] = defaultdict(list)
    for at, those in enumerate(numbers):
        for number in those:
            shares[number].append(at)
    pairs = {(a, b) for ats in shares.values() for i, a in enumerate(ats) for b in ats[i + 1 :]}
    real = [jaccard(own[a], own[b]) for a, b in pairs]
    print(
        f"\nOf {len(own) * (len(own) - 1) // 2:,} pairs of different posts, {len(pairs):,} are near"
    )
    print("\n| their real similarity | pairs |\n|---|---|")
    for low, high in ((0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 1.01)):
        print(f"| {low:.1f} to {min(high, 1):.1f} | {sum(low <= r < high for r in real):,} |")


def jaccard(one: str, other: str) -> float:
    runs = []
    for text in (one, other):
        letters = re.sub(r"[\W_]+", " ", normal(text)).strip()
        runs.append({letters[at : at + RUN] for at in range(len(letters) - RUN + 1)})
    return len(runs[0] & runs[1]) / len(runs[0] | runs[1])


def pictures(folder: Path) -> None:
    files = sorted((folder / "images").rglob("*.png"))
    chosen = dice.sample(files, min(PICTURES, len(files)))
    seen = [Image.open(file).convert("RGB") for file in chosen]
    looks = [look_of(picture) for picture in seen]
    clear = [(picture, look) for picture, look in zip(seen, looks, strict=True) if look]
    print(f"\n{len(seen)} pictures of 128 pixels, {len(clear)} clear enough to tell apart\n")
    print("| change | recognised |\n|---|---|")
    for name, change in CHANGES.items():
        changed = [(look_of(change(picture)), look) for picture, look in clear]
        found = sum(bool(new) and distance(new, look) <= ALIKE for new, look in changed)
        print(f"| {name} | {found / len(clear):.1%} |")
    alike = sum(
        distance(a, b) <= ALIKE for i, (_, a) in enumerate(clear) for _, b in clear[i + 1 :]
    )
    print(f"| another picture | {alike} of {len(clear) * (len(clear) - 1) // 2:,} pairs |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("community", type=Path)
    folder = parser.parse_args().community
    texts(folder)
    pictures(folder)
