"""docs/policy.md, made from the rules and regimes themselves so that it cannot say otherwise.

python -c "from demur.policy import document; print(document.render(), end='')" > docs/policy.md
"""

from __future__ import annotations

from collections.abc import Iterator

from demur.people import Use
from demur.policy import regimes, wording
from demur.policy.clause import ALL, Outcome, Rule
from demur.policy.regimes import ELSEWHERE, Regime
from demur.policy.rules import RULES
from demur.policy.version import policy_hash

_OPENING = """\
# The law of this house

This page is generated from `src/demur/policy/rules.py` and `regimes.toml`; a test holds it equal.
Every rule is asked about every post. All that apply are kept as reasons and shown to the person.
There are four uses: {uses}. A post to which no rule
applies may be used for all of them.

- A rule without a mark withholds the post from every use.
- **→ not for …** withholds it from that use; a post of which no use remains is excluded.
- **→ redact**: the post is used with the mention masked.

The day beside a rule says since when the law behind it has applied; the rule itself is in force
because it stands here. What is unknown excludes, under a reason of its own.
"""

_CHOICES = {"opt-out": "used unless you object", "opt-in": "used only if you say yes"}
_OBJECTIONS = {"right": "every No is accepted", "proof": "on proof, or as the operator chooses"}


def render() -> str:
    """The whole page, as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    *uses, last = (wording.use(use, "en") for use in Use)
    yield _OPENING.format(uses=f"{', '.join(uses)} and {last}")
    yield f"Policy hash: `{policy_hash()}`\n"
    yield "## Rules\n"
    for number, rule in enumerate(RULES, start=1):
        yield from _rule(number, rule)
    yield "## Regimes\n"
    yield "| regime | law | since | choice | objection | adult | notice | from | posts since |"
    yield "|---|---|---|---|---|---|---|---|---|"
    entries = regimes.load().entries
    yield from map(_regime, entries)
    yield "\n### Countries and the languages of the notice\n"
    for regime in entries:
        spoken = (
            f"{'all others' if country == ELSEWHERE else country} ({', '.join(languages)})"
            for country, languages in regime.countries.items()
        )
        yield f"- {regime.name}: {', '.join(spoken)}"


def _rule(number: int, rule: Rule) -> Iterator[str]:
    mark = "" if rule.outcome is Outcome.EXCLUDE else f" → {rule.outcome}"
    if rule.uses not in (ALL, frozenset()):
        mark = " → not for " + " or ".join(wording.use(u, "en") for u in Use if u in rule.uses)
    yield f"{number}. **{rule.name}**{mark}: {rule.says}{' ' + rule.more if rule.more else ''}"
    yield f"   *{rule.law}; since {rule.since}.*"
    yield f"   To the person: “{wording.sentence(rule.name, 'en')}”"
    yield f"   “{wording.sentence(rule.name, 'nl')}”\n"


def _regime(regime: Regime) -> str:
    return (
        f"| {regime.name} | {regime.law} | {regime.since} |"
        f" {_CHOICES.get(regime.choice, 'not used')} | {_OBJECTIONS[regime.objection]} |"
        f" {regime.adult_at} | {regime.notice_days} days | {regime.earliest_start} |"
        f" {regime.oldest_post}, at most {regime.max_age_years} years back |"
    )
