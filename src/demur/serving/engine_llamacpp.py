"""The engine on llama.cpp, through xllamacpp: the same base and merged adapter, in less time.

llama.cpp computes, in a process of its own, and never chooses: each step asks it for the likeliest
words and their probabilities, and the counts, the dice and the gate are as everywhere. What it
does not name is taken to share what is left evenly (decision 0090). It is given numbers of tokens
and no text. The adapter is handed over in a file that no folder lists: nothing is left lying about.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

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
        _refuse_where_it_cannot_run()
        self._base, self._recipe, self._threads = base, recipe, threads
        self._file = file or base_file(base)
        self._size = int(settings_of(base)["vocab_size"])
        self._named = named
        self.stops = stops(base)
        self._carried: str | None = None
        self._process: _Process | None = None

    @property
    def pid(self) -> int | None:
        """Of the process that computes, for whoever counts what it costs."""
        return self._process.pid if self._process else None

    def step(self, adapter: Merged | None, asked: Sequence[Asked]) -> list[Probabilities]:
        process = self._carry(adapter)
        prompts = [[*each.before, *each.tokens] for each in asked]
        try:
            came = process.ask({"prompts": prompts, "named": self._named})
        except (OSError, EOFError) as gone:
            self.close()
            raise Refusal("llama.cpp ended in the middle of an answer; ask again.") from gone
        return [self._probabilities(*row) for row in came.reshape(len(asked), 2, -1)]

    def forget(self, row: int) -> None:
        """What a slot has read stays in it, unread, until the next conversation takes its place."""

    def close(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    def _probabilities(self, words: NDArray[Any], logarithms: NDArray[Any]) -> Probabilities:
        """[vocabulary]: the named words' own, and of the rest an equal share each."""
        theirs = np.exp(logarithms)
        others = max(0.0, 1.0 - float(theirs.sum()))
        p: Probabilities = np.full(self._size, others / max(1, self._size - len(words)))
        p[words.astype(np.int64)] = theirs
        p /= p.sum()
        return p

    def _carry(self, adapter: Merged | None) -> _Process:
        """Take up this adapter. llama.cpp reads one only while it starts, so it starts again."""
        wanted = adapter.digest if adapter else None
        if self._process is None or wanted != self._carried:
            self.close()  # before the next one: two of them may not fit into memory
            self._process = self._start(adapter)
            self._carried = wanted
        return self._process

    def _start(self, adapter: Merged | None) -> _Process:
        settings = {
            "model": str(self._file),
            "context": CONTEXT,
            "readers": READERS,
            "threads": self._threads,
            "adapter": "",
        }
        if adapter is None or self._recipe is None:
            return _Process(settings)
        with _nameless() as (file, number):
            write_adapter(self._base, self._recipe, adapter, file)
            return _Process(settings | {"adapter": str(file)}, inherits=number)


class _Process:
    """llama.cpp in a process of its own. It ends with us, however we end."""

    def __init__(self, settings: dict[str, Any], *, inherits: tuple[int, ...] = ()) -> None:
        here, there = socket.socketpair()
        with there:
            words = json.dumps(settings | {"socket": there.fileno()})
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("llama_process.py")), words],
                pass_fds=(there.fileno(), *inherits),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the server, which ends this in order
            )
        self._line = Connection(here.detach())
        self.pid = self._process.pid
        try:
            self._line.recv_bytes()
        except EOFError as gone:
            self.end()
            raise SiteUnusable(
                f"llama.cpp does not start with {settings['model']} (exit code "
                f'{self._process.returncode}); remove that file, or set `engine = "torch"` under '
                "[model]."
            ) from gone

    def ask(self, wish: dict[str, Any]) -> NDArray[np.float64]:
        self._line.send_bytes(json.dumps(wish).encode())
        said = self._line.recv_bytes()
        if said[:1] != b".":
            raise Refusal(f"llama.cpp does not go on ({said[1:300].decode()}); ask again.")
        return np.frombuffer(said, np.float64, offset=1)

    def end(self) -> None:
        self._line.close()
        self._process.kill()
        self._process.wait()


def _refuse_where_it_cannot_run() -> None:
    """The wheel is compiled for AVX2, and without it ends where it begins."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise SiteUnusable(
            "llama.cpp is not here; install it with `pip install xllamacpp`, or set "
            '`engine = "torch"` under [model].'
        )
    old = torch.backends.cpu.get_cpu_capability() == "DEFAULT"
    if old and platform.machine() in ("x86_64", "AMD64"):
        raise SiteUnusable(
            'This processor has no AVX2, which llama.cpp needs here; set `engine = "torch"` under '
            "[model]."
        )


@contextmanager
def _nameless() -> Iterator[tuple[Path, tuple[int, ...]]]:
    """A file in memory that no folder lists, and its number for a process that is to read it.

    Where the system has none: one in a folder of ours that is removed at once.
    """
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("adapter")
        try:
            yield Path(f"/proc/self/fd/{number}"), (number,)
        finally:
            os.close(number)
    else:
        with tempfile.TemporaryDirectory(prefix="demur-") as folder:
            yield Path(folder) / "adapter.gguf", ()
