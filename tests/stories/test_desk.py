"""The operator's desk: what a No took and cost, who may do what, and who only reads."""

from __future__ import annotations

import json
from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client
from village_site import NOW, Village

from demur import worker
from demur.assistant import search
from demur.rights import decisions, deletion, models, objection, proposals, roles, spool
from demur.rights.roles import Role
from demur.village import story


def desk(name: str, role: Role) -> Client:
    user = User.objects.create_user(name)
    roles.appoint(user, role)
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def test_the_desk_shows_what_marijkes_no_took_and_what_it_cost(without_her: Village) -> None:
    reader = desk("ada", Role.AUDITOR)
    front = reader.get("/admin/").content.decode()
    assert "What a No costs" in front
    sheets = {
        name: json.loads(reader.get(f"/admin/sheets/{name}.json").content)[name]
        for name in ("time_to_no", "cost", "reasons", "kept", "shards")
    }
    took = {row["until"]: row for row in sheets["time_to_no"]}
    assert took["dropped"]["nos"] == took["served"]["nos"] == 1
    after, before = sheets["cost"]
    assert after["people_difference"] == after["people"] - before["people"] < 0
    assert 0 < after["bits_per_byte"] < 12
    assert after["bits_difference"] == after["bits_per_byte"] - before["bits_per_byte"]
    grown = {row["reason"]: row["difference"] for row in sheets["reasons"]}
    assert max(grown.values()) > 0, "her posts are left out by a reason that names her No"
    assert sum(row["difference"] for row in sheets["kept"]) < 0
    assert all(row["clean"] == row["trained"] == row["slices"] for row in sheets["shards"])


def test_an_auditor_reads_all_numbers_and_cannot_write(told: Village) -> None:
    told.build()
    reader = desk("ada", Role.AUDITOR)
    assert reader.get("/admin/").status_code == 200
    lines = models.Entry.objects.count()
    for path in ("letter/", "holds/place/", "mails/", "requests/"):
        body = {"account": "@marijke", "do": "place"}
        assert reader.post(f"/admin/{path}", body).status_code in (403, 405)
    assert models.Entry.objects.count() == lines
    assert reader.get("/admin/rights/person/").status_code == 403


def test_a_refusal_is_read_by_a_second_person_before_luciana_reads_it(told: Village) -> None:
    somebody = told.person("bram")
    models.Person.objects.filter(pk=somebody.pk).update(country="BR")
    somebody.refresh_from_db()
    asked = deletion.open_(somebody, route="form", now=NOW)
    models.Request.objects.filter(pk=asked.pk).update(state="in_progress")
    officer, operator = desk("omar", Role.OFFICER), desk("ina", Role.OPERATOR)
    said = "We looked through every answer and found nothing of yours."
    sent = {"do": "refuse", "reason": "no_match", "said": said}
    assert officer.post(f"/admin/requests/{asked.pk}/", sent).status_code == 302
    assert not models.Letter.objects.filter(kind="request_denied").exists()
    page = f"/admin/proposals/{proposals.waiting().get().pk}/"
    assert officer.post(page, {"do": "confirm"}).status_code == 403
    operator.post(page, {"do": "confirm"})
    assert decisions.fresh(asked).state == "denied"
    assert models.Letter.objects.filter(kind="request_denied").count() == 1
    assert decisions.fresh(asked).restricted, "until there can be no appeal any more"


def test_a_letter_entered_at_the_desk_silences_her_and_is_answered_with_a_receipt(
    village: Village,
) -> None:
    assistant = village.assistant()
    operator = desk("ina", Role.OPERATOR)
    account = next(iter(village.accounts(story.OBJECTOR)))
    page = operator.post("/admin/letter/", {"account": account})
    said = objection.standing_objection(village.person(story.OBJECTOR))
    assert said is not None
    assert f"Line {said.entry_id}" in page.content.decode()
    found = {hit.account for hit in search.find(assistant, story.QUESTION_NL, 50)}
    assert not found & village.accounts(story.OBJECTOR)
    assert operator.get(f"/admin/letter/{said.entry_id}.tlog-proof").status_code == 200


def test_a_request_that_nobody_decides_is_granted_by_the_next_round(told: Village) -> None:
    bram = told.person("bram")
    models.Person.objects.filter(pk=bram.pk).update(country="BR")
    bram.refresh_from_db()
    asked = deletion.open_(bram, route="form", now=NOW - timedelta(days=40))
    models.Request.objects.filter(pk=asked.pk).update(state="in_progress")
    round_ = worker.work(told.site, now=told.now, once=True)
    assert next(line for line in round_ if "its time was over" in line)
    round_.close()  # what follows is a build and a training, told elsewhere
    assert decisions.fresh(asked).state == "fulfilled"
    assert objection.standing_objection(bram) is not None


def test_a_no_that_waited_in_the_spool_is_taken_by_the_worker(told: Village) -> None:
    bram = told.person("bram")
    spool.keep(told.site, {"person": bram.pk, "route": "form"}, now=NOW)
    assert objection.standing_objection(bram) is None
    round_ = worker.work(told.site, now=told.now, once=True)
    assert next(round_) == "1 objections taken from the spool"
    round_.close()
    assert objection.standing_objection(bram) is not None
