"""The same facts in columns: SQL that gathers them, and the law as one number a row.

Rules become SQL by being asked about column expressions; nothing of the law is spelled here. What
depends on the author alone is decided once an account and not once a post, which the SQL of a
rule shows by naming no column of the post.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from duckdb import ColumnExpression, ConstantExpression

from demur.corpus.facts import OWN_WORDS, UNKNOWN_AUTHOR, Circumstances
from demur.people import Scope
from demur.policy.clause import Plain, Rule
from demur.policy.facts import COLUMNS, arranged
from demur.policy.rules import RULES
from demur.policy.signals import UNREADABLE
from demur.posts import Audience

NO_BITS = "0::BIGINT"


def mask_sql(rules: Iterable[Rule], today: date) -> str:
    """SQL over columns named as in `policy.facts.COLUMNS`: bit i is set where `RULES[i]` applies.

    A null among the facts makes the whole mask null, so that it cannot pass unnoticed.
    """
    facts = arranged(ColumnExpression, ConstantExpression(today))
    bits = [f"(({rule.applies(facts)})::BIGINT << {RULES.index(rule)})" for rule in rules]
    return f"({' | '.join(bits) or NO_BITS})"


def rules_of_the_author() -> tuple[Rule, ...]:
    """The rules that look at the author alone."""
    facts = arranged(ColumnExpression, ConstantExpression(date.min))
    return tuple(rule for rule in RULES if '"post_' not in str(rule.applies(facts)))


def rules_of_the_post() -> tuple[Rule, ...]:
    """The rules that look at the post, and perhaps at its author too."""
    of_the_author = rules_of_the_author()
    return tuple(rule for rule in RULES if rule not in of_the_author)


def author_columns_asked() -> tuple[str, ...]:
    """The facts about the author that rules of the post need beside it."""
    facts = arranged(ColumnExpression, ConstantExpression(date.min))
    asked = " ".join(str(rule.applies(facts)) for rule in rules_of_the_post())
    return tuple(name for name in COLUMNS if name.startswith("author_") and f'"{name}"' in asked)


def of_the_unknown_author() -> dict[str, Plain]:
    """The author's facts for a post whose account is not on record, by column."""
    return {
        name: getattr(UNKNOWN_AUTHOR, name.removeprefix("author_"))
        for name in COLUMNS
        if name.startswith("author_")
    }


def literal(value: Plain) -> str:
    """A value as SQL, quoted by DuckDB's own rules."""
    return str(ConstantExpression(value))


AUTHOR_FACTS = f"""
    true AS author_known,
    coalesce(country, '') AS author_country,
    CASE locked WHEN true THEN 'locked' WHEN false THEN 'open' ELSE 'unknown' END AS author_profile,
    adult_from IS NOT NULL AS author_age_known,
    coalesce(adult_from, DATE '9999-12-31') AS author_adult_from,
    choice AS author_choice,
    opted_in AS author_opted_in,
    told IS NOT NULL AS author_told,
    notice_queued AS author_notice_queued,
    coalesce(usable_from, DATE '9999-12-31') AS author_usable_from,
    objects_here AS author_objects_here,
    objects AND NOT objects_here AS author_objects_elsewhere,
    len(refuses_training) > len(list_filter(refuses_training, lambda n: suffix(n, '{UNREADABLE}')))
        AS author_refuses_training,
    len(list_filter(refuses_training, lambda n: suffix(n, '{UNREADABLE}'))) > 0
        AS author_wish_unreadable,
    chats_on AS author_chats_on,
    window_from AS author_window_from
"""
"""Over the people table with `window_from` beside it."""


def post_facts(standing: Circumstances, *, mentions: bool) -> str:
    """SQL of the post's facts, over the lake's columns as `p` and the account's as `a`.

    Expects `suppressed(text_hash)`, and with `mentions` the columns `m.mentions, m.pictures`.
    `repeats_own` is false here: it is decided afterwards, among the posts that may train.
    """
    groups = _one_of('p."group"', sorted(standing.declared_groups))
    return f"""
    p.kind AS post_kind,
    CASE WHEN p.audience <> '{Audience.UNKNOWN}' THEN p.audience
         WHEN p."group" IS NULL THEN coalesce(a.declared_audience, '{Audience.UNKNOWN}')
         WHEN {groups} THEN '{Audience.PUBLIC_GROUP}'
         ELSE '{Audience.UNKNOWN}' END AS post_audience,
    make_timestamp(epoch_us(p.created_at))::DATE AS post_created_on,
    p.reshare_of IS NOT NULL AS post_is_reshare,
    {_some("p.refuses_training", readable=True)} AS post_refuses_training,
    {_some("p.photo_refusals", readable=True)} AS post_picture_refuses,
    {_some("p.refuses_training", readable=False)} OR {_some("p.photo_refusals", readable=False)}
        AS post_wish_unreadable,
    {"coalesce(m.mentions, false)" if mentions else "false"} AS post_mentions_objector,
    {"coalesce(m.pictures, false)" if mentions else "false"} AS post_pictures_objector,
    p.normal_chars >= {OWN_WORDS} AND p.text_hash IN (FROM suppressed)
        AND NOT coalesce(a.objects, false) AS post_copies_suppressed,
    {_held(standing.holds)} AS post_on_hold,
    false AS post_repeats_own
    """


def _some(names: str, *, readable: bool) -> str:
    # The list is empty for nearly every post; CASE keeps the lambda from running on those.
    test = f"{'NOT ' if readable else ''}suffix(n, '{UNREADABLE}')"
    return (
        f"CASE WHEN len({names}) = 0 THEN false"
        f" ELSE len(list_filter({names}, lambda n: {test})) > 0 END"
    )


def _one_of(column: str, values: Sequence[str]) -> str:
    return f"{column} IN ({', '.join(map(literal, values))})" if values else "false"


def _held(holds: Sequence[Scope]) -> str:
    """An unknown country is covered by every country's hold, as `Scope.covers` says."""
    scopes = []
    for scope in holds:
        parts = [f"p.platform = {literal(scope.platform)}"] if scope.platform is not None else []
        if scope.country is not None:
            parts.append(f"coalesce(a.country = {literal(scope.country)}, true)")
        if scope.kind is not None:
            parts.append(f"p.kind = {literal(scope.kind)}")
        scopes.append(f"({' AND '.join(parts) or 'true'})")
    return " OR ".join(scopes) or "false"
