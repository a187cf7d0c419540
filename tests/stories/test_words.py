"""Marijke's words in drafts and translations: heard, shown beside their source, and gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from village_site import Village

from demur.assistant import history, translation, writing
from demur.assistant.said import Answer, Sampling
from demur.assistant.words import WORDS
from demur.rights import objection
from demur.village import story
from demur.village.village import load

HERS = load().named(story.TRANSLATION)
ORIGINAL = load().named(story.TRANSLATED)
POOLS = "De getijdenpoeltjes bij de lange strekdam"  # others share these words with her
BRIEF = writing.Brief(about=POOLS, form="email", length="medium", language="nl")
SHORT = Sampling(max_tokens=4, seed=1)


def last(pieces: Iterator[str | Answer]) -> Answer:
    said = list(pieces)
    answer = said[-1]
    assert isinstance(answer, Answer)
    spoken = "".join(piece for piece in said if isinstance(piece, str))
    assert answer.finish == "standing-changed" or answer.text == spoken
    return answer


def object_to(village: Village) -> None:
    objection.submit(village.person(story.OBJECTOR), route="form", now=village.now())


def test_her_translation_is_quoted_until_she_says_no(village: Village) -> None:
    assistant = village.assistant()
    there = last(translation.translate(assistant, ORIGINAL.text, "en"))
    assert f"“{HERS.text}” [1]" in there.text
    assert there.citations[0].account in village.accounts(story.OBJECTOR)
    assert there.citations[0].url
    back = last(translation.translate(assistant, HERS.text, "nl"))
    assert f"“{ORIGINAL.text}” [1]" in back.text
    assert {each.post_id for each in there.drawn} == {each.post_id for each in back.drawn}
    assert history.may_be_shown(assistant, [there.drawn, back.drawn]) == [True, True]

    object_to(village)
    assert history.may_be_shown(assistant, [there.drawn, back.drawn]) == [False, False]
    for text, into in ((ORIGINAL.text.split(". ")[0], "en"), (HERS.text.split(". ")[0], "nl")):
        answer = last(translation.translate(assistant, text + ".", into, SHORT))  # type: ignore[arg-type]
        assert HERS.text not in answer.text and ORIGINAL.text not in answer.text
        cited = {each.account for each in answer.citations}
        assert not cited & village.accounts(story.OBJECTOR)


def test_a_translation_under_way_is_taken_back_between_two_sentences(village: Village) -> None:
    text = f"{ORIGINAL.text.split('. ')[0]}. En toen gingen wij naar huis."
    speaking = translation.translate(village.assistant(), text, "en", SHORT)
    heard = next(piece for piece in speaking if isinstance(piece, str) and piece.strip())
    assert heard
    object_to(village)
    *said, answer = speaking
    assert isinstance(answer, Answer)
    assert (answer.finish, answer.text, answer.citations) == ("standing-changed", "", ())
    assert not said


def test_a_draft_stands_beside_its_sources_and_loses_hers(village: Village) -> None:
    assistant = village.assistant()
    draft = last(writing.write(assistant, BRIEF, SHORT))
    hers = village.accounts(story.OBJECTOR)
    assert {each.account for each in draft.citations} & hers
    assert draft.text.startswith("Onderwerp: ")
    for part in ("Beste [naam],", "Groeten,\n[je naam]", WORDS["nl"]["own-words"]):
        assert part in draft.text
    for citation in draft.citations:
        assert f"[{citation.number}]" in draft.text
    object_to(village)
    after = last(writing.write(assistant, BRIEF, SHORT))
    assert after.citations, "others wrote about it too"
    assert not {each.account for each in after.citations} & hers


def test_what_is_only_put_otherwise_is_no_question(village: Village) -> None:
    assistant, private = village.assistant(), "Waar woont Anna de Vries?"
    into = last(translation.translate(assistant, private, "en", SHORT))
    summed = writing.Brief(about=private, form="summary", language="nl")
    assert into.declined is last(writing.write(assistant, summed, SHORT)).declined is None
    brief = writing.Brief(about=private, form="email", language="nl")
    assert last(writing.write(assistant, brief, SHORT)).declined == "private-life"


@pytest.mark.parametrize("form", ["email", "summary"])
def test_without_the_memories_a_draft_is_only_its_skeleton(village: Village, form: str) -> None:
    assistant = village.assistant()
    (village.site.root / "demur.db").unlink()
    brief = writing.Brief(about=ORIGINAL.text, form=form, language="nl")  # type: ignore[arg-type]
    draft = last(writing.write(assistant, brief, SHORT))
    assert draft.citations == () and not draft.memories
    if form == "email":
        assert draft.text.startswith(WORDS["nl"]["no-posts"])
    answer = last(translation.translate(assistant, ORIGINAL.text.split(". ")[0], "en", SHORT))
    assert WORDS["en"]["no-memory"] in answer.text
