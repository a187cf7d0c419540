"""Groups that close, and groups that were never declared."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_archive as archive
from test_people import NOW, Lane

from demur.rights import groups
from demur.site.folder import Site


@pytest.fixture
def lane(site: Site, tmp_path: Path) -> Lane:
    neighbours = Lane(site, tmp_path / "in")
    inside = {"audience": "public_group", "group": "Wandelen"}
    neighbours.take(
        [archive.account("anna"), archive.account("carl")],
        [
            archive.post("anna", 1, text="Zondag lopen we om tien uur vanaf de pont", **inside),
            archive.post("carl", 1, text="Wie heeft mijn fiets gezien, hij stond bij het haventje"),
        ],
    )
    neighbours.tell()
    return neighbours


def test_a_group_that_closes_is_silent_at_once_and_leaves_the_next_build(lane):
    lane.build()
    assert lane.heard() == {"anna", "carl"}
    groups.close("Wandelen", by="its moderators", now=NOW)
    assert lane.heard() == {"carl"}
    assert lane.build().keys() == {"carl/1"}


def test_a_group_that_opens_again_is_decided_anew_and_not_before(lane):
    groups.close("Wandelen", by="its moderators", now=NOW)
    lane.build()
    groups.reopen("Wandelen", by="its moderators", now=NOW)
    assert lane.heard() == {"carl"}, "what was built without it stays without it"
    assert lane.build().keys() == {"anna/1", "carl/1"}


def test_a_group_of_which_nobody_said_that_it_is_public_is_not(lane):
    unknown = {"audience": "unknown", "group": "Bakken"}
    lane.take(
        [archive.account("anna")],
        [archive.post("anna", 3, text="Mijn zuurdesem leeft nog, al drie weken lang", **unknown)],
    )
    assert "anna/3" not in lane.build()
    groups.declare("Bakken", now=NOW)
    assert "anna/3" in lane.build()
