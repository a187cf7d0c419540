"""GGUF: the base model and a merged adapter, written the way llama.cpp reads them.

Each weight is kept in the smallest of llama.cpp's types that holds it exactly, which is checked
number by number: what was four bits before it was installed is four bits again, and no weight
becomes another one on the way. The Llama and Mistral families; for others it says so. Texts are
never cut into tokens by llama.cpp here, so nothing of the tokenizer is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demur.errors import SiteUnusable
from demur.serving.engine import CONTEXT
from demur.serving.halves import Half, halves_of, head_width, settings_of
from demur.serving.merge import Merged
from demur.training.base import BaseModel
from demur.training.recipe import Recipe

_MAPS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
_OUTER = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
_SMALLEST_FIRST = ("Q4_0", "Q4_1", "Q8_0", "BF16", "F16")
"""Types that the gguf package can write; F32 holds everything else."""
_NORMAL = 1  # of llama.cpp's kinds of tokens


def write_base(base: BaseModel, target: Path, *, plain: bool = False) -> None:
    """Write a base as one GGUF file. Raises SiteUnusable for another family than Llama's.

    plain: every weight in 32 bits, for comparing arithmetic.
    """
    from gguf import GGUFWriter  # noqa: PLC0415 (the package is needed here alone)

    settings = settings_of(base)
    _refuse_what_differs(base, settings)
    writer = GGUFWriter(target, "llama")
    writer.add_name(base.name)
    _describe(writer, settings)
    _name_tokens(writer, base, settings)
    for name, weight in _weights(base.path):
        known = _gguf_name(name)
        if known is None:
            raise SiteUnusable(f"{base.name} has weights called {name}, {_OTHERWISE}")
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            weight = _turned(weight, _heads(settings, name))  # noqa: PLW2901
        kind, raw = ("F32", weight) if plain or weight.ndim == 1 else _smallest(weight)
        _add(writer, known, raw, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_adapter(base: BaseModel, recipe: Recipe, adapter: Merged, target: Path) -> None:
    """Write a merged adapter as a GGUF LoRA: A from the recipe, B as it was merged."""
    from gguf import GGUFWriter  # noqa: PLC0415

    settings = settings_of(base)
    writer = GGUFWriter(target, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", recipe.scale * recipe.rank)
    for name, (frozen, learned) in halves_of(base, recipe, adapter):
        layer, _, path = name.partition(".")
        if path.endswith(("q_proj", "k_proj")):
            learned = _turned(learned, _heads(settings, f"{path}.weight"))  # noqa: PLW2901
        for half, letter in ((frozen, "a"), (learned, "b")):
            _add(writer, f"blk.{layer}.{_MAPS[path]}.weight.lora_{letter}", half, "F32")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


_OTHERWISE = 'which is not read here yet; set `engine = "torch"` under [model].'


def _refuse_what_differs(base: BaseModel, settings: dict[str, Any]) -> None:
    rope = _rope(settings)
    if settings["model_type"] not in ("llama", "mistral"):
        raise SiteUnusable(f"{base.name} is of the family {settings['model_type']}, {_OTHERWISE}")
    if rope.get("rope_type", "default") != "default" or settings.get("sliding_window"):
        raise SiteUnusable(f"{base.name} reads long texts in a way of its own, {_OTHERWISE}")
    if settings.get("attention_bias") or settings.get("mlp_bias"):
        raise SiteUnusable(f"{base.name} has biases, {_OTHERWISE}")


def _rope(settings: dict[str, Any]) -> dict[str, Any]:
    """As transformers 5 writes it, or as 4 did."""
    old = {"rope_theta": settings.get("rope_theta", 10000.0)}
    return settings.get("rope_parameters") or {**old, **(settings.get("rope_scaling") or {})}


def _heads(settings: dict[str, Any], name: str) -> int:
    every = settings["num_attention_heads"]
    shared = settings.get("num_key_value_heads") or every
    return int(every if name.endswith("q_proj.weight") else shared)


def _describe(writer: Any, settings: dict[str, Any]) -> None:
    # llama.cpp stops where a base was taught to; torch reads on, and so it does here.
    writer.add_context_length(max(CONTEXT, settings["max_position_embeddings"]))
    writer.add_embedding_length(settings["hidden_size"])
    writer.add_block_count(settings["num_hidden_layers"])
    writer.add_feed_forward_length(settings["intermediate_size"])
    writer.add_head_count(settings["num_attention_heads"])
    writer.add_head_count_kv(_heads(settings, "k_proj.weight"))
    writer.add_key_length(head_width(settings))
    writer.add_value_length(head_width(settings))
    writer.add_rope_dimension_count(head_width(settings))
    writer.add_rope_freq_base(float(_rope(settings)["rope_theta"]))
    writer.add_layer_norm_rms_eps(settings["rms_norm_eps"])
    writer.add_vocab_size(settings["vocab_size"])


def _name_tokens(writer: Any, base: BaseModel, settings: dict[str, Any]) -> None:
    """Only numbers go in and come out. Each token gets a name of its own that is whole letters:
    llama.cpp keeps back, with its probabilities, a token that is half a letter."""
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([f"t{number}" for number in range(settings["vocab_size"])])
    writer.add_token_types([_NORMAL] * settings["vocab_size"])
    writer.add_token_merges(["a b"])  # llama.cpp refuses a file without any
    writer.add_eos_token_id(base.separator)
    writer.add_bos_token_id(base.separator)


def _weights(folder: Path) -> Iterator[tuple[str, Half]]:
    from safetensors import safe_open  # noqa: PLC0415

    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="numpy") as opened:
            for name in sorted(opened.keys()):
                yield name, opened.get_tensor(name)


def _gguf_name(name: str) -> str | None:
    if name in _OUTER:
        return _OUTER[name]
    inner = name.removeprefix("model.layers.").removesuffix(".weight")
    layer, _, path = inner.partition(".")
    return f"blk.{layer}.{_MAPS[path]}.weight" if path in _MAPS else None


def _turned(weight: Half, heads: int) -> Half:
    """Rows as llama.cpp's rotary embedding wants them: pairs side by side, not in two halves."""
    halves = weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(weight.shape))


def _smallest(weight: Half) -> tuple[str, NDArray[Any]]:
    """The smallest type that gives every number back as it was, and the numbers in it."""
    from gguf import GGMLQuantizationType, quants  # noqa: PLC0415

    for name in _SMALLEST_FIRST:
        kind = GGMLQuantizationType[name]
        some = weight[: max(1, 4096 // weight.shape[-1])]  # most types fail at once
        for part in (some, weight):
            try:
                raw = quants.quantize(part, kind)
            except (quants.QuantError, ValueError):  # rows that its blocks do not divide
                break
            if not np.array_equal(quants.dequantize(raw, kind), part):
                break
        else:
            return name, raw
    return "F32", weight


def _add(writer: Any, name: str, raw: NDArray[Any], kind: str) -> None:
    from gguf import GGMLQuantizationType  # noqa: PLC0415

    writer.add_tensor(name, raw, raw_dtype=GGMLQuantizationType[kind])
