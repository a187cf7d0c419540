"""The assistant's own sentences, in the languages it answers in, and how one of them is chosen."""

from __future__ import annotations

from demur.corpus.stored import language_of

READY = ("en", "nl")  # languages the community's posts have taught, and the pages speak

WORDS = {
    "en": {
        "wrote": "From the community's posts:",
        "nothing": "I found no public post about this.",
        "not-ready": "I am not ready in this language yet; here is what I have in English.",
        "halted": "This community's own model has been halted. The general model answers.",
        "task": "Answer in one or two English sentences, from these posts only.",
        "posts": "Posts",
        "question": "Question",
    },
    "nl": {
        "wrote": "Uit de berichten van de gemeenschap:",
        "nothing": "Ik vond hierover geen openbaar bericht.",
        "not-ready": "",
        "halted": "Het eigen model van deze gemeenschap is stilgelegd."
        " Het algemene model antwoordt.",
        "task": "Antwoord in een of twee Nederlandse zinnen, alleen uit deze berichten.",
        "posts": "Berichten",
        "question": "Vraag",
    },
}


def language_of_answer(asked: str) -> tuple[str, bool]:
    """The language to answer in, and whether it is the one that was asked in."""
    language = language_of(asked)
    return (language, True) if language in READY else ("en", language == "und")
