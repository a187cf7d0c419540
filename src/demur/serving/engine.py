"""The engine: one token after another, and before each one the question whether it still may.

What the assistant asks of whatever computes (`Engine`), and the rules by which every engine that
hands over probabilities draws from them. An engine knows neither people nor posts: what counts
say comes through `over`, what stands through `still`, what the guard never wants said through
`refuses`. Nothing here computes a probability.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from demur.serving.merge import Merged
from demur.training.base import BaseModel

Probabilities = NDArray[np.float64]
Over = Callable[[Sequence[int], Probabilities], Probabilities]
Refuses = Callable[[Sequence[int]], bool]
Finish = Literal["stop", "length", "standing-changed"]
Kind = Literal["auto", "torch", "llamacpp", "vllm"]
"""auto: llama.cpp where it reads the base, torch for every other (decision 0091)."""

READERS = 4
"""Conversations that one engine reads on in together. Each more costs memory and slows the
others; what is gained by the next one is in docs/benchmarks.md, "Engines"."""

CONTEXT = 4096
"""Tokens of one conversation, question and answer. The default base was taught to read 8,192, but
four of those would take 750 MB in llama.cpp."""

MEMORY = 64  # how far back a repeated word is noticed
WEARINESS = 1.15  # each time it was said in that stretch, a word gets this much less likely
RUN = 4  # words in a row that are not said twice in one answer: small models loop
TRIES = 32  # refused words, one after another, after which an answer ends where it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Which engine a site wants: `[model] engine` and `server` in its settings.

    server: the address of a vLLM server. key: what it wants in `Authorization`, or nothing.
    """

    kind: Kind = "auto"
    server: str = ""
    key: str = field(default="", repr=False)


class Engine(Protocol):
    """A base model that speaks. Safe to use from several threads, one answer each."""

    def stream(
        self,
        prompt: Sequence[int],
        *,
        adapter: Merged | None,
        over: Over | None,
        still: Callable[[], bool],
        refuses: Refuses | None = None,
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
        refuses: may what was said so far, with the candidate last, not be said? Then the next
            likeliest is taken; an answer for which TRIES words are refused in a row ends there.
        temperature: 0 always takes the likeliest. The same seed gives the same answer.
        Close the generator when nobody listens any more: others wait for its place.
        """
        ...

    def close(self) -> None:
        """Give back what it holds; nobody may be speaking."""
        ...


def utter(
    read: Callable[[Sequence[int]], Probabilities],
    prompt: Sequence[int],
    *,
    chunk: int,
    stops: frozenset[int],
    over: Over | None,
    still: Callable[[], bool],
    refuses: Refuses | None,
    max_tokens: int,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int,
) -> Generator[int, None, Finish]:
    """`Engine.stream` for whatever can read on and say what may come next.

    read: reads these tokens after those before; probabilities [vocabulary] of the next one.
    chunk: prompt tokens between two questions whether it still may.
    """
    dice = np.random.default_rng(seed)
    for at in range(0, len(prompt), chunk):
        if not still():
            return "standing-changed"
        own = read(prompt[at : at + chunk])
    said: list[int] = []
    while len(said) < max_tokens:
        p = own if over is None else over([*prompt, *said], own)
        token = choose(
            weary(p, said),
            dice,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            refused=_refused(refuses, said, stops),
        )
        if not still():
            return "standing-changed"
        if token is None or token in stops:
            return "stop"
        said.append(token)
        yield token
        if not still():
            return "standing-changed"
        if len(said) < max_tokens:
            own = read([token])
    return "length"


def stops(base: BaseModel) -> frozenset[int]:
    """The tokens that end an answer: the marks of the base, and what stands between two texts."""
    marks = base.tokenizer().get_added_tokens_decoder()
    return frozenset([base.separator, *(n for n, token in marks.items() if token.special)])


def _refused(
    refuses: Refuses | None, said: Sequence[int], stops: frozenset[int]
) -> Callable[[int], bool]:
    if refuses is None:
        return lambda _: False
    return lambda token: token not in stops and refuses([*said, token])


def softmax(logits: NDArray[np.float32]) -> Probabilities:
    weights: Probabilities = np.exp(logits.astype(np.float64) - float(logits.max()))
    weights /= weights.sum()
    return weights


def weary(p: Probabilities, said: Sequence[int]) -> Probabilities:
    """Make what was just said less likely, and a run of words said before impossible."""
    p = p.copy()
    for token, times in Counter(said[-MEMORY:]).items():
        p[token] /= WEARINESS**times
    ending = tuple(said[len(said) - RUN + 1 :])
    for at in range(len(said) - RUN + 1):
        if tuple(said[at : at + RUN - 1]) == ending:
            p[said[at + RUN - 1]] = 0.0
    return p


def says_again(said: Sequence[int], token: int) -> bool:
    """Would this token end a run of words that was said before? As in `weary`, for one token."""
    run = (*said[len(said) - RUN + 1 :], token) if len(said) >= RUN - 1 else ()
    return any(tuple(said[at : at + RUN]) == run for at in range(len(said) - RUN + 1))


def choose(
    p: Probabilities,
    dice: np.random.Generator,
    *,
    temperature: float,
    top_k: int,
    top_p: float,
    refused: Callable[[int], bool],
) -> int | None:
    """Draw among the top_k likeliest, or fewer where those reach top_p together.

    What is refused is struck out (of `p` too) and drawn again without it; None: nothing is left.
    """
    for _ in range(TRIES):
        token = _draw(p, dice, temperature, top_k, top_p)
        if p[token] <= 0.0:
            return None
        if not refused(token):
            return token
        p[token] = 0.0
    return None


def _draw(
    p: Probabilities, dice: np.random.Generator, temperature: float, top_k: int, top_p: float
) -> int:
    if temperature <= 0.0:
        return int(p.argmax())
    likely = _likeliest(p, top_k)
    weights = (p[likely] / p[likely[0]]) ** (1.0 / temperature)
    weights /= weights.sum()
    reach = np.cumsum(weights)
    reach = reach[: int(np.searchsorted(reach, top_p)) + 1]
    drawn = int(np.searchsorted(reach, dice.random() * reach[-1], side="right"))
    return int(likely[min(drawn, len(reach) - 1)])


def _likeliest(p: Probabilities, count: int) -> NDArray[Any]:
    """The `count` likeliest, likeliest first, of equals the first; a full sort takes ten times."""
    if count >= len(p):
        return np.argsort(-p, kind="stable")
    few = np.flatnonzero(p >= np.partition(p, len(p) - count)[len(p) - count])
    return few[np.argsort(-p[few], kind="stable")][:count]
