"""The student: a base model whose topmost layers carry adapters, and the machine it counts on.

The layers below never change, so what they make of a row is computed once. The layers above read
several people's rows side by side in one fixed shape, each row seeing itself alone. It is what
`run.teach` teaches of text, and knows no standing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from demur.corpus.build import BuiltShard
from demur.errors import SiteUnusable
from demur.training import base as bases
from demur.training.base import BaseModel
from demur.training.chain import Profile, profile_here
from demur.training.kept import people_in
from demur.training.lora import attach
from demur.training.recipe import Recipe
from demur.training.text import Row, batches, rows_of


def load(base: BaseModel) -> Any:
    """The causal language model in 32 bits, frozen, from its folder and nowhere else."""
    from transformers import AutoModelForCausalLM  # noqa: PLC0415 (2 s to import)
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

    disable_progress_bar()  # type: ignore[no-untyped-call]
    model: Any = AutoModelForCausalLM.from_pretrained(
        base.path, local_files_only=True, dtype="float32", attn_implementation="sdpa"
    )
    if getattr(model.config, "final_logit_softcapping", None):
        raise SiteUnusable(
            f"{base.name} caps its logits, which training here does not; choose another base."
        )
    return model.eval().requires_grad_(False)


def decoder_of(model: Any) -> nn.Module:
    """The stack of layers without the head. Raises SiteUnusable for another architecture."""
    decoder = getattr(model, "model", None)
    if not isinstance(getattr(decoder, "layers", None), nn.ModuleList):
        raise SiteUnusable(
            f"{type(model).__name__} keeps its layers where Demur does not look; choose a base of "
            "the Llama, Mistral, Qwen or Gemma 3 family."
        )
    return cast(nn.Module, decoder)


class Student:
    """A base with adapters on its top layers, whose learned halves start at zero."""

    def __init__(self, base: BaseModel, recipe: Recipe) -> None:
        self.base = base
        self.recipe = recipe
        model = load(base)
        decoder = decoder_of(model)
        layers = list(cast(nn.ModuleList, decoder.layers))
        below = max(1, len(layers) - recipe.layers)
        self.adapters = attach(list(enumerate(layers))[below:], recipe)
        self._head = model.lm_head
        self._lower = _part(decoder, layers[:below])
        self._lower.norm = nn.Identity()
        self._given = _Given()
        passed = [_Passed(layer) for layer in layers[: below - 1]]
        self._upper = _part(decoder, [*passed, self._given, *layers[below:]])

    @property
    def learned(self) -> dict[str, nn.Parameter]:
        """B by the adapter's name, in name order."""
        return {name: adapter.learned for name, adapter in self.adapters.items()}

    @property
    def profile(self) -> Profile:
        return profile_here()

    def check(self) -> None:
        bases.check(self.base)

    def rows(self, built: BuiltShard, number: int) -> list[Row]:
        """The rows of one slice of a shard, person after person: what may be learned of it."""
        tokenizer = self.base.tokenizer()
        return [
            row
            for person, posts in people_in(built, number, ["text"])
            for row in rows_of(
                person,
                [post["text"] for post in posts],
                lambda text: tokenizer.encode(text, add_special_tokens=False).ids,
                self.base.separator,
                self.recipe,
            )
        ]

    def batches(self, rows: Sequence[Row], order: bytes, epoch: int) -> Iterator[list[Row]]:
        return batches(rows, order, epoch, self.recipe)

    def learn(self, rows: Sequence[Row], states: Sequence[Tensor], epoch: int) -> float:
        loss = self.loss(rows, states)
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    @torch.no_grad()
    def states(self, row: Row) -> Tensor:
        """What the frozen layers make of one row, read alone: [width, hidden]."""
        return cast(Tensor, self._lower(input_ids=torch.tensor([row.tokens[:-1]]))[0][0])

    def loss(self, rows: Sequence[Row], states: Sequence[Tensor]) -> Tensor:
        """Mean cross-entropy in nats over the batch's own tokens; always [1, batch_tokens]."""
        size = self.recipe.batch_tokens
        used = sum(row.width for row in rows)
        owner = torch.full((size,), -1)
        place = torch.zeros(1, size, dtype=torch.long)
        at = 0
        for number, row in enumerate(rows):
            owner[at : at + row.width] = number
            place[0, at : at + row.width] = torch.arange(row.width)
            at += row.width
        sees = (owner[:, None] == owner[None, :]).tril()  # own row only, and never what follows
        self._given.states = torch.cat([*states, torch.zeros(size - used, states[0].shape[1])])[
            None
        ]
        seen = self._upper(
            input_ids=torch.zeros(1, size, dtype=torch.long),
            position_ids=place,
            attention_mask=sees[None, None],
            use_cache=False,
        )[0][0, :used]
        targets = torch.tensor([token for row in rows for token in row.tokens[1:]])
        return functional.cross_entropy(self._head(seen), targets)


class _Passed(nn.Module):
    """Stands where a frozen layer stood whose work is done already."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.attention_type = getattr(layer, "attention_type", None)  # Gemma 3 asks each layer

    def forward(self, hidden: Tensor, *_: Any, **__: Any) -> Tensor:
        return hidden


class _Given(_Passed):
    """Stands where the last frozen layer stood and answers with the states computed before."""

    def __init__(self) -> None:
        super().__init__(nn.Identity())
        self.states = torch.empty(0)

    def forward(self, hidden: Tensor, *_: Any, **__: Any) -> Tensor:
        return self.states


def _part(decoder: nn.Module, layers: list[nn.Module]) -> nn.Module:
    """The same decoder, weights shared, with other layers in its list."""
    part = copy.copy(decoder)
    part._modules = dict(decoder._modules)
    part.layers = nn.ModuleList(layers)
    return part
