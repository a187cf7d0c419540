"""Images: a picture made from a description, and never one that somebody posted.

The image model draws where the site has one, else the composer, which has learned nothing from
anybody. What was drawn is compared with every picture of the community, also of those who object,
and refused where it comes too near; each file says in itself what made it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from PIL import Image

from demur.archives.pictures import look_of
from demur.assistant import guard
from demur.assistant.answer import Assistant
from demur.assistant.drawing import composer, provenance
from demur.assistant.drawing.description import language_of, refused
from demur.assistant.painting import Painted
from demur.corpus.likeness import ALIKE
from demur.corpus.nearness import nearest
from demur.errors import NotAllowed
from demur.serving.gate import surface

SIZES = (64, 1024)  # pixels, the smallest and the largest side
DRAW = {"en": "Draw {}", "nl": "Teken {}"}  # what is asked: a name alone is no question

SENTENCES = {
    "en": {
        "too-near": "The picture came too near to one that somebody posted here, so it is not"
        " shown. Describe it in other words.",
        "nothing": "I have no picture for any of these words. Name things that can be seen: a cat"
        " on a chair, a boat at sea.",
        "refused": "I draw no cruelty, no nakedness and no hatred, and no people by their faith,"
        " origin or love. Describe something else.",
        "missing": "I have no picture for: {words}.",
        "nearest": "{name} (nearest to “{words}”)",
        "taken-back": "While this was drawn somebody said no, so it is not shown. Ask again.",
        "halted": "This community's own image model has been halted. The general model drew.",
        "alone": "Nobody can say who objects now, so the general model drew alone.",
    },
    "nl": {
        "too-near": "De tekening leek te veel op een afbeelding die iemand hier heeft geplaatst en"
        " wordt daarom niet getoond. Beschrijf het met andere woorden.",
        "nothing": "Ik heb voor geen van deze woorden een plaatje. Noem dingen die je kunt zien:"
        " een kat op een stoel, een boot op zee.",
        "refused": "Ik teken geen wreedheid, geen naakt en geen haat, en geen mensen naar hun"
        " geloof, afkomst of liefde. Beschrijf iets anders.",
        "missing": "Ik heb geen plaatje voor: {words}.",
        "nearest": "{name} (het dichtst bij “{words}”)",
        "taken-back": "Terwijl dit getekend werd, zei iemand nee; daarom wordt het niet getoond."
        " Vraag het opnieuw.",
        "halted": "Het eigen tekenmodel van deze gemeenschap is stilgelegd. Het algemene model"
        " tekende.",
        "alone": "Niemand kan nu zeggen wie bezwaar maakt; daarom tekende het algemene model"
        " alleen.",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture, or why there is none.

    png: its bytes with their provenance; empty where `declined` says why not.
    drew: what drew it: "composer", or the name of an image model.
    parts: what it is composed of or drawn from, in the words shown to the asker.
    note: a sentence about what was asked and is not in it; empty where everything is.
    shards: the shards whose image adapters drew along.
    declined: a sentence that says why there is none.
    """

    png: bytes = field(repr=False)
    language: str
    drew: str
    parts: tuple[str, ...] = ()
    note: str = ""
    shards: tuple[int, ...] = ()
    declined: str | None = None


@surface("images")
def draw(
    assistant: Assistant, description: str, *, seed: int | None = None, size: int = 512
) -> Drawing:
    """A square picture of `size` pixels of what is described, in English or Dutch.

    The same description, seed and size give the same picture while the standing and the release
    are the same; its signature differs. Raises
    NotAllowed for a size that is not offered.
    """
    if not SIZES[0] <= size <= SIZES[1]:
        raise NotAllowed(f"A picture is {SIZES[0]} to {SIZES[1]} pixels wide; ask for 512.")
    language = language_of(description)
    if refused(description):
        return _declined(SENTENCES[language]["refused"], language)
    reason = guard.declines(DRAW[language].format(description))
    if reason is not None:
        return _declined(guard.REASONS[reason][language], language)
    seed = secrets.randbits(32) if seed is None else seed
    painted = assistant.paint(description, seed=seed, size=size)
    if painted is not None:
        return _by_model(assistant, painted, language)
    return _composed(assistant, composer.compose(description, seed=seed, size=size), language)


def _by_model(assistant: Assistant, painted: Painted, language: str) -> Drawing:
    said = SENTENCES[language]
    if painted.picture is None:
        return _declined(said["taken-back"], language, painted.name)
    if _comes_too_near(assistant, painted.picture):
        return _declined(said["too-near"], language, painted.name)
    return Drawing(
        png=provenance.sealed(
            painted.picture, drew=painted.name, by_model=True, credential=assistant.credential
        ),
        language=language,
        drew=painted.name,
        note=said["halted"] if painted.halted else "" if painted.memories else said["alone"],
        shards=painted.shards,
    )


def _composed(assistant: Assistant, composed: composer.Composed, language: str) -> Drawing:
    said = SENTENCES[language]
    if composed.scene.is_empty:
        return _declined(said["nothing"], language)
    if _comes_too_near(assistant, composed.image):
        return _declined(said["too-near"], language)
    missing = ", ".join(composed.scene.missing)
    return Drawing(
        png=provenance.sealed(
            composed.image, drew=composer.NAME, by_model=False, credential=assistant.credential
        ),
        language=language,
        drew=composer.NAME,
        parts=_parts(composed, language),
        note=said["missing"].format(words=missing) if missing else "",
    )


def _comes_too_near(assistant: Assistant, image: Image.Image) -> bool:
    """Does it look like a picture that somebody posted? See `corpus.nearness`."""
    apart = nearest(assistant.lake, look_of(image))
    return apart is not None and apart <= ALIKE


def _parts(composed: composer.Composed, language: str) -> tuple[str, ...]:
    """The names of what was put together, each once."""
    names = []
    for thing in composed.scene.things:
        name = thing.found.pictogram.name(language)
        if thing.found.how == "nearest":
            name = SENTENCES[language]["nearest"].format(name=name, words=thing.found.words)
        names.append(f"{thing.count} × {name}" if thing.count > 1 else name)
    return tuple(dict.fromkeys(names))


def _declined(why: str, language: str, drew: str = composer.NAME) -> Drawing:
    return Drawing(png=b"", language=language, drew=drew, declined=why)
