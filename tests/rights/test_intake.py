"""Taking archives in: once, wholly or not at all, and to whom the posts belong."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demur.corpus.facts import Stands
from demur.corpus.lake import Lake
from demur.errors import ArchiveUnreadable
from demur.people import PersonId
from demur.policy import regimes
from demur.posts import Audience
from demur.rights import book, erasure, intake, models, objection, people, standing

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

Pack = Callable[..., Path]


def record(name: str, **facts: object) -> dict[str, object]:
    return {
        "id": f"forum:{name}", "handle": f"@{name}", "country": "NL",
        "born": "1980-05-05", "email": f"{name}@dorp.example", "locked": False,
        **facts,
    }  # fmt: skip


def post(name: str, number: int, **facts: object) -> dict[str, object]:
    return {
        "account": f"forum:{name}", "kind": "post", "audience": "public",
        "created_at": f"2025-03-0{number}T10:00:00Z", "id": f"{name}/{number}",
        "text": f"{name} schrijft over het weer, voor de {number}e keer", **facts,
    }  # fmt: skip


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """Writes an operator's archive: `pack([account, …], [post, …])`."""

    def write(accounts: list[object], posts: list[object], name: str = "export") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for file, rows in (("accounts", accounts), ("posts", posts)):
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / f"{file}.jsonl").write_text(lines)
        return folder

    return write


def stands() -> Stands:
    return standing.stands(today=NOW.date(), regimes=regimes.load())


def stored(site, account: str) -> int:
    owner = models.Account.objects.get(pk=f"forum:{account}").person_id
    return sum(1 for _ in Lake(site.lake, site.home).posts_of(PersonId(owner)))


def test_an_archive_comes_in(site, pack):
    report = intake.take(site, pack([record("anna")], [post("anna", 1), post("anna", 2)]), now=NOW)
    assert (report.read, report.stored, report.already, report.accounts) == (2, 2, 0, 1)
    anna = models.Account.objects.get()
    assert (anna.handle, anna.country, anna.locked) == ("@anna", "NL", False)
    assert anna.person.email == "anna@dorp.example"
    assert stored(site, "anna") == 2


def test_the_line_holds_counts_and_a_commitment_and_nobody(site, pack):
    intake.take(site, pack([record("anna")], [post("anna", 1)]), now=NOW)
    opening = models.Opening.objects.get()
    assert opening.payload["counts"]["stored"] == 1
    assert "anna" not in json.dumps(opening.payload)
    assert models.Person.objects.get().seen == opening.entry_id


def test_the_same_archive_again_changes_nothing(site, pack):
    export = pack([record("anna")], [post("anna", 1)])
    intake.take(site, export, now=NOW)
    head, epoch = book.head(), models.Epoch.objects.get().value
    report = intake.take(site, export, now=NOW + timedelta(days=1))
    assert (report.stored, report.already, report.accounts) == (0, 1, 0)
    assert (book.head(), models.Epoch.objects.get().value) == (head, epoch)
    assert models.Import.objects.count() == 1
    assert stored(site, "anna") == 1


def test_dice_decide_who_is_who(site, pack):
    draws = iter(range(100))
    draw = lambda size: bytes([next(draws)]) * size  # noqa: E731
    intake.take(site, pack([record("anna")], []), now=NOW, draw=draw)
    assert models.Person.objects.get().pk == "00" * 16


def test_a_no_outlives_a_re_import_with_a_new_handle(site, pack):
    intake.take(site, pack([record("anna")], [post("anna", 1)]), now=NOW)
    no = objection.submit(people.find("@anna"), route="form", now=NOW)
    renamed = pack([record("anna", handle="@anne")], [post("anna", 1), post("anna", 2)])
    intake.take(site, renamed, now=NOW)
    anne = people.find("@anne")
    assert objection.standing_objection(anne) == no
    keys = standing.of(site, today=NOW.date).in_force().keys
    assert {"forum:@anna", "forum:@anne"} <= keys


def test_a_profile_that_closes_is_silent_from_the_import_on(site, pack):
    intake.take(site, pack([record("anna")], [post("anna", 1)]), now=NOW)
    now = standing.of(site, today=NOW.date)
    before = now.epoch()
    intake.take(site, pack([record("anna", locked=True)], [post("anna", 1)]), now=NOW)
    assert now.epoch() == before + 1
    person = models.Person.objects.get()
    assert now.in_force().silent == {person.pk: models.Entry.objects.latest("index").index}


def test_what_an_archive_does_not_know_is_not_forgotten(site, pack):
    intake.take(site, pack([record("anna")], []), now=NOW)
    poor = {"id": "forum:anna"}
    intake.take(site, pack([poor], [post("anna", 1)]), now=NOW)
    anna = models.Account.objects.get()
    assert (anna.country, anna.locked, anna.person.email) == ("NL", False, "anna@dorp.example")
    assert anna.person.born.year == 1980


