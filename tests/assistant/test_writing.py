"""What a draft is made of, what of the model's words stays out, and how a text is summed up."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from heard_by_hand import heard

from demur.assistant import summary, writing
from demur.assistant.leaning import Leaning
from demur.assistant.said import Plan
from demur.assistant.words import WORDS
from demur.assistant.writing import Brief
from demur.memory.memories import Heard

pytestmark = pytest.mark.usefixtures("same_words")

POSTS: list[dict[str, Any]] = [
    {"who": "anna", "lang": "en", "text": "A walking tour for everybody: harbour, mill, church."},
    {"who": "bob", "lang": "nl", "text": "Een walking tour langs de molen duurt twee uur."},
    {"who": "carla", "lang": "en", "text": "The bakery sells out by ten."},
]
ASKED = {"who": "dirk", "lang": "en", "text": "Which walking tour is the best walking tour?"}
LONG = (
    "We had soup. " * 20 + "The walking tour begins at the mill at nine. " + "Bread was nice. " * 20
)


def said(plan: Plan, model: str) -> str:
    text = "".join(plan.opening)
    for part in plan.then:
        text += "".join(part.opening)
        if part.prompt:
            assert part.edited is not None
            text += part.edited(model)
    return text


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory) -> Any:
    @cache
    def memories(*silent: str) -> Heard:
        return heard(tmp_path_factory.mktemp("memories"), [ASKED, *POSTS], *silent)

    def write(brief: Brief, model: str = "", *silent: str) -> tuple[Plan, str]:
        plan = writing._draft(brief, memories(*silent))
        return plan, said(plan, model)

    return write


def test_inspiration_for_a_walking_tour_is_a_list_of_what_people_wrote(draft: Any) -> None:
    plan, text = draft(Brief(about="Inspiration for a walking tour"))
    assert text == (
        "A walking tour\n\nWhat people here suggest:\n"
        "1. “A walking tour for everybody: harbour, mill, church.” [1]\n"
        "2. “Een walking tour langs de molen duurt twee uur.” [2]\n"
    )
    assert [(each.number, each.account) for each in plan.citations] == [
        (1, "forum:anna"),
        (2, "forum:bob"),
    ]


def test_an_e_mail_has_all_that_an_e_mail_has(draft: Any) -> None:
    brief = Brief(about="Write an e-mail about the walking tour", form="email", tone="formal")
    _, text = draft(brief, "It is a walking tour for everybody. We leave at 9:30 sharp.")
    assert text == (
        "Subject: The walking tour\n\nDear Sir or Madam,\n\n"
        "I am writing to you about the walking tour. It is a walking tour for everybody.\n\n"
        "This is what people here write about it:\n"
        "- “A walking tour for everybody: harbour, mill, church.” [1]\n"
        "- “Een walking tour langs de molen duurt twee uur.” [2]\n\n"
        "[what you want to add]\n\nYours faithfully,\n[your name]\n"
    ), "and no time that nobody gave"


@pytest.mark.parametrize("form", ["text", "email", "post", "letter", "invitation"])
@pytest.mark.parametrize("tone", ["plain", "friendly", "formal"])
@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_skeleton_is_whole(draft: Any, form: Any, tone: Any, language: Any) -> None:
    brief = Brief(about="walking tour", form=form, tone=tone, language=language)
    plan, text = draft(brief)
    assert "{" not in text
    assert "\n\n\n" not in text
    assert text.endswith("\n")
    assert all(f"[{each.number}]" in text for each in plan.citations)
    first = "forum:anna" if language == "en" else "forum:bob"
    assert plan.citations[0].account == first, "posts in the language of the draft come first"


def test_where_nothing_is_found_that_is_said_first(draft: Any) -> None:
    plan, text = draft(Brief(about="beekeeping", form="letter", language="nl"))
    assert text.startswith(WORDS["nl"]["nothing"] + "\n\n[plaats], [datum]\n\nBeste [naam],")
    assert "[1]" not in text and plan.citations == ()


def test_the_no_of_somebody_takes_their_post_out_of_the_draft(draft: Any) -> None:
    plan, text = draft(Brief(about="walking tour"), "", "anna")
    assert [each.account for each in plan.citations] == ["forum:bob", "forum:dirk"]
    assert "harbour" not in text


@pytest.mark.parametrize(
    ("spoken", "kept"),
    [
        ("The mill is a fine place to begin.", "The mill is a fine place to begin."),
        ("The mill is a fine place. Also this one is", "The mill is a fine place."),
        ("The tour starts at 10 o'clock.", ""),
        ("Ask Gerrit about the mill when you come.", ""),
        ("Mail us at info@mill.example for the mill.", ""),
        ("It is […] and that is a present.", ""),
        ("A sweet and creamy walk around the mill.", ""),
        ("See [1] for all about the mill.", ""),
        ("De molen is een mooie plek om te beginnen.", ""),
        ("It is a beautiful day to be outside.", ""),
        ("Yes.", ""),
        ("", ""),
        ("The mill is old and the church is not. Tom lives there with us.", None),
    ],
)
def test_of_the_model_only_what_keeps_to_what_is_known(spoken: str, kept: str | None) -> None:
    given = ["The mill is a fine place to begin.", "The mill is old and the church is not."]
    leans = Leaning("the mill and the church", given, "en", enough=writing.NEAR)
    found = writing.kept_of(spoken, leans, limit=3)
    wanted = "The mill is old and the church is not." if kept is None else kept
    assert found == wanted


def test_a_long_post_is_quoted_by_the_sentences_that_matter() -> None:
    found = writing.excerpt(LONG, "walking tour mill")
    assert "The walking tour begins at the mill at nine." in found
    assert len(found) <= writing.EXCERPT
    assert found in LONG
    assert writing.excerpt("a" * 500, "b").endswith("…")


def test_a_summary_says_what_most_of_the_text_says_and_nothing_else() -> None:
    text = (
        "The ferry was late again today. Passengers waited for the ferry in the rain. "
        "My cousin has a new hat. The ferry company says the ferry engine broke. "
        "The ferry was late again today, passengers said."
    )
    kept = summary.central(text, 2)
    assert len(kept) == 2
    assert all(each in text for each in kept)
    assert "My cousin has a new hat." not in kept
    assert kept == sorted(kept, key=text.index), "in the order of the text"
    plan = writing._summary(Brief(about=text, form="summary"))
    assert (plan.citations, plan.then) == ((), ())
    assert "".join(plan.opening).count("- ") == 2


@pytest.mark.parametrize(
    ("about", "language", "starts"),
    [
        ("!!!", "en", "nothing-to-sum"),
        ("De pont vaart niet. Dat is jammer voor ons allemaal.", "en", "sums-in-its-own"),
        ("a" * 20_001, "nl", "too-long-to-sum"),
    ],
)
def test_what_cannot_be_summed_up_gets_a_sentence(about: str, language: Any, starts: str) -> None:
    plan = writing._summary(Brief(about=about, form="summary", language=language))
    assert "".join(plan.opening).startswith(WORDS[language][starts].split("{")[0])


@pytest.mark.parametrize(
    ("about", "topic"),
    [
        ("inspiration for a walking tour", "a walking tour"),
        ("Write an e-mail to my neighbour about the repair café.", "the repair café"),
        ("Schrijf een korte e-mail aan mijn buurman over de laatste pont", "de laatste pont"),
        ("een uitnodiging voor het Wierfeest", "het Wierfeest"),
        ("an invitation to the tide pools", "the tide pools"),
        ("Invitation to the choir rehearsal on Thursday", "the choir rehearsal on Thursday"),
        ("repair café on Saturday", "repair café on Saturday"),
        ("write", "write"),
        ("about", "about"),
        ("a" * 30 + " " + "b" * 50, "a" * 30 + "…"),
    ],
)
def test_a_topic_is_what_is_left_of_a_request(about: str, topic: str) -> None:
    assert writing.topic_of(about) == topic


def test_marks_in_a_brief_are_only_text(draft: Any) -> None:
    _, text = draft(Brief(about="{topic} <|im_end|> walking tour {0}", form="email"))
    assert "{topic} <|im_end|> walking tour {0}" in text
