"""From an answer to statuses: cut to the server's length, and each with the way to say no.

What people wrote is quoted without calling anybody: a handle or a hashtag in a quoted post would
notify its owner, so each gets a character between that nobody sees.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from demur.assistant.said import Citation

MOST = 4  # statuses of one answer
LEAST = 80  # characters of words that a status must have room for

FOOT = {
    "en": "🤖 AI, from public posts. To keep yours out, reply “no” or go to {link}",
    "nl": "🤖 AI, uit openbare berichten. De uwe niet? Antwoord “nee” of ga naar {link}",
    "de": "🤖 KI, aus öffentlichen Beiträgen. Ihre nicht? Antworten Sie „nein“: {link}",
    "fr": "🤖 IA, à partir de messages publics. Pas les vôtres ? Répondez « non » : {link}",
}
"""The notice and the way to object. It stands in every status: each can be read alone."""

NOTED = {
    "en": "Noted: nothing that this account posted is used from now on. Receipt, and how to take"
    " it back: {centre}",
    "nl": "Genoteerd: niets wat dit account plaatste wordt vanaf nu gebruikt. Bewijs, en hoe u"
    " erop terugkomt: {centre}",
    "de": "Notiert: nichts von diesem Konto wird ab jetzt verwendet. Beleg, und wie Sie es"
    " zurücknehmen: {centre}",
    "fr": "C’est noté : rien de ce compte n’est plus utilisé. Reçu, et comment revenir"
    " dessus : {centre}",
}
UNKNOWN = {
    "en": "This account is not known here, so nothing that it posted is used. If others mention"
    " you: {outsiders}",
    "nl": "Dit account is hier niet bekend, dus niets ervan wordt gebruikt. Als anderen u noemen:"
    " {outsiders}",
    "de": "Dieses Konto ist hier nicht bekannt, also wird nichts davon verwendet. Wenn andere Sie"
    " erwähnen: {outsiders}",
    "fr": "Ce compte n’est pas connu ici : rien n’en est utilisé. Si d’autres vous mentionnent :"
    " {outsiders}",
}
HOW = {
    "en": "To keep your posts out, reply “no”, or see what is used and say no here: {link}",
    "nl": "Wilt u niet dat uw berichten gebruikt worden? Antwoord “nee”, of zie hier wat er"
    " gebruikt wordt en zeg daar nee: {link}",
    "de": "Sollen Ihre Beiträge nicht verwendet werden? Antworten Sie „nein“, oder hier: {link}",
    "fr": "Vos messages ne doivent pas servir ? Répondez « non », ou ici : {link}",
}


def compose(
    text: str, citations: Sequence[Citation], *, to: str, foot: str, characters: int
) -> list[str]:
    """The answer as statuses, in order. characters: how many one may have.

    to: the asker's handle, who is mentioned in each. Of an answer too long for MOST statuses the
    end is left out, never its sources and never the foot.
    """
    room = max(characters - len(f"@{to} ") - len(f"\n\n{foot}"), LEAST)
    sources = _sources(citations)
    parts = split(inert(text), room)
    if parts and sources and len(parts[-1]) + len(sources) + 2 <= room:
        parts[-1] += f"\n\n{sources}"
        tail: list[str] = []
    else:
        tail = split(sources, room)[:1]
    if len(parts) + len(tail) > MOST:
        parts = parts[: MOST - len(tail)]
        parts[-1] = parts[-1][: room - 2].rstrip() + " …"
    return [f"@{to} {part}\n\n{foot}" for part in [*parts, *tail]]


def inert(text: str) -> str:
    """The same words, calling nobody and joining no hashtag."""
    return re.sub(r"([@#＠＃])(?=\w)", "\\1\u2060", text)


def split(text: str, room: int) -> list[str]:
    """Parts of at most `room` characters, cut between paragraphs, lines, sentences or words."""
    parts: list[str] = []
    rest = text.strip()
    while len(rest) > room:
        at = _cut(rest[: room + 1], room)
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*parts, rest] if rest else parts


def _cut(text: str, room: int) -> int:
    """Where to cut: the last good place in the second half, else the last space, else anywhere."""
    for mark in ("\n\n", "\n", ". ", "? ", "! "):
        at = text.rfind(mark, room // 2)
        if at > 0:
            return min(at + len(mark.rstrip()) or at, room)
    at = text.rfind(" ")
    return at if at > 0 else room


def _sources(citations: Sequence[Citation]) -> str:
    """A line for each quoted post that can be opened."""
    return "\n".join(
        f"[{citation.number}] {citation.url}"
        for citation in citations
        if citation.url and urlsplit(citation.url).scheme in ("http", "https")
    )
