"""A map over shards on a Ray cluster. It needs the extra `ray` and a file system that all of its
machines share, since tasks read and write the site folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from demur.execution.local import Map

T = TypeVar("T")
R = TypeVar("R")


def cluster(address: str | None = None) -> Map:
    """Over the cluster at `address`; None starts one on this machine, for as long as we live.

    Each task asks for one CPU. The results come in the order of the tasks.
    """

    def over_ray(function: Callable[[T], R], tasks: Sequence[T], /) -> Iterator[R]:
        import ray  # noqa: PLC0415  (an extra: whoever builds on one machine has no need of it)

        if not ray.is_initialized():
            ray.init(address=address, include_dashboard=False, log_to_driver=False)
        remote = ray.remote(num_cpus=1)(function)
        for result in [remote.remote(task) for task in tasks]:
            yield ray.get(result)

    return over_ray
