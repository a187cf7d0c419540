"""What a mention says: a question, a No, or something about one's posts that deserves the link.

A No counts when it is clear (`rights.heard`), as by mail; the server has made sure whose account it
is. A single "no" or "stop" said to the bot is one as well: there is nothing else it could refuse.
"""

from __future__ import annotations

import re
from enum import StrEnum

from demur.archives.text import from_html
from demur.rights import heard

BRIEF = 3  # words: so short a No needs no topic
_STOP = re.compile(
    r"(?:please |alsjeblieft |bitte )?(?:stop|halt|hou(?:d)? op|ophouden|hör auf|arrête[rz]?)"
    r"(?: please| alsjeblieft| bitte| it| ermee| that)?[ .!]*",
    re.IGNORECASE,
)
_ABOUT_A_NO = re.compile(
    r"\b(?:object(?:ion|ing)?|opt(?:ing)?[ -]?out|bezwaar|widerspruch|widersprechen|opposition"
    r"|withdraw|intrekken|toestemming|consent|permission|einwilligung|consentement|privacy)\b",
    re.IGNORECASE,
)


class Meant(StrEnum):
    QUESTION = "question"
    NO = "no"
    ABOUT_A_NO = "about a no"
    NOTHING = "nothing"


def words(html: str, handles: tuple[str, ...]) -> str:
    """What somebody wrote, without markup and without the handles that only call us."""
    text, anchors = from_html(html)
    for anchor in sorted(anchors, key=lambda anchor: anchor.start, reverse=True):
        called = text[anchor.start : anchor.end].lstrip("@").casefold()
        if anchor.mention and called in handles:
            text = text[: anchor.start] + text[anchor.end :]
    for handle in handles:
        text = re.sub(rf"(?<![\w@])@{re.escape(handle)}\b(?!@)", "", text, flags=re.IGNORECASE)
    return re.sub(r"[ \t]+", " ", text).strip()


def meant(text: str) -> Meant:
    if not text:
        return Meant.NOTHING
    brief = len(text.split()) <= BRIEF
    says = heard.read("", text, answers_us=brief)
    if says is heard.Says.NO or _STOP.fullmatch(text):
        return Meant.NO
    if says is heard.Says.TAKES_BACK or _ABOUT_A_NO.search(text):
        return Meant.ABOUT_A_NO
    return Meant.QUESTION
