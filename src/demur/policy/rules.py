"""The law: every rule that can keep a post from being used, in the order a reader would ask.

One function is one clause. The first sentence of its docstring is what members and lawyers read
(docs/policy.md and "My data" are made of it), the body says the same to the machine. All rules
are asked about every post and all that apply are kept as reasons. A rule withholds every use, or
those it names; what no rule withholds remains. Nothing here reads a text, a clock or a database.
"""

from __future__ import annotations

from datetime import date

from demur.people import Use
from demur.policy.clause import Outcome, Rule, Term, rule
from demur.policy.facts import UNKNOWN, Facts
from demur.posts import Audience, Kind

GDPR = date(2018, 5, 25)
HERE = date(2026, 11, 1)  # promises of our own, from the first day

# Who could see it


@rule(law="Promise: private messages are never read (GDPR Art. 5(1)(b))", since=GDPR)
def private_message(facts: Facts) -> Term:
    """A private message is never used."""
    return (facts.post.audience == Audience.DIRECT) & (facts.post.kind != Kind.CHAT)


@rule(law="Promise: the lock is honoured (GDPR Art. 5(1)(b))", since=GDPR)
def closed_group(facts: Facts) -> Term:
    """A post in a closed group is not public, so it is not used."""
    return (facts.post.audience == Audience.CLOSED_GROUP) & (facts.post.kind != Kind.CHAT)


@rule(law="Promise: public posts only (GDPR Art. 5(1)(b))", since=GDPR)
def not_public(facts: Facts) -> Term:
    """A post for friends or followers only is not used."""
    return (facts.post.audience == Audience.FRIENDS) & (facts.post.kind != Kind.CHAT)


@rule(law="GDPR Art. 25(2)", since=GDPR)
def audience_unknown(facts: Facts) -> Term:
    """A post that reached us without a known audience is not public until its owner or the
    operator's own records say so."""
    audience = facts.post.audience
    public = (audience == Audience.PUBLIC) | (audience == Audience.PUBLIC_GROUP)
    public = public | (audience == Audience.UNLISTED)
    narrow = (audience == Audience.FRIENDS) | (audience == Audience.CLOSED_GROUP)
    narrow = narrow | (audience == Audience.DIRECT)
    return ~(public | narrow) & (facts.post.kind != Kind.CHAT)


@rule(law="GDPR Art. 6(1)(a); Promise: chats are off by default", since=GDPR)
def chat_without_switch(facts: Facts) -> Term:
    """A chat with the assistant is used only if the person switched that on."""
    return (facts.post.kind == Kind.CHAT) & ~facts.author.chats_on


@rule(
    law="GDPR Art. 5(1)(b); Promise: nobody reads your chats",
    since=HERE,
    uses=frozenset({Use.ANSWERS, Use.SEARCH, Use.TRANSLATION}),
)
def chat_is_not_shown(facts: Facts) -> Term:
    """A chat with the assistant is never quoted, found, or an example for translating.

    Whoever switches their chats on lets the model learn from them; they are no public post.
    """
    return (facts.post.kind == Kind.CHAT) & facts.author.chats_on


@rule(law="GDPR Art. 17(1)(c)", since=GDPR)
def profile_locked(facts: Facts) -> Term:
    """Nothing from a locked profile is used; one that closes later counts as removal."""
    return facts.author.profile == "locked"


@rule(law="GDPR Art. 25(2)", since=GDPR)
def profile_visibility_unknown(facts: Facts) -> Term:
    """Where we do not know whether a profile is open, it counts as locked."""
    return (facts.author.profile != "locked") & (facts.author.profile != "open")


# Whose words they are


@rule(law="Promise: name and profile photo are never trained on", since=HERE)
def profile_itself(facts: Facts) -> Term:
    """A name or a profile photo is never trained on."""
    return facts.post.kind == Kind.PROFILE


@rule(law="GDPR Art. 4(1), 21(1)", since=GDPR)
def somebody_elses_words(facts: Facts) -> Term:
    """A re-share is somebody else's post, and not the sharer's to give."""
    return facts.post.is_reshare


@rule(law="GDPR Art. 25(2)", since=GDPR)
def account_unknown(facts: Facts) -> Term:
    """A post whose account is not on record, or no longer the same person's, is not used."""
    return ~facts.author.known


# Children


@rule(law="Promise: under 18 never (GDPR recital 38)", since=GDPR)
def age_unknown(facts: Facts) -> Term:
    """Whoever's age we do not know is treated as a child: nothing of theirs is used."""
    return ~facts.author.age_known


@rule(law="Promise: under 18 never (GDPR recital 38)", since=GDPR)
def under_age_now(facts: Facts) -> Term:
    """Nothing that a child wrote is used."""
    return facts.author.age_known & (facts.author.adult_from > facts.today)


