"""A diffusers pipeline taken apart: what is seen, what is said, and what is to be predicted.

Three families are known, Stable Diffusion (a UNet), PixArt and Sana (transformers), with the three
things a denoiser can be asked for: the noise, the velocity, the flow. Everything in it is frozen
and in 32 bits. diffusers is imported here and nowhere else, and only when a pipeline is opened.
"""

from __future__ import annotations

import inspect
import os
import re
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor, nn

from demur.errors import SiteUnusable
from demur.training.image_base import ImageBase
from demur.training.lora import Lora, attach
from demur.training.recipe import ImageRecipe

_ATTENDS = re.compile(r"(^|\.)(to_q|to_k|to_v|to_out\.0)$")
Target = Literal["epsilon", "v_prediction", "sample", "flow"]


def device_here() -> torch.device:
    """Where a pipeline computes: the first GPU, or the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Pipeline:
    """An opened checkpoint. `side`: the pixels of the square pictures that it was made for."""

    def __init__(self, base: ImageBase, device: torch.device) -> None:
        self.base, self.device = base, device
        self.opened = _opened(base).to(device)
        parts = self.opened.components
        self.denoiser: Any = parts.get("unet") or parts.get("transformer")
        for part in parts.values():
            if isinstance(part, nn.Module):
                part.eval().requires_grad_(False)
        self.target = _target(self.opened.scheduler, base)
        size = self.denoiser.config.sample_size
        if not isinstance(size, int):
            raise SiteUnusable(f"{base.name} draws no squares ({size}); choose another checkpoint.")
        self.side = size * int(self.opened.vae_scale_factor)

    def adapt(self, recipe: ImageRecipe) -> dict[str, Lora]:
        """Put an adapter on every linear map of the denoiser's attention; to be called once."""
        adapters = attach(
            [("denoiser", self.denoiser)], recipe, on=lambda path: bool(_ATTENDS.search(path))
        )
        if not adapters:
            raise SiteUnusable(
                f"{self.base.name} has no attention that could learn; choose another checkpoint."
            )
        return adapters

    @torch.no_grad()
    def seen(self, picture: Image.Image) -> Tensor:
        """A picture as the denoiser sees it, [1, channels, height, width]; nothing is drawn by
        lot: of what the encoder finds likely, the likeliest is taken."""
        found = self.opened.vae.encode(_pixels(picture, self.side).to(self.device))
        latent = found.latent_dist.mode() if hasattr(found, "latent_dist") else found.latent
        settings = self.opened.vae.config
        shift = getattr(settings, "shift_factor", None) or 0.0
        return cast(Tensor, (latent - shift) * settings.scaling_factor)

    @torch.no_grad()
    def said(self, caption: str) -> Tensor:
        """A caption as the denoiser hears it, [1, tokens, width], without what is only padding."""
        pipe = self.opened
        if self.base.pipeline == "StableDiffusionPipeline":
            return cast(Tensor, pipe.encode_prompt(caption, self.device, 1, False)[0])
        how: dict[str, Any] = {"clean_caption": False, "device": self.device}
        if self.base.pipeline == "SanaPipeline":  # the words that it is always asked with
            asked = inspect.signature(type(pipe).__call__).parameters["complex_human_instruction"]
            how["complex_human_instruction"] = asked.default
        found, mask, *_ = pipe.encode_prompt(caption, do_classifier_free_guidance=False, **how)
        heard = mask[0].bool()
        heard[0] = True  # of silence too something must be heard
        return cast(Tensor, found[:, heard])

    def noised(self, latent: Tensor, noise: Tensor, part: float) -> tuple[Tensor, Tensor, Tensor]:
        """The latent with noise laid over it, the time this stands for, and what the denoiser is
        to say of it. part: from 0 to 1, how far on the way to pure noise."""
        scheduler = self.opened.scheduler
        steps = scheduler.config.num_train_timesteps
        if self.target == "flow":
            shift = _shift(scheduler.config)
            sigma = shift * part / (1 + (shift - 1) * part)
            time = torch.tensor([sigma * steps], device=self.device)
            return (1 - sigma) * latent + sigma * noise, time, noise - latent
        at = min(int(part * steps), steps - 1)
        kept = float(scheduler.alphas_cumprod[at])
        clear, rough = kept**0.5, (1 - kept) ** 0.5
        target = {
            "epsilon": noise,
            "v_prediction": clear * noise - rough * latent,
            "sample": latent,
        }[self.target]
        time = torch.tensor([at], device=self.device)
        return clear * latent + rough * noise, time, target

    def denoise(self, noisy: Tensor, time: Tensor, said: Tensor) -> Tensor:
        """What the denoiser says, of the shape of `noisy`."""
        how: dict[str, Any] = {"encoder_hidden_states": said, "return_dict": False}
        settings = self.denoiser.config
        if self.base.pipeline == "StableDiffusionPipeline":
            return cast(Tensor, self.denoiser(noisy, time, **how)[0])
        if self.base.pipeline == "SanaPipeline":
            how["timestep"] = time * settings.timestep_scale
        else:
            how |= {"timestep": time, "added_cond_kwargs": self._size(noisy)}
        found = self.denoiser(noisy, **how)[0]
        return cast(Tensor, found[:, : noisy.shape[1]])  # the rest is a spread nobody asked for

    def _size(self, noisy: Tensor) -> dict[str, Tensor | None]:
        """What PixArt-α is told of a picture's size; the others are told nothing."""
        if not getattr(self.denoiser, "use_additional_conditions", False):
            return {"resolution": None, "aspect_ratio": None}
        side = float(self.side)
        return {
            "resolution": torch.tensor([[side, side]], device=self.device),
            "aspect_ratio": torch.tensor([[1.0]], device=self.device),
        }


