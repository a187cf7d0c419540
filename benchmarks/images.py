"""Does somebody recognise what the composer draws? Seconds, nearness and licences beside it.

    npm pack @iconify-json/noto@1.2.9 @iconify-json/noto-v1@1.2.5 @iconify-json/twemoji@1.2.5 \
        @iconify-json/openmoji@1.2.29 @iconify-json/fxemoji@1.2.2 @iconify-json/emojione@1.2.3 \
        emojibase-data@17.0.0
    python benchmarks/images.py FOLDER --lake SITE/lake --pictures PICTURES --captions POSTS.jsonl

The descriptions (`images.tsv`) were written by hand before any of them was drawn, and the
composer's words were not changed afterwards for them; but one hand wrote both, so titles that
strangers gave their drawings stand beside them. The judge is a small network that has seen these
things in six other styles (noto, noto-v1, twemoji, openmoji, fxemoji, emojione) and none of the
composer's: it looks at the whole picture, backdrop included, and names what it sees. What no other
style has (a windmill) it cannot judge; that is counted. Its own ceiling stands beside it: the bare
pictogram, in the style it never saw, on white.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import resvg_py
import torch
from pictograms import bare
from PIL import Image, ImageDraw
from torch import nn
from torch.nn import functional as fn

from demur.archives.pictures import look_of
from demur.assistant.drawing import composer, description
from demur.assistant.drawing.pictograms import Collection, Pictogram
from demur.corpus.likeness import ALIKE, distance
from demur.corpus.nearness import nearest
from demur.corpus.stored import LAKE_SCHEMA

HERE = Path(__file__).parent
STYLES = {
    "noto": "1.2.9", "twemoji": "1.2.5", "openmoji": "1.2.29",
    "noto-v1": "1.2.5", "fxemoji": "1.2.2", "emojione": "1.2.3",
}  # fmt: skip
SIDE = 40  # pixels that the judge sees
FEWEST = 3  # styles that must have a thing for it to be a class
Disguise = Callable[[torch.Tensor, torch.Generator], torch.Tensor]
NO_THINGS = ("face", "hand", "cat-", "monkey-", "body", "heart", "emotion", "person-gesture")


@dataclass(frozen=True)
class Case:
    language: str
    text: str
    right: frozenset[str]


def cases() -> list[Case]:
    lines = (HERE / "images.tsv").read_text("utf-8").splitlines()
    split = [line.split("\t") for line in lines if line]
    return [Case(lang, text, frozenset(right.split("|"))) for lang, text, right in split]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--epochs", type=int, default=20)
    asked.add_argument("--lake", type=Path, help="a site's lake, to compare with")
    asked.add_argument("--pictures", type=Path, help="a folder of pictures, to compare with")
    asked.add_argument("--captions", type=Path, help="posts.jsonl of a community, for its titles")
    asked.add_argument("--sheet", type=Path, help="where the contact sheet goes")
    args = asked.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if args.sheet:
        contact_sheet(args.sheet)
    every = cases()
    drawn, seconds = draw_all(every)
    found = [
        bool({t.found.pictogram.en for t in d.scene.things} & c.right)
        for c, d in zip(every, drawn, strict=True)
    ]
    row("the right pictogram is in the picture", sum(found), len(found))
    nearest_ones = sum(t.found.how == "nearest" for d in drawn for t in d.scene.things)
    print(f"  of all things drawn, found by meaning: {nearest_ones}")
    times(seconds)
    if args.captions:
        captions(args.captions)
    apart(drawn, args.lake, args.pictures)
    large_lake(1_000_000)
    licences()
    if args.epochs:
        recognition(args.folder, args.epochs, every, drawn)


def draw_all(every: list[Case]) -> tuple[list[composer.Composed], list[float]]:
    composer.compose("a first picture with a zzyzx", seed=0, size=64)  # opens the files
    drawn, seconds = [], []
    for number, case in enumerate(every):
        begin = time.process_time()
        drawn.append(composer.compose(case.text, seed=number, size=512))
        seconds.append(time.process_time() - begin)
    return drawn, seconds


def captions(posts: Path) -> None:
    """Titles that strangers gave their own drawings: how much of them is in a picture.

    No one looks whether it is the right thing: that needs eyes. The titles are of clip art, which
    is what people have no photograph of: logos, maps, "untitled 3".
    """
    said = [json.loads(line) for line in posts.read_text("utf-8").splitlines()]
    titles = sorted(
        {p["image_alt"] for p in said if p["kind"] == "photo" and "clipart" in p["source"]}
    )
    chosen = np.random.default_rng(2).choice(titles, 300, replace=False)
    scenes = [description.read(str(title)) for title in chosen]
    named = [any(t.found.how == "named" for t in scene.things) for scene in scenes]
    row(
        "strangers' titles: every word is in the picture",
        sum(not s.is_empty and not s.missing for s in scenes),
        300,
    )
    row("strangers' titles: something that was named is in it", sum(named), 300)
    row(
        "strangers' titles: nothing but what is nearest",
        sum(not n and bool(s.things) for n, s in zip(named, scenes, strict=True)),
        300,
    )
    row("strangers' titles: no picture, and that is said", sum(s.is_empty for s in scenes), 300)


def times(seconds: list[float]) -> None:
    middle, worst = np.percentile(seconds, [50, 95]) * 1000
    print(f"CPU-ms a picture of 512 pixels: p50 {middle:.0f}, p95 {worst:.0f}")


def apart(drawn: list[composer.Composed], lake: Path | None, pictures: Path | None) -> None:
    """Bits of PDQ between what was drawn and the nearest picture of somebody's."""
    looks = [look_of(one.image) for one in drawn]
    known = [look for look in looks if look]
    print(f"pictures drawn that have a look (PDQ quality 50 or more): {len(known)} of {len(looks)}")
    if lake:
        bits = [b for look in known if (b := nearest(lake, look)) is not None]
        spread("nearest picture in the lake", bits)
    if pictures:
        files = sorted(p for p in pictures.rglob("*") if p.suffix in (".png", ".jpg", ".webp"))
        theirs = [look for f in files if (look := look_of(Image.open(f)))]
        spread(
            f"nearest of {len(theirs):,} pictures of the community",
            [min(distance(look, other) for other in theirs) for look in known],
        )
    pairs = [distance(a, b) for i, a in enumerate(known) for b in known[:i]]
    spread("any two that were drawn", pairs)


