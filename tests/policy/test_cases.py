"""The law's cases, which lawyers edit, decided over plain values and in columns."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demur.corpus.columns import mask_sql
from demur.people import Use
from demur.policy.decision import decide, mask_of, of_mask
from demur.policy.facts import COLUMNS, PlainFacts, plain, row
from demur.policy.rules import RULES
from demur.posts import Audience, Kind

TODAY = date(2026, 11, 21)
NO = re.compile("object|held|hold|untold|restricted|memorial")
Usual = Callable[..., PlainFacts]

CASES: list[dict[str, Any]] = [
    case
    for file in sorted(Path(__file__).with_name("cases").glob("*.toml"))
    for case in tomllib.loads(file.read_text("utf-8"))["case"]
]


def facts_of(case: dict[str, Any], usual: Usual) -> PlainFacts:
    post = {f"post_{name}": value for name, value in case.get("post", {}).items()}
    author = {f"author_{name}": value for name, value in case.get("author", {}).items()}
    return usual(case.get("today", TODAY), **post, **author)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["story"])
def test_the_story_ends_as_the_lawyer_says(case: dict[str, Any], usual: Usual) -> None:
    decision = decide(facts_of(case, usual))
    assert [reason.rule for reason in decision.reasons] == case["because"]
    assert decision.outcome == case["outcome"]
    usually = [] if case["outcome"] == "exclude" else list(Use)
    assert sorted(decision.uses) == sorted(case.get("uses", usually))


def test_every_rule_has_a_case_of_its_own() -> None:
    alone = {case["because"][0] for case in CASES if len(case["because"]) == 1}
    assert {rule.name for rule in RULES} - alone == set()


def test_a_case_says_nothing_that_is_not_read() -> None:
    words = {"story", "today", "post", "author", "outcome", "because", "uses"}
    assert [case["story"] for case in CASES if case.keys() - words] == []


def in_columns(all_facts: list[PlainFacts]) -> list[int]:
    """The same rules over DuckDB's columns, all facts of one day at a time."""
    types = {bool: pa.bool_(), str: pa.string(), date: pa.date32()}
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    facts = pa.Table.from_pylist([row(each) for each in all_facts], schema=schema)
    with duckdb.connect() as connection:
        connection.register("facts", facts)
        query = f"SELECT {mask_sql(RULES, all_facts[0].today)} FROM facts"
        return [mask for (mask,) in connection.execute(query).fetchall()]


def test_the_cases_end_the_same_in_columns(usual: Usual) -> None:
    for case in CASES:
        facts = facts_of(case, usual)
        assert of_mask(in_columns([facts])[0]) == decide(facts), case["story"]


days = st.dates(date(1999, 12, 30), date(2027, 1, 2)) | st.sampled_from(
    [date(2026, 11, 20), TODAY, date(2026, 11, 22), date(9999, 12, 31)]
)
words = {
    "post_kind": st.sampled_from([*map(str, Kind), "poll"]),
    "post_audience": st.sampled_from([*map(str, Audience), "everybody"]),
    "author_country": st.sampled_from(["", "NL", "BR"]),
    "author_profile": st.sampled_from(["open", "locked", "unknown", "shut"]),
    "author_choice": st.sampled_from(["opt-out", "opt-in", "off", "maybe"]),
}
kinds = {bool: st.booleans(), date: days}
any_facts = st.fixed_dictionaries(
    {name: words[name] if name in words else kinds[kind] for name, kind in COLUMNS.items()}
).map(lambda each: plain(each, TODAY))


@settings(max_examples=30, deadline=None)
@given(st.lists(any_facts, min_size=20, max_size=60))
def test_one_definition_decides_a_column_and_one_post_alike(all_facts: list[PlainFacts]) -> None:
    assert in_columns(all_facts) == [mask_of(decide(facts)) for facts in all_facts]


@settings(max_examples=60, deadline=None)
@given(
    any_facts,
    st.sampled_from(
        [n for n in COLUMNS if re.search("object|held|hold|untold|restricted|memorial", n)]
    ),
)
def test_a_no_never_frees_a_post(facts: PlainFacts, no: str) -> None:
    before = decide(plain(row(facts) | {no: False}, facts.today))
    after = decide(plain(row(facts) | {no: True}, facts.today))
    assert after.outcome.severity >= before.outcome.severity
    assert after.uses <= before.uses
    assert {reason.rule for reason in before.reasons} <= {reason.rule for reason in after.reasons}
