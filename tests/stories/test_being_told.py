"""Being told: nothing of anybody is used before a notice has reached them and they had time."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.test import Client
from letters_and_mail import came_back, path, put, sent, text
from village_site import NOW, TOLD, Village

from demur import worker
from demur.people import Scope, Use
from demur.policy import regimes
from demur.rights import book, mail, mailbox, models, notice, objection
from demur.site.folder import Site

LAW = regimes.load()
DAY = timedelta(days=1)
SHE = "marijke"


def used(village: Village, key: str, on: datetime) -> int:
    """How many of somebody's posts the law lets be used for anything on that day."""
    decided = worker.explain(village.site, village.person(key).pk, now=on)
    return sum(bool(each.decision.uses) for each in decided)


def uses(village: Village, key: str, on: datetime) -> set[Use]:
    decided = worker.explain(village.site, village.person(key).pk, now=on)
    return {use for each in decided for use in each.decision.uses}


def neighbour(name: str = "jet", **facts: object) -> models.Person:
    """Somebody of the Netherlands, as an import would have written them down."""
    with book.writing():
        line = book.append("import", {"counts": {}}, now=TOLD).index
        known = {"born": date(1970, 1, 1), "country": "NL", "language": "nl"} | facts
        return models.Person.objects.create(
            id=name.encode().hex().ljust(32, "0"),
            secret=b"s" * 32,
            email=f"{name}@dorp.example",
            seen=line,
            line=line,
            **known,
        )


def reader(person: models.Person) -> Client:
    person.user = User.objects.create_user(person.pk, person.email)
    person.save(update_fields=["user"])
    client = Client(headers={"accept-language": "en"})
    client.force_login(person.user)
    return client


def test_her_notice_came_back_and_she_stays_out_until_a_banner_has_told_her(told: Village) -> None:
    assert used(told, SHE, NOW) > 0, "she was told in time"
    person = told.person(SHE)
    (letter,) = sent(told.site, person.email)
    put(told.site, came_back(letter, person.email))
    assert mailbox.fetch(told.site, NOW) == 1
    assert used(told, SHE, NOW) == 0, "nothing of hers is used any more"

    page = reader(person).get("/")
    assert "Object" in page.text
    banner = models.Delivery.objects.get(person=person).seen_at
    assert banner is not None, "the banner stood before her"
    assert used(told, SHE, banner + 29 * DAY) == 0
    assert used(told, SHE, banner + 31 * DAY) > 0


def test_who_was_never_reached_is_never_used(told: Village) -> None:
    person = told.person(SHE)
    models.Delivery.objects.filter(person=person).delete()
    models.Person.objects.filter(pk=person.pk).update(email="")
    counts = notice.announce(now=NOW, regimes=LAW)
    assert counts.unreachable >= 1
    assert used(told, SHE, NOW + 3650 * DAY) == 0


def test_her_month_begins_when_the_letter_arrives_not_when_it_was_written(told: Village) -> None:
    row = models.Delivery.objects.get(person=told.person(SHE))
    row.queued_at, row.sent_at = NOW - 90 * DAY, NOW - 10 * DAY  # ten days ago a server took it
    row.save()
    assert used(told, SHE, NOW) == 0
    assert used(told, SHE, NOW + 19 * DAY) == 0
    assert used(told, SHE, NOW + 20 * DAY) > 0


def test_a_new_purpose_is_told_anew_and_withheld_until_then(told: Village) -> None:
    before = uses(told, SHE, NOW)
    assert Use.TRAINING in before
    assert Use.TRANSLATION not in before, "nobody told her about that"
    notice.announce(campaign="translation", uses=[Use.TRANSLATION], now=NOW, regimes=LAW)
    mail.send_due(NOW)
    letter = sent(told.site, told.person(SHE).email)[-1]
    assert "translat" in text(letter) or "vertalen" in text(letter)
    assert uses(told, SHE, NOW + 29 * DAY) == before
    assert uses(told, SHE, NOW + 30 * DAY) == before | {Use.TRANSLATION}


