"""Being told: everybody once, in their language, and it counts when it arrived."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from demur.policy import regimes
from demur.rights import mail, models, notice, objection

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LAW = regimes.load()


def test_everybody_is_written_to_once(site, anna, bob):
    first = notice.announce(now=NOW, regimes=LAW)
    assert first == notice.Announced(queued=2, unreachable=0, already=0)
    letters = {letter.to: letter.language for letter in models.Letter.objects.all()}
    assert letters == {"anna@dorp.example": "nl", "bob@dorp.example": "en"}
    entries = models.Entry.objects.count()
    again = notice.announce(now=NOW + timedelta(days=1), regimes=LAW)
    assert again == notice.Announced(queued=0, unreachable=0, already=2)
    assert models.Letter.objects.count() == 2
    assert models.Entry.objects.count() == entries


def test_the_line_counts_and_names_nobody(site, anna):
    notice.announce(now=NOW, regimes=LAW)
    opening = models.Opening.objects.latest("entry")
    assert opening.entry.kind == "notice"
    assert opening.payload == {"queued": 1, "unreachable": 0, "already": 0}


def test_whoever_said_no_is_not_asked_again(site, anna, bob):
    objection.submit(anna, route="form", now=NOW)
    models.Letter.objects.all().delete()
    assert notice.announce(now=NOW, regimes=LAW).queued == 1
    assert models.Letter.objects.get().to == "bob@dorp.example"


def test_a_child_is_not_asked_and_is_when_grown_up(site, register):
    register("eef", email="eef@dorp.example", born=date(2010, 6, 1))
    assert notice.announce(now=NOW, regimes=LAW).queued == 0
    later = datetime(2028, 6, 1, tzinfo=UTC)
    assert notice.announce(now=later, regimes=LAW).queued == 1


def test_without_an_address_only_the_banner_tells(site, register):
    clara = register("clara", email="")
    assert notice.announce(now=NOW, regimes=LAW).unreachable == 1
    assert notice.told(clara) is None
    notice.seen(clara, NOW)
    notice.seen(clara, NOW + timedelta(days=9))
    assert notice.told(clara) == NOW


def test_an_address_that_is_learned_later_is_written_to(site, register):
    clara = register("clara", email="")
    notice.announce(now=NOW, regimes=LAW)
    notice.seen(clara, NOW)
    models.Person.objects.filter(pk=clara.pk).update(email="clara@dorp.example")
    assert notice.announce(now=NOW, regimes=LAW).queued == 1
    assert notice.told(clara) == NOW


def test_written_is_not_delivered(site, anna):
    notice.announce(now=NOW, regimes=LAW)
    assert notice.told(anna) is None
    mail.send_due(NOW + timedelta(seconds=3))
    assert notice.told(anna) == NOW + timedelta(seconds=3)


def test_the_letter_says_how_long_her_own_law_gives_her(site, anna):
    notice.announce(now=NOW, regimes=LAW)
    words = mail.message(models.Letter.objects.get()).body
    assert f"{LAW.of('NL', NOW.date()).notice_days} dagen" in words
    assert f"{site.address}/privacy/" in words


@pytest.mark.parametrize("count", [1500])
def test_a_crowd_is_told_in_one_transaction(site, register, count):
    models.Person.objects.bulk_create(
        models.Person(
            id=f"{number:032x}", secret=b"s" * 32, seen=0, line=0,
            email=f"p{number}@dorp.example", country="NL", born=date(1990, 1, 1),
        )
        for number in range(count)
    )  # fmt: skip
    assert notice.announce(now=NOW, regimes=LAW).queued == count
    assert models.Delivery.objects.filter(queued_at=NOW).count() == count
