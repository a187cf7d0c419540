"""What the law says about one post: an outcome, with every reason for it.

All rules are asked, because lifting one reason must not hide another, and the strictest outcome
wins. Whoever has stored decisions as a bitmask gets the same value back from `of_mask`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demur.policy.clause import Outcome, Rule, truth
from demur.policy.facts import PlainFacts, as_terms
from demur.policy.rules import RULES
from demur.policy.version import policy_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule that applies. Its sentences for people are in `policy.wording`."""

    rule: str
    outcome: Outcome
    law: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`policy` is the hash of the rules and regimes that decided."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    policy: str


def decide(facts: PlainFacts, *, policy: str | None = None) -> Decision:
    """Decide one post. policy: the hash to write down where the operator's regimes are in force."""
    terms = as_terms(facts)
    return _because([rule for rule in RULES if truth(rule.applies(terms))], policy)


def of_mask(mask: int, *, policy: str | None = None) -> Decision:
    """The decision that `mask_of` wrote as a number, under the rules of this version."""
    return _because([rule for bit, rule in enumerate(RULES) if mask >> bit & 1], policy)


def mask_of(decision: Decision) -> int:
    """All reasons as one number: bit i stands for the i-th rule."""
    names = {reason.rule for reason in decision.reasons}
    return sum(1 << bit for bit, rule in enumerate(RULES) if rule.name in names)


def _because(rules: Sequence[Rule], policy: str | None) -> Decision:
    reasons = tuple(
        Reason(rule=rule.name, outcome=rule.outcome, law=rule.law, says=rule.says) for rule in rules
    )
    outcome = max((r.outcome for r in rules), key=lambda o: o.severity, default=Outcome.TRAIN)
    return Decision(outcome=outcome, reasons=reasons, policy=policy or policy_hash())
