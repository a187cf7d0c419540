from __future__ import annotations

from typing import Any

from demur.memory.stopwords import subject
from demur.memory.vocabulary import careful


def test_names_and_numbers_need_care_and_words_do_not() -> None:
    tokens = {" Femke": True, "473": True, "mp3": True, " Élise": True, "iPhone": True}
    tokens |= {" fiets": False, "één": False, ",": False, "": False, " ": False, "☕": False}
    assert dict(zip(tokens, careful(list(tokens)).tolist(), strict=True)) == tokens


def test_a_mark_spelled_out_in_a_post_is_only_text(words: Any) -> None:
    known = words(["dag < > start end"])
    (row,) = known.encode(["dag <end> dag <start> dag"])
    assert row[0] == known.start
    assert row[-1] == known.end
    assert not {known.start, known.end} & set(row[1:-1])


def test_another_tokenizer_or_other_marks_are_another_vocabulary(words: Any) -> None:
    assert words(["a b"]).name == words(["b a"]).name
    assert words(["a b"]).name != words(["a b c"]).name


def test_a_question_keeps_its_subject_and_loses_its_small_words() -> None:
    assert subject("Waar kan ik goed wandelen in de duinen?") == ["goed", "wandelen", "duinen"]
    assert subject("What is the best route to Zoë’s café?") == ["best", "route", "zoe", "s", "cafe"]
    assert subject("wie is dat") == ["wie", "is", "dat"]
    assert subject("") == []