def test_an_address_that_is_none_is_not_written_to(site, pack):
    intake.take(site, pack([record("anna", email="anna@dorp")], []), now=NOW)
    assert models.Person.objects.get().email == ""


def test_linked_accounts_are_one_person_from_the_start(site, pack):
    accounts = [record("anna"), record("anna2", linked_to=["forum:anna"])]
    intake.take(site, pack(accounts, [post("anna", 1), post("anna2", 1)]), now=NOW)
    assert models.Person.objects.count() == 1
    assert stored(site, "anna") == 2


def test_accounts_linked_later_move_together_in_the_lake_too(site, pack):
    for name in ("anna", "bob", "carl", "dora", "eef"):  # some live in other shards
        intake.take(site, pack([record(name)], [post(name, 1)]), now=NOW)
    accounts = [record(name, linked_to=["forum:anna"]) for name in ("bob", "carl", "dora", "eef")]
    intake.take(site, pack([record("anna"), *accounts], []), now=NOW + timedelta(days=1))
    assert stored(site, "anna") == 5
    assert models.Entry.objects.filter(kind="link").count() == 4
    assert not models.Person.objects.filter(to_move=True).exists()
    lake = Lake(site.lake, site.home)
    for gone in models.Person.objects.exclude(merged_into=None):
        assert list(lake.posts_of(PersonId(gone.pk))) == []


def test_a_declared_audience_reaches_the_law(site, pack):
    export = pack([record("anna")], [post("anna", 1, audience="unknown")])
    intake.take(site, export, now=NOW)
    intake.take(site, export, now=NOW, audience=Audience.PUBLIC, groups=["wandelen"])
    (row,) = stands().people.to_pylist()
    assert row["declared_audience"] == "public"
    assert stands().declared_groups == {"wandelen"}


def test_a_broken_archive_leaves_nothing(site, pack):
    export = pack([record("anna")], [])
    (export / "accounts.jsonl").write_text('{"id": "forum:anna", "platf')
    head = book.head()
    with pytest.raises(ArchiveUnreadable):
        intake.take(site, export, now=NOW)
    assert book.head() == head
    assert models.Person.objects.count() == 0
    assert Lake(site.lake, site.home).staged() == []


class _CrashError(Exception):
    """The power goes, here."""


def crash(*_: object, **__: object) -> None:
    raise _CrashError


def test_a_crash_before_the_commit_leaves_nothing_and_after_it_everything(site, pack, monkeypatch):
    export = pack([record("anna")], [post("anna", 1)])
    with monkeypatch.context() as patch:
        patch.setattr(models.Import.objects, "create", crash)
        with pytest.raises(_CrashError):
            intake.take(site, export, now=NOW)
    intake.recover(site)
    assert models.Person.objects.count() == 0
    assert Lake(site.lake, site.home).staged() == []

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "publish", crash)
        with pytest.raises(_CrashError):
            intake.take(site, export, now=NOW)
    assert stored(site, "anna") == 0
    intake.recover(site)
    assert stored(site, "anna") == 1
    assert intake.take(site, export, now=NOW).already == 1


