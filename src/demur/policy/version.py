"""Which law decided: one hash over the rules and the regimes.

It is stored with every decision and manifest and written in the book when it changes. A comment
in `regimes.toml` does not change it; a word of a rule, its body, its order or a date does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache

from demur.policy import regimes as law_of_the_land
from demur.policy.regimes import Regimes
from demur.policy.rules import RULES


def policy_hash(regimes: Regimes | None = None) -> str:
    """64 hexadecimal digits for the rules of this release and these regimes (else the shipped)."""
    return _shipped() if regimes is None else _hash(regimes)


@lru_cache(maxsize=1)
def _shipped() -> str:
    return _hash(law_of_the_land.load())


def _hash(regimes: Regimes) -> str:
    rules = [
        [r.name, r.says, r.more, r.law, str(r.since), r.outcome, sorted(r.uses), r.source]
        for r in RULES
    ]
    said = {"rules": rules, "regimes": [asdict(entry) for entry in regimes.entries]}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
