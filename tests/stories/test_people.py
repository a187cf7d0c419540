"""People and their No: linked and shared, mistaken and misused, grown up, renamed, gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small_archive as archive
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client

from demur.corpus import build as corpus
from demur.corpus.lake import Lake
from demur.memory.origins import Origins
from demur.people import Use
from demur.policy import regimes
from demur.rights import (
    letters,
    models,
    notice,
    objection,
    people,
    receipt,
    spool,
    standing,
)
from demur.site.folder import Site
from demur.web import visitor

NOW = datetime.now(UTC).replace(microsecond=0)
TOLD = NOW - timedelta(days=60)
FORM = "/privacy/object/"


@dataclass
class Lane:
    """A few neighbours on a forum, told sixty days ago; nothing trained."""

    site: Site
    folder: Path

    def take(self, accounts: list[dict[str, object]], posts: list[dict[str, object]]) -> None:
        archive.take(self.site, self.folder, accounts, posts, now=NOW)

    def tell(self) -> None:
        notice.announce(now=TOLD, regimes=regimes.load())
        models.Delivery.objects.filter(sent_at=None).update(sent_at=TOLD)
        models.Letter.objects.all().delete()

    def build(self) -> dict[str, str]:
        """What is kept, by the post's own id; the words as they are kept."""
        lake = Lake(self.site.lake, self.site.home)
        stands = standing.stands(today=NOW.date(), regimes=regimes.load())
        corpus.build(lake, stands, out=self.site.build, seed=1)
        return self.kept()

    def kept(self) -> dict[str, str]:
        columns = ["account", "text", "created_at"]
        rows = [row for path in self.folders() for row in pq.read_table(
            path / "kept.parquet", columns=columns).to_pylist()]  # fmt: skip
        return {f"{r['account'][6:]}/{r['created_at'].day}": r["text"] for r in rows}

    def folders(self) -> list[Path]:
        return [
            corpus.current(self.site.build, shard).path for shard in range(self.site.home.shards)
        ]

    def heard(self) -> set[str]:
        """Whose posts may be learned from, of those that were built, asked at the gate now."""
        origins = Origins.load(self.folders())
        in_force = standing.of(self.site, today=NOW.date).in_force()
        silent = origins.silenced(in_force, Use.TRAINING)
        accounts = pa.concat_tables(
            pq.read_table(path / "kept.parquet", columns=["account"]) for path in self.folders()
        )["account"].to_pylist()
        return {name[6:] for name, quiet in zip(accounts, silent, strict=True) if not quiet}

    def client(self, name: str) -> Client:
        person = archive.owner(name)
        if person.user is None:
            person.user = User.objects.create_user(name, person.email)
            person.save(update_fields=["user"])
        client = Client(headers={"accept-language": "en"})
        client.force_login(person.user)
        return client

    def letters(self, kind: str) -> list[str]:
        """Whom letters of this kind were written to."""
        return sorted(models.Letter.objects.filter(kind=kind).values_list("to", flat=True))

    def link_in(self, kind: str, pattern: str) -> str:
        """The address in the newest letter of a kind, as its reader would open it."""
        letter = models.Letter.objects.filter(kind=kind).latest("pk")
        (found, *_) = re.findall(pattern, str(letters.message(letter).body))
        return found


@pytest.fixture
def lane(site: Site, tmp_path: Path) -> Iterator[Lane]:
    neighbours = Lane(site, tmp_path / "in")
    neighbours.take(
        [archive.account("anna"), archive.account("bea"), archive.account("carl")],
        [
            archive.post("anna", 1),
            archive.post("anna", 2, text="Het brood van de bakker is weer heerlijk vandaag"),
            archive.post(
                "bea", 1, text="Gisteren met @anna op de dijk gelopen tot het donker werd"
            ),
            archive.post("carl", 1, text="Wie heeft mijn fiets gezien, hij stond bij het haventje"),
        ],
    )
    neighbours.tell()
    yield neighbours


def says_no(client: Client, email: str = "anna@dorp.example") -> None:
    assert client.post(FORM, {"email": email}).status_code == 302


def grow_old(client: Client) -> None:
    """The sign-in was an hour ago."""
    session = client.session
    session[visitor.PROVED] -= 3600
    session.save()


