"""tiny-random-sd, -pixart and -sana: image checkpoints of less than a megabyte, for tests.

Real pipelines of diffusers' own classes in real folders, so every road of the product is walked;
their weights are drawn from a seed. They draw noise, ever.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderDC,
    AutoencoderKL,
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    PixArtSigmaPipeline,
    PixArtTransformer2DModel,
    SanaPipeline,
    SanaTransformer2DModel,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    Gemma2Config,
    Gemma2Model,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
)

SPECIAL = ["<pad>", "</s>", "<s>"]
WIDTH = 16  # of what a text encoder says


def stable_diffusion(folder: Path) -> Path:
    """16 pixels, the noise is predicted."""
    words = [chr(c) for c in range(33, 127)]
    marks = ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {w: i for i, w in enumerate([*words, *(f"{w}</w>" for w in words), *marks])}
    source = folder / "words"
    source.mkdir(parents=True)
    (source / "vocab.json").write_text(json.dumps(vocabulary))
    (source / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer.from_pretrained(source, model_max_length=16)
    config = CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=16,
        bos_token_id=vocabulary[marks[0]],
        eos_token_id=vocabulary[marks[1]],
    )
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    return _saved(
        folder / "tiny-random-sd",
        StableDiffusionPipeline,
        tokenizer=tokenizer,
        text_encoder=CLIPTextModel(config),
        unet=unet,
        vae=_autoencoder(),
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def pixart(folder: Path) -> Path:
    """16 pixels, the velocity is predicted, and a spread beside it that nobody asks for."""
    tokenizer = _bytes()
    config = T5Config(
        vocab_size=len(tokenizer), d_model=WIDTH, d_kv=8, d_ff=32, num_layers=1, num_heads=2
    )
    transformer = PixArtTransformer2DModel(
        sample_size=8,
        num_layers=1,
        patch_size=2,
        attention_head_dim=8,
        num_attention_heads=2,
        caption_channels=WIDTH,
        cross_attention_dim=16,
        in_channels=4,
        out_channels=8,
        use_additional_conditions=False,
    )
    return _saved(
        folder / "tiny-random-pixart",
        PixArtSigmaPipeline,
        tokenizer=tokenizer,
        text_encoder=T5EncoderModel(config),
        transformer=transformer,
        vae=_autoencoder(),
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1, prediction_type="v_prediction"),
    )


def sana(folder: Path) -> Path:
    """32 pixels, the flow is predicted."""
    tokenizer = _bytes()
    config = Gemma2Config(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
    )
    transformer = SanaTransformer2DModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        num_layers=1,
        num_attention_heads=2,
        attention_head_dim=8,
        num_cross_attention_heads=2,
        cross_attention_head_dim=8,
        cross_attention_dim=16,
        caption_channels=WIDTH,
    )
    channels = (8, 16)
    autoencoder = AutoencoderDC(
        latent_channels=4,
        attention_head_dim=8,
        encoder_block_out_channels=channels,
        decoder_block_out_channels=channels,
        encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1),
        encoder_qkv_multiscales=((), ()),
        decoder_qkv_multiscales=((), ()),
    )
    return _saved(
        folder / "tiny-random-sana",
        SanaPipeline,
        tokenizer=tokenizer,
        text_encoder=Gemma2Model(config),
        transformer=transformer,
        vae=autoencoder,
        scheduler=DPMSolverMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
    )


EVERY: dict[str, Callable[[Path], Path]] = {
    "stable diffusion": stable_diffusion,
    "pixart": pixart,
    "sana": sana,
}


def _saved(folder: Path, pipeline: Any, **parts: Any) -> Path:
    dice = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for _, part in sorted(parts.items()):
            if isinstance(part, torch.nn.Module):
                for name, weight in sorted(part.named_parameters()):
                    if "norm" not in name:
                        weight.copy_(0.2 * torch.randn(weight.shape, generator=dice))
    pipeline(**parts).save_pretrained(folder)
    return folder


def _autoencoder() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=16,
    )


def _bytes() -> PreTrainedTokenizerFast:
    alphabet = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        bos_token="<s>",
        additional_special_tokens=SPECIAL,
    )
