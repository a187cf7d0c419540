"""The law as a whole: its hash, its page, its words, and what it may not look at."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

from demur.policy import document, regimes, version, wording
from demur.policy.clause import Outcome
from demur.policy.decision import decide, mask_of, of_mask
from demur.policy.regimes import Regimes
from demur.policy.rules import RULES

ROOT = Path(__file__).parents[2]


def test_the_page_on_the_law_says_what_the_rules_say() -> None:
    assert (ROOT / "docs" / "policy.md").read_text("utf-8") == document.render()


def test_every_reason_has_a_sentence_in_every_language() -> None:
    for rule in RULES:
        said = {wording.sentence(rule.name, language) for language in wording.LANGUAGES}
        assert len(said) == len(wording.LANGUAGES), rule.name
        assert all(sentence.endswith(".") for sentence in said)
    assert set(wording._REASONS) == {rule.name for rule in RULES}
    assert wording.sentence("author-objects", "nl-BE") == "U hebt bezwaar gemaakt."
    assert wording.sentence("author-objects", "fr") == "You objected."
    assert {wording.outcome(each, "nl") for each in Outcome} == {
        wording._OUTCOMES[each][1] for each in Outcome
    }


def test_names_of_rules_are_told_apart_and_fit_a_number() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES) < 63
    assert all(rule.says.endswith(".") and rule.law for rule in RULES)


def test_another_word_in_the_law_is_another_law(monkeypatch: object) -> None:
    shipped = regimes.load()
    hashes = {version.policy_hash()}
    later = dataclasses.replace(shipped.entries[0], notice_days=31)
    hashes.add(version.policy_hash(Regimes((later, *shipped.entries[1:]))))
    hashes.add(version.policy_hash(Regimes(shipped.entries[1:])))
    assert len(hashes) == 3
    assert version.policy_hash() == version.policy_hash(shipped)


def test_the_hash_is_the_same_in_another_process() -> None:
    code = "from demur.policy.version import policy_hash; print(policy_hash())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == version.policy_hash()


def test_the_law_knows_no_machinery() -> None:
    code = (
        "import sys, demur.policy.decision, demur.policy.document, demur.policy.signals;"
        "heavy = {'torch', 'django', 'duckdb', 'sqlite3', 'pyarrow'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_stored_number_gives_the_same_reasons_back(usual: object) -> None:
    assert callable(usual)
    decision = decide(usual(author_objects_here=True, post_mentions_objector=True))
    assert of_mask(mask_of(decision)) == decision
    assert of_mask(0).outcome is Outcome.TRAIN
