"""Stems: words as they are looked up, so that who asks for a wandeling finds who went wandelen.

Dutch and English, by the Snowball stemmers. A post is stemmed in its own language and a question
in both, since nobody says in which of them they ask. Texts in other languages are looked up by
their words as they are. What is shown is never a stem.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version

import snowballstemmer

LANGUAGES = {"nl": "dutch", "en": "english"}
UNTOLD = "und"  # a post whose language could not be told is looked up in both
AGAIN = 3  # "fietsen" gives "fiets", and "fiets" gives "fiet": only then are the two one

# What FTS5's unicode61 takes for a word: letters and digits, and nothing that FTS5 would obey.
_WORD = re.compile(r"[^\W_]+")
_ONE = threading.Lock()  # a stemmer keeps the word it works on
_stemmers = {lang: snowballstemmer.stemmer(algorithm) for lang, algorithm in LANGUAGES.items()}


@cache
def name() -> str:
    """Which stemmers: what another version wrote down is not found by this one's stems."""
    return f"snowballstemmer {version('snowballstemmer')}"


def words(text: str) -> list[str]:
    """The words of a text, without capitals and accents."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        text = "".join(each for each in text if not unicodedata.combining(each))
    return _WORD.findall(text.casefold())


def stored(words: Sequence[str], lang: str | None) -> str:
    """What a post of these words is looked up by: their stems in its own language."""
    languages = tuple(LANGUAGES) if lang in (None, UNTOLD) else (lang,)
    if len(languages) == 1:
        return " ".join(stem(word, lang) for word in words)
    return " ".join(each for word in words for each in {stem(word, lang): 0 for lang in languages})


def asked(word: str) -> tuple[str, ...]:
    """What a word of a question may be stored as: its stem in either language, or itself."""
    return tuple(dict.fromkeys((*(stem(word, lang) for lang in LANGUAGES), word)))


@lru_cache(maxsize=1 << 17)
def stem(word: str, lang: str | None) -> str:
    """The stem of one of `words`; the word itself in a language that is not stemmed here."""
    stemmer = _stemmers.get(lang or "")
    if stemmer is not None:
        with _ONE:
            for _ in range(AGAIN):
                longer, word = word, stemmer.stemWord(word)
                if longer == word:
                    break
    return word
