"""A plain name in somebody else's post is found and proposed; another Anna's is not."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest
from corpus_town import Town
from hypothesis import given
from hypothesis import strategies as st

from demur.corpus import names
from demur.corpus.names import Name
from demur.people import PersonId
from demur.posts import Audience, Kind


def found(text: str, name: str = "Anna de Vries") -> list[str]:
    return [text[place.start : place.end] for place in Name(name).places(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Met Anna de Vries op de kermis", ["Anna de Vries"]),
        ("Met Anna De Vries op de kermis", ["Anna De Vries"]),
        ("Met Anna Vries op de kermis", ["Anna Vries"]),
        ("ANNA DE VRIES WON", ["ANNA DE VRIES"]),
        ("anna was er ook", ["anna"]),
        ("anna de vries was er ook", ["anna de vries"]),
        ("Anna's fiets, Anna. Anna!", ["Anna", "Anna", "Anna"]),
        ("Wij zagen anna Ook", []),
        ("Met Annabel en Joanna", []),
        ("Met Anna Jansen op de kermis", []),
        ("Met Anna van Dam op de kermis", []),
        ("Met Anna-Marie op de kermis", []),
        ("Marie-Anna en ik", []),
        ("https://anna.example/Anna en mail Anna@dorp.example", []),
        ("ik vroeg het @Anna", []),
        ("Anna (links) en Bob", ["Anna"]),
        ("Anna\nDe boot vertrekt", []),  # a miss: it reads as a first name and a surname
    ],
)
def test_a_name_is_found_as_people_write_it(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Zoë Brouwer", "Zoë was er"),
        ("Zoë Brouwer", "Zoe was er"),
        ("Zoe Brouwer", unicodedata.normalize("NFD", "Zoë was er")),
        ("Jörg Strauß", "Dag Jörg Strauss!"),
        ("Siobhán van 't Hof", "Hier is Siobhán van ’t Hof".replace("’", "'")),
        ("Мария Петрова", "Это Мария."),
        ("İpek", "İpek geldi"),
    ],
)
def test_accents_and_alphabets_do_not_hide_a_name(name: str, text: str) -> None:
    [place] = Name(name).places(text)
    assert not unicodedata.combining((text + " ")[place.end])
    assert text[place.start : place.end][0] == name[0]


def test_the_first_name_alone_says_that_it_is_less_sure() -> None:
    text = "Anna de Vries was er. Anna lachte."
    assert [place.full for place in Name("Anna de Vries").places(text)] == [True, False]


@pytest.mark.parametrize("name", ["", " ", "🐑", "de Vries", "J", "@@", "van der"])
def test_what_is_no_first_name_finds_nothing(name: str) -> None:
    assert found("de Vries J 🐑 van der Vries Anna", name) == []


@given(st.text(max_size=40), st.text(max_size=12))
def test_no_text_breaks_the_search_and_every_place_lies_in_it(text: str, name: str) -> None:
    for place in Name(name).places(f"{text} {name} {text}"):
        assert 0 <= place.start < place.end <= 2 * len(text) + len(name) + 2


def test_she_is_shown_the_newest_places_in_what_others_made_public(town: Town) -> None:
    for name in ("anna", "bob", "cor"):
        town.person(name)
    new, old = datetime(2025, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
    town.put(
        town.post("anna", "Ik ben Anna de Vries"),
        town.post("bob", "Gisteren met Anna de Vries geschaatst.", created_at=old),
        town.post("cor", "Wat zong Anna mooi", created_at=new),
        town.post("cor", "Over Anna, onder ons", audience=Audience.FRIENDS),
        town.post("cor", "Over Anna, wie weet voor wie", audience=Audience.UNKNOWN),
        town.post("bob", "met @anna en Bob"),
    )
    anna = PersonId(town.people["anna"]["person"])
    one, two = names.propose(town.lake, ["Anna de Vries", "anna"], but=anna, limit=10)
    assert (one.before, one.name, one.after, one.full) == ("Wat zong ", "Anna", " mooi", False)
    assert (two.name, two.full, two.account) == ("Anna de Vries", True, "village:bob")
    assert two.created_at == old
    assert names.propose(town.lake, ["Anna de Vries"], but=anna, limit=1) == [one]
    assert names.propose(town.lake, [], but=anna, limit=9) == []


def test_am_i_in_it_counts_the_posts_that_point_at_her(village: Town) -> None:
    photo = village.post("cor", "foto", kind=Kind.PHOTO, tagged=("village:@anna",))
    village.put(photo, village.post("bob", "@anna @anna", tagged=("village:@anna",)))
    assert names.count(village.lake, {"village:@anna"}) == 3
    assert names.count(village.lake, {"village:@anna", "village:@bob"}) == 4
    assert names.count(village.lake, {"village:@nobody"}) == names.count(village.lake, []) == 0
