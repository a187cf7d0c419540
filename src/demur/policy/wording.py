"""What "My data" says to a person: one plain sentence a rule, in each language we speak.

These explain a decision to the person it is about; the clause itself is the rule's docstring. A
rule without a sentence here fails a test. Further languages are further columns.
"""

from __future__ import annotations

from demur.policy.clause import Outcome

LANGUAGES = ("en", "nl")

_OUTCOMES: dict[Outcome, tuple[str, str]] = {
    Outcome.TRAIN: ("This post may be used.", "Dit bericht mag worden gebruikt."),
    Outcome.REDACT: (
        "This post may be used with a mention taken out.",
        "Dit bericht mag worden gebruikt, met een vermelding eruit gehaald.",
    ),
    Outcome.EXCLUDE: ("This post is not used.", "Dit bericht wordt niet gebruikt."),
}

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
    "author-objects": (
        "You objected.",
        "U hebt bezwaar gemaakt.",
    ),
    "linked-account-objects": (
        "You objected with another account of yours. That covers this one too.",
        "U hebt met een ander account bezwaar gemaakt. Dat geldt ook voor dit account.",
    ),
    "objector-pictured": (
        "Somebody who objects is tagged in its pictures.",
        "In de foto's is iemand getagd die bezwaar heeft gemaakt.",
    ),
    "objector-mentioned": (
        "It mentions somebody who objects. The mention is taken out, the post stays yours.",
        "Er wordt iemand genoemd die bezwaar heeft gemaakt. De vermelding gaat eruit,"
        " het bericht blijft van jou.",
    ),
    "suppressed-copy": (
        "Its text is a copy of a post by somebody who objects or whose posts were erased.",
        "De tekst is een kopie van een bericht van iemand die bezwaar heeft gemaakt of"
        " van wie de berichten zijn gewist.",
    ),
    "on-hold": (
        "An authority or the operator has halted what it belongs to.",
        "Een toezichthouder of de beheerder heeft stilgelegd waar het onder valt.",
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


def _column(language: str) -> int:
    spoken = language.split("-", maxsplit=1)[0].lower()
    return LANGUAGES.index(spoken) if spoken in LANGUAGES else 0
