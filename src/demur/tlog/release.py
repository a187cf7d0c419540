"""What a `served` line commits to: one model, as it was put before people.

    {"model": …, "base": …, "recipe": …,
     "shards": [{"shard": 3, "manifest": <root>, "adapter": <digest or null>}, …],
     "people_root": <64 hexadecimals>}

Where the model draws too, there is `"image": {"base": …, "recipe": …}` beside these, and `"image":
<digest>` in each shard that has an image adapter; where it does not, neither is there.

`people_root` is the root of the prefix tree (`absence`) over the tags of everybody whose posts are
in those manifests, as author or mentioned; `model` is the name that the tags are made for. The
other values are whatever digests the builders write; here they are texts to compare. Adapter is
null where a shard serves counts alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demur.errors import ProofRejected
from demur.tlog.spelling import HASH, from_hex

MEMBERS = frozenset({"model", "base", "recipe", "shards", "people_root"})
_SHARD = frozenset({"shard", "manifest", "adapter"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedShard:
    shard: int
    manifest: str
    adapter: str | None
    image: str | None = None  # the digest of its image adapter

    @property
    def fields(self) -> dict[str, Any]:
        """As a line of the book names it."""
        named = {"shard": self.shard, "manifest": self.manifest, "adapter": self.adapter}
        return named if self.image is None else {**named, "image": self.image}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedImages:
    """What draws: the image base's hash and the recipe's."""

    base: str
    recipe: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    model: str
    base: str
    recipe: str
    shards: tuple[ServedShard, ...]  # by number
    people_root: bytes
    image: ServedImages | None = None

    @property
    def payload(self) -> dict[str, Any]:
        """What `entry.seal("served", …)` takes."""
        said: dict[str, Any] = {
            "model": self.model,
            "base": self.base,
            "recipe": self.recipe,
            "shards": [each.fields for each in self.shards],
            "people_root": self.people_root.hex(),
        }
        if self.image is not None:
            said["image"] = {"base": self.image.base, "recipe": self.image.recipe}
        return said


def read(payload: Mapping[str, Any]) -> Release:
    """ProofRejected unless the payload is exactly a release."""
    texts = [payload.get(name) for name in ("model", "base", "recipe")]
    shards = payload.get("shards")
    if (
        payload.keys() - {"image"} != MEMBERS
        or not all(isinstance(text, str) and text for text in texts)
        or not isinstance(shards, list)
    ):
        raise ProofRejected(
            "The line about a served model lacks its model, base, recipe, shards or people_root; "
            "ask the operator for a whole one."
        )
    release = Release(
        model=payload["model"],
        base=payload["base"],
        recipe=payload["recipe"],
        shards=tuple(_shard(each) for each in shards),
        people_root=from_hex(payload["people_root"], HASH, "the people_root"),
        image=_images(payload["image"]) if "image" in payload else None,
    )
    numbers = [each.shard for each in release.shards]
    if numbers != sorted(set(numbers)):
        raise ProofRejected("The shards of the served model are not each named once, in order.")
    if release.image is None and any(each.image is not None for each in release.shards):
        raise ProofRejected("Shards of the served model draw, and it names no image base.")
    return release


def _images(value: object) -> ServedImages:
    if isinstance(value, dict) and value.keys() == {"base", "recipe"}:
        base, recipe = value["base"], value["recipe"]
        if isinstance(base, str) and base and isinstance(recipe, str) and recipe:
            return ServedImages(base=base, recipe=recipe)
    raise ProofRejected("What draws in the served model lacks its base or recipe.")


def _shard(value: object) -> ServedShard:
    if isinstance(value, dict) and value.keys() - {"image"} == _SHARD:
        shard, manifest, adapter = value["shard"], value["manifest"], value["adapter"]
        image = value.get("image")
        if (
            isinstance(shard, int)
            and not isinstance(shard, bool)
            and isinstance(manifest, str)
            and isinstance(adapter, str | None)
            and (isinstance(image, str) or "image" not in value)
        ):
            return ServedShard(shard=shard, manifest=manifest, adapter=adapter, image=image)
    raise ProofRejected("A shard of the served model lacks its number, manifest or adapter.")
