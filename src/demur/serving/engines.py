"""Which engine speaks: the one that the site's settings name, opened for one base.

A file beside the protocol rather than in it: every engine keeps the rules of `engine.py`, so that
file cannot know them. Each is imported when it is wanted, for torch takes seconds.
"""

from __future__ import annotations

from demur.errors import SiteUnusable
from demur.serving.engine import Engine, Setting
from demur.training.base import BaseModel
from demur.training.recipe import Recipe


def open_engine(
    setting: Setting, base: BaseModel, recipe: Recipe | None, *, threads: int
) -> Engine:
    """A base model that speaks. `recipe` says which adapters it can carry; None: only itself.

    Raises SiteUnusable where that engine is not installed or cannot carry this base.
    """
    if setting.kind == "vllm":
        from demur.serving.engine_vllm import open_vllm  # noqa: PLC0415

        return open_vllm(base, recipe, setting)
    if setting.kind in ("auto", "llamacpp"):
        from demur.serving.engine_llamacpp import open_llamacpp  # noqa: PLC0415

        try:
            return open_llamacpp(base, recipe, threads=threads)
        except SiteUnusable:
            if setting.kind == "llamacpp":
                raise
    from demur.serving.engine_torch import open_torch  # noqa: PLC0415

    return open_torch(base, recipe, threads=threads)
