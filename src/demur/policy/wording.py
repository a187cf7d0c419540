"""What "My data" says to a person: one plain sentence a rule, in each language we speak.

These explain a decision to the person it is about; the clause itself is the rule's docstring. A
rule without a sentence here fails a test. Further languages are further columns.
"""

from __future__ import annotations

from demur.people import Use
from demur.policy.clause import ALL, Outcome
from demur.policy.decision import Decision

LANGUAGES = ("en", "nl")

_OUTCOMES: dict[Outcome, tuple[str, str]] = {
    Outcome.TRAIN: ("This post may be used.", "Dit bericht mag worden gebruikt."),
    Outcome.REDACT: (
        "This post may be used with a mention taken out.",
        "Dit bericht mag worden gebruikt, met een vermelding eruit gehaald.",
    ),
    Outcome.EXCLUDE: ("This post is not used.", "Dit bericht wordt niet gebruikt."),
}

_MASKED = ("A mention is taken out of it.", "Er is een vermelding uit gehaald.")

_SOME = ("This post may be used for {}.", "Dit bericht mag worden gebruikt voor {}.")

_USES: dict[Use, tuple[str, str]] = {
    Use.TRAINING: ("training", "training"),
    Use.ANSWERS: ("answers", "antwoorden"),
    Use.SEARCH: ("search", "zoeken"),
    Use.TRANSLATION: ("translating", "vertalen"),
}

_AND = (" and ", " en ")

