"""Can a model small enough to come along draw something that people recognise?

    npm pack @iconify-json/fluent-emoji@1.2.7 @iconify-json/noto@1.2.9 \
        @iconify-json/noto-v1@1.2.5 @iconify-json/twemoji@1.2.5 @iconify-json/openmoji@1.2.29 \
        @iconify-json/fxemoji@1.2.2 @iconify-json/emojione@1.2.3 emojibase-data@17.0.0
    python benchmarks/small_image_model.py FOLDER OUT

Learns from Fluent Emoji (MIT), flat as the composer has it and glossy, and from emojibase's Dutch
and English names and keywords (MIT); nothing of any community. It is made of the vectors of meaning
that Demur ships; a reader, which weighs the things that it knows by a description's vector; an
autoencoder; and a transformer that flows from noise to a picture of what was read (diffusers'
classes). What cannot be told at 48 pixels is left out: faces, hands, people, flags.

The judge has seen those things in the six styles of `images.py` and in neither of these two. It is
asked about descriptions that nobody trained on (`images.tsv`, where the thing was learned), and
about things that were held out entirely. On the same descriptions beside the model: the composer,
and the ceiling, which is the true pictogram. What lies in OUT already is not made again, and
training goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import images
import numpy as np
import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, PixArtTransformer2DModel
from pictograms import bare
from PIL import Image, ImageDraw
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as fn

from demur.assistant.drawing import composer
from demur.assistant.drawing.pictograms import SENTENCES, SHARED, Collection
from demur.memory import meaning

SIDE = 48  # pixels
BLOCK = 6  # pixels to a side that the autoencoder takes as one, by 8 and 8
GRID, CHANNELS = 4, 32  # of what the flow makes
TOKENS = 4  # in which the transformer is told of a thing
SURE = 30  # how much the likeliest thing is preferred
STYLES = 2  # flat, which is asked for afterwards, and glossy
FLAT = 0.75  # how often a lesson is
HELD_OUT = 40  # things
AUTOENCODER_MINUTES, FLOW_MINUTES = 14, 18  # of processor time
BATCH = 32
BLUR = 0.1  # of what is told in lessons, where things differ by about 1
STEPS = 20
GUIDANCE = 1.5  # 1, 1.5 and 2.5 differed little on the names of 64 things that nobody asks for
JUDGE_EPOCHS = 24

LEFT_OUT = re.compile("person|flag|geometric|money|sound|computer|phone|place-map|award|other|own")
SOMEBODY = re.compile(r"\b(man|men|woman|women|boy|girl|person|people|merman|mermaid)\b")
BEFORE = {
    "en": ("a", "the", "my", "an old", "a little", "a big", "a beautiful", "our neighbours'",
           "a drawing of a", "somebody's", "a pair of", "one", "two", "a red", "a heap of"),
    "nl": ("een", "de", "het", "mijn", "een oude", "een kleine", "een grote", "een mooie", "onze",
           "een tekening van een", "iemands", "een paar", "twee", "een rode", "een berg"),
}  # fmt: skip
AFTER = {
    "en": ("", "", "", "in the garden", "on the table", "under a tree", "by the water", "at night",
           "in front of the house", "on a hill", "in the town", "in winter", "behind the church",
           "in the sun", "on the beach", "in the rain", "for my mother", "in the kitchen"),
    "nl": ("", "", "", "in de tuin", "op tafel", "onder een boom", "aan het water", "in de nacht",
           "voor het huis", "op een heuvel", "in de stad", "in de winter", "achter de kerk",
           "in de zon", "op het strand", "in de regen", "voor mijn moeder", "in de keuken"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    en: str  # as the composer and the judge call it
    words: dict[str, list[str]]  # by language: its name first, then keywords


@dataclass(frozen=True, slots=True)
class Captions:
    vectors: Tensor
    whose: Tensor  # the number of the thing that each is of


@dataclass(frozen=True, slots=True)
class Judge:
    network: nn.Module
    names: list[str]

    def ranks(self, pictures: Sequence[Image.Image], right: Sequence[frozenset[str]]) -> list[int]:
        seen = torch.stack([images.seen(one) for one in pictures])
        return images.rank(self.network, seen, list(right), self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    known: list[Thing]
    held_out: list[Thing]
    pictures: Tensor  # of the known: [things, styles, 3, SIDE, SIDE], from -1 to 1
    has: Tensor  # which of them there are: [things, styles]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("out", type=Path)
    wishes = asked.parse_args()
    wishes.out.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    lessons = read(wishes.folder)
    print(f"{len(lessons.known)} things, {int(lessons.has.sum())} pictures; "
          f"{len(lessons.held_out)} things held out")  # fmt: skip
    said = captions(lessons.known, wishes.out / "captions.npz")
    print(f"{len(said.whose):,} captions")
    model = Small(said)
    teach_autoencoder(model, lessons, wishes.out / "autoencoder.pt")
    teach_flow(model, lessons, wishes.out / "flow.pt")
    size = kept(model, wishes.out / "small.safetensors")
    print(f"parameters: autoencoder {many(model.autoencoder)}, flow {many(model.flow)}; "
          f"what drawing needs: {size / 1e6:.1f} MB")  # fmt: skip
    measure(model, lessons, wishes.folder, wishes.out)


# ---- what it learns from ----


def read(folder: Path) -> Lessons:
    with tarfile.open(folder / "emojibase-data-17.0.0.tgz") as tar:
        told = {lang: json.load(tar.extractfile(f"package/{lang}/data.json")) for lang in BEFORE}
    by_code = {lang: {bare(one["hexcode"]): one for one in told[lang]} for lang in told}
    codes = {one["label"].replace("’", "'"): bare(one["hexcode"]) for one in told["en"]}
    glossy = images.opened(folder, "fluent-emoji", "1.2.7")[0]["icons"]
    things, pictures, has = [], [], []
    for one in Collection.open().pictograms:
        left_out = one.group.startswith(images.NO_THINGS) or LEFT_OUT.match(one.group)
        if one.en not in codes or left_out or SOMEBODY.search(one.en):
            continue
        said = {lang: by_code[lang][codes[one.en]] for lang in told}
        words = {lang: [said[lang]["label"], *said[lang].get("tags", [])] for lang in told}
        things.append(Thing(en=one.en, words=words))
        icon = glossy.get(re.sub("[^a-z0-9]+", "-", one.en.lower()).strip("-"))
        shiny = on_white(icon["body"], (32, 32)) if icon else torch.zeros(3, SIDE, SIDE)
        pictures.append(torch.stack([on_white(one.svg, one.box), shiny]))
        has.append([True, icon is not None])
    asked = {name for case in images.cases() for name in case.right}
    free = [number for number, thing in enumerate(things) if thing.en not in asked]
    out = set(random.Random(1).sample(free, HELD_OUT))
    stay = [number for number in range(len(things)) if number not in out]
    return Lessons(
        known=[things[number] for number in stay],
        held_out=[things[number] for number in sorted(out)],
        pictures=torch.stack(pictures)[stay],
        has=torch.tensor(has)[stay],
    )


def on_white(svg: str, box: tuple[float, float]) -> Tensor:
    clear = torch.tensor(images.rendered(svg, *box, SIDE)).float() / 127.5 - 1
    seen = (clear[3:] + 1) / 2
    return clear[:3] * seen + 1 - seen


def captions(things: Sequence[Thing], path: Path) -> Captions:
    """Many ways to say each thing, as vectors. None is one that will be asked about."""
    dice = random.Random(2)
    asked = {case.text for case in images.cases()}
    common = Counter(word for t in things for words in t.words.values() for word in set(words))
    said, whose = [], []
    for number, thing in enumerate(things):
        for lang, (name, *keywords) in thing.words.items():
            telling = [word for word in keywords if common[word] <= SHARED and word != name]
            some = dice.sample(telling, min(4, len(telling)))
            parts = [(dice.choice(BEFORE[lang]), word, dice.choice(AFTER[lang]))
                     for word in [name] * 3 + some]  # fmt: skip
            ways = [" ".join(filter(None, three)) for three in parts] + [name]
            ways += [SENTENCES[lang].format(word) for word in telling if word not in some]
            kept = [way for way in ways if way not in asked]
            said += kept
            whose += [number] * len(kept)
    if not path.exists():
        np.savez(path, vectors=meaning.bearings(said, kind="query"), said=said)
    return Captions(torch.from_numpy(np.load(path)["vectors"]), torch.tensor(whose))


# ---- the model ----


class Reader(nn.Module):
    """From the vector of a description to the things that it may be about.

    Not trained but calculated: the directions in which ways to say the same thing differ (where it
    stands, whose it is, in which language) count for little. Of keywords that were held out, one
    in four, that finds the right thing for 44 %, a network of two layers for 28 %.
    """

    def __init__(self, said: Captions) -> None:
        super().__init__()
        each = torch.bincount(said.whose).float()[:, None]
        mean = torch.zeros(len(each), meaning.SIZE).index_add(0, said.whose, said.vectors) / each
        off = said.vectors - mean[said.whose]
        within = off.T @ off / len(off)
        within += 0.03 * within.trace() / meaning.SIZE * torch.eye(meaning.SIZE)
        self.register_buffer("middle", said.vectors.mean(0))
        self.register_buffer("turn", torch.linalg.inv(torch.linalg.cholesky(within)).T.contiguous())
        self.register_buffer("whose", said.whose)
        self.register_buffer("ways", self.turned(said.vectors))
        self.register_buffer("things", self.turned(mean))

    def turned(self, vectors: Tensor) -> Tensor:
        return fn.normalize((vectors - self.middle) @ self.turn, dim=1)

    def scores(self, vectors: Tensor) -> Tensor:
        here = self.turned(vectors)
        of = self.whose.expand(len(here), -1)
        nearest = torch.full((len(here), len(self.things)), -1.0)
        nearest = nearest.scatter_reduce(1, of, here @ self.ways.T, "amax")
        return nearest + here @ self.things.T

    def forward(self, vectors: Tensor) -> Tensor:
        """A mean of the things, weighed: what is not known is told as a mixture of what is."""
        return self.told((SURE * self.scores(vectors)).softmax(1))

    def told(self, weights: Tensor) -> Tensor:
        return (weights @ self.things * meaning.SIZE**0.5).view(len(weights), TOKENS, -1)


class Small(nn.Module):
    def __init__(self, said: Captions) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.reader = Reader(said)
        self.autoencoder = AutoencoderKL(
            in_channels=3 * BLOCK**2, out_channels=3 * BLOCK**2, block_out_channels=(96, 160),
            down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
            layers_per_block=1, latent_channels=CHANNELS, norm_num_groups=8,
            sample_size=SIDE // BLOCK, mid_block_add_attention=False,
        )  # fmt: skip
        self.flow = PixArtTransformer2DModel(
            num_attention_heads=4, attention_head_dim=64, cross_attention_dim=256, num_layers=6,
            in_channels=2 * CHANNELS, out_channels=CHANNELS, sample_size=GRID, patch_size=1,
            caption_channels=meaning.SIZE // TOKENS, use_additional_conditions=False,
        )  # fmt: skip
        self.register_buffer("sketch", torch.zeros(meaning.SIZE, CHANNELS * GRID**2))
        self.register_buffer("middle", torch.zeros(1, CHANNELS, 1, 1))
        self.register_buffer("spread", torch.ones(1, CHANNELS, 1, 1))
        self.register_buffer("styles", torch.randn(STYLES, meaning.SIZE // TOKENS))

    def encoded(self, pictures: Tensor) -> Tensor:
        return self.autoencoder.encode(fn.pixel_unshuffle(pictures, BLOCK)).latent_dist.mode()

    def decoded(self, latents: Tensor) -> Tensor:
        return fn.pixel_shuffle(self.autoencoder.decode(latents).sample, BLOCK)

    def velocity(self, noisy: Tensor, noise: Tensor, told: Tensor, style: Tensor) -> Tensor:
        """told: what the reader told; zeros where nothing was."""
        sketch = (told.flatten(1) @ self.sketch).view_as(noisy)
        context = torch.cat([told, self.styles[style][:, None]], 1)
        return self.flow(
            torch.cat([noisy, sketch], 1), encoder_hidden_states=context, timestep=noise * 1000,
            added_cond_kwargs={}, return_dict=False,
        )[0]  # fmt: skip

    @torch.no_grad()
    def draw(self, texts: Sequence[str], *, seed: int) -> Tensor:
        told = self.reader(vectors(texts))
        told = torch.cat([told, torch.zeros_like(told)])
        style = torch.zeros(len(told), dtype=torch.long)
        plan = FlowMatchEulerDiscreteScheduler()
        plan.set_timesteps(STEPS)
        dice = torch.Generator().manual_seed(seed)
        z = torch.randn(len(texts), CHANNELS, GRID, GRID, generator=dice)
        for at in plan.timesteps:
            noise = (at / 1000).expand(len(told))
            meant, any_ = self.velocity(torch.cat([z, z]), noise, told, style).chunk(2)
            z = plan.step(any_ + GUIDANCE * (meant - any_), at, z).prev_sample
        return self.decoded(z * self.spread + self.middle).clamp(-1, 1)


def many(module: nn.Module) -> str:
    return f"{sum(p.numel() for p in module.parameters()) / 1e6:.1f} M"


def kept(model: Small, path: Path) -> int:
    """What drawing needs, in half precision, and that is then measured; no encoder."""
    weights = {
        name: value.half() if value.is_floating_point() else value
        for name, value in model.state_dict().items()
        if not name.startswith(("autoencoder.encoder", "autoencoder.quant_conv"))
    }
    save_file(weights, path)
    model.load_state_dict(weights, strict=False)
    return path.stat().st_size


# ---- teaching ----


class Taught:
    """A part's training under a budget of processor time: batches, the rate's plan, a file."""

    def __init__(self, part: nn.Module, minutes: float, rate: float, path: Path) -> None:
        self.part, self.budget, self.rate, self.path = part, minutes * 60, rate, path
        self.best = torch.optim.AdamW(part.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.01)
        self.mean = {name: value.clone() for name, value in part.state_dict().items()}
        self.step, self.spent, self.loss = 0, 0.0, 0.0
        if path.exists():
            state = torch.load(path)
            self.step, self.spent, self.mean = state["step"], state["spent"], state["mean"]
            part.load_state_dict(state["weights"])
            self.best.load_state_dict(state["best"])

    def steps(self) -> Iterator[torch.Generator]:
        """Whoever takes one leaves gradients; at the end the part is the mean of its way."""
        began, saved, before = time.process_time(), self.spent, self.spent
        while self.spent < self.budget:
            gone = self.spent / self.budget
            rate = self.rate * min(1, (self.step + 1) / 200, (1 - gone) / 0.6 + 0.01)
            for group in self.best.param_groups:
                group["lr"] = rate
            yield torch.Generator().manual_seed(self.step)
            nn.utils.clip_grad_norm_(self.part.parameters(), 1.0)
            self.best.step()
            self.best.zero_grad()
            self.step += 1
            slow = min(0.998, (1 + self.step) / (10 + self.step))
            for name, value in self.part.state_dict().items():
                self.mean[name].lerp_(value, 1 - slow)
            self.spent = before + time.process_time() - began
            if self.spent - saved > 300:
                saved = self.spent
                self.save()
        if self.spent > before:
            self.save()
        self.part.load_state_dict(self.mean)
        self.part.eval()

    def save(self) -> None:
        torch.save({"step": self.step, "spent": self.spent, "mean": self.mean,
                    "weights": self.part.state_dict(), "best": self.best.state_dict()},
                   self.path)  # fmt: skip
        print(f"{self.path.stem}: {self.step} steps, {self.spent:.0f} CPU-s, loss {self.loss:.4f}",
              file=sys.stderr, flush=True)  # fmt: skip

    def learn(self, loss: Tensor) -> None:
        loss.backward()
        value = float(loss.detach())
        self.loss = value if not self.loss else 0.98 * self.loss + 0.02 * value


def teach_autoencoder(model: Small, lessons: Lessons, path: Path) -> None:
    pictures = lessons.pictures[lessons.has]
    taught = Taught(model.autoencoder, AUTOENCODER_MINUTES, 2e-3, path)
    for dice in taught.steps():
        seen = pictures[torch.randint(len(pictures), (16,), generator=dice)]
        mirrored = torch.rand(len(seen), 1, 1, 1, generator=dice) < 0.5
        seen = torch.where(mirrored, seen.flip(3), seen)
        hidden = model.autoencoder.encode(fn.pixel_unshuffle(seen, BLOCK)).latent_dist
        wrong = model.decoded(hidden.sample(dice)) - seen
        edges = [wrong.diff(dim=side).abs().mean() for side in (2, 3)]
        near = wrong.abs().mean() + wrong.pow(2).mean() + 0.5 * sum(edges)
        taught.learn(near + 1e-3 * hidden.kl().mean() / (CHANNELS * GRID**2))


def teach_flow(model: Small, lessons: Lessons, path: Path) -> None:
    """Each lesson: a thing, not quite exactly told or (one in ten) not at all, and its picture."""
    with torch.no_grad():
        both = [model.encoded(lessons.pictures[:, style]) for style in range(STYLES)]
    latents = torch.stack(both, 1)
    there = latents[lessons.has]
    model.middle.copy_(there.mean((0, 2, 3)).view(1, -1, 1, 1))
    model.spread.copy_(there.std((0, 2, 3)).view(1, -1, 1, 1))
    latents = (latents - model.middle[:, None]) / model.spread[:, None]
    told_of = model.reader.told(torch.eye(len(lessons.known)))
    # What of a picture can be told from what was told by a linear map alone, under the same blur:
    # after five minutes of teaching without it there was no shape in any picture.
    flat = told_of.flatten(1)
    blurred = flat.T @ flat + len(flat) * BLUR**2 * torch.eye(meaning.SIZE)
    model.sketch.copy_(torch.linalg.solve(blurred, flat.T @ latents[:, 0].flatten(1)))
    taught = Taught(model.flow, FLOW_MINUTES, 1e-3, path)
    for dice in taught.steps():
        things = torch.randint(len(told_of), (BATCH,), generator=dice)
        told = told_of[things]
        told = told + BLUR * torch.randn(told.shape, generator=dice)
        told[: BATCH // 10] = 0
        shiny = torch.rand(BATCH, generator=dice) > FLAT
        style = (shiny & lessons.has[things, 1]).long()
        picture = latents[things, style]
        noise = torch.randn(picture.shape, generator=dice)
        # Most of what is to be learned is told where there is more noise than picture.
        much = torch.sigmoid(torch.randn(BATCH, generator=dice) + 0.2)
        mixed = picture.lerp(noise, much.view(-1, 1, 1, 1))
        taught.learn(fn.mse_loss(model.velocity(mixed, much, told, style), noise - picture))


# ---- what it is worth ----


def measure(model: Small, lessons: Lessons, folder: Path, out: Path) -> None:
    model.eval()
    judge = judge_of(folder, lessons.known + lessons.held_out, out / "judge.pt")
    of = len(judge.names)
    print(f"judge: {of:,} things; by chance top 1 {1 / of:.1%}, top 5 {5 / of:.1%}")
    known = {thing.en for thing in lessons.known} & set(judge.names)
    cases = [case for case in images.cases() if case.right & known]
    drawn = compared(model, judge, cases, out / "unseen-descriptions.png")
    by_heart(model, lessons, cases, drawn)
    named = draw_all(model, [min(case.right & known) for case in cases])
    right = [case.right for case in cases]
    images.told("  the model, told the name instead", judge.ranks(as_images(named), right))
    never = [
        images.Case(lang, SENTENCES[lang].format(words[0]), frozenset((thing.en,)))
        for thing in lessons.held_out
        if thing.en in judge.names
        for lang, words in thing.words.items()
    ]
    compared(model, judge, never, out / "unseen-things.png")
    began = time.process_time()
    for number in range(10):
        model.draw(["een hond"], seed=number)
    print(f"CPU-s a picture, one thread: {(time.process_time() - began) / 10:.2f}")


def judge_of(folder: Path, things: Sequence[Thing], path: Path) -> Judge:
    if not path.exists():
        names, drawings, labels = images.lessons(folder)
        ours = [number for number, name in enumerate(names) if name in {t.en for t in things}]
        kept = torch.isin(labels, torch.tensor(ours))
        labels = torch.searchsorted(torch.tensor(ours), labels[kept])
        torch.manual_seed(0)
        network = images.taught(drawings[kept], labels, len(ours), JUDGE_EPOCHS, on_paper)
        names = [names[number] for number in ours]
        torch.save({"names": names, "weights": network.state_dict()}, path)
    state = torch.load(path)
    network = images.network(len(state["names"]))
    network.load_state_dict(state["weights"])
    return Judge(network.eval(), state["names"])


def on_paper(x: Tensor, dice: torch.Generator) -> Tensor:
    """On white, a little moved, in other light, one time in three as blurred as what it judges."""
    many = len(x)
    x = x[:, :3] * x[:, 3:] + 1 - x[:, 3:]
    where = torch.zeros(many, 2, 3)
    larger = 0.9 + 0.35 * torch.rand(many, generator=dice)
    flip = torch.where(torch.rand(many, generator=dice) < 0.5, 1.0, -1.0)
    where[:, 0, 0], where[:, 1, 1] = larger * flip, larger
    where[:, :, 2] = 0.2 * (torch.rand(many, 2, generator=dice) - 0.5)
    grid = fn.affine_grid(where, list(x.shape), align_corners=False)
    y = fn.grid_sample(x, grid, align_corners=False, padding_mode="border")
    blurred = fn.interpolate(fn.avg_pool2d(y, 2), scale_factor=2, mode="bilinear")
    y = torch.where(torch.rand(many, 1, 1, 1, generator=dice) < 0.33, blurred, y)
    light = 0.85 + 0.3 * torch.rand(many, 3, 1, 1, generator=dice)
    return (y * light).clamp(0, 1) * 2 - 1


def compared(model: Small, judge: Judge, cases: list[images.Case], sheet: Path) -> Tensor:
    """The model, the composer and the ceiling, on the same descriptions."""
    texts, right = [case.text for case in cases], [case.right for case in cases]
    drawn = draw_all(model, texts)
    ranks = judge.ranks(as_images(drawn), right)
    print(sheet.stem)
    images.told("  the model", ranks)
    for lang in ("en", "nl"):
        theirs = [r for r, case in zip(ranks, cases, strict=True) if case.language == lang]
        images.told(f"    {lang}", theirs)
    others = random.Random(3).sample(right, len(right))
    images.told("  the model, asked for something else", judge.ranks(as_images(drawn), others))
    composed = [composer.compose(text, seed=n, size=512) for n, text in enumerate(texts)]
    images.told("  the composer", judge.ranks([one.image for one in composed], right))
    first = [images.alone(one.scene.things[0].found.pictogram) for one in composed]
    images.told("  the composer's first pictogram, bare", judge.ranks(first, right))
    pictograms = {one.en: one for one in Collection.open().pictograms}
    true = [images.alone(pictograms[min(names & pictograms.keys())]) for names in right]
    images.told("  ceiling: the true pictogram, bare", judge.ranks(true, right))
    contact_sheet(texts, as_images(drawn), ranks, sheet)
    return drawn


def by_heart(model: Small, lessons: Lessons, cases: list[images.Case], drawn: Tensor) -> None:
    """How far what it draws is from the nearest picture that it learned, and what that is of."""
    names = [thing.en for thing in lessons.known]
    learned = lessons.pictures[:, 0].flatten(1)
    scale = 2 * learned.shape[1] ** 0.5
    near, which = (torch.cdist(drawn.flatten(1), learned) / scale).min(1)
    apart = torch.pdist(learned) / scale
    print(f"  from the nearest learned picture {near.median():.3f} of the whole scale (median); "
          f"any two learned ones {apart.median():.3f}")  # fmt: skip
    found = {"the nearest learned picture is of the right thing": which[:, None]}
    scores = model.reader.scores(vectors([case.text for case in cases]))
    found |= {
        f"the reader's first {n} have the right thing": scores.topk(n).indices for n in (1, 5)
    }
    for what, which in found.items():
        pairs = zip(which, cases, strict=True)
        images.row(
            f"  {what}", sum(any(names[n] in c.right for n in w) for w, c in pairs), len(cases)
        )


def draw_all(model: Small, texts: Sequence[str]) -> Tensor:
    return torch.cat([model.draw(texts[n : n + 32], seed=n) for n in range(0, len(texts), 32)])


def vectors(texts: Sequence[str]) -> Tensor:
    return torch.from_numpy(meaning.bearings(texts, kind="query"))


def as_images(pictures: Tensor) -> list[Image.Image]:
    values = ((pictures + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return [Image.fromarray(one, "RGB") for one in values]


def contact_sheet(
    texts: list[str], pictures: list[Image.Image], ranks: list[int], path: Path
) -> None:
    """Twice the size, each with its description: in grey what the judge did not recognise."""
    columns, wide, high = 8, 150, 116
    sheet = Image.new("RGB", (columns * wide, -(-len(texts) // columns) * high), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (text, picture, rank) in enumerate(zip(texts, pictures, ranks, strict=True)):
        x, y = number % columns * wide, number // columns * high
        sheet.paste(picture.resize((2 * SIDE, 2 * SIDE), Image.Resampling.BICUBIC), (x + 27, y))
        pen.text((x + 3, y + 99), text[:24], fill="black" if rank < 5 else "#aaa")
    sheet.save(path, optimize=True)


if __name__ == "__main__":
    main()
