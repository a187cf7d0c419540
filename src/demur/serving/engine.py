"""The engine: one token after another, and before each one the question whether it still may.

The base model with the merged adapter beside it as a low-rank path: the base's own weights are
never written to, so putting another adapter in cannot leave anything of the last one behind. One
answer at a time, others wait their turn. It knows neither people nor posts: what counts say comes
through `over`, what stands through `still`.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from demur.serving.merge import Merged
from demur.training.base import BaseModel
from demur.training.lora import Lora, attach
from demur.training.recipe import Recipe
from demur.training.student import decoder_of, load

Probabilities = NDArray[np.float64]
Over = Callable[[Sequence[int], Probabilities], Probabilities]
Finish = Literal["stop", "length", "standing-changed"]

CHUNK = 64
"""Prompt tokens between two questions: about a quarter of a second on one core."""
MEMORY = 64  # how far back a repeated word is noticed
WEARINESS = 1.15  # each time it was said in that stretch, a word gets this much less likely
RUN = 4  # words in a row that are not said twice in one answer: small models loop


class Engine:
    """A base model that speaks. `recipe` says which adapters it can carry; None: only itself."""

    def __init__(self, base: BaseModel, recipe: Recipe | None, *, threads: int) -> None:
        torch.set_num_threads(threads)
        self.base = base
        self._model = load(base)
        self._adapters: dict[str, Lora] = {}
        if recipe is not None:
            layers = list(enumerate(cast(nn.ModuleList, decoder_of(self._model).layers)))
            below = max(1, len(layers) - recipe.layers)
            self._adapters = attach(layers[below:], recipe)
        self._carried: str | None = None
        self._carry(None)
        marks = base.tokenizer().get_added_tokens_decoder()
        self._stops = {number for number, token in marks.items() if token.special}
        self._stops.add(base.separator)
        self._turns = _Turns()

    def stream(
        self,
        prompt: Sequence[int],
        *,
        adapter: Merged | None,
        over: Over | None,
        still: Callable[[], bool],
        max_tokens: int,
        temperature: float,
        top_k: int,
        top_p: float,
        seed: int,
    ) -> Generator[int, None, Finish]:
        """Yield tokens until the answer ends; return how it ended.

        over: lays other probabilities [vocabulary] over the model's own, given all tokens so far.
        still: may it go on? Asked before the prompt is read, before each token is computed and
            again before it is handed out.
        temperature: 0 always takes the likeliest. The same seed gives the same answer.
        Close the generator when nobody listens any more: the next answer waits for it.
        """
        dice = np.random.default_rng(seed)
        with self._turns.mine():
            self._carry(adapter)
            reading = _Reading(self._model)
            for at in range(0, len(prompt), CHUNK):
                if not still():
                    return "standing-changed"
                logits = reading.read(prompt[at : at + CHUNK])
            said: list[int] = []
            while len(said) < max_tokens:
                p = _softmax(logits)
                if over is not None:
                    p = over([*prompt, *said], p)
                token = _choose(_weary(p, said), dice, temperature, top_k, top_p)
                if not still():
                    return "standing-changed"
                if token in self._stops:
                    return "stop"
                said.append(token)
                yield token
                if not still():
                    return "standing-changed"
                if len(said) < max_tokens:
                    logits = reading.read([token])
            return "length"

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


class _Reading:
    """What the model has read of one conversation; it goes with the answer."""

    def __init__(self, model: Any) -> None:
        from transformers import DynamicCache  # noqa: PLC0415 (2 s to import)

        self._model = model
        self._cache = DynamicCache(config=model.config)

    @torch.inference_mode()
    def read(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Read on; logits [vocabulary] of what comes next."""
        seen = self._model(
            input_ids=torch.tensor([list(tokens)]),
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return cast(NDArray[np.float32], seen.logits[0, -1].numpy())


def _softmax(logits: NDArray[np.float32]) -> Probabilities:
    weights: Probabilities = np.exp(logits.astype(np.float64) - float(logits.max()))
    weights /= weights.sum()
    return weights


def _weary(p: Probabilities, said: Sequence[int]) -> Probabilities:
    """Make what was just said less likely, and a run of words said before impossible."""
    p = p.copy()
    for token, times in Counter(said[-MEMORY:]).items():
        p[token] /= WEARINESS**times
    ending = tuple(said[len(said) - RUN + 1 :])
    for at in range(len(said) - RUN + 1):
        if tuple(said[at : at + RUN - 1]) == ending:
            p[said[at + RUN - 1]] = 0.0
    return p


def _choose(
    p: Probabilities, dice: np.random.Generator, temperature: float, top_k: int, top_p: float
) -> int:
    """Draw among the top_k likeliest, or fewer where those reach top_p together."""
    if temperature <= 0.0:
        return int(p.argmax())
    likely = np.argsort(-p, kind="stable")[:top_k]
    weights = (p[likely] / p[likely[0]]) ** (1.0 / temperature)
    weights /= weights.sum()
    reach = np.cumsum(weights)
    reach = reach[: int(np.searchsorted(reach, top_p)) + 1]
    drawn = int(np.searchsorted(reach, dice.random() * reach[-1], side="right"))
    return int(likely[min(drawn, len(reach) - 1)])


class _Turns:
    """Whoever came first speaks first; a plain lock would let anybody jump the queue."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def mine(self) -> Iterator[None]:
        turn = threading.Event()
        with self._lock:
            self._waiting.append(turn)
            if self._waiting[0] is turn:
                turn.set()
        turn.wait()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.popleft()
                if self._waiting:
                    self._waiting[0].set()
