"""What a mail says: a clear No, a No taken back, or something that a person must read.

Patterns in English, Dutch, German and French (heard.toml), sought sentence by sentence. A No
counts when somebody says it of themselves and nowhere says the opposite; "I do not object", a
question how to object, a No in quotation marks and a neighbour's No are none. What is not clear is
never guessed: it goes to a person, and its sender gets the form. Nothing is learned from mail.

`tests/rights/mails.toml` holds the mails on which this is measured.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from enum import StrEnum
from importlib import resources
from itertools import chain

LONGEST = 20_000  # characters that are read; a No stands near the top
BRIEF = 14  # words: in so short a mail "I object" needs no object


class Says(StrEnum):
    """What was heard."""

    NO = "no"
    TAKES_BACK = "takes back"
    UNCLEAR = "unclear"


_WORDS = {
    "{few}": r"(?:[^\s.!?]+ ){0,3}?",
    "{some}": r"(?:[^\s.!?]+ ){0,6}?",
    "{many}": r"(?:[^\s.!?]+ ){0,10}?",
    "{mine}": r"(?:my|me|mine|mijn|mij|meine?[nmrs]?|mich|mes|mon|ma|moi)\b",
}


def _load() -> dict[str, re.Pattern[str]]:
    source = resources.files("demur.rights").joinpath("heard.toml").read_text("utf-8")
    for short, long in _WORDS.items():
        source = source.replace(short, long)
    said = tomllib.loads(source)
    return {
        kind: re.compile("|".join(f"(?:{each})" for each in chain.from_iterable(spoken.values())))
        for kind, spoken in said.items()
    }


_SAID = _load()
_OBJECTS, _FORBIDS, _TELLS = _SAID["objects"], _SAID["forbids"], _SAID["tells"]
_OPPOSITE, _TAKES_BACK = _SAID["opposite"], _SAID["takes_back"]
_TOPIC, _USE = _SAID["topic"], _SAID["use"]

_HEADED = re.compile(
    r"^(?:formal |formeel |förmlicher |notice of |my |mijn |mein |mon )?"
    r"(?:(?:objection|bezwaar|widerspruch|opposition|opt[- ]?out)\b"
    r"|(?:no|nee|nein|non)(?:[.!]*$| (?:to|tegen|zu|zur|à|ai|ki|ia)\b))"
)
"""A subject that is a No by itself, once the topic is there too."""

_NOTHING_MORE = re.compile(
    r"^(?:no|nee|nein|non|nope)(?:,? (?:thanks?|thank you|dank u(?: wel)?|dank je(?: wel)?|bedankt"
    r"|danke|merci|never|nooit|niemals|jamais|liever niet|lieber nicht|hoor))?[ .!]*(?:\n|$)"
)
"""The answer to a letter of ours that asked."""

_NOT_SO = re.compile(r"\b(?:not|never|nooit|niet|nie|niemals|nicht|jamais|ne)\b")

_ASKS_TO_STOP = re.compile(
    r"^(?:\w+ ){0,4}?(?:can|could|would|will|kunt|kunnen|kun|wilt|willen|wil|zou|können|könnten"
    r"|würden|pouvez|pourriez|voulez)[ -]"
)
"""A question that is a request: "Could you please not use my posts?"."""


def read(subject: str, text: str, *, answers_us: bool = False) -> Says:
    """What a mail says by its subject and its own words (what it quotes taken out).

    answers_us: it replies to a letter of ours, whose subject it then carries and whose question it
    may answer with one word.
    """
    said = _tidy(text)
    heading = "" if _is_reply(subject) else _tidy(subject)
    whole = f"{_tidy(subject)}\n{said}"
    sentences = [each for part in (heading, said) for each in _sentences(_unquoted(part))]
    if any(_TAKES_BACK.search(each) and not _refuses_to(each) for each in sentences):
        return Says.TAKES_BACK
    if any(_OPPOSITE.search(each) for each in sentences):
        return Says.UNCLEAR
    if answers_us and _NOTHING_MORE.match(said):
        return Says.NO
    use = answers_us or bool(_USE.search(whole))
    topic = use or bool(_TOPIC.search(whole))
    if topic and _HEADED.match(heading) and not any(each.endswith("?") for each in sentences):
        return Says.NO
    brief = len(said.split()) <= BRIEF
    no = any(
        _objects(each, topic, brief)
        or (use and _says(each, _FORBIDS))
        or (topic and _says(each, _TELLS))
        for each in sentences
    )
    return Says.NO if no else Says.UNCLEAR


def about_this(subject: str, text: str) -> bool:
    """Does a mail speak of posts, privacy or AI at all? Others are not ours to answer."""
    return bool(_TOPIC.search(said := _tidy(f"{subject}\n{text}")) or _USE.search(said))


def own_words(text: str) -> str:
    """A mail's text without what it quotes of another, and without its signature."""
    kept: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        if line.rstrip("\r\n") in ("-- ", "--") or _QUOTE_BEGINS.match(bare):
            break
        if not bare.startswith(">"):
            kept.append(line.rstrip())
    return "\n".join(kept).strip()


