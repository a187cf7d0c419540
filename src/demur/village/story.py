"""The cast of the demonstration: who does what in it, and with which words one signs in.

Names and sentences only; `demur demo` and the tests play the parts. `tests/village` holds it to the
posts: whoever is named here has written what is said of them.
"""

from __future__ import annotations

from dataclasses import dataclass

OBJECTOR = "marijke"
"""Writes much, on three platforms, is cited for the questions below and mentioned by others."""

QUESTION_NL = "Waar liggen de mooiste getijdenpoeltjes en wanneer kan ik het beste gaan?"
QUESTION_EN = "Where are the best tide pools and when should I go?"

CITED_NL, CITED_EN = "m1", "m2"
"""The objector's posts that answer them, by their names in posts/*.txt."""

TRANSLATED, TRANSLATION = "pools_nl", "tr_pools"
"""Another's post about the tide pools, and how the objector put it into English."""

DRAWN = "een vuurtoren aan zee bij zonsondergang"

FRIEND = "bram"
"""Mentions the objector by handle; their name is masked in `MASKED`, and the post stays his."""
MASKED = "b3"

STILL_ANSWERS = ("pools_nl", "pools_en")
"""Others' posts about the tide pools: an answer remains when the objector's words have gone."""

COPIER = "ben"
"""Took over the objector's `CITED_NL` word for word: it falls with her No. Two more copies stay."""

SECRET = "zeven haringen walsen zachtjes om twaalf uur"  # noqa: S105  (opens nothing)
"""Harmless, said once and by the objector alone: must never be spoken, before or after."""

MINORS = ("roos", "finn")
CAME_OF_AGE = "sem"  # on the first of March 2026; what was written before stays out
AGE_UNKNOWN = "dirk"
COUNTRY_UNKNOWN = "mo"
LOCKED = ("kees", "saskia")
LINKED = ("marijke", "noor")
REFUSES_BY_SIGNAL = ("priya", "ottilie")
REFUSES_ONE_PICTURE = "maud"
AUDIENCE_UNKNOWN = "jo"
ABROAD = "luciana"  # in Brazil, where another regime holds

QUESTION_ABROAD = "Which birds on the island are not flamingos?"
"""Asked so that an answer quotes `ABROAD`'s words; the proof of it is then found for her."""

AUTHORITY, ITS_KEY = "Toezicht Tureluur", "toezicht.tureluur.example"
"""A supervisory authority of the Netherlands, as the village's book names it."""

PUBLIC_GROUPS = ("Tureluur vroeger en nu",)
"""Groups on Facebook that the operator declares public. Their archives do not say it."""
CLOSED_GROUP = "Buren van de Noorderstraat"


ASK = (
    ("Waar kan ik het mooist wandelen op Tureluur?", "walk_nl"),
    ("Hoe laat gaat de laatste pont?", "ferry_nl"),
    ("Wanneer is het Repair Café en waar?", "cafe_nl"),
    ("Waar zie je het spook van de Blinde Loods?", "ghost_nl"),
    ("What time is the last ferry?", "ferry_en"),
    ("When is the repair café?", "cafe_en"),
    ("Where can I see birds on the island?", "birds_en"),
    ("How do you make the pea soup?", "soup_en"),
)
"""Other questions to try on the served site, each with a post that answers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A user of the demonstration's site. `who` is a key of people.toml; None is the operator."""

    user: str
    password: str
    who: str | None
    part: str


# Passwords of a demonstration on one machine: printed on the terminal, guarding nothing.
SIGN_INS = (
    SignIn(user="marijke", password="eb-en-vloed", who="marijke", part="objects"),  # noqa: S106
    SignIn(user="bram", password="kromme-spaak", who="bram", part="mentions her, is masked"),  # noqa: S106
    SignIn(user="roos", password="rode-pootjes", who="roos", part="is under eighteen"),  # noqa: S106
    SignIn(user="sem", password="klep-omlaag", who="sem", part="has just come of age"),  # noqa: S106
    SignIn(user="luciana", password="sete-e-quinze", who="luciana", part="lives in Brazil"),  # noqa: S106
    SignIn(user="dijkwacht", password="derde-tree", who=None, part="runs the site"),  # noqa: S106
)
