"""The same facts in columns: SQL that gathers them, and the law as one number a row.

Rules become SQL by being asked about column expressions; nothing of the law is spelled here. What
depends on the author alone is decided once an account and not once a post, which the SQL of a
rule shows by naming no column of the post.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from duckdb import ColumnExpression, ConstantExpression

from demur.corpus.facts import UNKNOWN_AUTHOR, Circumstances
from demur.corpus.scan import PLACE, literal
from demur.people import Scope, Use
from demur.policy.clause import Plain, Rule
from demur.policy.facts import COLUMNS, arranged
from demur.policy.rules import RULES
from demur.policy.signals import UNREADABLE
from demur.posts import Audience

NO_BITS = "0::BIGINT"

CREATED_ON = "make_timestamp(epoch_us(p.created_at))::DATE"  # in UTC, whatever the session's zone


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


def _each(sql: str) -> str:
    """The same SQL once a use."""
    return "".join(sql.format(use=use, bit=use.bit) for use in Use)


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
    {_each("list_contains(untold, '{use}') AS author_untold_of_{use},")}
    objects_here AS author_objects_here,
    restricted AS author_restricted,
    memorial AS author_memorial,
    objects AND NOT objects_here AS author_objects_elsewhere,
    len(refuses_training) > len(list_filter(refuses_training, lambda n: suffix(n, '{UNREADABLE}')))
        AS author_refuses_training,
    len(list_filter(refuses_training, lambda n: suffix(n, '{UNREADABLE}'))) > 0
        AS author_wish_unreadable,
    chats_on AS author_chats_on,
    window_from AS author_window_from
"""
"""Over the people table with `window_from` beside it."""


def post_facts(standing: Circumstances, *, mentions: bool, narrowed: bool) -> str:
    """SQL of the post's facts, over the lake's columns as `p` and the account's as `a`.

    mentions: the columns `m.mentions, m.pictures` are there. narrowed: `n.withheld` is, and where
    anything is suppressed so is the table `suppressed_places(place)` (`corpus.suppression`).
    `repeats_own` is false here: it is decided afterwards, among the posts that may train.
    """
    objected = "coalesce(n.withheld & {bit} <> 0, false) AS post_objects_to_{use},"
    if not narrowed:
        objected = "false AS post_objects_to_{use},"
    held = "".join(
        f"{_held([s for s in standing.holds if use in s.uses])} AS post_held_from_{use}, "
        for use in Use
    )
    groups = _one_of('p."group"', sorted(standing.declared_groups))
    return f"""
    p.kind AS post_kind,
    CASE WHEN p.audience <> '{Audience.UNKNOWN}' THEN p.audience
         WHEN p."group" IS NULL THEN coalesce(a.declared_audience, '{Audience.UNKNOWN}')
         WHEN {groups} THEN '{Audience.PUBLIC_GROUP}'
         ELSE '{Audience.UNKNOWN}' END AS post_audience,
    {CREATED_ON} AS post_created_on,
    p.reshare_of IS NOT NULL AS post_is_reshare,
    {_some("p.refuses_training", readable=True)} AS post_refuses_training,
    {_some("p.photo_refusals", readable=True)} AS post_picture_refuses,
    {_some("p.refuses_training", readable=False)} OR {_some("p.photo_refusals", readable=False)}
        AS post_wish_unreadable,
    {"coalesce(m.mentions, false)" if mentions else "false"} AS post_mentions_objector,
    {"coalesce(m.pictures, false)" if mentions else "false"} AS post_pictures_objector,
    {PLACE} IN (FROM suppressed_places) AND NOT coalesce(a.suppressing, false)
        AS post_copies_suppressed,
    {_each(objected)}
    {_held([scope for scope in standing.holds if not scope.uses])} AS post_on_hold,
    {held}
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
    return " OR ".join(f"({_covers(scope)})" for scope in holds) or "false"


def _covers(scope: Scope) -> str:
    """`Scope.covers`; an unknown country is covered by every country's hold, as it says there."""
    if scope.model is not None:
        return "false"
    asked = {
        f"p.platform = {literal(scope.platform or '')}": scope.platform is not None,
        f"coalesce(a.country = {literal(scope.country or '')}, true)": scope.country is not None,
        f'coalesce(p."group" = {literal(scope.group or "")}, false)': scope.group is not None,
        _one_of("p.kind", scope.kinds): bool(scope.kinds),
        f"p.post_id = {literal(scope.post or '')}": scope.post is not None,
        f"{CREATED_ON} >= {literal(scope.since or date.min)}": scope.since is not None,
        f"{CREATED_ON} <= {literal(scope.until or date.max)}": scope.until is not None,
    }
    return " AND ".join(sql for sql, narrows in asked.items() if narrows) or "true"


NARROWED = f"""
    (n.platform IS NULL OR n.platform = p.platform)
    AND (n.country IS NULL OR coalesce(n.country = a.country, true))
    AND (n."group" IS NULL OR coalesce(n."group" = p."group", false))
    AND (len(n.kinds) = 0 OR list_contains(n.kinds, p.kind))
    AND (n.post IS NULL OR n.post = p.post_id)
    AND (n.since IS NULL OR n.since <= {CREATED_ON})
    AND (n.until IS NULL OR {CREATED_ON} <= n.until)
"""
"""`Scope.covers` over a table of scopes `n`, whose nulls and empty lists narrow nothing."""
