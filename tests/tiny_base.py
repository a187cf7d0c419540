"""tiny-random-base: a language model of some 200 kB that knows nothing, for tests.

A real Llama in a real folder with a real tokenizer, so every road of the product is walked; its
weights are drawn from a seed. Its letters are bytes. It says nothing sensible, ever.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

NAME = "tiny-random-base"
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
README = "---\nlicense: apache-2.0\n---\nRandom weights, drawn from a seed. Knows nothing.\n"


def write(folder: Path) -> Path:
    """Write it as a Hugging Face folder named after it, and return that folder."""
    folder = folder / NAME
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=alphabet(),
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        chat_template=TEMPLATE,
    )
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            weight.copy_(torch.ones_like(weight) if "norm" in name else _draw(name, weight.shape))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(README)
    return folder


def alphabet() -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return tokenizer


def _draw(name: str, shape: torch.Size) -> torch.Tensor:
    stream = hashlib.shake_256(f"{NAME} {name}".encode()).digest(4 * shape.numel())
    unit = np.frombuffer(stream, dtype="<u4").astype(np.float64) / 2**31 - 1.0
    return torch.from_numpy((0.1 * unit).astype(np.float32).reshape(shape))
