"""Stop words: what a question is made of, in Dutch and English, so that its subject is searched.

Nothing is removed from what is stored, and a question of stop words alone is searched as it is.
"""

from __future__ import annotations

from demur.memory.stems import words

_DUTCH = """
de het een en of maar want dus als dan dat die dit deze er hier daar
ik jij je u hij zij ze wij we jullie mij me hem haar ons onze hun mijn jouw uw zijn
is ben bent was waren wordt worden werd heb hebt heeft hebben had kan kunnen kun mag moet zal zou
wil doe doet doen ga gaat gaan
aan bij door in met na naar om op over te tegen tot uit van voor
wie wat waar wanneer waarom hoe welk welke
niet geen wel ook nog al eens even graag
iets iemand niets niemand iedereen alles ergens nergens mensen
vertel weet weten wist zeg ken kent kennen
"""

_ENGLISH = """
the a an and or but so if then than that this these those there here
i you he she it we they me him her us them my your his its our their
is am are was were be been being do does did have has had can could may might must shall should
will would
about at by for from in into of on onto to with without as
who what where when why how which
not no any some also just only please tell know say people
someone something somebody somewhere anyone anything anybody anywhere
everyone everything everybody everywhere nobody nothing nowhere
"""

STOP = frozenset((_DUTCH + _ENGLISH).split())
MOST = 32  # a question may be a page long; its first words are what it is about


def subject(text: str) -> list[str]:
    """The words of a question that say what it is about, in their order, each once."""
    every = list(dict.fromkeys(words(text)))
    return ([word for word in every if word not in STOP] or every)[:MOST]