@rule(law="Promise: turning 18 does not release older posts (GDPR recital 38, 65)", since=GDPR)
def under_age_when_posted(facts: Facts) -> Term:
    """What an adult posted as a child stays out."""
    adult_now = facts.author.age_known & (facts.author.adult_from <= facts.today)
    return adult_now & (facts.post.created_on < facts.author.adult_from)


# Where they live, and what was offered to them


@rule(law="GDPR Art. 3, 25(2)", since=GDPR)
def country_unknown(facts: Facts) -> Term:
    """Where we do not know which country's law protects somebody, nothing of theirs is used."""
    return facts.author.country == UNKNOWN


@rule(law="policy/regimes.toml", since=HERE)
def regime_off(facts: Facts) -> Term:
    """In a country where this is switched off nobody's posts are used."""
    return (facts.author.choice != "opt-out") & (facts.author.choice != "opt-in")


@rule(law="GDPR Art. 6(1)(a), 7", since=GDPR)
def not_opted_in(facts: Facts) -> Term:
    """Where people are asked first, nothing is used before they said yes."""
    return (facts.author.choice == "opt-in") & ~facts.author.opted_in


# Being told


@rule(law="GDPR Art. 13, 14, 21(4)", since=GDPR)
def no_notice(facts: Facts) -> Term:
    """Nothing of a person is used before they were told."""
    return ~facts.author.told & ~facts.author.notice_queued


@rule(law="GDPR Art. 14(3), 21(4)", since=GDPR)
def notice_undelivered(facts: Facts) -> Term:
    """A notice that was written but did not reach the person counts for nothing."""
    return ~facts.author.told & facts.author.notice_queued


@rule(law="Promise: time to object before the start (GDPR Art. 21(4))", since=GDPR)
def waiting_period(facts: Facts) -> Term:
    """Nothing is used before the time to object, counted from the notice's arrival, is over."""
    return facts.author.told & (facts.author.usable_from > facts.today)


@rule(law="GDPR Art. 13(3), 14(4), 21(4)", since=GDPR, uses=frozenset({Use.TRAINING}))
def untold_of_training(facts: Facts) -> Term:
    """Nobody's posts are learned before a notice named training and its time is over."""
    in_time = facts.author.told & (facts.author.usable_from <= facts.today)
    return in_time & facts.author.untold_of_training


@rule(law="GDPR Art. 13(3), 14(4), 21(4)", since=GDPR, uses=frozenset({Use.ANSWERS}))
def untold_of_answers(facts: Facts) -> Term:
    """Nobody's posts are quoted in answers before a notice named that and its time is over."""
    in_time = facts.author.told & (facts.author.usable_from <= facts.today)
    return in_time & facts.author.untold_of_answers


@rule(law="GDPR Art. 13(3), 14(4), 21(4)", since=GDPR, uses=frozenset({Use.SEARCH}))
def untold_of_search(facts: Facts) -> Term:
    """Nobody's posts are found by search before a notice named that and its time is over."""
    in_time = facts.author.told & (facts.author.usable_from <= facts.today)
    return in_time & facts.author.untold_of_search


@rule(law="GDPR Art. 13(3), 14(4), 21(4)", since=GDPR, uses=frozenset({Use.TRANSLATION}))
def untold_of_translation(facts: Facts) -> Term:
    """Nobody's posts are examples for translating before a notice named that and its time is
    over."""
    in_time = facts.author.told & (facts.author.usable_from <= facts.today)
    return in_time & facts.author.untold_of_translation


# Saying no


@rule(law="GDPR Art. 21(1)", since=GDPR)
def author_objects(facts: Facts) -> Term:
    """Nothing that a person wrote is used once they have objected."""
    return facts.author.objects_here


@rule(law="GDPR Art. 21(1)", since=GDPR)
def linked_account_objects(facts: Facts) -> Term:
    """A No from one account covers all linked accounts of the same person."""
    return facts.author.objects_elsewhere


@rule(law="GDPR Art. 21(1)", since=GDPR, uses=frozenset({Use.TRAINING}))
def objects_to_training(facts: Facts) -> Term:
    """A No to some posts keeps the model from learning those, unless it leaves training out."""
    return facts.post.objects_to_training


@rule(law="GDPR Art. 21(1)", since=GDPR, uses=frozenset({Use.ANSWERS}))
def objects_to_answers(facts: Facts) -> Term:
    """A No to some posts keeps those out of answers, unless it leaves answers out."""
    return facts.post.objects_to_answers


@rule(law="GDPR Art. 21(1)", since=GDPR, uses=frozenset({Use.SEARCH}))
def objects_to_search(facts: Facts) -> Term:
    """A No to some posts keeps those out of search, unless it leaves search out."""
    return facts.post.objects_to_search


@rule(law="GDPR Art. 21(1)", since=GDPR, uses=frozenset({Use.TRANSLATION}))
def objects_to_translation(facts: Facts) -> Term:
    """A No to some posts keeps those out of translating, unless it leaves translation out."""
    return facts.post.objects_to_translation