_REASONS: dict[str, tuple[str, str]] = {
    "private-message": (
        "It is a private message.",
        "Het is een privébericht.",
    ),
    "closed-group": (
        "You posted it in a closed group.",
        "U plaatste het in een besloten groep.",
    ),
    "not-public": (
        "You posted it for friends or followers only.",
        "U plaatste het alleen voor vrienden of volgers.",
    ),
    "audience-unknown": (
        "We do not know who could see it, so we treat it as not public.",
        "We weten niet wie het kon zien, dus behandelen we het als niet openbaar.",
    ),
    "chat-without-switch": (
        "It is a chat with the assistant, and you have not switched on that chats may be used.",
        "Het is een gesprek met de assistent, en u hebt niet aangezet dat gesprekken"
        " mogen worden gebruikt.",
    ),
    "profile-locked": (
        "Your profile is locked.",
        "Uw profiel staat op slot.",
    ),
    "profile-visibility-unknown": (
        "We do not know whether your profile is open, so we treat it as locked.",
        "We weten niet of uw profiel openbaar is, dus behandelen we het als op slot.",
    ),
    "profile-itself": (
        "It is your name or profile photo. Those are never used.",
        "Het is uw naam of profielfoto. Die worden nooit gebruikt.",
    ),
    "somebody-elses-words": (
        "You shared somebody else's post. Those words are theirs.",
        "U deelde een bericht van iemand anders. Die woorden zijn van hen.",
    ),
    "account-unknown": (
        "The account it came from is not on record with us as yours.",
        "Het account waar het vandaan komt staat bij ons niet als het uwe bekend.",
    ),
    "age-unknown": (
        "We do not know your age, so we use nothing of yours.",
        "We weten niet hoe oud u bent, dus gebruiken we niets van u.",
    ),
    "under-age-now": (
        "You are not of age yet.",
        "U bent nog niet meerderjarig.",
    ),
    "under-age-when-posted": (
        "You were not of age yet when you posted it.",
        "U was nog niet meerderjarig toen u het plaatste.",
    ),
    "country-unknown": (
        "We do not know in which country you live, so we do not know which law protects you.",
        "We weten niet in welk land u woont, en dus niet welke wet u beschermt.",
    ),
    "regime-off": (
        "In your country this is switched off.",
        "In uw land staat dit uit.",
    ),
    "not-opted-in": (
        "In your country we ask first, and you have not said yes.",
        "In uw land vragen we het eerst, en u hebt geen ja gezegd.",
    ),
    "no-notice": (
        "You have not been told yet.",
        "U hebt nog geen bericht van ons gekregen.",
    ),
    "notice-undelivered": (
        "We wrote to you, but our notice has not reached you.",
        "We hebben u geschreven, maar ons bericht heeft u niet bereikt.",
    ),
    "waiting-period": (
        "You have been told, and your time to object is still running.",
        "U hebt bericht gekregen, en uw tijd om bezwaar te maken loopt nog.",
    ),
    "untold-of-training": (
        "You have not been told about training with it, or your time to object still runs.",
        "U hebt nog geen bericht gekregen over training ermee, of uw tijd om bezwaar te"
        " maken loopt nog.",
    ),
    "untold-of-answers": (
        "You have not been told about its use in answers, or your time to object still runs.",
        "U hebt nog geen bericht gekregen over gebruik in antwoorden, of uw tijd om bezwaar te"
        " maken loopt nog.",
    ),
    "untold-of-search": (
        "You have not been told about its use in search, or your time to object still runs.",
        "U hebt nog geen bericht gekregen over gebruik bij zoeken, of uw tijd om bezwaar te"
        " maken loopt nog.",
    ),
    "untold-of-translation": (
        "You have not been told about its use for translating, or your time to object still runs.",
        "U hebt nog geen bericht gekregen over gebruik bij vertalen, of uw tijd om bezwaar te"
        " maken loopt nog.",
    ),
    "author-objects": (
        "You objected.",
        "U hebt bezwaar gemaakt.",
    ),
    "linked-account-objects": (
        "You objected with another account of yours. That covers this one too.",
        "U hebt met een ander account bezwaar gemaakt. Dat geldt ook voor dit account.",
    ),
    "objects-to-training": (
        "You objected to training with it.",
        "U hebt bezwaar gemaakt tegen training ermee.",
    ),
    "objects-to-answers": (
        "You objected to its use in answers.",
        "U hebt bezwaar gemaakt tegen gebruik in antwoorden.",
    ),
    "objects-to-search": (
        "You objected to its being found by search.",
        "U hebt er bezwaar tegen gemaakt dat het bij zoeken wordt gevonden.",
    ),
    "objects-to-translation": (
        "You objected to its use for translating.",
        "U hebt bezwaar gemaakt tegen gebruik bij vertalen.",
    ),
    "restricted-meanwhile": (
        "A request of yours is being decided. Until then nothing of yours is used.",
        "Over een verzoek van u wordt nog beslist. Tot dan gebruiken we niets van u.",
    ),
    "memorial": (
        "The account is a memorial. Nothing of somebody who has died is used.",
        "Het account is een herdenkingsaccount. Van wie is overleden gebruiken we niets.",
    ),
    "objector-pictured": (
        "Somebody who objects is tagged in its pictures.",
        "In de foto's is iemand getagd die bezwaar heeft gemaakt.",
    ),
    "objector-mentioned": (
        "It mentions somebody who objects. The mention is taken out, the post stays yours.",
        "Er wordt iemand genoemd die bezwaar heeft gemaakt. De vermelding gaat eruit,"
        " het bericht blijft van u.",
    ),
    "suppressed-copy": (
        "Its words or a picture are a copy of something by somebody who objects or was erased.",
        "De woorden of een foto zijn een kopie van iets van iemand die bezwaar heeft gemaakt of"
        " van wie alles is gewist.",
    ),
    "on-hold": (
        "An authority or the operator has halted what it belongs to.",
        "Een toezichthouder of de beheerder heeft stilgelegd waar het onder valt.",
    ),
    "held-from-training": (
        "An authority or the operator has halted training with it.",
        "Een toezichthouder of de beheerder heeft training ermee stilgelegd.",
    ),
    "held-from-answers": (
        "An authority or the operator has halted its use in answers.",
        "Een toezichthouder of de beheerder heeft gebruik in antwoorden stilgelegd.",
    ),
    "held-from-search": (
        "An authority or the operator has halted its being found by search.",
        "Een toezichthouder of de beheerder heeft stilgelegd dat het bij zoeken wordt gevonden.",
    ),
    "held-from-translation": (
        "An authority or the operator has halted its use for translating.",
        "Een toezichthouder of de beheerder heeft gebruik bij vertalen stilgelegd.",
    ),
    "profile-refuses": (
        "Your profile carries a setting or mark that says no to training.",
        "Op uw profiel staat een instelling of kenmerk dat nee zegt tegen training.",
    ),
    "post-refuses": (
        "The post carries a mark that says no to training.",
        "Op het bericht staat een kenmerk dat nee zegt tegen training.",
    ),
    "picture-refuses": (
        "One of its pictures carries a mark that says no to training.",
        "Een van de foto's draagt een kenmerk dat nee zegt tegen training.",
    ),
    "wish-unreadable": (
        "It or your profile carries a mark about training that we cannot read. We take it as a no.",
        "Op het bericht of uw profiel staat een kenmerk over training dat we niet kunnen lezen."
        " We vatten dat op als een nee.",
    ),
    "outside-window": (
        "It is older than what we collect, or its date lies in the future.",
        "Het is ouder dan wat we verzamelen, of de datum ligt in de toekomst.",
    ),
    "copy-of-own": (
        "You posted the same before. It counts once.",
        "U plaatste hetzelfde al eerder. Het telt één keer.",
    ),
}


def sentence(rule: str, language: str) -> str:
    """Why, to the person it is about. rule: `Reason.rule`. Other languages get English."""
    return _REASONS[rule][_column(language)]


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


def _column(language: str) -> int:
    spoken = language.split("-", maxsplit=1)[0].lower()
    return LANGUAGES.index(spoken) if spoken in LANGUAGES else 0
