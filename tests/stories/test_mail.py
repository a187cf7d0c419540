"""A No in a mailbox: whoever writes it plainly is heard, and nobody else is taken for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.test import Client
from letters_and_mail import mail as written
from letters_and_mail import path, put, sent, text
from test_being_told import neighbour, used
from village_site import NOW, Village

from demur import worker
from demur.people import PersonId
from demur.policy import regimes
from demur.rights import mail, mailbox, models, notice, objection, people, standing
from demur.site.folder import Site

LAW = regimes.load()
NO = "Goedendag,\n\nik wil niet dat mijn berichten voor jullie AI gebruikt worden.\n\nGroet"


def silent(site: Site) -> set[str]:
    """Whom the gate keeps silent now."""
    return set(standing.of(site, today=NOW.date).in_force().silent)


def round_(site: Site, now: datetime = NOW) -> None:
    """What the worker does with mail: take it, and answer."""
    mailbox.fetch(site, now)
    mail.send_due(now)


def test_marijke_writes_a_mail_and_her_posts_fall_silent(told: Village) -> None:
    person = told.person("marijke")
    assert used(told, "marijke", NOW) > 0
    put(told.site, written(person.email, NO, subject="mijn berichten"))
    round_(told.site)
    assert person.pk in silent(told.site)
    assert used(told, "marijke", NOW) == 0
    receipt = sent(told.site, person.email)[-1]
    assert [part.get_filename() for part in receipt.iter_attachments()]
    assert receipt["In-Reply-To"]
    assert not list((told.site.mail / "in").iterdir())


def test_the_worker_reads_the_mail_without_being_told(site: Site) -> None:
    jet = neighbour()
    put(site, written(jet.email, NO))
    round_of_work = worker.work(site, now=lambda: NOW, once=True)
    assert next(round_of_work) == "1 mails taken"
    assert next(round_of_work) == "1 letters sent"
    round_of_work.close()  # what it would then build is another story
    assert objection.standing_objection(jet)
    assert sent(site, jet.email)


def test_one_word_in_answer_to_our_letter_is_enough(site: Site) -> None:
    jet = neighbour()
    notice.announce(now=NOW, regimes=LAW)
    mail.send_due(NOW)
    (letter,) = sent(site, jet.email)
    put(site, written(jet.email, "Nee.", subject=f"Re: {letter['Subject']}",
                      In_Reply_To=str(letter["Message-ID"])))  # fmt: skip
    round_(site)
    assert objection.standing_objection(jet)


def test_a_household_shares_a_mailbox_so_each_is_fenced_and_each_can_undo_it_alone(
    site: Site,
) -> None:
    now = datetime.now(UTC)
    home = [neighbour(name) for name in ("jet", "jan", "jos")]
    models.Person.objects.update(email="thuis@dorp.example")
    put(site, written("thuis@dorp.example", NO))
    round_(site, now)
    assert {each.pk for each in home} <= silent(site)
    receipts = sent(site, "thuis@dorp.example")
    assert len(receipts) == 3

    address = path(receipts[1], "/undo/")
    reader = Client()
    reader.get(address)
    assert {each.pk for each in home} <= silent(site), "looking at the page changes nothing"
    reader.post(address)
    assert len({PersonId(each.pk) for each in home} & silent(site)) == 2


def test_somebody_sends_a_no_in_his_name_and_he_undoes_it_within_a_month(site: Site) -> None:
    now = datetime.now(UTC)
    jan = neighbour("jan")
    put(site, written(jan.email, NO, Received="from somewhere.else.example"))
    round_(site, now)
    assert jan.pk in silent(site), "the No takes effect first"
    (letter,) = sent(site, jan.email)
    assert "ongedaan" in text(letter)
    Client().post(path(letter, "/undo/"))
    assert jan.pk not in silent(site)
    assert models.Entry.objects.filter(kind="undone").exists()


def test_a_holiday_reply_is_no_no(site: Site) -> None:
    jet = neighbour()
    put(site, written(jet.email, "Ik ben weg tot maandag. Geen toestemming voor AI!",
                      Auto_Submitted="auto-replied"))  # fmt: skip
    round_(site)
    assert objection.standing_objection(jet) is None
    assert sent(site, jet.email) == [], "and it gets no answer that it would answer again"


def test_geen_bezwaar_is_no_no(site: Site) -> None:
    jet = neighbour()
    put(site, written(jet.email, "Geen bezwaar hoor, train maar met mijn berichten!"))
    round_(site)
    assert objection.standing_objection(jet) is None
    (asked,) = sent(site, jet.email)
    assert "/privacy/object/" in text(asked)
    assert models.Incoming.objects.get(settled_at=None).words, "a person reads it too"


def test_somebody_nobody_knows_says_no_and_is_let_in_by_a_link(site: Site) -> None:
    now = datetime.now(UTC)
    neighbour()
    put(site, written("Eva <eva@elders.example>", "I object to AI training on my posts."))
    round_(site, now)
    (letter,) = sent(site, "eva@elders.example")
    address = path(letter, "/no/")
    assert "eva" not in address
    reader = Client(headers={"accept-language": "en"})
    assert "eva@elders.example" in reader.get(address).text
    assert not models.Objection.objects.exists(), "looking changes nothing"
    done = reader.post(address, {"handles": "@eva_schrijft", "names": ""})
    assert done.status_code == 200
    eva = models.Person.objects.get(email="eva@elders.example")
    assert objection.standing_objection(eva)
    assert any("eva_schrijft" in key for key in eva.claimed_keys)
    mail.send_due(datetime.now(UTC))
    assert len(sent(site, "eva@elders.example")) == 2, "the receipt"


def test_the_same_mail_delivered_twice_is_answered_once(site: Site) -> None:
    jet = neighbour()
    for name in ("1.eml", "2.eml"):
        put(site, written(jet.email, NO), name)
    round_(site)
    assert len(sent(site, jet.email)) == 1
    assert models.Objection.objects.count() == 1


def test_nobody_takes_a_no_back_by_mail(site: Site) -> None:
    jet = neighbour()
    objection.submit(jet, route="form", now=NOW - timedelta(days=1))
    put(site, written(jet.email, "Ik trek mijn bezwaar in."))
    round_(site)
    assert jet.pk in silent(site)
    assert "blijft staan" in text(sent(site, jet.email)[-1])


def test_who_knows_an_address_learns_nothing_from_the_mailbox(site: Site) -> None:
    """Whether we know somebody is told to their own address alone."""
    jet = neighbour()
    spy = "spy@elders.example"
    put(site, written(jet.email, NO, Reply_To=spy, Cc=spy, Return_Path=spy))
    round_(site)
    assert sent(site, spy) == []
    assert people.find(jet.email) == jet