@rule(law="GDPR Art. 18(1)(d)", since=GDPR)
def restricted_meanwhile(facts: Facts) -> Term:
    """While a request of somebody is being decided, nothing of theirs is used.

    A refusal that is appealed is not decided yet.
    """
    return facts.author.restricted


@rule(law="Promise: the dead are left in peace (GDPR recital 27)", since=HERE)
def memorial(facts: Facts) -> Term:
    """Nothing of somebody who has died is used.

    Their heirs may ask the operator otherwise.
    """
    return facts.author.memorial


@rule(law="GDPR Art. 4(1), 21(1)", since=GDPR)
def objector_pictured(facts: Facts) -> Term:
    """A post in whose pictures somebody is tagged who objects is not used."""
    return facts.post.pictures_objector


@rule(law="GDPR Art. 4(1), 21(1)", since=GDPR, outcome=Outcome.REDACT)
def objector_mentioned(facts: Facts) -> Term:
    """Where a post mentions somebody who objects, it is used with the mention masked.

    The author keeps the post: it is theirs too. Handles, tags and links are found exactly; a plain
    name is masked where the person named has confirmed that it is theirs.
    """
    return facts.post.mentions_objector


@rule(law="GDPR Art. 17(2), 21(1)", since=GDPR)
def suppressed_copy(facts: Facts) -> Term:
    """A copy of what somebody wrote or pictured who objects or was erased is not used, whoever
    posted it.

    A text nearly the same and a picture that looks the same are copies. Texts of fewer than 32
    characters are left alone: a greeting is nobody's own.
    """
    return facts.post.copies_suppressed


@rule(law="GDPR Art. 18, 58(2)(f)", since=GDPR)
def on_hold(facts: Facts) -> Term:
    """While an authority or the operator halts a platform, country, group, kind, period or post,
    nothing of it is used."""
    return facts.post.on_hold


@rule(law="GDPR Art. 18, 58(2)(f)", since=GDPR, uses=frozenset({Use.TRAINING}))
def held_from_training(facts: Facts) -> Term:
    """What an authority or the operator keeps from training is not learned."""
    return facts.post.held_from_training


@rule(law="GDPR Art. 18, 58(2)(f)", since=GDPR, uses=frozenset({Use.ANSWERS}))
def held_from_answers(facts: Facts) -> Term:
    """What an authority or the operator keeps out of answers is not in them."""
    return facts.post.held_from_answers


@rule(law="GDPR Art. 18, 58(2)(f)", since=GDPR, uses=frozenset({Use.SEARCH}))
def held_from_search(facts: Facts) -> Term:
    """What an authority or the operator keeps out of search is not found."""
    return facts.post.held_from_search


@rule(law="GDPR Art. 18, 58(2)(f)", since=GDPR, uses=frozenset({Use.TRANSLATION}))
def held_from_translation(facts: Facts) -> Term:
    """What an authority or the operator keeps out of translating is no example for it."""
    return facts.post.held_from_translation


@rule(law="GDPR Art. 21(5); Directive (EU) 2019/790 Art. 4(3)", since=date(2021, 6, 7))
def profile_refuses(facts: Facts) -> Term:
    """A machine-readable No on a profile is a No to all its posts."""
    return facts.author.refuses_training


@rule(law="GDPR Art. 21(5); Directive (EU) 2019/790 Art. 4(3)", since=date(2021, 6, 7))
def post_refuses(facts: Facts) -> Term:
    """A machine-readable No on a post is a No to that post."""
    return facts.post.refuses_training


@rule(law="GDPR Art. 21(5); Directive (EU) 2019/790 Art. 4(3)", since=date(2021, 6, 7))
def picture_refuses(facts: Facts) -> Term:
    """A picture that carries a No keeps its whole post out, the text too."""
    return facts.post.picture_refuses


@rule(law="GDPR Art. 21(5), 25(2)", since=GDPR)
def wish_unreadable(facts: Facts) -> Term:
    """A machine-readable wish that we cannot understand counts as a No."""
    return facts.post.wish_unreadable | facts.author.wish_unreadable


# What is collected


@rule(law="GDPR Art. 5(1)(c), 5(1)(e)", since=GDPR)
def outside_window(facts: Facts) -> Term:
    """A post from before the collection window, or dated in the future, is not used."""
    return (facts.post.created_on < facts.author.window_from) | (
        facts.post.created_on > facts.today
    )


@rule(law="GDPR Art. 5(1)(c)", since=GDPR)
def copy_of_own(facts: Facts) -> Term:
    """When a person posts the same again, it is used once."""
    return facts.post.repeats_own


RULES: tuple[Rule, ...] = tuple(each for each in list(globals().values()) if isinstance(each, Rule))
"""The law in reading order. Bit i of a stored decision is the i-th rule of its policy version."""
