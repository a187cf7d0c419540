"""Both halves of a merged adapter: A as the recipe draws it, B as the shards' were merged.

Our own checkpoints keep B alone. Whoever else is to add the adapter to a base needs A too, and how
wide it is stands in the base's settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demur.serving.merge import Merged
from demur.training.base import BaseModel
from demur.training.lora import frozen_half
from demur.training.recipe import Recipe

Half = NDArray[np.float32]


def settings_of(base: BaseModel) -> dict[str, Any]:
    """The base's config.json."""
    settings: dict[str, Any] = json.loads((base.path / "config.json").read_text("utf-8"))
    return settings


def head_width(settings: dict[str, Any]) -> int:
    """How many numbers one attention head has."""
    heads = settings["num_attention_heads"]
    return int(settings.get("head_dim") or settings["hidden_size"] // heads)


def halves_of(
    base: BaseModel, recipe: Recipe, adapter: Merged
) -> Iterator[tuple[str, tuple[Half, Half]]]:
    """The name of each adapted map (`22.mlp.down_proj`), A [rank, in] and B [out, rank]."""
    settings = settings_of(base)
    widths = {
        "down_proj": settings["intermediate_size"],
        "o_proj": settings["num_attention_heads"] * head_width(settings),
    }
    for name, learned in adapter.halves.items():
        width = widths.get(name.rpartition(".")[2], settings["hidden_size"])
        yield name, (frozen_half(recipe, name, width).numpy(), learned)