def test_taking_a_no_back_takes_strong_proof_and_brings_nothing_back_by_itself(lane):
    lane.build()
    anna = lane.client("anna")
    says_no(anna)
    lane.build()
    grow_old(anna)
    said = {"which": str(objection.standing_objection(archive.owner("anna")).entry_id), "sure": "1"}
    anna.post("/privacy/withdraw/", said)
    assert objection.standing_objection(archive.owner("anna")), "an old sign-in takes nothing back"
    fresh = lane.client("anna")
    fresh.post("/privacy/withdraw/", said)
    assert objection.standing_objection(archive.owner("anna")) is None
    assert "anna" not in lane.heard()
    assert not any(key.startswith("anna") for key in lane.kept()), "what was made stays as it was"
    assert {"anna/1", "anna/2"} <= lane.build().keys(), "and the law decides anew"
    kinds = [line.kind for line in receipt.lines(archive.owner("anna"))]
    assert kinds == ["objection", "objection_withdrawn"]


def test_two_accounts_become_one_when_both_confirm_and_one_no_covers_them(lane):
    lane.build()
    anna, bea = lane.client("anna"), lane.client("bea")
    anna.post("/privacy/accounts/", {"account": "@bea"})
    assert lane.letters("link_asked") == ["bea@dorp.example"]
    says_no(anna)
    assert lane.heard() >= {"carl"}
    assert "bea/1" in lane.build(), "asking alone links nothing"
    asked = models.LinkAsked.objects.get()
    bea.post(f"/privacy/accounts/{asked.pk}/", {"answer": "yes"})
    assert lane.heard() == {"carl"}
    assert lane.build().keys() == {"carl/1"}


def test_one_no_covers_accounts_that_the_records_link(lane):
    other = {"id": "forum:anna-too", "handle": "@annatoo"}
    lane.take(
        [
            archive.account("anna"),
            {**archive.account("anna"), **other, "linked_to": ["forum:anna"]},
        ],
        [
            archive.post(
                "anna-too", 3, text="Op mijn andere naam schrijf ik over het verenigingsleven"
            )
        ],
    )
    assert "anna-too/3" in lane.build()
    says_no(lane.client("anna"))
    assert lane.heard() == {"carl"}, "bea names her, and waits to be masked"
    assert lane.build().keys() == {"bea/1", "carl/1"}


def test_in_a_household_with_one_address_one_says_no_and_the_other_stays(lane):
    lane.take(
        [archive.account("jan", email="anna@dorp.example")],
        [archive.post("jan", 4, text="De vissen bijten niet en toch was het een mooie middag")],
    )
    lane.tell()
    lane.build()
    says_no(lane.client("anna"))
    assert {"jan", "carl"} <= lane.heard()
    assert "jan/4" in lane.build()
    with pytest.raises(people.Refusal, match="say which account"):
        people.find("anna@dorp.example")


def test_a_twin_claims_her_handle_she_is_told_and_undoes_it(lane):
    lane.build()
    twin = Client(headers={"accept-language": "en"})
    twin.post(
        "/privacy/not-a-member/",
        {"email": "twin@elsewhere.example", "handles": "@anna\n@nobody-else", "names": ""},
    )
    link = lane.link_in("confirm", r"https?://[^/\s]+(/privacy/not-a-member/\S+)")
    twin.post(link)
    assert "bea" not in lane.heard(), "masked first, whoever it was"
    assert "@anna" not in lane.build()["bea/1"]
    assert "anna/1" in lane.kept(), "nothing of hers goes by somebody else's word"
    assert lane.letters("undo") == ["anna@dorp.example"]
    undo = lane.link_in("undo", r"https?://[^/\s]+(/undo/\S+)")
    Client().post(undo)
    assert "@anna" in lane.build()["bea/1"]
    stranger = models.Person.objects.get(email="twin@elsewhere.example")
    assert objection.standing_objection(stranger), "the rest of what they claimed stays masked"


def test_a_handle_that_changes_hands_takes_nobodys_no_along(lane):
    says_no(lane.client("anna"))
    lane.take([archive.account("anna", handle="@anna-oud")], [])
    lane.take(
        [archive.account("newcomer", handle="@anna")],
        [archive.post("newcomer", 5, text="Net verhuisd en nu al verliefd op de wind hier buiten")],
    )
    lane.tell()
    assert people.find("@anna") == archive.owner("newcomer") != archive.owner("anna")
    kept = lane.build()
    assert "newcomer/5" in kept, "an account is its id, and a handle is only its name"
    assert not {"anna/1", "anna/2"} & kept.keys()
    assert "@anna" not in kept["bea/1"], "an old mention meant the old one, and stays masked"


def test_somebody_without_an_account_is_masked_in_a_friends_post(lane):
    lane.take(
        [archive.account("carl")],
        [archive.post("carl", 6, text="Bij @ina thuis gegeten, zij kookt beter dan de herberg")],
    )
    assert "@ina" in lane.build()["carl/6"]
    outsider = Client(headers={"accept-language": "en"})
    outsider.post("/privacy/not-a-member/", {"email": "ina@else.example", "handles": "@ina"})
    outsider.post(lane.link_in("confirm", r"https?://[^/\s]+(/privacy/not-a-member/\S+)"))
    assert lane.letters("receipt") == ["ina@else.example"]
    assert "@ina" not in lane.build()["carl/6"]
    assert "herberg" in lane.kept()["carl/6"], "the friend keeps his post"


