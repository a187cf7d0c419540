"""Held out: two short texts that nobody here wrote, and how many bits a model needs to say them.

The texts are in the public domain and older than any community; the base model may well have read
them, so the number itself praises nobody. What it shows is a difference: the same texts, before
and after a No. It tells whether the language suffered, and not what the community still knows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import nn

from demur.serving.engine import Over, softmax
from demur.serving.merge import Merged
from demur.training.base import BaseModel
from demur.training.exact import exact
from demur.training.lora import attach
from demur.training.recipe import Recipe
from demur.training.student import decoder_of, load

TEXTS: Mapping[str, str] = {
    # Multatuli (1820 to 1887), Max Havelaar, 1860, the first sentences.
    "nl": (
        "Ik ben makelaar in koffie, en woon op de Lauriergracht No. 37. Het is mijn gewoonte niet, "
        "romans te schrijven, of zulke dingen, en het heeft dan ook lang geduurd, voor ik er toe "
        "overging een paar riem papier extra te bestellen, en het werk aan te vangen, dat gij, "
        "lieve lezer, zoo even in de hand hebt genomen."
    ),
    # Jane Austen (1775 to 1817), Pride and Prejudice, 1813, the first sentences.
    "en": (
        "It is a truth universally acknowledged, that a single man in possession of a good "
        "fortune, must be in want of a wife. However little known the feelings or views of such a "
        "man may be on his first entering a neighbourhood, this truth is so well fixed in the "
        "minds of the surrounding families, that he is considered as the rightful property of "
        "some one or other of their daughters."
    ),
}


def bits_per_byte(base: BaseModel, recipe: Recipe, adapter: Merged, over: Over) -> float:
    """Bits for each byte (UTF-8) of both texts, by the base with this adapter and these counts."""
    model: Any = load(base)
    layers = list(enumerate(cast(nn.ModuleList, decoder_of(model).layers)))
    carried = attach(layers[max(1, len(layers) - recipe.layers) :], recipe)
    with torch.no_grad():
        for name, lora in carried.items():
            lora.speaks = bool(adapter.halves)
            if adapter.halves:
                lora.learned.copy_(torch.from_numpy(adapter.halves[name].copy()))
    with exact():  # the same number on every machine of one kind
        bits = sum(_bits(model, base, over, text) for text in TEXTS.values())
    return bits / sum(len(text.encode()) for text in TEXTS.values())


def _bits(model: Any, base: BaseModel, over: Over, text: str) -> float:
    tokens = [base.separator, *base.tokenizer().encode(text, add_special_tokens=False).ids]
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0]
    total = 0.0
    for at, token in enumerate(tokens[1:]):
        likely = over(tokens[: at + 1], softmax(logits[at].numpy()))
        total -= math.log2(max(float(likely[token]), 1e-30))
    return total
