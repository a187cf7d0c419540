"""The recipe: every number that decides what training makes of a shard, fixed beforehand.

A recipe, a base model and a manifest determine an adapter's bytes. So nothing here may be looked
up, tuned or counted from people's posts: a number that came from them would carry them along
(forgetting.md, rule 5). Changing any number makes another recipe, with another hash, and every
adapter anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import rfc8785

from demur.errors import SiteUnusable

STEPS_THAT_TEACH = 30
"""Optimizer steps below which a shard learns little: 29 steps kept 80 % of an undivided adapter's
gain in Dutch, 7 steps 45 %, 2 steps 17 % (forgetting.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapting:
    """The numbers of every adapter, whatever it learns."""

    rank: int = 8
    scale: float = 2.0  # weight of the adapter: alpha / rank
    epochs: int = 1  # of each slice, before the next one is read
    rate: float = 5e-3  # constant: a schedule would have to know how much there is to come
    beta1: float = 0.9
    beta2: float = 0.99
    epsilon: float = 1e-8
    weight_decay: float = 0.01
    longest_step: float = 1.0  # gradients are scaled down to this norm
    seed: int = 1  # of the frozen half of the adapter, which all shards share

    @property
    def canonical(self) -> bytes:
        """RFC 8785 JSON: the same numbers give the same bytes everywhere."""
        return rfc8785.dumps(asdict(self))

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.canonical).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe(Adapting):
    """Of text. Defaults are for SmolLM2-135M; `TINY` below is for the random base of the tests."""

    layers: int = (
        8  # how many of the topmost layers learn; the base's states below are computed once
    )
    row_tokens: int = 128  # the longest run of one person's tokens that is read at once
    batch_tokens: int = 256  # what one optimizer step sees, padding included; always this shape
    rows_per_person: int = 64  # so that nobody's shelf of posts drowns the others

    def __post_init__(self) -> None:
        if not 1 <= self.row_tokens <= self.batch_tokens:
            raise SiteUnusable(
                f"A batch of {self.batch_tokens} tokens cannot hold a row of {self.row_tokens}; "
                "make row_tokens at least 1 and at most batch_tokens."
            )

    def shards_for(self, tokens: int) -> int:
        """How many shards a community of about this many tokens can be divided into and learn.

        To be asked once, with a planned number, before the first person arrives.
        """
        return max(1, tokens * self.epochs // (self.batch_tokens * STEPS_THAT_TEACH))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecipe(Adapting):
    """Of pictures. No checkpoint of a real size was trained with it yet (docs/images-training.md).

    Its fields are others than a Recipe's, so that the two never have one hash.
    """

    epochs: int = 8
    rate: float = 1e-3
    batch_pictures: int = 4  # what one optimizer step sees, one picture at a time
    pictures_per_person: int = 64
    unsaid: float = 0.1  # how often a picture is seen without its caption: guidance needs both


TINY = Recipe(rank=2, layers=2, row_tokens=32, batch_tokens=64, rows_per_person=8)


Kind = TypeVar("Kind", bound=Adapting)


def recipe_from(fields: dict[str, Any], kind: type[Kind]) -> Kind:
    """Read back what `asdict` wrote. Raises SiteUnusable for a recipe of another version."""
    try:
        return kind(**fields)
    except TypeError as error:
        raise SiteUnusable(
            f"This recipe has other fields than this version knows ({error}); train again."
        ) from error
