"""What the law says about one post: for what it may be used, with every reason against.

All rules are asked, because lifting one reason must not hide another. Each withholds every use or
some; what none of them withholds remains, and a post of which nothing remains is excluded.
Whoever has stored decisions as a bitmask gets the same value back from `of_mask`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demur.people import Use
from demur.policy.clause import ALL, Outcome, Rule, truth
from demur.policy.facts import PlainFacts, as_terms
from demur.policy.rules import RULES
from demur.policy.version import policy_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule that applies. Its sentences for people are in `policy.wording`."""

    rule: str
    outcome: Outcome
    uses: frozenset[Use]  # what it withholds
    law: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`uses` is what remains. `policy` is the hash of the rules and regimes that decided."""

    outcome: Outcome
    uses: frozenset[Use]
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
        Reason(rule=rule.name, outcome=rule.outcome, uses=rule.uses, law=rule.law, says=rule.says)
        for rule in rules
    )
    uses = ALL.difference(*(rule.uses for rule in rules))
    if not uses:
        outcome = Outcome.EXCLUDE
    elif any(rule.outcome is Outcome.REDACT for rule in rules):
        outcome = Outcome.REDACT
    else:
        outcome = Outcome.TRAIN
    return Decision(outcome=outcome, uses=uses, reasons=reasons, policy=policy or policy_hash())
