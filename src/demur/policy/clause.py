"""What a rule is: a clause in words, the law behind it, and one expression over facts.

A rule's body is written with `&`, `|`, `~` and comparisons alone, so that the same function runs
over the columns of ten million posts and over the facts of one. This module holds the two things
that make this safe for plain values: `Value`, which obeys exactly those operators, and `rule`,
which turns a function into an entry of the law. It decides nothing itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from demur.people import Use

if TYPE_CHECKING:
    from demur.policy.facts import Facts

Plain = bool | str | date

ALL = frozenset(Use)
"""Most rules withhold a post from every use."""


class Outcome(StrEnum):
    """What becomes of a post, from mildest to strictest."""

    TRAIN = "train"  # it may be used; `Decision.uses` says for what
    REDACT = "redact"  # likewise, with the objector's name masked
    EXCLUDE = "exclude"  # no use of it remains

    @property
    def severity(self) -> int:
        """0, 1 or 2: how `decisions.parquet` writes it; the greatest wins."""
        return list(Outcome).index(self)


class Term(Protocol):  # noqa: PLW1641  (terms are combined, never put in a set)
    """What a rule may do with a fact: a `Value` does it, and so does a DuckDB expression."""

    def __eq__(self, other: Any) -> Term: ...  # type: ignore[override]
    def __ne__(self, other: Any) -> Term: ...  # type: ignore[override]
    def __lt__(self, other: Any) -> Term: ...
    def __le__(self, other: Any) -> Term: ...
    def __gt__(self, other: Any) -> Term: ...
    def __ge__(self, other: Any) -> Term: ...
    def __and__(self, other: Any) -> Term: ...
    def __or__(self, other: Any) -> Term: ...
    def __invert__(self) -> Term: ...


class Value:
    """One known fact under the operators of a rule.

    Plain Python values would not do: `~True` is -2 and `"a" == 3` is quietly false; numpy's would
    not either, since comparing `numpy.str_` gives a Python bool again. Here `~` and `&` want
    truths, a comparison wants two values of one type, and using a term as an `if` condition is an
    error, as it is in DuckDB. There is no null: what is unknown has a fact of its own.
    """

    __slots__ = ("held",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, held: Plain) -> None:
        self.held = held

    def __repr__(self) -> str:
        return f"Value({self.held!r})"

    def __bool__(self) -> bool:
        raise TypeError("a fact has no truth value inside a rule; combine with & | ~ instead")

    def __eq__(self, other: object) -> Value:  # type: ignore[override]
        return Value(self.held == self._alike(other))

    def __ne__(self, other: object) -> Value:  # type: ignore[override]
        return Value(self.held != self._alike(other))

    def __lt__(self, other: object) -> Value:
        return Value(self.held < self._alike(other))  # type: ignore[operator]

    def __le__(self, other: object) -> Value:
        return Value(self.held <= self._alike(other))  # type: ignore[operator]

    def __gt__(self, other: object) -> Value:
        return Value(self.held > self._alike(other))  # type: ignore[operator]

    def __ge__(self, other: object) -> Value:
        return Value(self.held >= self._alike(other))  # type: ignore[operator]

    def __and__(self, other: object) -> Value:
        return Value(truth(self) and truth(other))

    def __or__(self, other: object) -> Value:
        # Both sides are evaluated: a fact of the wrong type must not hide behind a true one.
        left, right = truth(self), truth(other)
        return Value(left or right)

    def __invert__(self) -> Value:
        return Value(not truth(self))

    def _alike(self, other: object) -> Plain:
        held = other.held if isinstance(other, Value) else other
        for kind in (bool, str, date):
            if isinstance(self.held, kind) and isinstance(held, kind):
                return held
        raise TypeError(f"a rule compared {self.held!r} with {held!r}, which is not of its kind")


def truth(term: object) -> bool:
    """The answer of a rule over plain values; a `TypeError` for anything that is not a truth."""
    held = term.held if isinstance(term, Value) else None
    if not isinstance(held, bool):
        raise TypeError(f"a rule must give a truth, not {term!r}; use comparisons and & | ~ alone")
    return held


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of the law. `says` is the clause that members and lawyers read."""

    name: str
    says: str
    more: str  # the rest of the docstring: why, or what it does not cover
    law: str
    since: date
    outcome: Outcome
    uses: frozenset[Use]  # withheld where it applies; none where the outcome is REDACT
    applies: Callable[[Facts], Term]
    source: str


def rule(
    *,
    law: str,
    since: date,
    outcome: Outcome = Outcome.EXCLUDE,
    uses: frozenset[Use] = ALL,
) -> Callable[[Callable[[Facts], Term]], Rule]:
    """Make a function of facts into a `Rule`, named after it.

    law: the article, or the promise, it stands on. since: from when that has applied; it is shown
    in docs/policy.md and decides nothing, because what is in the file is in force. uses: what a
    post to which it applies is withheld from.
    """

    def make(applies: Callable[[Facts], Term]) -> Rule:
        says, _, more = inspect.cleandoc(applies.__doc__ or "").partition("\n\n")
        return Rule(
            name=applies.__name__.replace("_", "-"),
            says=" ".join(says.split()),
            more=" ".join(more.split()),
            law=law,
            since=since,
            outcome=outcome,
            uses=uses if outcome is Outcome.EXCLUDE else frozenset(),
            applies=applies,
            source=inspect.getsource(applies),
        )

    return make
