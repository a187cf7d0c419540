"""Where a map over shards runs changes nothing about what comes of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from demur.execution.local import Map, in_process, processes

sys.path[:0] = [str(Path(__file__).parents[1] / "corpus")]


def length(word: str) -> tuple[int, int]:
    return len(word), os.getpid()


def broken(word: str) -> int:
    raise ValueError(word)


def test_results_come_in_the_order_of_the_tasks() -> None:
    assert [size for size, _ in in_process(length, ["a", "bbb", "cc"])] == [1, 3, 2]


def test_processes_are_others_and_give_the_same() -> None:
    words = [str(10**number) for number in range(8)]
    there = list(processes(2)(len, words))
    assert there == list(in_process(len, words))
    assert set(processes(1)(os.getenv, ["DEMUR_NOT_SET"])) == {None}


def test_what_fails_there_fails_here() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(processes(1)(int, ["seven"]))
    with pytest.raises(ValueError, match="b"):
        list(in_process(broken, ["b"]))


def built_by(execution: Map, folder: Path) -> list[str]:
    from corpus_town import Town

    from demur.corpus import build

    town = Town(folder)
    for name in ("anna", "bob", "cor", "dirk", "els"):
        town.person(name)
        town.put(town.post(name, f"Dag @anna, zegt {name} hier op het plein vandaag."))
    town.objects("anna")
    before, build.GROUP = build.GROUP, 1
    try:
        return [manifest.root for manifest in town.build(execution=execution)]
    finally:
        build.GROUP = before


def test_a_build_over_processes_keeps_the_same(tmp_path: Path) -> None:
    here = built_by(in_process, tmp_path / "here")
    assert built_by(processes(2), tmp_path / "there") == here


@pytest.mark.ray
def test_a_build_over_a_ray_cluster_keeps_the_same(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    from demur.execution.ray import cluster

    here = built_by(in_process, tmp_path / "here")
    assert built_by(cluster(), tmp_path / "there") == here
