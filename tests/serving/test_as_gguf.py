"""GGUF: the base and the adapter arrive in llama.cpp as they are here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from demur.errors import SiteUnusable
from demur.serving import as_gguf
from demur.serving.company import Asked
from demur.serving.engine_torch import Torch
from demur.serving.merge import Merged
from demur.training.base import BaseModel
from demur.training.recipe import TINY

TOLERANCE = 2e-3
"""Nats between the log-probabilities of any word in the two engines, all weights in 32 bits. Found:
2.5e-4 for the base, 1.2e-3 with an adapter (llama.cpp keeps what it has read in 16 bits)."""


def test_every_word_is_as_likely_as_in_torch(
    tiny: BaseModel, adapter: Merged, tmp_path: Path
) -> None:
    from demur.serving.engine_llamacpp import LlamaCpp

    as_gguf.write_base(tiny, tmp_path / "plain.gguf", plain=True)
    here = Torch(tiny, TINY, threads=1)
    size = json.loads((tiny.path / "config.json").read_text())["vocab_size"]
    there = LlamaCpp(tiny, TINY, threads=1, file=tmp_path / "plain.gguf", named=size)
    asked = [Asked(0, [], list(b"De boot vertrekt om acht uur, en wie te laat is zwemt. " * 2))]
    for carried in (None, adapter):
        one, other = here.step(carried, asked)[0], there.step(carried, asked)[0]
        assert len(one) == len(other) == size
        assert np.abs(np.log(one) - np.log(other)).max() < TOLERANCE
        here.forget(0)
    there.close()


@pytest.mark.parametrize("kind", ["Q4_1", "Q8_0", "BF16", "F16", "F32"])
def test_weights_that_were_small_are_small_again_and_no_other(kind: str) -> None:
    from gguf import GGMLQuantizationType, quants

    dice = np.random.default_rng(2)
    raw = GGMLQuantizationType[kind]
    drawn = dice.standard_normal((8, 64)).astype(np.float32)
    weight = quants.dequantize(quants.quantize(drawn, raw), raw)
    found, held = as_gguf._smallest(weight)
    assert found == kind
    back = GGMLQuantizationType[found]
    assert np.array_equal(quants.dequantize(held, back), weight)


def test_one_number_that_does_not_fit_keeps_all_of_them_whole() -> None:
    weight = np.zeros((4096, 64), np.float32)
    weight[4000, 3] = 0.1  # far behind what is looked at first
    weight[4000, 4] = 1.0 + 2**-20
    assert as_gguf._smallest(weight)[0] == "F32"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("model_type", "qwen2"),
        ("attention_bias", True),
        ("sliding_window", 128),
        ("rope_parameters", {"rope_type": "llama3", "rope_theta": 1e4}),
    ],
)
def test_a_base_that_would_be_read_wrongly_is_refused(
    tiny: BaseModel, tmp_path: Path, setting: str, value: Any
) -> None:
    other = _copy(tiny, tmp_path)
    settings = json.loads((other.path / "config.json").read_text())
    (other.path / "config.json").write_text(json.dumps(settings | {setting: value}))
    with pytest.raises(SiteUnusable, match='engine = "torch"'):
        as_gguf.write_base(other, tmp_path / "other.gguf")


def test_weights_nobody_knows_are_refused(tiny: BaseModel, tmp_path: Path) -> None:
    other = _copy(tiny, tmp_path)
    file = other.path / "model.safetensors"
    strange = {"model.layers.0.self_attn.q_norm.weight": np.ones(12, np.float32)}
    save_file(load_file(file) | strange, file)
    with pytest.raises(SiteUnusable, match=r"q_norm"):
        as_gguf.write_base(other, tmp_path / "other.gguf")


def _copy(base: BaseModel, folder: Path) -> BaseModel:
    from dataclasses import replace

    shutil.copytree(base.path, folder / "base")
    return replace(base, path=folder / "base")
