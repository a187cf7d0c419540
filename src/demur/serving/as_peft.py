"""PEFT: a merged adapter in the two files that vLLM, and most others, load at run time.

adapter_config.json and adapter_model.safetensors, as Hugging Face's PEFT names them. The format is
written directly: two files of public numbers need no library.
"""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.numpy import save_file

from demur.serving.halves import Half, halves_of
from demur.serving.merge import Merged
from demur.training.base import BaseModel
from demur.training.recipe import Recipe


def write_adapter(base: BaseModel, recipe: Recipe, adapter: Merged, folder: Path) -> None:
    """Write both files into `folder`: A from the recipe, B as it was merged."""
    tensors: dict[str, Half] = {}
    for name, (frozen, learned) in halves_of(base, recipe, adapter):
        place = f"base_model.model.model.layers.{name}"
        tensors |= {f"{place}.lora_A.weight": frozen, f"{place}.lora_B.weight": learned}
    layers = sorted({int(name.partition(".")[0]) for name in adapter.halves})
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base.path.name,
        "r": recipe.rank,
        "lora_alpha": recipe.scale * recipe.rank,
        "target_modules": sorted({name.rpartition(".")[2] for name in adapter.halves}),
        "layers_to_transform": layers,
        "bias": "none",
        "inference_mode": True,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps(config, sort_keys=True, indent=1))
    save_file(tensors, folder / "adapter_model.safetensors")
