"""Low-rank adapters with a frozen half, and the optimizer that moves the other half.

y = W x + scale · B (A x), after Hu et al. 2021 (arXiv 2106.09685). A is drawn once from the
recipe's seed and shared by every shard; only B learns. So adapters can be added and subtracted as
plain sums of their B. Own code, because a training library's hidden schedules and random states
would make "the same bytes" a matter of luck.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from demur.training.recipe import Adapting


class Lora(nn.Module):
    """A linear map [in] -> [out] with a low-rank addition; `frozen` is A [rank, in]."""

    def __init__(self, base: nn.Linear, frozen: Tensor, scale: float) -> None:
        super().__init__()
        self.base = base
        self.frozen = frozen.to(base.weight.device)
        self.scale = scale
        nothing = torch.zeros(base.out_features, frozen.shape[0], device=base.weight.device)
        self.learned = nn.Parameter(nothing)  # B
        self.speaks = True  # False: the base alone, at no cost

    def forward(self, x: Tensor) -> Tensor:
        plain: Tensor = self.base(x)
        if not self.speaks:
            return plain
        low = functional.linear(functional.linear(x, self.frozen), self.learned)
        return plain + self.scale * low


def attach(
    layers: Iterable[tuple[int | str, nn.Module]],
    recipe: Adapting,
    *,
    on: Callable[[str], bool] = lambda path: True,
) -> dict[str, Lora]:
    """Put an adapter on every linear map of these layers; name -> adapter, sorted.

    A name is `<layer>.<module>`: `22.self_attn.q_proj`. The base's own weights are not touched.
    on: which of the maps, by their path in the layer.
    """
    adapters = {}
    for called, layer in layers:
        maps = [(n, m) for n, m in layer.named_modules() if isinstance(m, nn.Linear) and on(n)]
        for path, linear in maps:
            name = f"{called}.{path}"
            frozen = frozen_half(recipe, name, linear.in_features)
            adapters[name] = Lora(linear, frozen, recipe.scale)
            parent, _, child = path.rpartition(".")
            setattr(layer.get_submodule(parent), child, adapters[name])
    return dict(sorted(adapters.items()))


def frozen_half(recipe: Adapting, name: str, width: int) -> Tensor:
    """A [rank, width], uniform with variance 1/width, drawn by SHAKE-256 and no library's dice."""
    seed = f"demur frozen half\0{recipe.seed}\0{recipe.rank}\0{name}".encode()
    stream = hashlib.shake_256(seed).digest(4 * recipe.rank * width)
    unit = np.frombuffer(stream, dtype="<u4").astype(np.float64) / 2**31 - 1.0
    values = (unit * math.sqrt(3.0 / width)).astype(np.float32)
    return torch.from_numpy(values.reshape(recipe.rank, width))


class AdamW:
    """Loshchilov & Hutter 2019 (arXiv 1711.05101) with clipping; its state is plain tensors."""

    def __init__(self, learned: Mapping[str, Tensor], recipe: Adapting) -> None:
        self.learned = learned
        self.recipe = recipe
        self.steps = 0
        self.mean = {name: torch.zeros_like(b) for name, b in learned.items()}
        self.square = {name: torch.zeros_like(b) for name, b in learned.items()}

    @torch.no_grad()
    def step(self) -> None:
        r = self.recipe
        self.steps += 1
        grads = {name: b.grad for name, b in self.learned.items() if b.grad is not None}
        norm = torch.sqrt(torch.stack([grad.square().sum() for grad in grads.values()]).sum())
        shorten = torch.clamp(r.longest_step / (norm + 1e-6), max=1.0)
        unbias_mean = 1.0 - r.beta1**self.steps
        unbias_square = 1.0 - r.beta2**self.steps
        for name, grad in grads.items():
            b, mean, square = self.learned[name], self.mean[name], self.square[name]
            grad.mul_(shorten)
            mean.mul_(r.beta1).add_(grad, alpha=1.0 - r.beta1)
            square.mul_(r.beta2).addcmul_(grad, grad, value=1.0 - r.beta2)
            spread = (square / unbias_square).sqrt_().add_(r.epsilon)
            b.mul_(1.0 - r.rate * r.weight_decay)
            b.addcdiv_(mean, spread, value=-r.rate / unbias_mean)
            b.grad = None