def test_whoever_turns_out_to_be_a_child_is_silent_at_once(lane):
    lane.build()
    assert "carl" in lane.heard()
    lane.take([archive.account("carl", born=f"{NOW.year - 16}-05-05")], [])
    assert "carl" not in lane.heard(), "before anything was built anew"
    assert "carl/1" not in lane.build()


def test_turning_eighteen_releases_nothing_that_was_posted_before(lane):
    born = f"{NOW.year - 18}-01-01"
    lane.take([archive.account("fenna", born=born)], [
        archive.post("fenna", 1, text="Mijn eindexamen was zwaar maar de zee was er gelukkig ook"),
        archive.post("fenna", 2, created_at=f"{NOW.year}-01-02T10:00:00Z",
                     text="Eindelijk mag ik stemmen, en meteen twijfel ik over alles tegelijk"),
    ])  # fmt: skip
    lane.tell()
    assert {key for key in lane.build() if key.startswith("fenna")} == {"fenna/2"}


def test_a_birth_date_that_was_put_right_silences_what_they_posted_as_a_child(lane):
    lane.build()
    lane.take([archive.account("carl", born="2007-06-01")], [])  # seventeen when he wrote
    assert "carl" not in lane.heard()
    assert "carl/1" not in lane.build()


def test_of_somebody_who_has_died_nothing_is_used(lane):
    lane.build()
    lane.take([archive.account("carl", memorial=True)], [])
    assert "carl" not in lane.heard()
    assert "carl/1" not in lane.build()


def test_a_no_survives_a_new_name_and_a_new_mention_by_it(lane):
    says_no(lane.client("anna"))
    lane.build()
    lane.take(
        [archive.account("anna", handle="@annelies"), archive.account("bea")],
        [
            archive.post("anna", 7, text="Onder mijn nieuwe naam schrijf ik net zo graag verder"),
            archive.post("bea", 8, text="Nu heet zij @annelies maar zij fietst nog even hard"),
        ],
    )
    kept = lane.build()
    assert not any(key.startswith("anna") for key in kept)
    assert "@annelies" not in kept["bea/8"]
    assert "@anna" not in kept["bea/1"]


def test_whoever_is_erased_stays_erased_when_the_same_archive_comes_again(lane):
    lane.build()
    anna = lane.client("anna")
    anna.post("/privacy/file/erase/", {"word": "ERASE"})
    assert not models.Account.objects.filter(pk="forum:anna").exists()
    assert "anna" not in str(models.Letter.objects.values_list("to", flat=True))
    copy = "Het brood van de bakker is weer heerlijk vandaag"
    lane.take(
        [archive.account("anna"), archive.account("carl")],
        [archive.post("anna", 1), archive.post("carl", 9, text=copy)],
    )
    kept = lane.build()
    assert not any(key.startswith("anna") for key in kept)
    assert "carl/9" not in kept, "nor is somebody else's copy of her words"
    assert "@anna" not in kept["bea/1"]


def test_nos_in_the_names_of_many_are_fenced_told_and_undone_by_whom_they_were_for(lane):
    lane.build()
    for name in ("anna", "bea", "carl"):
        objection.submit(archive.owner(name), route="email", email="m@mass.example", now=NOW)
    assert lane.heard() == set(), "fenced first"
    assert lane.letters("undo") == [f"{name}@dorp.example" for name in ("anna", "bea", "carl")]
    carls = models.Letter.objects.get(kind="undo", to="carl@dorp.example")
    (link,) = re.findall(r"https?://[^/\s]+(/undo/\S+)", str(letters.message(carls).body))
    Client().post(link)
    assert lane.heard() == {"carl"}, "he undid it; whoever does not answer stays fenced"


def test_the_database_is_locked_and_her_no_holds_all_the_same(lane, monkeypatch):
    lane.build()
    anna = lane.client("anna")

    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(objection, "submit", locked)
        page = anna.post(FORM, {"email": "anna@dorp.example"})
    assert page.status_code == 202
    assert lane.heard() == {"carl"}, "nothing was written to the database, and she is silent"
    said = datetime.now(UTC)
    assert spool.replay(lane.site, said + timedelta(hours=1)) == 1
    assert objection.standing_objection(archive.owner("anna")).at <= said
    assert lane.letters("receipt") == ["anna@dorp.example"]