def test_a_crash_between_a_link_and_its_move_is_finished(site, pack, monkeypatch):
    for name in ("anna", "bob"):
        intake.take(site, pack([record(name)], [post(name, 1)]), now=NOW)
    people.link("forum:anna", "forum:bob", now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(Lake, "move", crash)
        with pytest.raises(_CrashError):
            intake.recover(site)
    intake.recover(site)
    assert stored(site, "anna") == 2


def test_a_no_on_the_profile_is_read_anew_by_those_who_can_read_it(site, pack, tmp_path):
    def actor(**wishes: object) -> Path:
        folder = tmp_path / f"mastodon{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        me = {"id": "https://dorp.example/users/anna", "preferredUsername": "anna"} | wishes
        (folder / "actor.json").write_text(json.dumps({"type": "Person"} | me))
        (folder / "outbox.json").write_text(json.dumps({"orderedItems": []}))
        return folder

    def refusals() -> list[str]:
        (row,) = stands().people.to_pylist()
        return row["refuses_training"]

    intake.take(site, actor(indexable=False), now=NOW)
    assert refusals() == ["mastodon:indexable"]
    known = {"id": "mastodon:https://dorp.example/users/anna", "country": "NL"}
    intake.take(site, pack([known], []), now=NOW)
    assert refusals() == ["mastodon:indexable"], "records that do not speak of it take nothing away"
    intake.take(site, pack([known | {"refuses_training": ["letter"]}], []), now=NOW)
    intake.take(site, actor(indexable=True), now=NOW)
    assert refusals() == ["letter"]


def silenced(site) -> frozenset[str]:
    return standing.of(site, today=NOW.date).in_force().posts


def only_post(site, account: str):
    owner = models.Account.objects.get(pk=f"forum:{account}").person_id
    (found,) = Lake(site.lake, site.home).posts_of(PersonId(owner))
    return found


def test_a_post_narrowed_on_the_platform_is_silent_from_the_import_on(site, pack):
    intake.take(site, pack([record("anna")], [post("anna", 1)]), now=NOW)
    before, epoch = only_post(site, "anna"), standing.of(site, today=NOW.date).epoch()
    narrowed = pack([record("anna")], [post("anna", 1, audience="friends")])
    report = intake.take(site, narrowed, now=NOW)
    assert (report.amended, report.stored, report.skipped) == (1, 0, {"friends-only post": 1})
    assert silenced(site) == {before.id}
    assert standing.of(site, today=NOW.date).epoch() > epoch
    after = only_post(site, "anna")
    assert (after.id, after.post.audience, after.post.text) == (before.id, Audience.FRIENDS, "")


def test_an_old_archive_opens_nothing_that_was_narrowed_and_a_later_one_does(site, pack):
    intake.take(site, pack([record("anna")], [post("anna", 1)]), now=NOW)
    intake.take(site, pack([record("anna")], [post("anna", 1, audience="friends")]), now=NOW)
    old = intake.take(site, pack([record("anna")], [post("anna", 1)]), now=NOW)
    assert (old.amended, len(silenced(site))) == (0, 1)
    later = [post("anna", 1), post("anna", 2)]
    assert intake.take(site, pack([record("anna")], later), now=NOW).amended == 1
    assert silenced(site) == frozenset()
    assert stored(site, "anna") == 2


def test_a_no_added_to_a_post_is_heard_and_stays(site, pack):
    intake.take(site, pack([record("anna")], [post("anna", 1)]), now=NOW)
    refusing = post("anna", 1, refuses_training=["robots:noai"])
    intake.take(site, pack([record("anna")], [refusing]), now=NOW)
    assert silenced(site) == {only_post(site, "anna").id}
    intake.take(site, pack([record("anna")], [post("anna", 1), post("anna", 2)]), now=NOW)
    assert len(silenced(site)) == 1
    assert models.Retracted.objects.get().line in models.Import.objects.values_list(
        "entry_id", flat=True
    )


def test_a_friend_tagged_later_is_protected_before_any_build(site, pack):
    everyone = [record("anna"), record("bob")]
    intake.take(site, pack(everyone, [post("bob", 1)]), now=NOW)
    objection.submit(people.find("@anna"), route="form", now=NOW)
    tagging = post("bob", 1, tagged=["forum:@anna"])
    assert intake.take(site, pack(everyone, [tagging]), now=NOW).amended == 1
    assert silenced(site) == {only_post(site, "bob").id}


def test_a_crash_in_the_middle_of_amending_is_finished(site, pack, monkeypatch):
    intake.take(site, pack([record("anna")], [post("anna", 1)]), now=NOW)
    narrowed = pack([record("anna")], [post("anna", 1, audience="friends")])
    with monkeypatch.context() as patch:
        patch.setattr(Lake, "_amend", crash)
        with pytest.raises(_CrashError):
            intake.take(site, narrowed, now=NOW)
    assert len(silenced(site)) == 1, "silent although the lake still holds the words"
    intake.recover(site)
    assert only_post(site, "anna").post.text == ""


def test_whoever_was_erased_is_not_taken_in_again(site, pack):
    accounts = [record("anna"), record("bob")]
    intake.take(site, pack(accounts, [post("anna", 1), post("bob", 1)]), now=NOW)
    erasure.erase(site, people.find("@anna"), now=NOW)
    moved = record("annetje", email="Anna@dorp.example")
    second = record("anna2", email="other@dorp.example", linked_to=["forum:anna"])
    posts = [post(name, 1) for name in ("anna", "bob", "annetje", "anna2")]
    report = intake.take(site, pack([*accounts, moved, second], posts), now=NOW)
    assert report.skipped == {"somebody who was erased here": 3}
    assert [row.pk for row in models.Account.objects.all()] == ["forum:bob"]


def test_an_account_that_became_a_memorial_stays_one(site, pack):
    intake.take(site, pack([record("anna")], [post("anna", 1)]), now=NOW)
    intake.take(site, pack([record("anna", memorial=True)], []), now=NOW)
    intake.take(site, pack([record("anna")], []), now=NOW)
    assert models.Account.objects.get().memorial
    assert people.find("@anna").pk in standing.of(site, today=NOW.date).in_force().silent
