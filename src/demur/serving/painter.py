"""The painter: a picture from a description, and before each step the question if it may go on.

An image base with the merged adapter beside it as a low-rank path, as `engine` has it for words:
the base's own weights are never written to. One picture at a time, others wait their turn. It
knows neither people nor posts; what stands comes through `still`, and a picture during which that
changed is never handed out.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Protocol

import torch
from PIL import Image

from demur.serving.merge import Merged
from demur.training.image_base import ImageBase
from demur.training.image_pipeline import Pipeline, device_here
from demur.training.recipe import ImageRecipe

STEPS = 20
"""Of denoising: what PixArt and Sana draw with by default; Stable Diffusion's default is 50."""


class StandingChanged(Exception):  # noqa: N818  (nothing went wrong: somebody said no)
    """What stands has changed while a picture was drawn, so there is none."""


class Painter(Protocol):
    """Draws. `name`: what is said to have drawn."""

    @property
    def name(self) -> str: ...

    def paint(
        self, description: str, *, seed: int, size: int, still: Callable[[], bool]
    ) -> Image.Image:
        """A square picture of `size` pixels. The same seed, description and adapter give the same.

        still: may it go on? Asked before the description is read, before each step and again
            before the picture is handed out. Raises StandingChanged where it may not.
        """
        ...


class Studio:
    """An opened image base. `recipe` says which adapters it can carry. Safe to use from several
    threads."""

    def __init__(self, base: ImageBase, recipe: ImageRecipe) -> None:
        self.base = base
        self._pipeline = Pipeline(base, device_here())
        self._adapters = self._pipeline.adapt(recipe)
        self._carried: str | None = None
        self._still: Callable[[], bool] = lambda: False
        self._pipeline.denoiser.register_forward_pre_hook(self._ask)
        self._lock = Lock()
        self._carry(None)

    def painter(self, adapter: Merged | None) -> Painter:
        """Who paints with this adapter, or the base alone."""
        return _Painter(self, adapter)

    def paint(
        self,
        description: str,
        *,
        adapter: Merged | None,
        seed: int,
        size: int,
        still: Callable[[], bool],
    ) -> Image.Image:
        """See Painter.paint."""
        how: dict[str, Any] = {"height": self._pipeline.side, "width": self._pipeline.side}
        if self.base.pipeline != "StableDiffusionPipeline":
            how |= {"use_resolution_binning": False, "clean_caption": False}
        with self._lock, torch.inference_mode():
            _ask(still)
            self._carry(adapter)
            self._still = still
            try:
                drawn = self._pipeline.opened(
                    description,
                    num_inference_steps=STEPS,
                    generator=torch.Generator("cpu").manual_seed(seed),
                    **how,
                ).images[0]
            finally:
                self._still = lambda: False
        picture: Image.Image = drawn.resize((size, size), Image.Resampling.LANCZOS)
        _ask(still)
        return picture

    def _ask(self, *_: object) -> None:
        """Before each look of the denoiser, whichever pipeline it is in."""
        _ask(self._still)

    def _carry(self, adapter: Merged | None) -> None:
        """Take up this adapter; costs some milliseconds where it is another one."""
        wanted = adapter.digest if adapter and adapter.halves else None
        if wanted is not None and wanted != self._carried and adapter is not None:
            with torch.no_grad():
                for name, lora in self._adapters.items():
                    lora.learned.copy_(torch.from_numpy(adapter.halves[name].copy()))
        for lora in self._adapters.values():
            lora.speaks = wanted is not None
        self._carried = wanted


class _Painter:
    """A studio, and the adapter that was clean when somebody asked."""

    def __init__(self, studio: Studio, adapter: Merged | None) -> None:
        self._studio, self._adapter = studio, adapter

    @property
    def name(self) -> str:
        return self._studio.base.name

    def paint(
        self, description: str, *, seed: int, size: int, still: Callable[[], bool]
    ) -> Image.Image:
        return self._studio.paint(
            description, adapter=self._adapter, seed=seed, size=size, still=still
        )


def _ask(still: Callable[[], bool]) -> None:
    if not still():
        raise StandingChanged
