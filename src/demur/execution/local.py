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


def processes(count: int, *, ready: Sequence[str] = ()) -> Map:
    """Over `count` processes of one thread each, forked from one that has imported the modules
    `ready` and has done nothing else: a fork of this one would inherit the locks of whatever
    threads run here, and a Python started anew takes seconds to load torch.

    Who is asked first says what is ready, for as long as this process lives.
    """

    def over_processes(function: Callable[[T], R], tasks: Sequence[T], /) -> Iterator[R]:
        context = get_context("forkserver")
        context.set_forkserver_preload([*ready])
        with ProcessPoolExecutor(count, mp_context=context) as pool:
            yield from pool.map(function, tasks)

    return over_processes
