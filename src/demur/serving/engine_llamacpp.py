"""The engine on llama.cpp, through xllamacpp: the same base and merged adapter, in less time.

llama.cpp computes and never chooses: each step asks it for the likeliest words and their
probabilities, and the counts, the dice and the gate are as everywhere. What it does not name is
taken to share what is left evenly (decision 0090). It is given numbers of tokens and no text. The
adapter is handed over in a file without a name in any folder, so that nothing of it is left lying.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch

from demur.errors import Refusal, SiteUnusable
from demur.serving.as_gguf import write_adapter, write_base
from demur.serving.company import Asked, Company
from demur.serving.engine import CONTEXT, READERS, Engine, Probabilities, stops
from demur.serving.halves import settings_of
from demur.serving.merge import Merged
from demur.training.base import BaseModel
from demur.training.recipe import Recipe

CHUNK = 32
"""Prompt tokens between two questions: about a third of a second on one core."""
NAMED = 256
"""Words whose probabilities are asked for. What more or fewer cost: decision 0090."""

_writing = Lock()


def open_llamacpp(base: BaseModel, recipe: Recipe | None, *, threads: int) -> Engine:
    """A base model that speaks. `recipe` says which adapters it can carry; None: only itself.

    Raises SiteUnusable where xllamacpp is absent or the base is of a family it is not written for.
    """
    return Company(LlamaCpp(base, recipe, threads=threads))


def base_file(base: BaseModel) -> Path:
    """The base as GGUF, beside its folder; written when it is first asked for."""
    file = base.path.with_name(f"{base.path.name}.gguf")
    with _writing:
        if not file.is_file():
            unfinished = file.with_name(f".{file.name}.{os.getpid()}")
            try:
                write_base(base, unfinished)
                unfinished.replace(file)
            finally:
                unfinished.unlink(missing_ok=True)
    return file


class LlamaCpp:
    """The machine. See company.Machine."""

    chunk = CHUNK

    def __init__(
        self,
        base: BaseModel,
        recipe: Recipe | None,
        *,
        threads: int,
        file: Path | None = None,
        named: int = NAMED,
    ) -> None:
        """file: the base in another GGUF than its own. named: how many words to ask for."""
        _refuse_old_processors()
        try:
            import xllamacpp  # noqa: PLC0415, F401 (no wheel for every kind of machine)
        except ImportError as absent:
            raise SiteUnusable(
                "llama.cpp is not here; install it with `pip install xllamacpp`, or set "
                '`engine = "torch"` under [model].'
            ) from absent
        self._base, self._recipe, self._threads = base, recipe, threads
        self._file = file or base_file(base)
        self._size = int(settings_of(base)["vocab_size"])
        self._named = named
        self.stops = stops(base)
        self._carried: str | None = None
        self._server: Any = None

    def step(self, adapter: Merged | None, asked: Sequence[Asked]) -> list[Probabilities]:
        self._carry(adapter)
        said: Mapping[str, Any] = self._server.handle_completions(
            {
                "prompt": [[*each.before, *each.tokens] for each in asked],
                "n_predict": 1,
                "temperature": 0.0,
                "n_probs": self._named,
                "cache_prompt": True,
            }
        )
        if "choices" not in said:
            raise _refusal(said)
        choices = sorted(said["choices"], key=lambda choice: int(choice["index"]))
        return [self._probabilities(choice) for choice in choices]

    def forget(self, row: int) -> None:
        """What a slot has read stays in it, unread, until the next conversation takes its place."""

    def close(self) -> None:
        self._server = None

    def _probabilities(self, choice: Mapping[str, Any]) -> Probabilities:
        """[vocabulary]: the named words' own, and of the rest an equal share each."""
        named = choice["logprobs"]["content"][0]["top_logprobs"]
        words = np.array([word["id"] for word in named])
        theirs = np.exp(np.array([word["logprob"] for word in named], np.float64))
        others = max(0.0, 1.0 - float(theirs.sum()))
        p: Probabilities = np.full(self._size, others / max(1, self._size - len(words)))
        p[words] = theirs
        p /= p.sum()
        return p

    def _carry(self, adapter: Merged | None) -> None:
        """Take up this adapter. llama.cpp reads one only while it starts, so it starts again."""
        wanted = adapter.digest if adapter else None
        if self._server is not None and wanted == self._carried:
            return
        self._server = None  # before the next one: two bases may not fit into memory
        if adapter is None or self._recipe is None:
            self._server = self._start(None)
        else:
            with _nameless() as file:
                write_adapter(self._base, self._recipe, adapter, file)
                self._server = self._start(file)
        self._carried = wanted

    def _start(self, adapter: Path | None) -> Any:
        import xllamacpp  # noqa: PLC0415

        params = xllamacpp.CommonParams()
        params.model.path = str(self._file)
        params.n_ctx = CONTEXT * READERS  # of the default base, 23 kB a token
        params.n_parallel = READERS
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self._threads
        params.cache_ram_mib = 0  # conversations that are over are not kept
        params.cpuparams.poll = params.cpuparams_batch.poll = 0  # no spinning between two steps
        params.warmup = False
        params.verbosity = -1
        if adapter is not None:
            lora = xllamacpp.CommonAdapterLoraInfo()
            lora.path, lora.scale = str(adapter), 1.0
            params.lora_adapters = [lora]
        with tempfile.TemporaryDirectory(prefix="demur-") as folder:
            # It wants to listen somewhere. Nobody but this process may reach a model without a
            # gate, so it listens on a socket in a folder of ours that is removed at once.
            params.hostnames = [f"{folder}/nobody.sock"]
            params.endpoint_slots = params.endpoint_props = False
            return xllamacpp.Server(params)


def _refuse_old_processors() -> None:
    """The wheel is compiled for AVX2 and would end the whole process without it."""
    old = torch.backends.cpu.get_cpu_capability() == "DEFAULT"
    if old and platform.machine() in ("x86_64", "AMD64"):
        raise SiteUnusable(
            'This processor has no AVX2, which llama.cpp needs here; set `engine = "torch"` under '
            "[model]."
        )


@contextmanager
def _nameless() -> Iterator[Path]:
    """A file in memory that no folder lists; where the system has none, one that is removed."""
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("adapter")
        try:
            yield Path(f"/proc/self/fd/{number}")
        finally:
            os.close(number)
    else:
        with tempfile.TemporaryDirectory(prefix="demur-") as folder:
            yield Path(folder) / "adapter.gguf"


def _refusal(said: Mapping[str, Any]) -> Refusal:
    error = said.get("error", said)
    return Refusal(f"llama.cpp does not go on ({error.get('message', error)}); ask again.")
