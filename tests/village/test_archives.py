"""The village comes in whole through the real readers, and what is private stays where it is."""

from __future__ import annotations

import io
import itertools
import json
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import libipld
import pytest
from PIL import Image

from demur.archives.reader import open_archive
from demur.people import Account
from demur.posts import Audience, Post, handle_key
from demur.village import story
from demur.village.addresses import account_id
from demur.village.archives import Delivery, write
from demur.village.private import secrets
from demur.village.village import HOME, Saying, Village, load

HIDDEN = (Audience.FRIENDS, Audience.DIRECT)


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    return write(tmp_path_factory.mktemp("village"))


@pytest.fixture(scope="module")
def read(deliveries: list[Delivery]) -> dict[str, tuple[list[Account], list[Post], Counter[str]]]:
    found = {}
    for delivery in deliveries:
        with open_archive(delivery.path, audience=delivery.audience) as reading:
            assert reading.platform == delivery.platform
            found[delivery.path.name] = (
                list(reading.accounts()),
                list(reading.posts()),
                +reading.skipped,
            )
            assert reading.problems == []
    return found


@pytest.fixture(scope="module")
def posts(read: dict[str, tuple[list[Account], list[Post], Counter[str]]]) -> list[Post]:
    return [post for _, found, _ in read.values() for post in found]


def _comes_out(village: Village, saying: Saying) -> bool:
    closed = saying.group is not None and not village.groups[saying.group].public
    private = saying.who == "saskia"  # Instagram's own lock; the other locks are the operator's
    return not (saying.boost or saying.audience in HIDDEN or closed or private)


def test_exactly_what_was_written_in_public_comes_out(posts: list[Post]) -> None:
    village = load()
    written = Counter(
        (account_id(village.people[s.who].on(s.platform)), s.at, s.text)  # type: ignore[arg-type]
        for s in village.sayings
        if _comes_out(village, s)
    )
    assert Counter((p.account, p.created_at, p.text) for p in posts) == written
    assert written.total() >= 650


def test_what_is_between_people_stays_in_the_archive(
    posts: list[Post], read: dict[str, tuple[list[Account], list[Post], Counter[str]]]
) -> None:
    said = "\n".join(post.text for post in posts)
    assert not [secret for secret in secrets() if secret in said]
    village = load()
    kept_back = [s.text for s in village.sayings if s.audience in HIDDEN or s.who == "saskia"]
    assert len(kept_back) >= 8 and not [text for text in kept_back if text in said]
    skipped: Counter[str] = sum((s for _, _, s in read.values()), Counter())
    for reason in (
        "private message",
        "friends-only post",
        "closed group",
        "locked profile",
        "archived, deleted or draft",
        "somebody else's words",
    ):
        assert skipped[reason] >= 1, reason


def test_the_secrets_really_lie_in_the_archives(deliveries: list[Delivery]) -> None:
    """Otherwise the test above could not fail."""
    inside = b""
    for delivery in deliveries:
        if delivery.path.suffix == ".zip":
            with zipfile.ZipFile(delivery.path) as box:
                inside += b"".join(box.read(n) for n in box.namelist() if n.endswith(".json"))
    told = [json.dumps(s.encode().decode("latin-1")).strip('"').encode() for s in secrets()]
    assert all(secret in inside for secret in told)


def test_writing_twice_gives_the_same_bytes(deliveries: list[Delivery], tmp_path: Path) -> None:
    again = {d.path.name: d.path.read_bytes() for d in write(tmp_path)}
    assert again == {d.path.name: d.path.read_bytes() for d in deliveries}


def test_every_layout_is_there(deliveries: list[Delivery]) -> None:
    names = {d.path.name for d in deliveries}
    layouts = {(p.platform, p.layout) for v in load().people.values() for p in v.profiles}
    assert layouts >= {("facebook", "before-2024"), ("facebook", "since-2024")}
    assert layouts >= {("instagram", year) for year in ("2018", "2021", "2025")}
    assert layouts >= {("mastodon", "zip"), ("mastodon", "tar.gz")}
    assert {"bluesky-pieterjan.car", "mastodon-wim.tar.gz", "operator.zip"} <= names
    assert deliveries[-1].platform == "neutral"


def test_the_operators_records_speak_of_every_account_that_comes(
    read: dict[str, tuple[list[Account], list[Post], Counter[str]]], deliveries: list[Delivery]
) -> None:
    known = {account.id: account for account in read["operator.zip"][0]}
    for accounts, _, _ in read.values():
        for account in accounts:
            assert known[account.id].refuses_training == account.refuses_training
            assert known[account.id].email == f"{_owner(account.id)}@{HOME}"
            if account.handle:  # an archive and the records agree on how others mention somebody
                assert handle_key(account.platform, account.handle) in known[account.id].keys
    with open_archive(deliveries[-1].path) as reading:
        assert {frozenset(pair) for pair in reading.links} == {
            frozenset(map(account_id, pair))
            for key in story.LINKED
            for pair in itertools.combinations(load().people[key].profiles, 2)
        }
    assert sum(a.country is None for a in known.values()) == 1
    assert sum(a.born is None for a in known.values()) == 1
    assert sum(bool(a.locked) for a in known.values()) == 2


