"""Facts: all that a rule may look at, and nothing else exists for it.

The names here are the only ones there are: the corpus makes one column for each
(`corpus.facts`), a lawyer's case sets them by name, and a rule reads them as `facts.post.kind`.
No fact is ever null. What is not known is a fact of its own (`age_known`, a country that is
`UNKNOWN`, an audience that is `unknown`), so that a gap in what we know has a reason with a name
and three-valued logic never gets to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import Generic, TypeAlias, TypeVar, get_type_hints

from demur.policy.clause import Plain, Term, Value

UNKNOWN = ""
"""The country of somebody whose country we do not know."""

NEVER = date(9999, 12, 31)
"""The day of something that has not been announced, begun or reached."""

Truth = TypeVar("Truth")
Text = TypeVar("Text")
Day = TypeVar("Day")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFacts(Generic[Truth, Text, Day]):
    kind: Text  # posts.Kind
    audience: Text  # posts.Audience, after what its owner or operator declared
    created_on: Day  # in UTC
    is_reshare: Truth
    refuses_training: Truth  # a machine-readable No on the post
    picture_refuses: Truth  # a machine-readable No in one of its pictures
    wish_unreadable: Truth  # a signal on the post or in a picture that could not be understood
    mentions_objector: Truth  # a handle, link or tag in its text points at somebody who objects
    pictures_objector: Truth  # somebody who objects is tagged in its pictures
    copies_suppressed: Truth  # words or a picture of somebody else who objects or was erased
    objects_to_training: Truth  # its author's narrowed No covers it and names this use, or all
    objects_to_answers: Truth
    objects_to_search: Truth
    objects_to_translation: Truth
    on_hold: Truth  # an authority or the operator halted what it belongs to, whatever the use
    held_from_training: Truth  # likewise, by a hold that names this use
    held_from_answers: Truth
    held_from_search: Truth
    held_from_translation: Truth
    repeats_own: Truth  # the same person posted the same before, and that one may train


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorFacts(Generic[Truth, Text, Day]):
    known: Truth  # the account is on record, and is still the person's whose post this is
    country: Text  # ISO 3166-1 alpha-2, or UNKNOWN
    profile: Text  # open, locked or unknown
    age_known: Truth
    adult_from: Day  # the day of majority in their country; NEVER where the age is unknown
    choice: Text  # opt-out, opt-in or off: what their regime offers
    opted_in: Truth
    told: Truth  # a notice reached them
    notice_queued: Truth  # one was written but has not reached them
    usable_from: Day  # when the waiting period is over; NEVER where they were not told
    untold_of_training: Truth  # no notice of this use reached them, or its time is not over
    untold_of_answers: Truth
    untold_of_search: Truth
    untold_of_translation: Truth
    objects_here: Truth  # they objected with this very account
    objects_elsewhere: Truth  # they objected with another account of theirs, and not with this
    restricted: Truth  # a request of theirs is being decided
    memorial: Truth  # they have died
    refuses_training: Truth  # a machine-readable No on the profile
    wish_unreadable: Truth  # a signal on the profile that could not be understood
    chats_on: Truth  # they switched on that their chats may train
    window_from: Day  # older posts are outside the collection window


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsOf(Generic[Truth, Text, Day]):
    post: PostFacts[Truth, Text, Day]
    author: AuthorFacts[Truth, Text, Day]
    today: Day


PlainFacts: TypeAlias = FactsOf[bool, str, date]
"""What is known about one post, as plain values."""

Facts: TypeAlias = FactsOf[Term, Term, Term]
"""The same names as a rule sees them: terms that obey comparisons and & | ~."""

_PLAIN: dict[object, type] = {Truth: bool, Text: str, Day: date}


def _group(prefix: str, group: type) -> Iterator[tuple[str, type]]:
    hints = get_type_hints(group)
    for field in fields(group):
        yield f"{prefix}_{field.name}", _PLAIN[hints[field.name]]


COLUMNS: dict[str, type] = {
    **dict(_group("post", PostFacts)),
    **dict(_group("author", AuthorFacts)),
}
"""Every fact by the name of its column, with its plain type; `today` is the same for all rows."""


def arranged(values: Callable[[str], Term], today: Term) -> Facts:
    """The facts as a rule reads them, from something that gives a term for a column's name."""
    post = {f.name: values(f"post_{f.name}") for f in fields(PostFacts)}
    author = {f.name: values(f"author_{f.name}") for f in fields(AuthorFacts)}
    return FactsOf(post=PostFacts(**post), author=AuthorFacts(**author), today=today)


def plain(row: dict[str, Plain], today: date) -> PlainFacts:
    """Plain facts from one row of the columns; a `TypeError` where a fact is missing or null."""
    for name, kind in COLUMNS.items():
        if type(row.get(name)) is not kind:
            raise TypeError(f"the fact {name} must be a {kind.__name__}, not {row.get(name)!r}")
    post = {f.name: row[f"post_{f.name}"] for f in fields(PostFacts)}
    author = {f.name: row[f"author_{f.name}"] for f in fields(AuthorFacts)}
    return FactsOf(
        post=PostFacts(**post),  # type: ignore[arg-type]
        author=AuthorFacts(**author),  # type: ignore[arg-type]
        today=today,
    )


def row(facts: PlainFacts) -> dict[str, Plain]:
    """The inverse of `plain`: one value a column."""
    post = {f"post_{f.name}": getattr(facts.post, f.name) for f in fields(PostFacts)}
    author = {f"author_{f.name}": getattr(facts.author, f.name) for f in fields(AuthorFacts)}
    return post | author


def as_terms(facts: PlainFacts) -> Facts:
    """Plain facts wrapped so that a rule can be asked about them."""
    held = row(facts)
    return arranged(lambda name: Value(held[name]), Value(facts.today))
