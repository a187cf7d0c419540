"""Plain values inside a rule: what they refuse, so that a rule cannot be quietly wrong."""

from __future__ import annotations

from datetime import date

import pytest

from demur.policy.clause import Value, truth


def test_not_true_is_false_and_not_minus_two() -> None:
    assert truth(~Value(True)) is False
    assert truth(~(Value("a") == "b")) is True


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: Value("locked") == True,  # noqa: E712
        lambda: Value(True) == "true",
        lambda: Value(date(2026, 1, 1)) < "2026-02-01",
        lambda: ~Value("a"),
        lambda: Value(True) | "yes",
        lambda: Value(True) & Value("yes"),
        lambda: Value(True) and Value(False),
        lambda: Value(None) == Value(None),  # type: ignore[arg-type]
        lambda: truth(True),
        lambda: truth(Value("x")),
    ],
)
def test_a_rule_that_compares_apples_with_pears_is_told_so(mistake: object) -> None:
    assert callable(mistake)
    with pytest.raises(TypeError):
        mistake()
