"""Being told: everybody once a campaign, in their language, and it counts when it arrived."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from demur.errors import NotFound, Refusal
from demur.people import Scope, Use
from demur.policy import regimes
from demur.rights import funnel, letters, mail, models, notice, objection, signed

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LAW = regimes.load()
DAY = timedelta(days=1)
REST = {Use.TRANSLATION}


def announce(**said: object) -> notice.Announced:
    return notice.announce(**{"now": NOW, "regimes": LAW} | said)  # type: ignore[arg-type]


def delivery(person: models.Person, campaign: str = "first") -> models.Delivery:
    return models.Delivery.objects.get(person=person, campaign=campaign)


def link_of(letter: models.Letter, part: str) -> str:
    """The token of a link in a letter, as its reader follows it."""
    words = letters.message(letter).body
    (url,) = (word for word in words.split() if part in word)
    return url.rstrip("/").rpartition("/")[2]


def test_everybody_is_written_to_once_in_a_campaign(site, anna, bob):
    first = announce()
    assert first == notice.Announced(queued=2, unreachable=0, already=0)
    written = {letter.to: letter.language for letter in models.Letter.objects.all()}
    assert written == {"anna@dorp.example": "nl", "bob@dorp.example": "en"}
    entries = models.Entry.objects.count()
    again = announce(now=NOW + DAY)
    assert again == notice.Announced(queued=0, unreachable=0, already=2)
    assert models.Letter.objects.count() == 2
    assert models.Entry.objects.count() == entries


def test_two_lines_say_what_and_to_how_many_and_name_nobody(site, anna):
    announce(countries=("NL",), remind_after=14)
    what, counts = models.Opening.objects.order_by("-entry")[:2][::-1]
    assert what.entry.kind == "campaign"
    assert what.payload == {
        "campaign": "first",
        "uses": ["answers", "search", "training"],
        "countries": ["NL"],
        "remind_after": 14,
    }
    assert counts.entry.kind == "notice"
    assert counts.payload == {"campaign": "first", "queued": 1, "unreachable": 0, "already": 0}


def test_whoever_said_no_to_everything_is_not_asked_again_nor_about_a_new_use(site, anna, bob):
    objection.submit(anna, route="form", now=NOW)
    models.Letter.objects.all().delete()
    assert announce().queued == 1
    assert announce(campaign="translation", uses=(Use.TRANSLATION,)).queued == 1
    assert {letter.to for letter in models.Letter.objects.all()} == {"bob@dorp.example"}


def test_whoever_narrowed_their_no_is_told_of_a_new_use(site, anna):
    objection.submit(anna, route="form", scope=Scope(uses=(Use.TRAINING,)), now=NOW)
    assert announce(campaign="translation", uses=(Use.TRANSLATION,)).queued == 1


def test_what_a_campaign_was_about_cannot_change_afterwards(site, anna):
    announce()
    with pytest.raises(Refusal, match="new name"):
        announce(uses=(Use.TRANSLATION,))
    with pytest.raises(Refusal, match="new name"):
        announce(countries=("NL",))


def test_a_campaign_for_one_country_leaves_the_others_alone(site, anna, register):
    register("ana", email="ana@vila.example", country="BR")
    assert announce(campaign="brasil", countries=("BR",)).queued == 1
    assert models.Letter.objects.get().to == "ana@vila.example"


@pytest.mark.parametrize(
    ("country", "language", "written"),
    [("DE", "", "de"), ("BE", "", "nl"), ("LU", "fr-LU", "fr"), ("PL", "pl", "en"), ("", "", "en")],
)
def test_the_notice_is_in_her_language_else_her_countrys(
    site, register, country, language, written
):
    register("eva", email="eva@dorp.example", country=country, language=language)
    announce()
    assert models.Letter.objects.get().language == written


def test_a_child_is_not_asked_and_is_when_grown_up(site, register):
    register("eef", email="eef@dorp.example", born=date(2010, 6, 1))
    assert announce().queued == 0
    assert announce(now=datetime(2028, 6, 1, tzinfo=UTC)).queued == 1


def test_nobody_writes_to_somebody_who_has_died(site, anna):
    models.Account.objects.filter(person=anna).update(memorial=True)
    assert announce().queued == 0


def test_without_an_address_only_the_banner_tells(site, register):
    clara = register("clara", email="")
    assert announce().unreachable == 1
    assert notice.told(clara) is None
    notice.seen(clara, NOW)
    notice.seen(clara, NOW + timedelta(days=9))
    assert notice.told(clara) == NOW


def test_the_banner_may_be_the_first_notice_there_is(site, anna):
    notice.seen(anna, NOW)
    assert delivery(anna).seen_at == NOW
    assert models.Campaign.objects.get().entry.kind == "campaign"


def test_a_banner_that_does_not_name_a_use_does_not_tell_of_it(site, anna):
    announce()
    announce(campaign="translation", uses=(Use.TRANSLATION,))
    notice.seen(anna, NOW)
    assert delivery(anna, "translation").seen_at is None
    notice.seen(anna, NOW, uses=Use)
    assert delivery(anna, "translation").seen_at == NOW


def test_an_address_that_is_learned_later_is_written_to(site, register):
    clara = register("clara", email="")
    announce()
    notice.seen(clara, NOW)
    models.Person.objects.filter(pk=clara.pk).update(email="clara@dorp.example")
    assert announce().queued == 1
    assert notice.told(clara) == NOW


def test_a_new_address_after_a_bounce_is_written_to_and_the_old_one_is_not(site, anna):
    announce()
    mail.send_due(NOW)
    mail.bounced(delivery(anna), NOW + DAY)
    assert announce(now=NOW + DAY).queued == 0
    models.Person.objects.filter(pk=anna.pk).update(email="anna@elders.example")
    assert announce(now=NOW + DAY).queued == 1
    mail.send_due(NOW + DAY)
    assert notice.told(anna) == NOW + DAY


def test_written_is_not_delivered(site, anna):
    announce()
    assert notice.told(anna) is None
    mail.send_due(NOW + timedelta(seconds=3))
    assert notice.told(anna) == NOW + timedelta(seconds=3)


def test_a_bounce_untells_and_a_line_says_so(site, anna):
    announce()
    mail.send_due(NOW)
    epoch = models.Epoch.objects.get().value
    mail.bounced(delivery(anna), NOW + DAY)
    mail.bounced(delivery(anna), NOW + 2 * DAY)
    assert notice.told(anna) is None
    assert models.Entry.objects.filter(kind="bounce").count() == 1
    assert models.Epoch.objects.get().value == epoch + 1


def test_the_banner_tells_even_where_the_letter_bounced(site, anna):
    announce()
    mail.send_due(NOW)
    mail.bounced(delivery(anna), NOW + DAY)
    notice.seen(anna, NOW + 2 * DAY)
    assert notice.told(anna) == NOW + 2 * DAY


def test_waiting_is_counted_from_the_arrival_for_each_use(site, anna):
    announce()
    mail.send_due(NOW)
    announce(campaign="translation", uses=(Use.TRANSLATION,), now=NOW + 20 * DAY)
    mail.send_due(NOW + 20 * DAY)
    rows = list(models.Delivery.objects.filter(person=anna))

    def untold(days: int) -> set[Use]:
        return notice.untold(rows, "NL", LAW, (NOW + days * DAY).date())

    assert untold(29) == set(Use)
    assert untold(30) == REST
    assert untold(49) == REST
    assert untold(50) == set()


def test_her_link_says_that_it_arrived_and_for_how_long(site, anna):
    announce()
    letter = models.Letter.objects.get()
    token = link_of(letter, f"{site.address}{letters.OPEN}")
    with pytest.raises(NotFound):
        notice.opened(token, NOW + letters.OPENS)
    with pytest.raises(NotFound):
        notice.no_more(token, NOW)  # each link does one thing
    with pytest.raises(NotFound):
        notice.opened(token[:-1], NOW)
    assert notice.opened(token, NOW + DAY) == anna
    assert notice.told(anna) == NOW + DAY
    assert "anna" not in token


def test_one_reminder_for_those_who_gave_no_sign(site, anna, bob, register):
    eva, jan, mia = (register(n, email=f"{n}@dorp.example") for n in ("eva", "jan", "mia"))
    announce(remind_after=14)
    mail.send_due(NOW)
    notice.seen(bob, NOW + DAY)
    mail.bounced(delivery(eva), NOW + DAY)
    models.Delivery.objects.filter(person=jan).update(no_more=True)
    objection.submit(mia, route="form", now=NOW + DAY)
    mail.send_due(NOW + DAY)
    assert notice.remind(now=NOW + 13 * DAY, regimes=LAW) == 0
    assert notice.remind(now=NOW + 14 * DAY, regimes=LAW) == 1
    assert notice.remind(now=NOW + 30 * DAY, regimes=LAW) == 0
    reminder = models.Letter.objects.get(kind="reminder")
    assert reminder.to == "anna@dorp.example"
    assert delivery(anna).reminded_at == NOW + 14 * DAY
    assert notice.told(anna) == NOW  # the reminder does not begin the waiting anew


def test_no_reminder_where_the_campaign_promised_none(site, anna):
    announce()
    mail.send_due(NOW)
    assert notice.remind(now=NOW + 300 * DAY, regimes=LAW) == 0
    assert "remind you" not in letters.message(models.Letter.objects.get()).body


def test_no_more_letters_is_no_objection(site, anna):
    announce(remind_after=14)
    token = link_of(models.Letter.objects.get(), letters.NO_MORE)
    assert notice.no_more(token, NOW) == anna
    assert delivery(anna).no_more
    assert objection.standing_objection(anna) is None


def test_the_letter_says_how_long_her_own_law_gives_her(site, anna):
    announce()
    words = letters.message(models.Letter.objects.get()).body
    assert f"{LAW.of('NL', NOW.date()).notice_days} dagen" in words
    assert f"{site.address}/notice/" in words


def test_the_funnel_counts_by_campaign_country_and_language(site, anna, bob, register):
    register("clara", email="", language="nl-BE")
    announce()
    mail.send_due(NOW)
    mail.bounced(delivery(bob), NOW)
    objection.submit(anna, route="form", now=NOW + DAY)
    nl, en = sorted(notice.funnel(), key=lambda row: row.language, reverse=True)
    assert (nl.campaign, nl.country, nl.language) == ("first", "NL", "nl")
    assert (nl.queued, nl.sent, nl.reached, nl.objected, nl.unreachable) == (1, 1, 1, 1, 1)
    assert (en.queued, en.sent, en.bounced, en.reached, en.objected) == (1, 1, 1, 0, 0)


def test_nobody_learns_from_the_public_funnel_who_of_a_few_said_no(site, register, anna):
    register("ana", email="ana@vila.example", country="BR", language="pt")
    for number in range(12):
        register(f"n{number}", email=f"n{number}@dorp.example")
    announce()
    mail.send_due(NOW)
    objection.submit(anna, route="form", now=NOW)
    (shown,) = funnel.public()
    assert (shown.country, shown.queued, shown.reached, shown.objected) == ("NL", 10, 10, 0)


def test_a_link_for_one_deed_is_no_link_for_another(site):
    token = signed.link("undo", "1:a", until=NOW + DAY)
    assert signed.about("undo", token, now=NOW) == "1:a"
    with pytest.raises(NotFound):
        signed.about("notice", token, now=NOW)
    with pytest.raises(NotFound):
        signed.about("undo", "not a token", now=NOW)


@pytest.mark.parametrize("count", [1500])
def test_a_crowd_is_told_in_one_transaction(site, register, count):
    models.Person.objects.bulk_create(
        models.Person(
            id=f"{number:032x}", secret=b"s" * 32, seen=0, line=0,
            email=f"p{number}@dorp.example", country="NL", born=date(1990, 1, 1),
        )
        for number in range(count)
    )  # fmt: skip
    assert announce().queued == count
    assert models.Delivery.objects.filter(queued_at=NOW).count() == count
    assert not models.Letter.objects.filter(delivery=None).exists()
