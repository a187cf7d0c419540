"""Machine-readable wishes: from what a profile, a post or a picture says to the names of a No.

Each function takes one signal as it was found and gives the names that belong into
`refuses_training` of an account, a post or a photo. A yes is never given: a signal that allows
says nothing that the rest of the law would not have to say too, so adding one cannot turn a No
into a Yes. A signal that cannot be understood gives its name with a question mark, which keeps
the post out under a reason of its own (`wish-unreadable`). Spelling is not judged: names of keys
are compared without regard to case. What pages and files send stands in `policy.reservations`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

UNREADABLE = "?"
"""The mark at the end of a name whose signal could not be understood."""

PLUS = "plus:DataMining"
_PLUS_SAYS_NOTHING = frozenset({"dmi-unspecified", "dmi-allowed"})
_PLUS_PREFIX = "http://ns.useplus.org/ldf/vocab/"
_NO_HASHTAGS = frozenset({"noai", "noimageai", "noml", "nobot", "noindex"})


def mastodon_profile(actor: Mapping[str, object]) -> tuple[str, ...]:
    """From an ActivityPub actor or a Mastodon account (standards.md 8).

    `indexable: false`, `discoverable: false` and `noindex: true` ask not to be found; we take that
    as a No to training as well, since whoever does not want to be found does not want to be
    learned. A hashtag such as #noai in the profile's note is a No in words.
    """
    lower = {str(key).lower().removeprefix("toot:"): value for key, value in actor.items()}
    found = _flag("mastodon:indexable", lower, "indexable", refuses=False)
    found += _flag("mastodon:discoverable", lower, "discoverable", refuses=False)
    found += _flag("mastodon:noindex", lower, "noindex", refuses=True)
    note = " ".join(str(lower[key]) for key in ("summary", "note") if lower.get(key))
    # Mastodon writes a hashtag as #<span>noai</span>, and a new line as <br> or <p>.
    words = re.sub(r"<[^>]*>", "", re.sub(r"</?(?:p|br)\b[^>]*>", " ", note))
    return found + hashtags(re.findall(r"#\w+", words))


def hashtags(tags: Iterable[str]) -> tuple[str, ...]:
    """From the hashtags of a post or profile, with or without the #: #noai, #noml, #noindex."""
    words = {tag.strip().lstrip("#").rstrip(".,;:!?)").casefold() for tag in tags}
    return tuple(f"hashtag:{word}" for word in sorted(words & _NO_HASHTAGS))


def bluesky_intents(record: Mapping[str, object]) -> tuple[str, ...]:
    """From an `org.user-intents.declaration` record (standards.md 7).

    `syntheticContentGeneration` is the intent that covers training. Without `allow` it is
    undefined, which is no answer and no No.
    """
    name = "bluesky:syntheticContentGeneration"
    intent = record.get("syntheticContentGeneration")
    if intent is None:
        return ()
    if not isinstance(intent, Mapping):
        return (name + UNREADABLE,)
    return _flag(name, intent, "allow", refuses=False)


def picture(value: str | None) -> tuple[str, ...]:
    """From the XMP property `plus:DataMining` of a picture (standards.md 6).

    Every `DMI-PROHIBITED…` is a No, those that allow search engines or point to further terms
    too: what is allowed there is not training.
    """
    if value is None or not value.strip():
        return ()
    code = value.strip().removeprefix(_PLUS_PREFIX).removeprefix("PLUS:").lower()
    if code in _PLUS_SAYS_NOTHING:
        return ()
    return (PLUS,) if code.startswith("dmi-prohibited") else (PLUS + UNREADABLE,)


def combined(*found: Iterable[str]) -> tuple[str, ...]:
    """Several signals about one thing: every No stands, whatever the others say."""
    return tuple(sorted({name for names in found for name in names}))


def refuses(names: Iterable[str]) -> bool:
    """Whether a clear No is among them."""
    return any(not name.endswith(UNREADABLE) for name in names)


def unreadable(names: Iterable[str]) -> bool:
    """Whether one is among them that could not be understood."""
    return any(name.endswith(UNREADABLE) for name in names)


def _flag(name: str, found: Mapping[str, object], key: str, *, refuses: bool) -> tuple[str, ...]:
    value = found.get(key)
    if value is None:
        return ()
    if not isinstance(value, bool):
        return (name + UNREADABLE,)
    return (name,) if value is refuses else ()
