"""Draws the line of `demur.assistant.guarding.sense` between the examples of `sense.toml`, and of
those attacks on the guard that were seen while its rules were written.

    python benchmarks/sense.py [--posts ../shared/data/community]

Logistic regression on the vectors of the examples, by L-BFGS: one line between what is after a
person and what is not, and one a kind between the kinds. The line is then moved until two in a
hundred ordinary examples that it had not seen (ten folds) lie on the wrong side. What it is worth
is told by `guard.py`, on questions of another hand that are not in here. With --posts: how many
questions that people really asked lie beyond it.
"""

from __future__ import annotations

import argparse
import json
import random
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from demur.assistant.guarding import asking, sense

HERE = Path(__file__).parent
TESTS = HERE.parent / "tests" / "assistant"
FILES = (HERE / "sense.toml", TESTS / "attacks.toml", TESTS / "once_held_out.toml")
SHIPPED = Path(sense.__file__).with_name("sense.safetensors")
ORDINARY = "ordinary"
WRONG = 0.02  # of the ordinary examples that it had not seen
SMALL = 3e-5  # what a weight costs
FOLDS = 10

Floats = NDArray[np.float64]


def examples() -> Iterator[tuple[str, str]]:
    """Each sentence with its kind."""
    for file in FILES:
        given = tomllib.loads(file.read_text("utf-8"))
        for kind, by_language in given["asked"].items():
            yield from ((text, kind) for every in by_language.values() for text in every)
        yield from ((text, ORDINARY) for every in given[ORDINARY].values() for text in every)


def line(found: Floats, is_one: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Weights [SIZE] and bias between these and the others, however many there are of each."""
    at, wanted = torch.tensor(found), torch.tensor(is_one, dtype=torch.float64)
    weights = torch.zeros(found.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    rarer = torch.tensor((~is_one).sum() / is_one.sum())
    steps = torch.optim.LBFGS([weights, bias], max_iter=300, line_search_fn="strong_wolfe")

    def cost() -> torch.Tensor:
        steps.zero_grad()
        wrong = torch.nn.functional.binary_cross_entropy_with_logits(
            at @ weights + bias, wanted, pos_weight=rarer
        )
        total = wrong + SMALL * (weights**2).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    steps.step(cost)  # type: ignore[no-untyped-call]
    return weights.detach().numpy(), bias.item()


def unseen(found: Floats, is_one: NDArray[np.bool_]) -> Floats:
    """How far each example lies beyond the line that was drawn without its fold."""
    far = np.zeros(len(found))
    order = np.random.default_rng(0).permutation(len(found))
    for fold in np.array_split(order, FOLDS):
        rest = np.setdiff1d(order, fold)
        weights, bias = line(found[rest], is_one[rest])
        far[fold] = found[fold] @ weights + bias
    return far


def asked_by_people(community: Path, count: int = 600) -> Iterator[tuple[str, list[str]]]:
    """By language: questions out of the posts, drawn by lot."""
    found: dict[str, list[str]] = {"nl": [], "en": []}
    for row in map(json.loads, (community / "posts.jsonl").open(encoding="utf-8")):
        text = (row.get("text") or "").strip()
        if text.endswith("?") and 15 < len(text) < 160 and row["lang"] in found:
            found[row["lang"]].append(text)
    for language, every in found.items():
        yield language, random.Random(1).sample(every, min(count, len(every)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=Path, help="the community's folder")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    texts, kinds = zip(*examples(), strict=True)
    kind = np.array(kinds)
    vectors = sense.vectors(list(texts)).astype(np.float64)
    middle = vectors.mean(axis=0)
    found, is_asked = vectors - middle, kind != ORDINARY
    far = unseen(found, is_asked)
    wrong = float(np.quantile(far[~is_asked], 1 - WRONG))
    print(f"{is_asked.sum()} asked, {(~is_asked).sum()} ordinary; of the asked"
          f" {(far > wrong)[is_asked].mean():.2f} beyond the line, unseen")  # fmt: skip
    asks, bias = line(found, is_asked)
    drawn = {"asks": asks, "asks.bias": np.array([bias - wrong - asks @ middle])}
    known = np.isin(kind, sense.KINDS)
    each = [line(found[known], kind[known] == one) for one in sense.KINDS]
    drawn["kind"] = np.stack([weights for weights, _ in each])
    drawn["kind.bias"] = np.array([bias - weights @ middle for weights, bias in each])
    save_file({name: values.astype(np.float32) for name, values in drawn.items()}, SHIPPED)
    if asked.posts:
        for language, every in asked_by_people(asked.posts):
            beyond = [text for text in every if sense.reason(text)]
            alone = [text for text in beyond if not asking.reason(text)]
            print(f"\n{language}: {len(beyond)} of {len(every)} questions that people asked lie"
                  f" beyond it, {len(alone)} of them by no rule:")  # fmt: skip
            print("\n".join(f"- {text}" for text in alone))


if __name__ == "__main__":
    main()