def test_an_old_no_still_counts_for_the_new_purpose_and_he_is_not_asked(told: Village) -> None:
    person = told.person(SHE)
    objection.submit(person, route="form", now=NOW)
    mail.send_due(NOW)
    before = len(sent(told.site, person.email))
    notice.announce(campaign="translation", uses=[Use.TRANSLATION], now=NOW, regimes=LAW)
    mail.send_due(NOW)
    assert len(sent(told.site, person.email)) == before
    assert uses(told, SHE, NOW + 60 * DAY) == set()


def test_whoever_refused_training_alone_is_told_of_translation_and_can_refuse_it(
    told: Village,
) -> None:
    person = told.person(SHE)
    objection.submit(person, route="form", scope=Scope(uses=(Use.TRAINING,)), now=NOW)
    notice.announce(campaign="translation", uses=[Use.TRANSLATION], now=NOW, regimes=LAW)
    mail.send_due(NOW)
    assert Use.TRAINING not in uses(told, SHE, NOW + 60 * DAY), "the old No still counts"
    objection.submit(person, route="form", scope=Scope(uses=(Use.TRANSLATION,)), now=NOW)
    left = uses(told, SHE, NOW + 60 * DAY)
    assert not {Use.TRAINING, Use.TRANSLATION} & left
    assert Use.SEARCH in left


def test_a_reminder_comes_once_and_one_click_ends_them_without_being_taken_for_a_no(
    site: Site,
) -> None:
    jet = neighbour()
    notice.announce(remind_after=14, now=TOLD, regimes=LAW)
    mail.send_due(TOLD)
    later = TOLD + 14 * DAY
    assert notice.remind(now=later, regimes=LAW) == 1
    mail.send_due(later)
    _notice, reminder = sent(site, jet.email)
    assert "herinnering" in str(reminder["Subject"])

    address = path(reminder, "/notice/no-more/")
    assert address in str(reminder["List-Unsubscribe"])
    program = Client(enforce_csrf_checks=True)  # a mail program, by RFC 8058: no cookie, no form
    done = program.post(address, {"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert "This is no objection" in done.text
    assert "/privacy/object/" in done.text, "and it says where she finds one"
    assert models.Delivery.objects.get(person=jet).no_more
    assert objection.standing_objection(jet) is None
    assert notice.remind(now=later + 90 * DAY, regimes=LAW) == 0


def test_the_link_in_her_letter_shows_that_it_arrived_and_lets_nobody_in(site: Site) -> None:
    jet = neighbour()
    notice.announce(now=datetime.now(NOW.tzinfo), regimes=LAW)
    mail.send_due(datetime.now(NOW.tzinfo))
    (letter,) = sent(site, jet.email)
    address = path(letter, "/notice/")
    scanner = Client()
    assert scanner.head(address).status_code == 302
    assert models.Delivery.objects.get(person=jet).opened_at is None
    stranger = Client()
    followed = stranger.get(address)
    assert followed.headers["Location"] == "/privacy/"
    assert models.Delivery.objects.get(person=jet).opened_at is not None
    assert "_auth_user_id" not in stranger.session
    assert stranger.get(address[:-4] + "xxx/").status_code == 404


def test_everybody_can_read_how_many_were_told_and_nobody_is_found_in_it(site: Site) -> None:
    for number in range(7):
        neighbour(f"jet{number}")
    neighbour("ana", country="BR", language="pt")
    notice.announce(now=TOLD, regimes=LAW)
    mail.send_due(TOLD)
    objection.submit(models.Person.objects.get(email="ana@dorp.example"), route="form", now=TOLD)
    page = Client(headers={"accept-language": "en"}).get("/privacy/notices/")
    assert page.status_code == 200
    assert "NL" in page.text
    assert "BR" not in page.text
    assert "<dd>5</dd>" in page.text
    assert "<dd>7</dd>" not in page.text
