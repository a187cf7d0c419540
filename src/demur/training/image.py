"""Pictures as lessons: what `run.teach` teaches a denoiser, as it teaches text to a language model.

A lesson is one picture of one person with its caption. How it is seen and said depends on that
picture alone, and the noise laid over it on the recipe's seed, the lesson and how often it came; so
the bytes of an adapter depend on the pictures kept and on nobody's leaving. Pictures go through the
denoiser one at a time: each sees itself alone, and the memory that is needed stays that of one.
"""

from __future__ import annotations

import functools
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from demur.corpus.build import BuiltShard
from demur.corpus.lake import Lake
from demur.corpus.stored import photo_of
from demur.errors import ProofRejected
from demur.people import PersonId
from demur.training import chain, image_base
from demur.training.chain import Profile
from demur.training.image_base import ImageBase
from demur.training.image_pipeline import Pipeline, device_here
from demur.training.kept import people_in, place
from demur.training.recipe import ImageRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageProfile(Profile):
    """What the arithmetic of pictures depends on besides."""

    diffusers: str
    pillow: str
    device: str  # "cpu", or the GPU's name


@functools.cache
def profile_here() -> ImageProfile:
    """The profile of this process, for pictures."""
    device = device_here()
    return ImageProfile(
        **asdict(chain.profile_here()),
        diffusers=version("diffusers"),
        pillow=version("pillow"),
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRow:
    """One picture of one person: the hash of its stored bytes, where they lie, what it shows."""

    person: PersonId
    number: int
    sha256: str
    caption: str
    path: Path = field(repr=False, compare=False)
    width: int = 1

    @property
    def digest(self) -> bytes:
        """SHA-256 of picture and caption alone."""
        return hashlib.sha256(f"{self.sha256}\0{self.caption}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Seen:
    """What the frozen parts make of a lesson."""

    latent: Tensor
    said: Tensor


class ImageStudent:
    """An image base whose denoiser's attention carries adapters, learned halves at zero."""

    def __init__(self, base: ImageBase, recipe: ImageRecipe, lake: Lake) -> None:
        self.base, self.recipe = base, recipe
        self._lake = lake
        self.pipeline = Pipeline(base, device_here())
        self.adapters = self.pipeline.adapt(recipe)
        self._silence = self.pipeline.said("")

    @property
    def profile(self) -> ImageProfile:
        return profile_here()

    @property
    def learned(self) -> dict[str, nn.Parameter]:
        """B by the adapter's name, in name order."""
        return {name: adapter.learned for name, adapter in self.adapters.items()}

    def check(self) -> None:
        image_base.check(self.base)

    def rows(self, built: BuiltShard, number: int) -> list[PictureRow]:
        """The captioned pictures of one slice, person after person. A picture that says no to
        training is not among what is kept, nor is one in which somebody is tagged who objects."""
        return [
            row
            for person, posts in people_in(built, number, ["text", "photos"])
            for row in self._of(person, posts, built.manifest.shard)
        ]

    def _of(
        self, person: PersonId, posts: Sequence[dict[str, Any]], shard: int
    ) -> list[PictureRow]:
        rows: dict[str, PictureRow] = {}
        for post in posts:
            for stored in post["photos"]:
                photo = photo_of(stored)
                caption = photo.alt.strip() or post["text"].strip()
                if caption and photo.sha256 not in rows:  # the same again teaches nothing new
                    rows[photo.sha256] = PictureRow(
                        person=person,
                        number=len(rows),
                        sha256=photo.sha256,
                        caption=caption,
                        path=self._lake.photo_path(shard, photo),
                    )
        return list(rows.values())[: self.recipe.pictures_per_person]

    def batches(
        self, rows: Sequence[PictureRow], order: bytes, epoch: int
    ) -> Iterator[list[PictureRow]]:
        """The rows in the order of HMAC(key, epoch, person, row), a few at a time."""
        drawn = sorted(rows, key=lambda row: place(order, epoch, row.person, row.number))
        for at in range(0, len(drawn), self.recipe.batch_pictures):
            yield drawn[at : at + self.recipe.batch_pictures]

    def states(self, row: PictureRow) -> Seen:
        """The picture and its caption, as the denoiser meets them."""
        with Image.open(io.BytesIO(_bytes_of(row))) as picture:
            latent = self.pipeline.seen(picture)
        return Seen(latent.cpu(), self.pipeline.said(row.caption).cpu())

    def learn(self, rows: Sequence[PictureRow], states: Sequence[Seen], epoch: int) -> float:
        total = 0.0
        for row, seen in zip(rows, states, strict=True):
            loss = self.loss(row, seen, epoch) / len(rows)
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        return total

    def loss(self, row: PictureRow, seen: Seen, epoch: int) -> Tensor:
        """Mean squared error of what the denoiser says of one picture, under the noise that this
        lesson gets the `epoch`-th time."""
        part, unsaid, noise = noise_of(self.recipe, row.digest, epoch, seen.latent.shape)
        device = self.pipeline.device
        noisy, time, target = self.pipeline.noised(
            seen.latent.to(device), torch.from_numpy(noise).to(device), part
        )
        said = self._silence if unsaid else seen.said.to(device)
        return functional.mse_loss(self.pipeline.denoise(noisy, time, said), target)


def noise_of(
    recipe: ImageRecipe, digest: bytes, epoch: int, shape: Sequence[int]
) -> tuple[float, bool, NDArray[np.float32]]:
    """How much noise a lesson gets, whether its caption is left out, and the noise itself.

    By SHAKE-256 and no library's dice, made normal after Box & Muller 1958.
    """
    count = int(np.prod(shape))
    half = (count + 1) // 2
    seed = b"demur noise\0" + f"{recipe.seed}\0{epoch}\0".encode() + digest
    stream = hashlib.shake_256(seed).digest(8 * (2 + 2 * half))
    unit = (np.frombuffer(stream, dtype="<u8") // 2**11 + 0.5) / 2.0**53  # never 0
    radius, angle = np.sqrt(-2.0 * np.log(unit[2 : 2 + half])), 2 * np.pi * unit[2 + half :]
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
    return float(unit[0]), bool(unit[1] < recipe.unsaid), normal.astype(np.float32).reshape(shape)


def _bytes_of(row: PictureRow) -> bytes:
    """The stored picture, if it still is the one that the manifest names."""
    raw = row.path.read_bytes() if row.path.is_file() else b""
    if hashlib.sha256(raw).hexdigest() != row.sha256:
        raise ProofRejected(
            f"The picture {row.sha256[:16]} does not lie in the lake as it was kept; put the lake "
            "back from a copy, or import its archive again."
        )
    return raw
