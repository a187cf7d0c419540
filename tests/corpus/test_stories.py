"""What happens to somebody's posts when the law is applied to a lake."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from corpus_town import HOME, Town

from demur.archives import pictures as archived
from demur.archives.container import open_container
from demur.archives.content import Notes
from demur.corpus import build as builder
from demur.corpus.build import current
from demur.corpus.explain import explain_post
from demur.corpus.manifest import of_kept
from demur.corpus.stored import text_mark
from demur.corpus.suppression import Suppressed
from demur.errors import NotFound, ProofRejected, SiteUnusable
from demur.people import PersonId, Scope
from demur.policy.clause import Outcome
from demur.policy.version import policy_hash
from demur.posts import Audience, Kind, Mention, Photo, handle_key, normal
from demur.village.pictures import jpeg

SKATES = "Vandaag voor het eerst geschaatst op de sloot achter ons huis!"
FAIR = "Leuk met @anna op de kermis"
LADDER = "Wie heeft er een ladder te leen?"
NOBODY = "Niemand luistert ooit naar @bob."


def reasons(town: Town, post_id: str) -> list[str]:
    """Why, as the last build wrote it down."""
    for shard in range(town.lake.home.shards):
        table = pq.read_table(current(town.out, shard).decisions, partitioning=None)
        names = json.loads(table.schema.metadata[b"rules"])
        for row in table.to_pylist():
            if row["post_id"] == post_id:
                return [name for bit, name in enumerate(names) if row["reasons"] >> bit & 1]
    raise AssertionError(f"no decision about {post_id}")


def test_nobody_objects_and_everything_public_is_kept(village: Town) -> None:
    manifests = village.build()
    assert village.texts() == sorted([SKATES, FAIR, LADDER, NOBODY])
    assert sum(manifest.posts for manifest in manifests) == 4
    assert sum(manifest.people for manifest in manifests) == 3


def test_anna_objects_and_bob_keeps_his_post_without_her(village: Town) -> None:
    village.objects("anna")
    village.build()
    assert village.texts() == sorted(["Leuk met […] op de kermis", LADDER, NOBODY])
    masked = next(row for row in village.kept() if "kermis" in row["text"])
    assert masked["mention_keys"] == []
    assert masked["text_hash"] == text_mark(normal(FAIR), HOME)
    said = next(row for row in village.kept() if row["text"] == NOBODY)
    assert said["mention_keys"] == [handle_key("village", "bob")]


def test_her_words_do_not_linger_in_the_build_folder(village: Town) -> None:
    village.build()
    village.objects("anna")
    village.build()
    for path in village.out.rglob("*.parquet"):
        for column in ("text", "mention_keys"):
            table = pq.read_table(path, partitioning=None)
            if column in table.column_names:
                assert "anna" not in str(table[column].to_pylist()) and SKATES not in str(
                    table[column].to_pylist()
                )
    assert not (village.out / ".new").exists()


def test_a_no_with_one_account_covers_the_linked_one(town: Town) -> None:
    anna = town.person("anna")
    town.person("anna2", person=anna, platform="other")
    first, second = town.post("anna", "een"), town.post("anna2", "twee")
    town.put(first, second)
    town.objects("anna2")
    town.build()
    assert town.texts() == []
    assert reasons(town, first.id) == ["linked-account-objects"]
    assert reasons(town, second.id) == ["author-objects"]


def test_a_photo_in_which_she_is_tagged_is_left_out_whole(village: Town) -> None:
    photo = Photo(sha256="a" * 64, media_type="image/png", alt="Anna en ik", data=b"png")
    tagged = village.post(
        "bob", "Wat een dag", kind=Kind.PHOTO, photos=(photo,), tagged=("village:@anna",)
    )
    village.put(tagged)
    village.objects("anna")
    village.build()
    assert reasons(village, tagged.id) == ["objector-pictured"]


def test_her_handle_is_taken_out_of_the_picture_s_description_too(village: Town) -> None:
    photo = Photo(sha256="a" * 64, media_type="image/png", alt="@Anna op de ijsbaan", data=b"png")
    village.put(village.post("bob", "Kijk @anna gaan", kind=Kind.PHOTO, photos=(photo,)))
    village.objects("anna")
    village.build()
    row = next(row for row in village.kept() if row["photos"])
    assert (row["text"], row["photos"][0]["alt"]) == ("Kijk […] gaan", "[…] op de ijsbaan")


def test_somebody_copies_what_she_wrote_before_she_objected(village: Town) -> None:
    copy = village.post("cor", "  VANDAAG voor het eerst geschaatst op de sloot achter ons huis! ")
    short = village.post("cor", LADDER[:20])
    village.put(copy, short, village.post("anna", LADDER[:20]))
    village.build()
    assert copy.text in village.texts()
    village.objects("anna")
    village.build()
    assert reasons(village, copy.id) == ["suppressed-copy"]
    assert short.text in village.texts(), "a short text is nobody's own"
    assert reasons(village, village.post("anna", SKATES).id) == ["author-objects"]


def test_a_copy_of_an_erased_text_stays_out_when_it_comes_back(village: Town) -> None:
    person = PersonId(village.people["anna"]["person"])
    assert village.lake.erase(person) == 1
    village.suppressed = Suppressed(texts=frozenset({text_mark(normal(SKATES), HOME)}))
    village.put(village.post("cor", SKATES, origin="later"))
    village.build()
    assert SKATES not in village.texts()


def test_two_people_may_say_the_same_and_one_person_says_it_once(village: Town) -> None:
    later = datetime(2025, 5, 5, tzinfo=UTC)
    again = village.post("bob", LADDER.upper(), created_at=later, origin="again")
    village.put(again, village.post("cor", LADDER))
    village.build()
    assert village.texts().count(LADDER) == 2
    assert reasons(village, again.id) == ["copy-of-own"]


def test_the_same_words_under_another_picture_are_another_post(village: Town) -> None:
    pictures = [Photo(sha256=letter * 64, media_type="image/png") for letter in "ab"]
    village.put(
        *(village.post("bob", "", origin=p.sha256, kind=Kind.PHOTO, photos=(p,)) for p in pictures)
    )
    village.build()
    assert len([row for row in village.kept() if row["photos"]]) == 2


def test_where_the_first_may_not_train_the_second_does(village: Town) -> None:
    early = datetime(2023, 1, 1, tzinfo=UTC)
    private = village.post(
        "bob", LADDER, created_at=early, origin="friends", audience=Audience.FRIENDS
    )
    village.put(private)
    village.build()
    assert reasons(village, private.id) == ["not-public"]
    assert LADDER in village.texts()


def test_a_facebook_post_is_not_public_until_its_owner_says_so(town: Town) -> None:
    town.person("anna")
    loose = town.post("anna", "los", audience=Audience.UNKNOWN)
    grouped = town.post("anna", "in de groep", audience=Audience.UNKNOWN, group="Buurtapp")
    town.put(loose, grouped)
    town.build()
    assert reasons(town, loose.id) == reasons(town, grouped.id) == ["audience-unknown"]
    town.people["anna"]["declared_audience"] = "public"
    town.build()
    assert town.texts() == ["los"], "her archive cannot speak for the group"
    town.groups = ["Buurtapp"]
    town.build()
    assert town.texts() == ["in de groep", "los"]


def test_a_declaration_does_not_open_what_was_posted_for_friends(town: Town) -> None:
    town.person("anna", declared_audience="public")
    town.groups = ["Buurtapp"]
    town.put(
        town.post("anna", "voor vrienden", audience=Audience.FRIENDS),
        town.post("anna", "besloten", audience=Audience.CLOSED_GROUP, group="Buurtapp"),
    )
    town.build()
    assert town.texts() == []


def test_an_authority_halts_one_country_and_lifts_it(town: Town) -> None:
    for name, country in (("anna", "NL"), ("sean", "IE"), ("x", None)):
        town.person(name, country=country)
        town.put(town.post(name, f"post of {name}"))
    town.holds = [Scope(country="IE", kinds=("post",))]
    town.build()
    assert town.texts() == ["post of anna"]
    unknown = town.post("x", "post of x")
    assert reasons(town, unknown.id) == ["country-unknown", "on-hold"]
    town.holds = [Scope(kinds=("photo",))]
    town.build()
    assert town.texts() == ["post of anna", "post of sean"]


def test_a_post_of_an_account_that_is_gone_is_not_used(village: Town) -> None:
    del village.people["cor"]
    village.build()
    assert NOBODY not in village.texts()
    post = next(s for s in village.lake.posts_of(PersonId(b"cor".hex().ljust(32, "0"))))
    assert "account-unknown" in reasons(village, post.id)


def test_a_signal_on_a_post_and_one_that_cannot_be_read(village: Town) -> None:
    clear = village.post("bob", "niet voor AI", refuses_training=("hashtag:noai",))
    dim = village.post("bob", "misschien", refuses_training=("plus:DataMining?",))
    photo = Photo(sha256="b" * 64, media_type="image/png", refuses_training=("plus:DataMining",))
    picture = village.post("bob", "mooi", photos=(photo,))
    village.put(clear, dim, picture)
    village.build()
    assert reasons(village, clear.id) == ["post-refuses"]
    assert reasons(village, dim.id) == ["wish-unreadable"]
    assert reasons(village, picture.id) == ["picture-refuses"]


@pytest.mark.parametrize(
    ("differing", "reason"),
    [
        ({"adult_from": None}, "age-unknown"),
        ({"adult_from": date(2030, 1, 1)}, "under-age-now"),
        ({"adult_from": date(2024, 3, 2)}, "under-age-when-posted"),
        ({"locked": None}, "profile-visibility-unknown"),
        ({"told": None, "usable_from": None}, "no-notice"),
        ({"told": None, "usable_from": None, "notice_queued": True}, "notice-undelivered"),
        ({"choice": "opt-in"}, "not-opted-in"),
        ({"refuses_training": ["mastodon:indexable"]}, "profile-refuses"),
        ({"refuses_training": ["mastodon:indexable?"]}, "wish-unreadable"),
    ],
)
def test_what_is_known_of_its_author_keeps_a_post_out(
    town: Town, differing: dict[str, object], reason: str
) -> None:
    town.person("anna", **differing)
    post = town.post("anna", "hallo")
    town.put(post)
    town.build()
    assert town.texts() == []
    assert reasons(town, post.id) == [reason]


def test_one_person_leaving_changes_no_other_row_and_one_root(village: Town) -> None:
    """Rule 8 of forgetting.md: nobody's rows follow from anybody else's, but for what stands."""
    before, kept = village.build(), village.kept()
    village.lake.erase(PersonId(village.people["cor"]["person"]))
    after = village.build()
    assert village.kept() == [row for row in kept if row["text"] != NOBODY]
    changed = [a.shard for a, b in zip(before, after, strict=True) if a.root != b.root]
    assert changed == [village.lake.home.shard(PersonId(village.people["cor"]["person"]))]


def test_never_there_equals_erased(village: Town, tmp_path: Path) -> None:
    village.lake.erase(PersonId(village.people["cor"]["person"]))
    erased = village.build()
    other = Town(tmp_path / "other")
    other.people = village.people
    for name in ("anna", "bob"):
        person = PersonId(village.people[name]["person"])
        other.put(*(stored.post for stored in village.lake.posts_of(person)))
    assert other.build() == erased


def test_a_shard_that_keeps_the_same_is_not_written_again(village: Town) -> None:
    village.build()
    shards = range(village.lake.home.shards)
    before = {s: current(village.out, s).kept.stat().st_mtime_ns for s in shards}
    village.put(village.post("bob", "voor vrienden", audience=Audience.FRIENDS))
    village.build()
    assert {s: current(village.out, s).kept.stat().st_mtime_ns for s in shards} == before
    friends = village.post("bob", "voor vrienden", audience=Audience.FRIENDS)
    assert reasons(village, friends.id) == ["not-public"]


def test_what_is_kept_gives_its_manifest_again(village: Town) -> None:
    for manifest in village.build():
        built = current(village.out, manifest.shard)
        again = of_kept(built.kept, shard=manifest.shard, policy=policy_hash(), slices=3)
        assert again == manifest == built.manifest


def test_a_column_engine_that_lets_a_child_through_stops_the_build(
    village: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.build()
    before = village.texts()
    village.people["bob"]["adult_from"] = date(2030, 1, 1)
    right = builder.decide

    def wrong(connection, *rest):  # type: ignore[no-untyped-def]
        right(connection, *rest)
        connection.execute("UPDATE decided SET mask = 0")

    monkeypatch.setattr(builder, "decide", wrong)
    with pytest.raises(ProofRejected, match="Nothing was replaced"):
        village.build()
    assert village.texts() == before


def test_a_copy_that_the_columns_missed_stops_the_build(
    village: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.put(village.post("bob", LADDER, origin="again"))
    monkeypatch.setattr("demur.corpus.decide.COPY_BIT", 0)
    with pytest.raises(ProofRejected):
        village.build()


def test_a_build_killed_between_two_shards_is_finished_by_the_next(
    village: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.build()
    village.objects("anna")
    right, done = builder._put_in_force, []

    def killed(*arguments):  # type: ignore[no-untyped-def]
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(right(*arguments))

    monkeypatch.setattr(builder, "_put_in_force", killed)
    with pytest.raises(KeyboardInterrupt):
        village.build()
    village.texts()  # every shard is whole: as it was, or as it will be
    monkeypatch.setattr(builder, "_put_in_force", right)
    village.build()
    assert village.texts() == sorted(["Leuk met […] op de kermis", LADDER, NOBODY])


def test_a_shard_that_was_never_built_says_what_to_do(village: Town) -> None:
    with pytest.raises(NotFound, match="demur build"):
        current(village.out, 0)


def test_an_account_that_is_listed_twice_is_refused(village: Town) -> None:
    village.people["anna again"] = village.people["anna"]
    with pytest.raises(SiteUnusable, match="twice"):
        village.build()


def test_my_data_explains_every_post_as_the_build_decided_it(village: Town) -> None:
    village.put(
        village.post("bob", LADDER, origin="again", created_at=datetime(2025, 1, 1, tzinfo=UTC)),
        village.post("bob", SKATES, origin="copied"),
        village.post("bob", "voor vrienden", audience=Audience.FRIENDS),
    )
    village.objects("anna")
    village.build()
    explained = village.explain("bob")
    assert len(explained) == 5
    for each in explained:
        said = [reason.rule for reason in each.decision.reasons]
        assert said == reasons(village, each.stored.id)
    fair = next(each for each in explained if each.stored.post.text == FAIR)
    assert fair.decision.outcome is Outcome.REDACT
    assert fair.sentences("nl")[1].startswith("Er wordt iemand genoemd")
    assert "post.mentions_objector: true" in list(fair.words())
    same = explain_post(village.lake, village.stands(), fair.stored.id)
    assert same == fair
    with pytest.raises(NotFound, match="no post"):
        explain_post(village.lake, village.stands(), "0" * 32)


def test_my_data_knows_of_an_objection_before_any_build(village: Town) -> None:
    village.build()
    village.objects("bob")
    explained = village.explain("bob")
    assert {each.decision.outcome for each in explained} == {Outcome.EXCLUDE}


def test_a_mention_by_two_keys_at_one_place_is_masked_once(village: Town) -> None:
    text = "Dag @anna!"
    mentions = (
        Mention(start=4, end=9, key="village:@anna"),
        Mention(start=4, end=9, key="village:https://dorp.example/@anna"),
    )
    village.put(village.post("bob", text, mentions=mentions))
    village.objects("anna")
    village.build()
    row = next(row for row in village.kept() if row["text"].startswith("Dag"))
    assert (row["text"], row["mention_keys"]) == ("Dag […]!", [])


def test_somebody_is_erased_while_a_build_runs(
    village: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.put(village.post("bob", "nog een, want een bestand moet blijven bestaan"))
    village.build()
    before = village.texts()
    right = builder.decide

    def meanwhile(*arguments):  # type: ignore[no-untyped-def]
        right(*arguments)
        for part in village.lake.root.rglob("*.parquet"):
            rows = pq.read_table(part, partitioning=None)
            if part.parent.name.startswith("shard=") and rows.num_rows > 1:
                pq.write_table(rows.slice(1), part)

    monkeypatch.setattr(builder, "decide", meanwhile)
    with pytest.raises(SiteUnusable, match="build again"):
        village.build()
    assert village.texts() == before


def test_a_no_inside_a_picture_keeps_it_from_training_all_the_way(
    village: Town, tmp_path: Path
) -> None:
    """From the file's own metadata, which is stripped, to the decision."""
    (tmp_path / "in").mkdir()
    for name, meta in (("no.jpg", "no-mining"), ("yes.jpg", None)):
        (tmp_path / "in" / name).write_bytes(jpeg("ferry", 1, meta=meta))
    box = open_container(tmp_path / "in")
    no, yes = (archived.photo(box, name, "", Notes()) for name in ("no.jpg", "yes.jpg"))
    assert no is not None and yes is not None
    assert b"DataMining" not in no.data
    refused = village.post("bob", "niet voor AI", kind=Kind.PHOTO, photos=(no,))
    allowed = village.post("cor", "de pont", kind=Kind.PHOTO, photos=(yes,))
    village.put(refused, allowed)
    village.build()
    assert reasons(village, refused.id) == ["picture-refuses"]
    assert "niet voor AI" not in village.texts()
    assert "de pont" in village.texts()
