"""Image adapters: what dropping a shard takes out of what draws, and that it is exact.

    python benchmarks/image_adapters.py ../shared/data/community

A small Stable Diffusion (autoencoder, UNet and text encoder of diffusers' own classes, the last one
random) is first trained on OpenMoji's pictures for some CPU-minutes; it stands for the base that
others made. Openclipart's authors are the community: their pictures of 32 pixels teach one
adapter a shard, one in four of each author's is held out. Then each shard is dropped in turn, and
the error of the denoiser, under noise that no lesson had, is told of three kinds of pictures: those
that the dropped shard was taught, those of the same people that it was not, and all that the other
shards were taught. What is left must be, in every byte, a sum that the shard was never in. And for
some people: retrained without them is never having seen them.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from torch.nn import functional

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from hand_built import KEY, build_by_hand

from demur.corpus.build import BuiltShard
from demur.corpus.lake import Lake
from demur.people import Home
from demur.posts import Photo
from demur.serving.merge import Merge, Merged
from demur.training.chain import Halves, path_of, recall, sweep
from demur.training.image import ImageStudent, PictureRow, Seen
from demur.training.image_base import install
from demur.training.recipe import ImageRecipe
from demur.training.run import Adapter, Step, train_shard

SIDE = 32
SHARDS = 4
PER_SHARD = 45  # pictures, about
NOISES = range(1000, 1004)  # of each picture; a lesson has the first few numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    author: str
    caption: str
    png: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """One shard: its people's pictures as kept, and those of the same people that were not."""

    built: BuiltShard
    people: dict[str, list[Posted]]
    rows: list[PictureRow]
    held_out: list[PictureRow]


def main() -> None:
    wishes = _wishes()
    torch.set_num_threads(1)
    began = time.process_time()
    work = Path(tempfile.mkdtemp(prefix="image-adapters-"))
    others, community = _read(wishes.community)
    checkpoint = _base(work / "small-sd", others, wishes.seconds)
    base_took = time.process_time() - began
    base = install(checkpoint, work / "models")
    lake = Lake(work / "lake", Home(key=KEY, shards=SHARDS, slices=3))
    student = ImageStudent(base, ImageRecipe(), lake)
    shards = [_lay_out(n, people, lake, work, student) for n, people in enumerate(community)]
    steps: list[Step] = []
    began = time.process_time()
    adapters = [_train(shard.built, student, work / "models", steps) for shard in shards]
    took = time.process_time() - began
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, "
        f"{torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}, one thread; base: "
        f"{sum(p.numel() for p in student.pipeline.denoiser.parameters()) / 1e6:.1f} M parameters "
        f"with its adapters, {len(others)} pictures, {base_took:.0f} CPU-s"
    )
    lessons = sum(step.read for step in steps)
    pictures = sum(len(shard.rows) for shard in shards)
    print(
        f"{SHARDS} shards, {sum(len(shard.people) for shard in shards)} people, {pictures} pictures"
        f" taught {student.recipe.epochs} times: {len(steps)} optimizer steps, "
        f"{took / len(steps):.3f} CPU-s a step, {took / lessons * 1e3:.0f} CPU-ms a picture seen, "
        f"{path_of(work / 'models', adapters[0].chains[-1]).stat().st_size / 1e3:.0f} kB a slice"
    )
    _print_errors(shards, adapters, student, work)
    same = _forgotten(shards, student, work, wishes.people)
    print(f"\n| retrained without them = never saw them, every file | {sum(same)} of {len(same)} |")
    if not all(same):
        sys.exit("Not exact: see above.")


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("community", type=Path)
    parser.add_argument("--seconds", type=float, default=180, help="CPU-seconds for the base")
    parser.add_argument("--people", type=int, default=4, help="who leave, one after the other")
    return parser.parse_args()


def _read(community: Path) -> tuple[list[Posted], list[dict[str, list[Posted]]]]:
    """OpenMoji's pictures for the base; Openclipart's by shard and author for the community."""
    by: dict[str, dict[str, list[Posted]]] = {"openclipart": {}, "openmoji": {}}
    for line in (community / "posts.jsonl").open(encoding="utf-8"):
        post = json.loads(line)
        source = post["author"].partition(":")[0]
        if post["kind"] == "photo" and source in by:
            person = hashlib.sha256(post["author"].encode()).hexdigest()[:32]
            png = _small(community / post["image"])
            posted = Posted(author=person, caption=post["image_alt"] or post["text"], png=png)
            by[source].setdefault(person, []).append(posted)
    others = [posted for theirs in by["openmoji"].values() for posted in theirs]
    community_: list[dict[str, list[Posted]]] = [{} for _ in range(SHARDS)]
    for person, theirs in sorted(by["openclipart"].items()):
        shard = min(community_, key=lambda people: sum(map(len, people.values())))
        if 4 <= len(theirs) <= 20 and sum(map(len, shard.values())) < PER_SHARD:
            shard[person] = theirs
    return others, community_


