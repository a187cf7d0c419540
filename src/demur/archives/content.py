"""What every reader hands over, and what it writes down about the things it did not hand over.

Values only. A reader never decides about a post: what its author or the platform showed to a few
people is left where it is and counted; everything else goes on to the law with what is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from demur.people import Account, AccountId
from demur.policy.signals import UNREADABLE
from demur.posts import Audience, Hidden, Post

# Reasons for leaving something where it is. An import prints them with their counts.
PRIVATE_MESSAGE = "private message"  # in files where a platform keeps nothing else
FRIENDS_ONLY = "friends-only post"
CLOSED_GROUP = "closed group"
LOCKED_PROFILE = "locked profile"
ARCHIVED = "archived, deleted or draft"
STORY = "story"
PROFILE_PICTURE = "profile picture"
OTHERS_WORDS = "somebody else's words"
NOTHING_TO_READ = "neither words nor a picture"
UNCLEAR_DATE = "a date that cannot be right"
NOT_A_POST = "not a post as this platform writes them"
UNKNOWN_FILE = "not a file we know"
UNKNOWN_ACCOUNT = "an account that accounts does not list"
SAID_TWICE = "twice in this archive"
NOT_IN_THIS_FILE = "a record that this file points at but does not hold"
PICTURE_MISSING = "picture that is not in the archive"
PICTURE_UNREADABLE = "picture that cannot be read"
VIDEO = "video or sound"
AGE_WITHOUT_DATE = "age band without the day it was known: age taken as unknown"

HIDDEN: dict[Audience, str] = {
    Audience.FRIENDS: FRIENDS_ONLY,
    Audience.CLOSED_GROUP: CLOSED_GROUP,
    Audience.DIRECT: PRIVATE_MESSAGE,
}
"""Audiences whose posts stay in the archive: never read further than needed to skip them."""

UNREADABLE_PROFILE = "profile" + UNREADABLE
"""The signal's name when an account's own page, where a No may stand, cannot be read."""


def _pass_over(hidden: Hidden) -> None:
    """What is hidden interests nobody but an import into a lake."""


@dataclass(slots=True)
class Notes:
    """Filled while an archive is read; complete once its posts have been walked to the end.

    skipped: reason -> how many. Posts are counted one by one; files that are refused unopened
        (private messages, archived posts, stories) and files nobody knows count as one each.
    problems: one sentence with a next step for each file of which nothing was imported. Names of
        files may appear in it, a person's words never.
    groups: name -> posts that came from a group of which the archive does not say who could read
        it. They stay unused until somebody declares that group public.
    hid: told where each post lies that only few can see; it may have been public before.
    """

    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    groups: Counter[str] = field(default_factory=Counter)
    hid: Callable[[Hidden], None] = _pass_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """An archive opened by the reader of its platform. `posts` streams and may be walked once."""

    accounts: Callable[[], Iterator[Account]]
    posts: Callable[[], Iterator[Post]]
    links: tuple[tuple[AccountId, AccountId], ...] = ()  # declared to be one person