def large_lake(pictures: int) -> None:
    """How long it takes to compare with a lake of so many pictures, 64 files of it."""
    dice = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        for part in range(64):
            path = Path(folder) / "posts" / f"shard={part:04d}" / "one.parquet"
            path.parent.mkdir(parents=True)
            looks = [dice.bytes(32) for _ in range(pictures // 64)]
            photos = [[{"sha256": "", "media_type": "", "alt": "", "look": one}] for one in looks]
            photo = pa.schema([LAKE_SCHEMA.field("photos")])
            pq.write_table(
                pa.Table.from_pydict({"photos": photos}, photo), path, compression="zstd"
            )
        begin = time.process_time()
        least = nearest(Path(folder), dice.bytes(32))
        spent = (time.process_time() - begin) * 1000
    print(f"compared with {pictures:,} pictures in a lake: {spent:.0f} CPU-ms (nearest: {least})")


def spread(what: str, bits: list[int]) -> None:
    low, middle = min(bits), int(np.median(bits))
    near = sum(b <= ALIKE for b in bits)
    print(f"{what}: least {low}, median {middle} bits; {near} of {len(bits)} within {ALIKE}")


def licences() -> None:
    text = (HERE.parent / "src/demur/assistant/drawing/art/LICENCE.txt").read_text("utf-8")
    groups = Collection.open().pictograms
    ours = sum(one.group == "own" for one in groups)
    for said in ("MIT License", "UNICODE LICENSE V3", "Apache-2.0"):
        assert said in text, f"LICENCE.txt does not hold {said}"
    print(
        f"pictograms: {len(groups):,}; MIT but for {ours} of group own and three more, Apache-2.0"
    )


def recognition(
    folder: Path, epochs: int, every: list[Case], drawn: list[composer.Composed]
) -> None:
    names, images, labels = lessons(folder)
    print(f"judge: {len(names):,} things, {len(images):,} drawings in {len(STYLES)} other styles")
    judge = taught(images, labels, len(names), epochs, disguised)
    collection = {p.en: p for p in Collection.open().pictograms}
    bare_ones = torch.stack([seen(alone(collection[name])) for name in names])
    ranks = rank(judge, bare_ones, [frozenset((name,)) for name in names], names)
    told("ceiling: every bare pictogram, a style it never saw", ranks)
    judged = [(c, d) for c, d in zip(every, drawn, strict=True) if c.right & set(names)]
    ranks = rank(
        judge, torch.stack([seen(d.image) for _, d in judged]), [c.right for c, _ in judged], names
    )
    told("unseen descriptions, whole pictures", ranks)
    for language in ("en", "nl"):
        mine = [r for r, (c, _) in zip(ranks, judged, strict=True) if c.language == language]
        told(f"  of them {language}", mine)
    print(f"  not judged, since no other style has it: {len(every) - len(judged)}")
    wrong = [c.text for r, (c, _) in zip(ranks, judged, strict=True) if r >= 5]
    print(f"  not among its first five: {'; '.join(wrong)}")


def told(what: str, ranks: list[int]) -> None:
    first, five = (sum(r < k for r in ranks) for k in (1, 5))
    print(f"{what}: top 1 {first / len(ranks):.1%}, top 5 {five / len(ranks):.1%} of {len(ranks)}")


def row(what: str, many: int, of: int) -> None:
    print(f"{what}: {many} of {of} ({many / of:.1%})")


# ---- what the judge learns from ----


def lessons(folder: Path) -> tuple[list[str], torch.Tensor, torch.Tensor]:
    """Names of the classes; pictures with transparency [n, 4, SIDE, SIDE]; the class of each."""
    with tarfile.open(folder / "emojibase-data-17.0.0.tgz") as tar:
        member = tar.extractfile("package/en/data.json")
        assert member is not None
        order = json.load(member)
    codes = {e["label"].replace("’", "'"): bare(e["hexcode"]) for e in order}
    things = [
        p.en
        for p in Collection.open().pictograms
        if p.en in codes and not p.group.startswith(NO_THINGS)
    ]
    found: dict[str, list[np.ndarray[Any, Any]]] = {name: [] for name in things}
    slugs: dict[str, str] = {}  # three of the packages say which is which, three only by name
    for style, version in STYLES.items():
        art, names = opened(folder, style, version)
        slugs |= names
        for name in things:
            slug = (names or slugs).get(codes[name], "")
            icon = art["icons"].get(slug) or art["icons"].get(slug.replace("-", ""))
            if icon:
                wide, high = icon.get("width", art["width"]), icon.get("height", art["height"])
                found[name].append(rendered(icon["body"], wide, high))
    kept = [name for name in things if len(found[name]) >= FEWEST]
    images = [image for name in kept for image in found[name]]
    labels = [number for number, name in enumerate(kept) for _ in found[name]]
    return kept, torch.from_numpy(np.stack(images)), torch.tensor(labels)


def opened(folder: Path, style: str, version: str) -> tuple[dict[str, Any], dict[str, str]]:
    with tarfile.open(folder / f"iconify-json-{style}-{version}.tgz") as tar:
        read = []
        for name in ("icons.json", "chars.json"):
            member = tar.extractfile(f"package/{name}")
            assert member is not None
            read.append(json.load(member))
    icons = read[0]
    icons.setdefault("width", 16)
    icons.setdefault("height", 16)
    return icons, {bare(code): name for code, name in read[1].items()}


def rendered(body: str, wide: float, high: float, side: int = SIDE) -> np.ndarray[Any, Any]:
    most = max(wide, high)
    sheet = f"{(wide - most) / 2} {(high - most) / 2} {most} {most}"
    png = resvg_py.svg_to_bytes(
        svg_string='<svg xmlns="http://www.w3.org/2000/svg"'
        f' xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{sheet}">{body}</svg>',
        width=side,
        height=side,
        skip_system_fonts=True,
    )
    image = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    return np.asarray(image, np.uint8).transpose(2, 0, 1)


def alone(pictogram: Pictogram) -> Image.Image:
    picture = rendered(pictogram.svg, *pictogram.box).transpose(1, 2, 0)
    white = Image.new("RGBA", (SIDE, SIDE), "white")
    return Image.alpha_composite(white, Image.fromarray(picture, "RGBA")).convert("RGB")


def seen(image: Image.Image) -> torch.Tensor:
    small = image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(small, np.float32).transpose(2, 0, 1) / 255 * 2 - 1)


# ---- the judge ----


class Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.past = nn.Conv2d(before, after, 1, stride, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(after), nn.BatchNorm2d(after)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = fn.relu(self.norms[0](self.first(x)))
        return fn.relu(self.norms[1](self.second(y)) + self.past(x))


def network(classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 24, 5, 2, 2, bias=False), nn.BatchNorm2d(24), nn.ReLU(),
        Block(24, 32, 1), Block(32, 64, 2), Block(64, 128, 2), Block(128, 192, 2),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.2), nn.Linear(768, classes),
    )  # fmt: skip