_QUOTE_BEGINS = re.compile(
    r"-{3,} ?(?:original message|oorspronkelijk bericht|doorgestuurd bericht"
    r"|ursprüngliche nachricht|weitergeleitete nachricht|message d'origine|message transféré"
    r"|forwarded message)"
    r"|_{10,}$|begin (?:forwarded|doorgestuurd)"
    r"|(?:on|op|am|le)\b.{5,120}\b(?:wrote|schreef .{1,80}|schrieb .{1,80}|a écrit) ?:$"
    r"|(?:from|van|von|de) ?: .*@",
    re.IGNORECASE,
)


def _objects(sentence: str, topic: bool, brief: bool) -> bool:
    found = None if _only_asks(sentence) else _OBJECTS.search(sentence)
    if found is None:
        return False
    to_something = re.match(
        r" (?:to|against|tegen|gegen|à|au|aux|contre|dem|der)\b", sentence[found.end() :]
    )
    return topic or (brief and not to_something)


def _says(sentence: str, what: re.Pattern[str]) -> bool:
    return bool(what.search(sentence)) and not _only_asks(sentence)


def _only_asks(sentence: str) -> bool:
    return sentence.endswith("?") and not _ASKS_TO_STOP.match(sentence)


def _refuses_to(sentence: str) -> bool:
    """ "I will never withdraw my objection" takes nothing back."""
    found = _TAKES_BACK.search(sentence)
    before = sentence[: found.start()] if found else ""
    return bool(_NOT_SO.search(before[-40:])) and "no longer" not in sentence


def _is_reply(subject: str) -> bool:
    return bool(re.match(r"\s*(?:re|aw|antw|antwort|sv|ré|fw|fwd|wg|tr|doorst)\s*:", subject, re.I))


def _tidy(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()
    plain = re.sub("[\u200b-\u200f\u2060\ufeff\u00ad]", "", plain)
    plain = plain.translate({ord("’"): "'", ord("‘"): "'", ord("`"): "'", ord("´"): "'"})
    plain = re.sub(r"[*_]+", "", plain)
    return re.sub(r"[ \t\u00a0]+", " ", plain).strip()


_MARKS = '["“”„«»]'


def _unquoted(text: str) -> str:
    """Without what stands in quotation marks, unless that is nearly all there is."""
    bare = re.sub(f'{_MARKS}[^"“”„«»]{{3,}}{_MARKS}', " ", text)
    most = len(bare.split()) >= min(6, len(text.split()))
    return bare if most else re.sub(_MARKS, "", text)


def _sentences(text: str) -> list[str]:
    """Lines that were wrapped are one sentence; an empty line, or a greeting, ends one."""
    joined = re.sub(r"(?<![\n,:;])\n(?!\n)", " ", text)
    joined = re.sub(r"\ba\.i\.", "ai", re.sub(r"(\d)\.", r"\1", joined))  # dates, articles
    parts = re.findall(r"[^.!?\n]+[.!?]*", joined)
    bare = [re.sub(r"[,:; ]+", " ", part).strip() for part in parts]
    return [part for part in bare if part]
