"""Questions that look for one known post of the community each; see `search.py`."""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demur.memory.stopwords import STOP

# Endings of which people use one for the other: nothing here asks the stemmer.
ENDINGS = {
    "nl": ("", "en", "s", "e", "t", "je", "jes"),
    "en": ("", "s", "es", "ed", "ing", "er", "ers"),
}
WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True)
class Post:
    id: str
    author: str
    lang: str
    text: str
    parallel: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    kind: str
    asked: str
    text_wanted: str
    lang: str
    held_out: str | None = None  # the post that the question was, which nobody may find


def posts_of(community: Path) -> list[Post]:
    lines = map(json.loads, (community / "posts.jsonl").open(encoding="utf-8"))
    return [
        Post(each["post_id"], each["author"], each["lang"], each["text"], tuple(each["parallel"]))
        for each in lines
        if each["text"] and each["kind"] != "photo"
    ]


def questions(
    community: Path, posts: Sequence[Post], count: int, dice: random.Random
) -> list[Question]:
    """So many of each kind, half in each language; of the same posts."""
    known = {post.id: post for post in posts}
    often = Counter(word for post in posts for word in set(words_of(post.text)))
    taken = defaultdict[str, list[Question]](list)
    for post in dice.sample(posts, len(posts)):
        says_the_same = [
            known[other] for other in post.parallel
            if other in known and known[other].lang != post.lang
            and known[other].author != post.author
        ]  # fmt: skip
        rare = sorted(set(words_of(post.text)), key=lambda word: (often[word], word))[:2]
        other = [ended(word, post.lang, often) for word in rare]
        if len(rare) < 2 or not says_the_same or not all(other):
            continue
        if sum(each.lang == post.lang for each in taken["word"]) >= count // 2:
            continue
        held = says_the_same[0]
        asked = {
            "word": " ".join(rare),
            "ending": " ".join(map(str, other)),
            "slip": " ".join(slipped(word, dice) for word in rare),
            "language": held.text,
        }
        for kind, text in asked.items():
            taken[kind].append(Question(kind, text, post.text, post.lang, held.id))
        if len(taken["word"]) >= count:
            break
    return [question for kind in taken.values() for question in kind]


def words_of(text: str) -> list[str]:
    return [word for word in WORD.findall(text.casefold()) if word not in STOP]


def ended(word: str, lang: str, often: Counter[str]) -> str | None:
    """The same word with another ending, as somebody in the community wrote it."""
    for cut in sorted(ENDINGS[lang], key=len, reverse=True):
        stem = word.removesuffix(cut)
        if len(stem) < 4 or (cut and stem == word):
            continue
        others = [stem + end for end in ENDINGS[lang] if end != cut and stem + end in often]
        if others:
            return max(others, key=lambda each: often[each])
    return None


def slipped(word: str, dice: random.Random) -> str:
    """One letter left out, doubled or changed, or two swapped; the first one stays."""
    at = dice.randrange(1, len(word))
    return dice.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + dice.choice("abcdefghijklmnoprstuvwz") + word[at + 1 :],
            word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :] if at > 1 else word[:-1],
        ]
    )
