"""A map over shards on this machine: in this process, or in a few processes beside it.

A task is a function at the top of a module and a value that can be pickled; tasks exchange
nothing. What a task does is none of this room's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Map(Protocol):
    """Apply a function to every task; the results come in the order of the tasks."""

    def __call__(self, function: Callable[[T], R], tasks: Sequence[T], /) -> Iterator[R]: ...


def in_process(function: Callable[[T], R], tasks: Sequence[T], /) -> Iterator[R]:
    """One task after the other, here."""
    return map(function, tasks)


def processes(count: int) -> Map:
    """Over `count` processes of one thread each. They are spawned, since a fork would inherit the
    locks of whatever threads run here; the first task of each costs the start of a Python."""

    def over_processes(function: Callable[[T], R], tasks: Sequence[T], /) -> Iterator[R]:
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            yield from pool.map(function, tasks)

    return over_processes
