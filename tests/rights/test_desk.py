"""The desk's numbers: what they count, and that they name nobody."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from demur.errors import NotFound
from demur.people import PersonId, Scope
from demur.rights import book, desk, fall, hold, models, objection
from demur.rights.place import here


def rows(sheet: desk.Sheet) -> dict[str, tuple[object, ...]]:
    return {str(row[0]): row[1:] for row in sheet.rows}


def line(kind: str, payload: dict[str, object], when) -> None:
    with book.writing():
        book.append(kind, payload, now=when)


def test_a_new_site_has_nothing_to_show_and_says_so(site, now):
    for name, sheet in desk.sheets(now.date(), rounded=False).items():
        if name not in ("regimes", "policy", "time_to_no"):
            assert sheet().rows == (), name
        assert json.loads(sheet().json()).keys() == {name}
    assert fall.of_scope(Scope(), exact=True).posts == 0


def test_reasons_are_compared_with_the_build_before(site, now):
    models.Built.objects.create(at=now, policy="a", kept={"0": 9}, reasons={"locked": 2, "old": 1})
    models.Built.objects.create(at=now, policy="b", kept={"0": 7}, reasons={"locked": 5})
    found = rows(desk.reasons())
    assert found["locked"][:3] == (5, 2, 3)
    assert found["old"][:3] == (0, 1, -1)
    assert rows(desk.kept())["0"] == (7, 9, -2)


def test_a_no_is_timed_from_its_line_to_the_lines_of_its_shard(site, now, anna, bob):
    said = objection.submit(anna, route="form", now=now)
    shard = here().home.shard(PersonId(anna.pk))
    line("shard_dropped", {"shard": (shard + 1) % 4}, now + timedelta(seconds=1))
    line("shard_dropped", {"shard": shard}, now + timedelta(seconds=3))
    line("served", {"model": "m", "base": "b", "recipe": "r"}, now + timedelta(seconds=90))
    found = rows(desk.time_to_no())
    assert found["dropped"] == (1, 3.0, 3.0)
    assert found["served"] == (1, 90.0, 90.0)
    assert found["nothing"][0] == 0
    assert models.Entry.objects.filter(kind="objection").get().pk == said.entry_id
    objection.submit(bob, route="form", now=now + timedelta(seconds=100))
    assert rows(desk.time_to_no())["nothing"][0] == 1


def test_the_price_of_a_no_is_the_difference_between_two_releases(site, now):
    for number, (people, bits) in enumerate([(9, 1.5), (8, 1.75)]):
        models.Measured.objects.create(
            model=str(number),
            at=now + timedelta(days=number),
            people=people,
            posts=people * 3,
            shards=4,
            bits_per_byte=bits,
        )
    newest, oldest = desk.cost().rows
    assert newest[-2:] == (-1, 0.25)
    assert oldest[-2:] == (None, None)


def test_queues_say_what_waits_and_until_when(site, now, anna):
    models.Incoming.objects.create(mark=b"m" * 16, came_at=now, outcome="unclear", words="hm")
    models.Letter.objects.create(
        person=anna, to="a@b.example", kind="receipt", language="en", created_at=now, error="X 1"
    )
    found = rows(desk.queues(now.date()))
    assert found["mails"] == (1, now.date())
    assert found["letters"] == (1, now.date())
    assert found["requests"] == (0, None)


def test_no_sheet_names_anybody(site, now, anna):
    objection.submit(anna, route="form", reason="these are my words", now=now)
    hold.place(Scope(country="NL"), by="operator", now=now)
    text = "".join(make().csv() for make in desk.sheets(now.date(), rounded=False).values())
    for secret in ("anna", anna.pk, "these are my words"):
        assert secret not in text


def test_a_cell_is_no_formula(site):
    sheet = desk.Sheet(name="x", columns=("a",), rows=(("=1+1",), (-3,), ("-3.5",), ("@x",)))
    assert sheet.csv().splitlines() == ["a", "'=1+1", "-3", "-3.5", "'@x"]


def test_there_is_no_other_sheet(site, now):
    with pytest.raises(NotFound):
        desk.by_name("people", now.date(), rounded=False)
