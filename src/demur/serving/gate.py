"""The gate: who may speak right now.

Before each answer it asks who objects, before each token whether anything has changed since. It
remembers nothing, and where nobody can say who objects it lets nobody's words through.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, TypeVar

from demur.errors import StandingUnreadable
from demur.people import InForce, Standing

Function = TypeVar("Function", bound=Callable[..., Any])

_surfaces: dict[str, Callable[..., Any]] = {}
SURFACES = MappingProxyType(_surfaces)
"""Every function that could repeat a person's words, by name: chat, search, trace, exports …
A test asks each of them after an objection; one that is not here fails another test."""


class Gate:
    """Stands between people's words and whoever asks for them."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def ask(self) -> InForce:
        """What stands now; to be asked for each answer anew.

        Raises StandingUnreadable. Then the base model may speak, and nobody's words.
        """
        return self._standing.in_force()

    def unchanged(self, in_force: InForce) -> bool:
        """Does what was asked still stand? One read; False where that cannot be known."""
        try:
            return self._standing.epoch() == in_force.epoch
        except StandingUnreadable:
            return False


def surface(name: str) -> Callable[[Function], Function]:
    """Register the function below as one that could repeat a person's words.

    ```python
    @surface("search")
    def search(self, text: str) -> list[Hit]: ...
    ```
    """

    def register(function: Function) -> Function:
        if (known := _surfaces.get(name)) and known.__qualname__ != function.__qualname__:
            raise ValueError(f"two surfaces are called {name}: {known} and {function}")
        _surfaces[name] = function
        return function

    return register
