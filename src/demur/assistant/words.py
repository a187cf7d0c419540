"""The assistant's own sentences, in the languages it answers in, and how one of them is chosen."""

from __future__ import annotations

import re

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
        "own-words": "[what you want to add]",
        "nothing-to-write": "Say in a few words what it should be about.",
        "no-posts": "The community's posts cannot be used just now; here is an empty draft.",
        "too-long-to-sum": "That is {length} characters; I sum up {longest} at once.",
        "nothing-to-sum": "There is no sentence here to sum up.",
        "sums-in-its-own": "I leave what I sum up in the language it is written in.",
        "write-text": "Write one sentence that invites people to {topic}.",
        "write-email": "Write one sentence for an e-mail about {topic}.",
        "write-letter": "Write one sentence for a letter about {topic}.",
        "write-post": "Write one sentence for a message about {topic}.",
        "write-invitation": "Write one sentence that invites somebody to {topic}.",
        "nothing-to-translate": "There is nothing here to translate.",
        "too-long": "That is {length} characters; I translate {longest} at once. Cut it in parts.",
        "already": "This is in English already.",
        "not-from": "I do not know {language} yet; I translate from Dutch into English.",
        "not-from-this": "This is no Dutch, as far as I can tell; I translate Dutch into English.",
        "put-so": "Somebody here put it like this:",
        "leans-on": "It leans on what people here translated: {sources}.",
        "unsure": "Marked [?]: an attempt. Nobody here has translated anything like it.",
        "no-memory": "I am not sure of this: what people here translated cannot be used just now.",
        "left": "Marked [nl]: left in Dutch, for I could not put it into English.",
        "word-by-word": "Marked ≈: word by word, as people here translated these words.",
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
        "own-words": "[wat je zelf wilt zeggen]",
        "nothing-to-write": "Zeg in een paar woorden waar het over moet gaan.",
        "no-posts": "De berichten zijn nu niet te gebruiken; hier is een leeg ontwerp.",
        "too-long-to-sum": "Dat zijn {length} tekens; ik vat er {longest} tegelijk samen.",
        "nothing-to-sum": "Hier staat geen zin om samen te vatten.",
        "sums-in-its-own": "Wat ik samenvat, blijft in de taal waarin het geschreven is.",
        "write-text": "Schrijf één zin die mensen uitnodigt tot {topic}.",
        "write-email": "Schrijf één zin voor een e-mail over {topic}.",
        "write-letter": "Schrijf één zin voor een brief over {topic}.",
        "write-post": "Schrijf één zin voor een bericht over {topic}.",
        "write-invitation": "Schrijf één zin die iemand uitnodigt voor {topic}.",
        "nothing-to-translate": "Hier staat niets om te vertalen.",
        "too-long": "Dat zijn {length} tekens; ik vertaal er {longest} tegelijk. Knip het.",
        "already": "Dit is al Nederlands.",
        "not-from": "Ik ken nog geen {language}; ik vertaal van het Engels naar het Nederlands.",
        "not-from-this": "Dit is geen Engels, voor zover ik zie; ik vertaal uit het Engels.",
        "put-so": "Iemand hier zei het zo:",
        "leans-on": "De vertaling leunt op wat mensen hier vertaalden: {sources}.",
        "unsure": "Met [?]: een poging. Niemand hier vertaalde iets wat erop lijkt.",
        "no-memory": "Ik ben er niet zeker van: wat mensen hier vertaalden, is nu niet te lezen.",
        "left": "Met [en]: nog in het Engels, want ik kon het niet in het Nederlands zeggen.",
        "word-by-word": "Met ≈: woord voor woord, zoals mensen hier die woorden vertaalden.",
    },
}


LANGUAGES = {
    "ar": {"en": "Arabic", "nl": "Arabisch"},
    "de": {"en": "German", "nl": "Duits"},
    "es": {"en": "Spanish", "nl": "Spaans"},
    "fr": {"en": "French", "nl": "Frans"},
    "it": {"en": "Italian", "nl": "Italiaans"},
    "pl": {"en": "Polish", "nl": "Pools"},
    "pt": {"en": "Portuguese", "nl": "Portugees"},
    "tr": {"en": "Turkish", "nl": "Turks"},
    "uk": {"en": "Ukrainian", "nl": "Oekraïens"},
}
"""Languages that people may write to us in and that we are not ready for, by name."""


REQUESTS = tuple(
    re.compile(rf"^(?:{words})\b[\s,:]*", re.IGNORECASE)
    for words in (
        r"please|could you|can you|i (?:want|need|would like)|help me(?: to)?",
        r"(?:write|draft|make|give|compose|need|find|suggest)(?: me| us)?",
        r"(?:an?|the|some|my)\b(?=.*\b(?:about|for|on|over)\b| invitation to\b)",
        r"(?:short|long|friendly|formal|nice|few|good)(?: and (?:short|friendly|formal|nice))?",
        r"(?:e-?mail|letter|post|message|invitation|text|story|ideas?|inspiration|tips?)"
        r"(?: to (?:\w+ ){1,3}?(?=about\b|for\b))?",
        r"about|for|on|to(?=\s+(?:an?|the|my|our)\b)",
        r"alsjeblieft|graag|kun je|kunt u|wil je|ik (?:wil|zoek)(?: graag)?|help me(?: met)?",
        r"(?:schrijf|maak|geef|bedenk|zoek)(?: me| mij| ons| een)?",
        r"(?:een|wat|het|de|mijn)\b(?=.*\b(?:over|voor|bij|van)\b)",
        r"(?:korte?|lange?|vriendelijke?|formele|leuke?|goede|paar)",
        r"(?:e-?mail|brief|bericht|uitnodiging|tekst|verhaal|idee(?:ën)?|inspiratie|tips?)"
        r"(?: aan (?:\w+ ){1,3}?(?=over\b|voor\b))?",
        r"over|voor|bij",
    )
)
"""How people ask for a text, in the order it is said; what is left is what it is about."""


def language_of_answer(asked: str) -> tuple[str, bool]:
    """The language to answer in, and whether it is the one that was asked in."""
    language = language_of(asked)
    return (language, True) if language in READY else ("en", language == "und")
