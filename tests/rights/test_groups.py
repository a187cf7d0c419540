"""Groups that were public and are not any more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from demur.errors import Refusal
from demur.rights import groups, models

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.parametrize("site", ["sqlite"], indirect=True)


def lines(kind: str) -> int:
    return models.Entry.objects.filter(kind=kind).count()


def test_closing_and_opening_are_lines_and_changes(site):
    before = models.Epoch.objects.get().value
    closed = groups.close(" wandelen ", by="operator", now=NOW)
    assert groups.close("wandelen", by="operator", now=NOW) == closed
    assert (lines("group_closed"), models.Epoch.objects.get().value) == (1, before + 1)
    assert groups.reopen("wandelen", by="operator", now=NOW)
    assert not groups.reopen("wandelen", by="operator", now=NOW)
    assert (lines("group_closed"), models.Epoch.objects.get().value) == (2, before + 2)


def test_declaring_a_group_opens_none_that_has_closed(site):
    groups.close("wandelen", by="operator", now=NOW)
    declared = groups.declare("wandelen", now=NOW)
    assert groups.declare("wandelen", now=NOW) == declared
    assert models.GroupClosed.objects.filter(pk="wandelen").exists()


@pytest.mark.parametrize("name", ["", "  ", "x" * 501])
def test_a_group_has_a_name(site, name):
    with pytest.raises(Refusal, match="1 to 500"):
        groups.close(name, by="operator", now=NOW)
