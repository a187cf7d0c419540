"""The engine on torch: the base in 32 bits, with the merged adapter beside it as a low-rank path.

The base's own weights are never written to, so putting another adapter in cannot leave anything of
the last one behind. Several conversations stand in the rows of one cache, each from its own
beginning, and see their own row alone. It runs wherever the base can be trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from demur.serving.company import Asked, Company
from demur.serving.engine import READERS, Engine, Probabilities, softmax, stops
from demur.serving.merge import Merged
from demur.training.base import BaseModel
from demur.training.lora import Lora, attach
from demur.training.recipe import Recipe
from demur.training.student import decoder_of, load

CHUNK = 64
"""Prompt tokens between two questions: about a third of a second on one core."""
PLACES = 256  # tokens that a row of the cache begins with; it doubles when a conversation is longer


def open_torch(base: BaseModel, recipe: Recipe | None, *, threads: int) -> Engine:
    """A base model that speaks. `recipe` says which adapters it can carry; None: only itself."""
    return Company(Torch(base, recipe, threads=threads))


class Torch:
    """The machine. See company.Machine."""

    chunk = CHUNK

    def __init__(self, base: BaseModel, recipe: Recipe | None, *, threads: int) -> None:
        torch.set_num_threads(threads)
        self._model = load(base)
        self.adapters: dict[str, Lora] = {}
        if recipe is not None:
            layers = list(enumerate(cast(nn.ModuleList, decoder_of(self._model).layers)))
            below = max(1, len(layers) - recipe.layers)
            self.adapters = attach(layers[below:], recipe)
        self._carried: str | None = None
        self._carry(None)
        self._cache = _Rows()
        self._windows = _windows(self._model.config)
        self.stops = stops(base)

    def step(self, adapter: Merged | None, asked: Sequence[Asked]) -> list[Probabilities]:
        self._carry(adapter)
        came: dict[int, Probabilities] = {}
        by_length = sorted(asked, key=lambda each: (len(each.tokens), each.row))
        for _, group in groupby(by_length, key=lambda each: len(each.tokens)):
            together = list(group)
            for each, logits in zip(together, self._read(together), strict=True):
                came[each.row] = softmax(logits)
        return [came[each.row] for each in asked]

    def forget(self, row: int) -> None:
        self._cache.erase(row)

    def close(self) -> None:
        self._cache = _Rows()

    @torch.inference_mode()
    def _read(self, together: Sequence[Asked]) -> NDArray[np.float32]:
        """Read as many tokens in each of these rows; logits [rows, vocabulary] of what follows."""
        tokens = torch.tensor([list(each.tokens) for each in together])
        start = torch.tensor([len(each.before) for each in together])
        places = start[:, None] + torch.arange(tokens.shape[1])
        self._cache.turn_to([each.row for each in together], places)
        seen = self._model(
            input_ids=tokens,
            position_ids=places,
            attention_mask=self._masks(places),
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return cast(NDArray[np.float32], seen.logits[:, -1].numpy())

    def _masks(self, places: Tensor) -> Any:
        """Each token sees what stands before it in its row, as far back as its layer looks."""
        held = torch.arange(int(places.max()) + 1)
        ago = places[:, None, :, None] - held
        masks = {
            kind: (ago >= 0) if window is None else (ago >= 0) & (ago < window)
            for kind, window in self._windows.items()
        }
        return masks.get("", masks)

    def _carry(self, adapter: Merged | None) -> None:
        """Take up this adapter; costs some milliseconds where it is another one."""
        wanted = adapter.digest if adapter and adapter.halves else None
        if wanted is not None and wanted != self._carried and adapter is not None:
            with torch.no_grad():
                for name, lora in self.adapters.items():
                    lora.learned.copy_(torch.from_numpy(adapter.halves[name].copy()))
        for lora in self.adapters.values():
            lora.speaks = wanted is not None
        self._carried = wanted


def _windows(config: Any) -> dict[str, int | None]:
    """How far back each kind of layer looks; one kind without a name where a model has only one."""
    window = getattr(config, "sliding_window", None)
    kinds = getattr(config, "layer_types", None)
    if not kinds:
        return {"": window}
    return {kind: window if kind.startswith("sliding") else None for kind in sorted(set(kinds))}


class _Rows:
    """What the model has read: keys and values [row, head, place, width] of each layer.

    transformers asks `update` of a cache and nothing else where masks and places are given.
    """

    def __init__(self) -> None:
        self._layers: dict[int, tuple[Tensor, Tensor]] = {}
        self._rows = torch.zeros(0, dtype=torch.long)
        self._places = torch.zeros(0, 0, dtype=torch.long)

    def turn_to(self, rows: Sequence[int], places: Tensor) -> None:
        """What comes next is read in these rows, at these places [rows, tokens]."""
        self._rows, self._places = torch.tensor(rows), places

    def update(
        self, keys: Tensor, values: Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        held = self._layers.get(layer_idx)
        end = int(self._places.max()) + 1
        if held is None or held[0].shape[2] < end:
            held = self._layers[layer_idx] = (
                _longer(held, 0, keys, end),
                _longer(held, 1, values, end),
            )
        seen = []
        for all_rows, new in zip(held, (keys, values), strict=True):
            all_rows[self._rows[:, None], :, self._places] = new.transpose(1, 2)
            until = all_rows[:, :, :end]
            count = len(self._rows)
            first = bool((self._rows == torch.arange(count)).all())
            seen.append(until[:count] if first else until.index_select(0, self._rows))
        return seen[0], seen[1]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return int(self._places[0, 0]) if self._places.numel() else 0

    @torch.inference_mode()
    def erase(self, row: int) -> None:
        for keys, values in self._layers.values():
            keys[row].zero_()
            values[row].zero_()


def _longer(held: tuple[Tensor, Tensor] | None, which: int, new: Tensor, end: int) -> Tensor:
    """The same rows with room for `end` places and as many again."""
    size = PLACES
    while size < end:
        size *= 2
    longer = new.new_zeros(READERS, new.shape[1], size, new.shape[3])
    if held is not None:
        longer[:, :, : held[which].shape[2]] = held[which]
    return longer