def _small(path: Path) -> bytes:
    with Image.open(path) as picture:
        clear = picture.convert("RGBA")
    white = Image.new("RGBA", clear.size, "white")
    white.alpha_composite(clear)
    out = io.BytesIO()
    white.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


# The base that others made


def _base(folder: Path, pictures: Sequence[Posted], seconds: float) -> Path:
    from diffusers import (
        AutoencoderKL,
        DDIMScheduler,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(1)
    tokenizer = _words(pictures)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=12, bos_token_id=1, eos_token_id=2,
        pad_token_id=0,
    )  # fmt: skip
    encoder = CLIPTextModel(config).eval()
    vae = AutoencoderKL(
        block_out_channels=(16, 32), down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2, latent_channels=4, norm_num_groups=8,
        sample_size=SIDE,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=SIDE // 2, block_out_channels=(32, 64), layers_per_block=1,
        cross_attention_dim=32, attention_head_dim=8, norm_num_groups=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    scheduler = DDIMScheduler(clip_sample=False, steps_offset=1)
    seen = torch.cat([_pixels(posted.png) for posted in pictures])
    for batch in _for(seconds / 3, vae, len(seen)):
        loss = functional.mse_loss(vae(seen[batch]).sample, seen[batch])
        loss.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        latents = torch.cat([vae.encode(part).latent_dist.mode() for part in seen.split(64)])
        scale = 1 / float(latents.std())
        tokens = tokenizer([posted.caption for posted in pictures], padding="max_length",
                           max_length=12, truncation=True, return_tensors="pt")  # fmt: skip
        said = torch.cat([encoder(part)[0] for part in tokens.input_ids.split(64)])
    latents *= scale
    vae.register_to_config(scaling_factor=scale)
    for batch in _for(seconds * 2 / 3, unet, len(seen)):
        noise, at = torch.randn(latents[batch].shape), torch.randint(1000, (len(batch),))
        noisy = scheduler.add_noise(latents[batch], noise, at)
        loss = functional.mse_loss(unet(noisy, at, said[batch]).sample, noise)
        loss.backward()  # type: ignore[no-untyped-call]
    StableDiffusionPipeline(
        vae=vae, text_encoder=encoder, tokenizer=tokenizer, unet=unet, scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def _for(seconds: float, model: torch.nn.Module, many: int) -> Iterator[torch.Tensor]:
    """Batches until the time is over; whoever takes one leaves gradients."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    until, steps = time.process_time() + seconds, 0
    while time.process_time() < until:
        yield torch.randint(many, (16,))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        steps += 1
    print(f"{type(model).__name__}: {steps} steps", file=sys.stderr, flush=True)


def _words(pictures: Sequence[Posted]) -> object:
    from transformers import PreTrainedTokenizerFast

    known = sorted({word for p in pictures for word in p.caption.lower().split()})
    vocabulary = {word: n for n, word in enumerate(["<pad>", "<s>", "</s>", "<unk>", *known])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.normalizer = normalizers.Lowercase()
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", bos_token="<s>", eos_token="</s>",
        unk_token="<unk>", model_max_length=12,
    )  # fmt: skip


def _pixels(png: bytes) -> torch.Tensor:
    with Image.open(io.BytesIO(png)) as picture:
        values = np.asarray(picture, dtype=np.float32) / 127.5 - 1
    return torch.from_numpy(values.transpose(2, 0, 1)[None].copy())


# The community


def _lay_out(
    number: int, people: dict[str, list[Posted]], lake: Lake, work: Path, student: ImageStudent
) -> Taught:
    taught = {p: [x for n, x in enumerate(them) if n % 4] for p, them in people.items()}
    rest = {p: [x for n, x in enumerate(them) if not n % 4] for p, them in people.items()}
    built = _built(number, taught, lake, work / f"shard-{number}")
    return Taught(
        built=built,
        people=taught,
        rows=_rows(built, student),
        held_out=_rows(_built(number, rest, lake, work / f"rest-{number}"), student),
    )


def _built(
    number: int, people: Mapping[str, Sequence[Posted]], lake: Lake, folder: Path
) -> BuiltShard:
    pictures: dict[tuple[str, int], list[Photo]] = defaultdict(list)
    for person, theirs in people.items():
        for at, posted in enumerate(theirs):
            name = hashlib.sha256(posted.png).hexdigest()
            photo = Photo(sha256=name, media_type="image/png", alt=posted.caption)
            path = lake.photo_path(number, photo)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(posted.png)
            pictures[person, at].append(photo)
    texts = {person: [posted.caption for posted in theirs] for person, theirs in people.items()}
    return build_by_hand(folder, texts, shard=number, pictures=pictures)


def _rows(built: BuiltShard, student: ImageStudent) -> list[PictureRow]:
    slices = range(len(built.manifest.slices))
    return [row for number in slices for row in student.rows(built, number)]


def _train(
    built: BuiltShard, student: ImageStudent, models: Path, steps: list[Step] | None = None
) -> Adapter:
    progress = steps.append if steps is not None else lambda step: None
    made = train_shard(built, student, models, home_key=KEY, wanted=lambda: True, progress=progress)
    assert isinstance(made, Adapter)
    return made


# What is told


def _print_errors(
    shards: Sequence[Taught], adapters: Sequence[Adapter], student: ImageStudent, work: Path
) -> None:
    learned = [_learned(work / "models", adapter) for adapter in adapters]
    everybody = Merge(SHARDS)
    for halves in learned:
        everybody.add(halves)
    seen = {row.digest: student.states(row) for s in shards for row in [*s.rows, *s.held_out]}
    taught = [row for shard in shards for row in shard.rows]
    owner = np.array([number for number, shard in enumerate(shards) for _ in shard.rows])
    base, base_rest = _errors(student, None, taught, seen), _rest(student, None, shards, seen)
    full = everybody.merged()
    served, served_rest = _errors(student, full, taught, seen), _rest(student, full, shards, seen)
    dropping, same = 0.0, True
    told: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for number, shard in enumerate(shards):
        began = time.process_time()
        everybody.subtract(learned[number])
        without = everybody.merged()
        dropping += time.process_time() - began
        everybody.add(learned[number])
        never = Merge(SHARDS)
        for other, halves in enumerate(learned):
            if other != number:
                never.add(halves)
        same &= never.merged() == without
        hers = owner == number
        for name, errors, rest in (
            ("the base alone", base, base_rest[number]),
            (
                "the shard's own adapter, at full weight",
                _errors(student, learned[number], taught, seen),
                _errors(student, learned[number], shard.held_out, seen).mean(),
            ),
            ("all shards, as served", served, served_rest[number]),
            (
                "without it, as served after a No",
                _errors(student, without, taught, seen),
                _errors(student, without, shard.held_out, seen).mean(),
            ),
        ):
            told[name].append((errors[hers].mean(), float(rest), errors[~hers].mean()))
    print("\n| what draws | taught by the shard | same people, held out | of the other shards |")
    print("|---|---|---|---|")
    for name, rows in told.items():
        print(f"| {name} | " + " | ".join(f"{x:.5f}" for x in np.mean(rows, axis=0)) + " |")
    gain = np.array(told["the base alone"]) - np.array(told["all shards, as served"])
    lost = np.array(told["without it, as served after a No"]) - np.array(
        told["all shards, as served"]
    )
    share = lost.mean(axis=0) / gain.mean(axis=0)
    print("| of the gain over the base, lost | " + " | ".join(f"{x:.0%}" for x in share) + " |")
    print(f"\n| bytes equal to never having added it | {same} |\n|---|---|")
    print(f"| subtracted and made weights | {dropping / SHARDS * 1e3:.1f} CPU-ms |")
    if not same:
        sys.exit("Not exact: see above.")


def _carry(student: ImageStudent, carried: Merged | Halves | None) -> None:
    halves = carried.halves if isinstance(carried, Merged) else carried
    with torch.no_grad():
        for name, adapter in student.adapters.items():
            half = np.zeros(adapter.learned.shape, np.float32) if halves is None else halves[name]
            adapter.learned.copy_(torch.from_numpy(np.array(half)))


@torch.no_grad()
def _errors(
    student: ImageStudent,
    carried: Merged | Halves | None,
    rows: Sequence[PictureRow],
    seen: Mapping[bytes, Seen],
) -> NDArray[np.float64]:
    """[rows]: how far the denoiser is off, over noises that no lesson had."""
    _carry(student, carried)
    return np.array(
        [
            np.mean([float(student.loss(row, seen[row.digest], noise)) for noise in NOISES])
            for row in rows
        ]
    )


def _rest(
    student: ImageStudent,
    carried: Merged | None,
    shards: Sequence[Taught],
    seen: Mapping[bytes, Seen],
) -> list[float]:
    return [float(_errors(student, carried, s.held_out, seen).mean()) for s in shards]


def _learned(models: Path, adapter: Adapter) -> Halves:
    checkpoint = recall(models, adapter.chains[-1])
    assert checkpoint
    return checkpoint.learned


def _forgotten(
    shards: Sequence[Taught], student: ImageStudent, work: Path, many: int
) -> list[bool]:
    """For each of some people: is what was retrained without them what never saw them?"""
    everybody = [(shard, person) for shard in shards for person in sorted(shard.people)]
    same = []
    for shard, person in random.Random(1).sample(everybody, many):
        stayed = {other: said for other, said in shard.people.items() if other != person}
        number = shard.built.manifest.shard
        without = _built(number, stayed, student._lake, work / "without")
        retrained = _train(without, student, work / "models")
        never = _train(without, student, work / "never")
        same.append(retrained == never)
        sweep(work / "never", set())
    return same


if __name__ == "__main__":
    main()
