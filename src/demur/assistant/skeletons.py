"""Skeletons: what a letter, an e-mail or an invitation has in any case, in English and Dutch.

Fixed sentences with places left open in square brackets for whoever sends it. They are ours, not
the model's and not a member's, so they are right whatever the model is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

from demur.assistant.words import WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """What stands before and after the substance. `{topic}` is what it is about."""

    begin: str = ""
    first: str = ""  # the sentence that the model may go on from
    material: str = ""  # said before posts are quoted
    end: str = ""


_GREETINGS = {
    "en": {"plain": "Hello [name],", "friendly": "Hi [name],", "formal": "Dear Sir or Madam,"},
    "nl": {"plain": "Beste [naam],", "friendly": "Hoi [naam],", "formal": "Geachte heer, mevrouw,"},
}
_CLOSINGS = {
    "en": {"plain": "Best wishes,", "friendly": "Warm wishes,", "formal": "Yours faithfully,"},
    "nl": {
        "plain": "Groeten,",
        "friendly": "Hartelijke groeten,",
        "formal": "Met vriendelijke groet,",
    },
}
_NAME = {"en": "[your name]", "nl": "[je naam]"}
_DATELINE = {"en": "[place], [date]", "nl": "[plaats], [datum]"}
_SUBJECT = {"en": "Subject: {topic}", "nl": "Onderwerp: {topic}"}

_FIRST = {
    "en": {
        "plain": "I am writing about {topic}.",
        "friendly": "I thought of you when it came to {topic}.",
        "formal": "I am writing to you about {topic}.",
    },
    "nl": {
        "plain": "Ik schrijf over {topic}.",
        "friendly": "Ik moest aan je denken bij {topic}.",
        "formal": "Hierbij schrijf ik u over {topic}.",
    },
}
_INVITES = {
    "en": {
        "plain": "You are invited: {topic}.",
        "friendly": "Will you come along? It is about {topic}.",
        "formal": "We have the pleasure of inviting you: {topic}.",
    },
    "nl": {
        "plain": "Je bent uitgenodigd: {topic}.",
        "friendly": "Kom je ook? Het gaat om {topic}.",
        "formal": "Graag nodigen wij u uit: {topic}.",
    },
}
_WHEN = {
    "en": "When: [date and time]\nWhere: [place]\nPlease bring: [what to bring]",
    "nl": "Wanneer: [datum en tijd]\nWaar: [plaats]\nMeenemen: [wat er nodig is]",
}
_ANSWER = {
    "en": {
        "plain": "Please let me know by [date] whether you can come.",
        "friendly": "Let me know by [date] if you are coming!",
        "formal": "We kindly ask you to let us know by [date] whether you will attend.",
    },
    "nl": {
        "plain": "Laat je voor [datum] weten of je komt?",
        "friendly": "Laat je het me voor [datum] weten? Ik zou het leuk vinden!",
        "formal": "Wij horen graag voor [datum] of wij u mogen verwachten.",
    },
}
_MATERIAL = {
    "en": {
        "letter": "This is what people here write about it:",
        "post": "What people here say about {topic}:",
        "text": "What people here suggest:",
    },
    "nl": {
        "letter": "Dit schrijven mensen hier erover:",
        "post": "Wat mensen hier zeggen over {topic}:",
        "text": "Wat mensen hier aanraden:",
    },
}


def of(form: str, tone: str, language: str) -> Skeleton:
    """The skeleton of a form, in a tone and a language. A summary has none."""
    greeting, closing = _GREETINGS[language][tone], _CLOSINGS[language][tone]
    signed = f"{closing}\n{_NAME[language]}"
    letter, own = _MATERIAL[language]["letter"], WORDS[language]["own-words"]
    if form == "email":
        return Skeleton(
            begin=f"{_SUBJECT[language]}\n\n{greeting}",
            first=_FIRST[language][tone],
            material=letter,
            end=f"{own}\n\n{signed}",
        )
    if form == "letter":
        return Skeleton(
            begin=f"{_DATELINE[language]}\n\n{greeting}",
            first=_FIRST[language][tone],
            material=letter,
            end=f"{own}\n\n{signed}",
        )
    if form == "invitation":
        return Skeleton(
            begin=greeting,
            first=_INVITES[language][tone],
            material=letter,
            end=f"{_WHEN[language]}\n\n{_ANSWER[language][tone]}\n\n{signed}",
        )
    if form == "post":
        return Skeleton(material=_MATERIAL[language]["post"], end=own)
    return Skeleton(begin="{topic}", material=_MATERIAL[language]["text"])
