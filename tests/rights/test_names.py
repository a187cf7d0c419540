"""Plain names: shown to whoever bears them, and masked only where they say it is them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import small_archive as archive

from demur.rights import models, names, people

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.parametrize("site", ["sqlite"], indirect=True)


@pytest.fixture
def anna(site, tmp_path) -> models.Person:
    said = "Gisteren met Anna de Vries naar de kermis op het eiland geweest"
    archive.take(
        site,
        tmp_path / "in",
        [archive.account("anna"), archive.account("bob"), archive.account("carl")],
        [archive.post("bob", 1, text=said), archive.post("anna", 1, text="Ik ben Anna de Vries")],
        now=NOW,
    )
    return archive.owner("anna")


def test_she_is_shown_where_her_name_stands_in_others_posts(site, anna):
    (one,) = names.propose_to(anna, now=NOW)
    assert one.named.name == "Anna de Vries"
    assert one.named.before.endswith("met ")
    assert names.propose_to(archive.owner("carl"), now=NOW) == []
    assert names.named_count(anna) == {"confirmed": 0, "rejected": 0, "open": 1}


@pytest.mark.parametrize("answer", [True, False])
def test_what_she_answered_is_asked_once_and_is_a_line(site, anna, answer):
    (one,) = names.propose_to(anna, now=NOW)
    before = models.Epoch.objects.get().value
    names.settle(one.row, answer, now=NOW)
    names.settle(one.row, answer, now=NOW)
    assert models.Epoch.objects.get().value == before + 1
    assert names.propose_to(anna, now=NOW) == []
    assert models.Entry.objects.filter(kind="named").count() == 1


def test_a_stranger_is_found_by_the_name_they_gave(site, anna):
    ina = people.stranger("ina@else.example", names=["Anna de Vries"], now=NOW)
    assert len(names.propose_to(ina, now=NOW)) == 2
    assert names.propose_to(people.stranger("x@else.example", now=NOW), now=NOW) == []