def taught(
    images: torch.Tensor, labels: torch.Tensor, classes: int, epochs: int, disguise: Disguise
) -> nn.Module:
    judge = network(classes)
    dice = torch.Generator().manual_seed(1)
    steps = len(images) // 64 * epochs
    best = torch.optim.AdamW(judge.parameters(), 2e-3, weight_decay=0.05)
    plan = torch.optim.lr_scheduler.OneCycleLR(best, 3e-3, total_steps=steps + 1, pct_start=0.15)
    begin = time.process_time()
    for epoch in range(epochs):
        for batch in torch.randperm(len(images), generator=dice).split(64):
            if len(batch) < 64:
                continue
            asked = judge(disguise(images[batch].float() / 255, dice))
            loss = fn.cross_entropy(asked, labels[batch], label_smoothing=0.1)
            best.zero_grad()
            loss.backward()
            best.step()
            plan.step()
        spent = time.process_time() - begin
        print(f"  epoch {epoch}: loss {loss.item():.2f}, {spent:.0f} CPU-s", file=sys.stderr)
    return judge.eval()


def disguised(x: torch.Tensor, dice: torch.Generator) -> torch.Tensor:
    """On some ground, somewhere, smaller, turned over, in other light."""
    many = len(x)

    def draw(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=dice)

    where = torch.zeros(many, 2, 3)
    larger = 1 + 0.9 * draw(many)
    flip = torch.where(draw(many) < 0.5, 1.0, -1.0)
    where[:, 0, 0], where[:, 1, 1] = larger * flip, larger
    where[:, :, 2] = (draw(many, 2) - 0.5) * (larger - 0.8)[:, None]
    premultiplied = torch.cat([x[:, :3] * x[:, 3:], x[:, 3:]], 1)
    placed = fn.grid_sample(
        premultiplied,
        fn.affine_grid(where, list(x.shape), align_corners=False),
        align_corners=False,
    )
    down = torch.linspace(0, 1, SIDE).view(1, 1, SIDE, 1)
    top, low, ground = draw(many, 3, 1, 1), draw(many, 3, 1, 1), draw(many, 3, 1, 1)
    behind = torch.where(
        down < 0.45 + 0.4 * draw(many, 1, 1, 1), top + (low - top) * down, ground
    ).expand(many, 3, SIDE, SIDE)
    plain = draw(many, 1, 1, 1) < 0.3
    behind = torch.where(plain, torch.ones(1), behind)
    y = placed[:, :3] + (1 - placed[:, 3:]) * behind
    y = y * (0.8 + 0.4 * draw(many, 1, 1, 1)) + 0.1 * (draw(many, 3, 1, 1) - 0.5)
    return y.clamp(0, 1) * 2 - 1


