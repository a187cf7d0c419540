"""A new ability is registered with the gate, or this fails."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from demur import assistant as abilities
from demur.assistant.answer import Assistant
from demur.serving.gate import SURFACES


def test_whatever_is_given_the_assistant_is_a_surface_of_the_gate() -> None:
    """Who asks the assistant can repeat somebody's words: the gate's list must name them."""
    asking = set()
    for found in pkgutil.walk_packages(abilities.__path__, "demur.assistant."):
        module = importlib.import_module(found.name)
        asking |= {
            function
            for name, function in inspect.getmembers(module, inspect.isfunction)
            if not name.startswith("_")
            and function.__module__ == module.__name__
            and any(
                Assistant.__name__ in str(parameter.annotation)
                for parameter in inspect.signature(function).parameters.values()
            )
        }
    assert asking, "the abilities have moved; look for them where they are now"
    assert asking <= set(SURFACES.values())
