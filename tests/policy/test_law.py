"""The law as a whole: its hash, its page, its words, and what it may not look at."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from demur.people import Use
from demur.policy import document, regimes, version, wording
from demur.policy.clause import Outcome
from demur.policy.decision import decide, mask_of, of_mask
from demur.policy.facts import PlainFacts
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
    assert set(wording.reasons()) == {rule.name for rule in RULES}
    assert all(tuple(said) == wording.LANGUAGES for said in wording.reasons().values())
    assert wording.sentence("author-objects", "nl-BE") == "U hebt bezwaar gemaakt."
    assert wording.sentence("author-objects", "de-AT") == "Sie haben widersprochen."
    assert wording.sentence("author-objects", "fr") == "Vous avez fait opposition."
    assert wording.sentence("author-objects", "pt") == "You objected."


def test_what_becomes_of_a_post_is_said_in_every_language(
    usual: Callable[..., PlainFacts],
) -> None:
    part = decide(usual(post_objects_to_training=True, post_mentions_objector=True))
    for number, language in enumerate(wording.LANGUAGES):
        said = [wording.outcome(each, language) for each in Outcome]
        said += [wording.use(each, language) for each in Use]
        assert len(set(said)) == len(Outcome) + len(Use), language
        some = wording.decision(part, language)
        assert some.startswith(wording._SOME[number].partition("{")[0])
        assert some.endswith(wording._MASKED[number])
        assert all((wording.use(each, language) in some) == (each in part.uses) for each in Use)


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
