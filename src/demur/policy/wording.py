"""What "My data" says to a person: one plain sentence a rule, in each language we speak.

These explain a decision to the person it is about; the clause itself is the rule's docstring. The
sentences are in `sentences.toml`; a rule that lacks one fails a test. A further language is a line
more of each of them, and a column more here.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources

from demur.people import Use
from demur.policy.clause import ALL, Outcome
from demur.policy.decision import Decision

LANGUAGES = ("en", "nl", "de", "fr")
"""Those in which we can say why; people who speak another are told in the first."""

_OUTCOMES: dict[Outcome, tuple[str, ...]] = {
    Outcome.TRAIN: (
        "This post may be used.",
        "Dit bericht mag worden gebruikt.",
        "Dieser Beitrag darf verwendet werden.",
        "Cette publication peut être utilisée.",
    ),
    Outcome.REDACT: (
        "This post may be used with a mention taken out.",
        "Dit bericht mag worden gebruikt, zonder een vermelding die erin staat.",
        "Dieser Beitrag darf verwendet werden, ohne eine Erwähnung.",
        "Cette publication peut être utilisée, une mention en étant retirée.",
    ),
    Outcome.EXCLUDE: (
        "This post is not used.",
        "Dit bericht wordt niet gebruikt.",
        "Dieser Beitrag wird nicht verwendet.",
        "Cette publication n’est pas utilisée.",
    ),
}

_MASKED = (
    "A mention is taken out of it.",
    "Er is een vermelding uit gehaald.",
    "Eine Erwähnung wird herausgenommen.",
    "Une mention en est retirée.",
)

_SOME = (
    "This post may be used for {}.",
    "Dit bericht mag worden gebruikt voor {}.",
    "Dieser Beitrag darf verwendet werden für {}.",
    "Cette publication peut être utilisée pour {}.",
)

_USES: dict[Use, tuple[str, ...]] = {
    Use.TRAINING: ("training", "training", "das Training", "l’entraînement"),
    Use.ANSWERS: ("answers", "antwoorden", "Antworten", "les réponses"),
    Use.SEARCH: ("search", "zoeken", "die Suche", "la recherche"),
    Use.TRANSLATION: ("translating", "vertalen", "das Übersetzen", "la traduction"),
}

_AND = (" and ", " en ", " und ", " et ")


def sentence(rule: str, language: str) -> str:
    """Why, to the person it is about. rule: `Reason.rule`. Other languages get English."""
    return reasons()[rule][LANGUAGES[_column(language)]]


def outcome(what: Outcome, language: str) -> str:
    """What becomes of the post, to the person it is about."""
    return _OUTCOMES[what][_column(language)]


def use(what: Use, language: str) -> str:
    """What a use is called in the middle of a sentence."""
    return _USES[what][_column(language)]


def decision(what: Decision, language: str) -> str:
    """What becomes of the post, and for what it may be used where that is not everything."""
    if what.uses == ALL or not what.uses:
        return outcome(what.outcome, language)
    column = _column(language)
    *more, last = (use(each, language) for each in Use if each in what.uses)
    some = _SOME[column].format(_AND[column].join([", ".join(more), last] if more else [last]))
    return f"{some} {_MASKED[column]}" if what.outcome is Outcome.REDACT else some


@lru_cache(maxsize=1)
def reasons() -> dict[str, dict[str, str]]:
    """Every sentence we have: rule, then language."""
    source = resources.files("demur.policy").joinpath("sentences.toml")
    return tomllib.loads(source.read_text("utf-8"))


def _column(language: str) -> int:
    spoken = language.split("-", maxsplit=1)[0].lower()
    return LANGUAGES.index(spoken) if spoken in LANGUAGES else 0