@torch.no_grad()
def rank(
    judge: nn.Module, pictures: torch.Tensor, right: list[frozenset[str]], names: list[str]
) -> list[int]:
    """For each picture: how many wrong names the judge holds likelier than the best right one."""
    found = []
    for scores, ok in zip(judge(pictures), right, strict=True):
        mine = torch.tensor([name in ok for name in names])
        found.append(int((scores[~mine] > scores[mine].max()).sum()))
    return found


# ---- the contact sheet ----

SHEET = (
    "een kat naast een boom", "an astronaut riding a horse",
    "een vuurtoren aan zee bij zonsondergang", "vijf schapen op de dijk",
    "een molen in een tulpenveld", "a sailboat under a rainbow",
    "een rode fiets tegen een boom", "a blue cat sitting on a chair", "a fish in the sea",
    "sneeuwpop in het bos in de winter", "a robot reading a book", "een kopje koffie op de tafel",
    "two dogs in front of a house at night", "een hond op het strand met de zon",
    "a red apple and a banana", "rocket in space", "drie katten op een bank",
    "a cat in a box", "een roos op een gele achtergrond", "een konijn dat een wortel eet",
)  # fmt: skip


def contact_sheet(path: Path) -> None:
    side, columns, gap = 190, 5, 8
    rows = -(-len(SHEET) // columns)
    sheet = Image.new("RGB", (columns * (side + gap) + gap, rows * (side + 24) + gap), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (text, image) in enumerate(pictures_of(SHEET, side)):
        x = gap + number % columns * (side + gap)
        y = gap + number // columns * (side + 24)
        sheet.paste(image, (x, y))
        pen.text((x, y + side + 3), text[:34], fill="#333")
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, optimize=True)
    print(f"{path}: {path.stat().st_size:,} bytes")


def pictures_of(texts: tuple[str, ...], side: int) -> Iterator[tuple[str, Image.Image]]:
    for number, text in enumerate(texts):
        assert not description.read(text).missing, text
        yield text, composer.compose(text, seed=number, size=side).image


if __name__ == "__main__":
    main()