def _opened(base: ImageBase) -> Any:
    """The pipeline from its folder and nowhere else: no download, no pickle, no code of its own."""
    # cuBLAS repeats its sums only in a workspace of fixed size, and reads this once
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import diffusers  # noqa: PLC0415 (3 s to import, and an extra)
    from diffusers.utils import logging  # noqa: PLC0415
    from transformers.utils import logging as more_logging  # noqa: PLC0415

    for quiet in (logging, more_logging):
        quiet.set_verbosity_error()
        quiet.disable_progress_bar()
    try:
        pipe = getattr(diffusers, base.pipeline).from_pretrained(
            str(base.path), local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise SiteUnusable(
            f"{base.name} does not load as a {base.pipeline} ({error}); get the whole checkpoint, "
            "or choose another."
        ) from error
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _target(scheduler: Any, base: ImageBase) -> Target:
    settings = scheduler.config
    asked = settings.get("prediction_type", "epsilon")
    if type(scheduler).__name__.startswith("FlowMatch") or asked == "flow_prediction":
        return "flow"
    if asked not in ("epsilon", "v_prediction", "sample") or not hasattr(
        scheduler, "alphas_cumprod"
    ):
        raise SiteUnusable(
            f"{base.name} predicts {asked} by {type(scheduler).__name__}, which Demur cannot "
            "teach; choose a checkpoint that predicts the noise, the velocity or the flow."
        )
    return cast(Target, asked)


def _shift(settings: Any) -> float:
    """How much more time a flow spends in the noise: one number, by two names in diffusers."""
    return float(settings.get("flow_shift") or settings.get("shift") or 1.0)


def _pixels(picture: Image.Image, side: int) -> Tensor:
    """The middle square of a picture, from -1 to 1: [1, 3, side, side]. What is clear is white."""
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        picture = Image.new("RGBA", clear.size, "white")
        picture.alpha_composite(clear)
    square = ImageOps.fit(picture.convert("RGB"), (side, side), Image.Resampling.LANCZOS)
    values: NDArray[np.float32] = np.asarray(square, dtype=np.float32) / 127.5 - 1.0
    return torch.from_numpy(values.transpose(2, 0, 1)[None].copy())