def _owner(account: str) -> str:
    village = load()
    return next(
        key for key, v in village.people.items() for p in v.profiles if account_id(p) == account
    )


def test_mentions_carry_the_key_by_which_the_objector_is_known(posts: list[Post]) -> None:
    keys = {
        "mastodon": handle_key("mastodon", f"marijke@{HOME}"),
        "bluesky": handle_key("bluesky", f"marijke.{HOME}"),
    }
    for post in posts:
        if "@marijke" in post.text and post.platform in keys:
            marked = {m.key: post.text[m.start : m.end] for m in post.mentions}
            assert marked[keys[post.platform]].startswith("@marijke"), post.text


def test_tags_on_facebook_name_people(posts: list[Post]) -> None:
    tagged = {key for post in posts for key in post.tagged}
    assert "facebook:name:sytse boonstra" in tagged
    assert not [p.text for p in posts if "@[" in p.text]


def test_what_is_of_unknown_audience_stays_unknown(posts: list[Post]) -> None:
    unknown = {p.account for p in posts if p.audience is Audience.UNKNOWN and not p.group}
    assert unknown == {"instagram:jo_hauls"}
    groups = {p.group for p in posts if p.audience is Audience.UNKNOWN and p.group}
    assert groups == set(story.PUBLIC_GROUPS)


def test_the_operator_declares_the_groups_of_which_archives_are_silent(
    deliveries: list[Delivery],
) -> None:
    assert {name for d in deliveries for name in d.groups} == set(story.PUBLIC_GROUPS)
    assert [d.path.name for d in deliveries if d.audience is None and not _tells(d)] == [
        "instagram-saskia.zip",
        "instagram-jo.zip",
    ]


def _tells(delivery: Delivery) -> bool:
    """Whether the platform itself says who could see a post."""
    return delivery.platform in ("mastodon", "bluesky", "neutral")


def test_written_nos_are_heard(
    posts: list[Post], read: dict[str, tuple[list[Account], list[Post], Counter[str]]]
) -> None:
    refusing = {
        _owner(a.id) for accounts, _, _ in read.values() for a in accounts if a.refuses_training
    }
    assert refusing == set(story.REFUSES_BY_SIGNAL)
    pictures = [p for post in posts for p in post.photos if p.refuses_training]
    assert [p.refuses_training for p in pictures] == [("plus:DataMining",)]
    assert "hashtag:noai" in {signal for post in posts for signal in post.refuses_training}


def test_no_picture_keeps_where_it_was_taken(posts: list[Post]) -> None:
    kept = [photo for post in posts for photo in post.photos]
    assert len(kept) >= 140
    assert len({photo.sha256 for photo in kept}) == len(kept)
    for photo in kept:
        image = Image.open(io.BytesIO(photo.data))
        assert not image.getexif() and b"Tureluur Telefoon" not in photo.data
        assert b"DataMining" not in photo.data


def test_a_repository_is_what_at_protocol_makes(deliveries: list[Delivery]) -> None:
    bare = next(d.path for d in deliveries if d.path.suffix == ".car")
    header, blocks = libipld.decode_car(bare.read_bytes())
    commit = blocks[header["roots"][0]]
    assert (
        commit["version"] == 3 and commit["prev"] is None and commit["did"].startswith("did:plc:")
    )
    paths: list[str] = []
    _walk(blocks, commit["data"], paths)
    assert paths == sorted(paths) and len(paths) == len(set(paths)) == 13


def _walk(blocks: dict[bytes, dict[str, object]], node: object, paths: list[str]) -> None:
    found = blocks[node]  # type: ignore[index]
    if found["l"]:
        _walk(blocks, found["l"], paths)
    key = b""
    for entry in found["e"]:  # type: ignore[attr-defined]
        key = key[: entry["p"]] + entry["k"]
        paths.append(key.decode())
        assert entry["v"] in blocks
        if entry["t"]:
            _walk(blocks, entry["t"], paths)


def test_archives_hold_relative_names_and_fixed_times(deliveries: list[Delivery]) -> None:
    for delivery in deliveries:
        if delivery.path.suffix == ".zip":
            with zipfile.ZipFile(delivery.path) as box:
                assert {e.date_time[0] for e in box.infolist()} == {2026}
        elif delivery.path.name.endswith(".tar.gz"):
            with tarfile.open(delivery.path) as tar:
                assert len({m.mtime for m in tar.getmembers()}) == 1
