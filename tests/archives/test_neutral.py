import json
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_archives import folder_of, jsonl, neutral, picture, row, zip_of

from demur.archives import records
from demur.archives.content import Notes
from demur.posts import Audience, Kind

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"

FULL_ACCOUNT = {
    "id": "forum:42",
    "handle": "anna",
    "name": "Anna de Vries",
    "email": "anna@dorp.example",
    "born": "1990-05-31",
    "country": "NL",
    "language": "nl",
    "locked": False,
    "refuses_training": ["forum:settings"],
    "keys": ["forum:@Oude-Anna"],
    "linked_to": ["mastodon:https://dorp.example/users/anna"],
}
FULL_POST = {
    "id": "p1",
    "account": "forum:42",
    "kind": "photo",
    "audience": "public_group",
    "created_at": "2021-06-01T14:00:00+02:00",
    "text": "Zee 🌊 met Jan",
    "lang": "nl",
    "group": "Waddenzee",
    "url": "https://forum.example/p1",
    "reply_to": "p0",
    "translation_of": "p-1",
    "mentions": [{"start": 10, "end": 13, "key": "forum:@Jan"}],
    "tagged": ["forum:@Piet"],
    "photos": [{"file": "pictures/1.png", "alt": "De zee"}],
    "refuses_training": ["forum:post-setting"],
    "attribution": "Anna, CC BY 4.0",
}


def test_everything_the_operator_knows_arrives(tmp_path, read):
    other = {"id": "mastodon:https://dorp.example/users/anna"}
    files = {
        "accounts.jsonl": jsonl(FULL_ACCOUNT, other),
        "posts.jsonl": jsonl(FULL_POST),
        "pictures/1.png": picture(),
    }
    got = read(zip_of(tmp_path / "a.zip", files))
    anna, mastodon = got.accounts
    assert (anna.id, anna.platform, anna.handle) == ("forum:42", "forum", "anna")
    assert (anna.born, anna.country, anna.locked) == (date(1990, 5, 31), "NL", False)
    assert anna.refuses_training == ("forum:settings",)
    assert anna.keys == {"forum:42", "forum:@anna", "forum:@oude-anna", "forum:name:anna de vries"}
    assert (mastodon.platform, mastodon.locked, mastodon.born) == ("mastodon", None, None)
    assert got.links == [("forum:42", "mastodon:https://dorp.example/users/anna")]
    [post] = got.posts
    assert post.created_at == datetime(2021, 6, 1, 12, tzinfo=UTC)
    assert (post.kind, post.audience, post.group) == (
        Kind.PHOTO,
        Audience.PUBLIC_GROUP,
        "Waddenzee",
    )
    assert [(post.text[m.start : m.end], m.key) for m in post.mentions] == [("Jan", "forum:@jan")]
    assert post.tagged == ("forum:@piet",)
    assert [photo.alt for photo in post.photos] == ["De zee"]
    assert post.refuses_training == ("forum:post-setting",)
    assert post.attribution == "Anna, CC BY 4.0"


def test_parquet_of_the_same_columns_gives_the_same(tmp_path, read):
    folder_of(
        tmp_path / "json", {"accounts.jsonl": jsonl(FULL_ACCOUNT), "posts.jsonl": jsonl(FULL_POST)}
    )
    (tmp_path / "parquet").mkdir()
    typed = FULL_POST | {"created_at": datetime(2021, 6, 1, 12, tzinfo=UTC)}
    born = FULL_ACCOUNT | {"born": date(1990, 5, 31)}
    pq.write_table(pa.Table.from_pylist([born]), tmp_path / "parquet" / "accounts.parquet")
    pq.write_table(pa.Table.from_pylist([typed]), tmp_path / "parquet" / "posts.parquet")
    one, other = read(tmp_path / "json"), read(tmp_path / "parquet")
    assert (one.accounts, one.posts, one.links) == (other.accounts, other.posts, other.links)
    assert len(one.posts) == 1


def test_a_record_that_says_little_is_of_unknown_audience(tmp_path, read):
    bare = {
        "id": "p1",
        "account": "forum:1",
        "created_at": "2021-06-01T12:00:00Z",
        "text": "hoi @Jan",
    }
    [post] = read(folder_of(tmp_path / "a", neutral(bare))).posts
    assert (post.audience, post.kind) == (Audience.UNKNOWN, Kind.POST)
    assert [m.key for m in post.mentions] == ["forum:@jan"]


def test_hidden_audiences_stay_where_they_are(tmp_path, read):
    rows = [row("x", id=name, audience=name) for name in ("friends", "direct", "closed_group")]
    got = read(folder_of(tmp_path / "a", neutral(*rows, row("y", audience="unlisted"))))
    assert got.texts == ["y"]
    assert got.skipped == {"friends-only post": 1, "private message": 1, "closed group": 1}


@pytest.mark.parametrize(
    ("known", "born"),
    [
        ({"age_band": "18_plus", "age_known_on": "2024-02-29"}, date(2006, 3, 1)),
        ({"age_band": "13_17", "age_known_on": "2024-06-01"}, date(2011, 6, 1)),
        ({"age_band": "under_13", "age_known_on": "2024-06-01"}, date(2024, 6, 1)),
        ({"age_band": "unknown", "age_known_on": "2024-06-01"}, None),
        ({"age_band": "18_plus"}, None),
        ({"age_band": "18_plus", "born": "1980-01-01"}, date(1980, 1, 1)),
        ({}, None),
    ],
)  # fmt: skip
def test_an_age_band_makes_nobody_older_than_it_must(known, born):
    notes = Notes()
    account, _ = records.account({"id": "forum:1"} | known, notes)
    assert account.born == born
    assert sum(notes.skipped.values()) == (known == {"age_band": "18_plus"})


def test_a_post_of_somebody_who_is_not_listed_is_left_out(tmp_path, read):
    got = read(folder_of(tmp_path / "a", neutral(row("x", account="forum:2"))))
    assert got.posts == []
    assert got.skipped == {"an account that accounts does not list": 1}


def test_accounts_alone_complete_what_is_known(tmp_path, read):
    got = read(
        folder_of(
            tmp_path / "a", {"accounts.jsonl": jsonl({"id": "instagram:anna", "country": "NL"})}
        )
    )
    assert got.posts == []
    assert got.accounts[0].country == "NL"


def test_an_empty_record_and_a_date_that_cannot_be_right_are_counted(tmp_path, read):
    rows = [row("", id="1"), row("x", id="2", created_at="0001-01-01T00:00:00Z")]
    got = read(folder_of(tmp_path / "a", neutral(*rows)))
    assert got.skipped == {"neither words nor a picture": 1, "a date that cannot be right": 1}


@cache
def _schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


def _fits(record, name):
    return jsonschema.Draft202012Validator(_schema(name)).is_valid(record)


@pytest.mark.parametrize(
    ("name", "columns", "example"),
    [
        ("accounts", records.ACCOUNT_COLUMNS, FULL_ACCOUNT),
        ("posts", records.POST_COLUMNS, FULL_POST),
    ],
)
def test_the_published_schema_is_the_one_we_read(name, columns, example):
    schema = _schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == columns
    assert schema["additionalProperties"] is False
    jsonschema.validate(example, schema)


ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.lists(st.text(max_size=3), max_size=2)
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(records.POST_COLUMNS)), ODD, max_size=4))
def test_reader_and_schema_agree_on_what_is_right(odd):
    record = FULL_POST | odd
    record = {key: value for key, value in record.items() if value is not None}
    valid = _fits(record, "posts")
    try:
        records.post(record)
        read = True
    except records.Wrong:
        read = False
    # A schema cannot say that a mention lies inside the text.
    assert read == valid or (valid and "text" in odd)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(records.ACCOUNT_COLUMNS)), ODD, max_size=4))
def test_reader_and_schema_agree_on_accounts_too(odd):
    record = {key: value for key, value in (FULL_ACCOUNT | odd).items() if value is not None}
    valid = _fits(record, "accounts")
    try:
        records.account(record, Notes())
        read = True
    except records.Wrong:
        read = False
    assert read == valid or (valid and ({"born", "age_known_on"} & set(odd)))


def test_the_examples_in_the_documentation_are_read(tmp_path, read):
    page = (SCHEMAS.parent / "operator-format.md").read_text()
    files = {
        f"{name}.jsonl": page.split(f"```jsonl {name}\n")[1].split("```")[0].encode()
        for name in ("accounts", "posts")
    }
    got = read(folder_of(tmp_path / "a", files | {"pictures/eb.jpg": picture("JPEG")}))
    assert [account.id for account in got.accounts][:2] == ["forum:42", "forum:43"]
    assert got.accounts[1].born == date(2001, 4, 1)
    assert len(got.links) == 1
    assert got.texts == ["Met @bas naar de vuurtoren", "Laag water"]
    assert got.skipped == {"friends-only post": 1}
    assert got.problems == []


@pytest.mark.parametrize(
    "signals",
    [
        {"headers": {"content-usage": "train-ai=n"}},
        {"meta": {"Robots": "noai"}},
        {"a part of next year": True},
        "not even an object",
    ],
)
def test_signals_of_a_page_or_what_cannot_be_read_of_them_keep_a_post_out(tmp_path, read, signals):
    account = json.dumps({"id": "forum:1", "signals": signals})
    post = json.dumps(
        {
            "id": "1",
            "account": "forum:1",
            "created_at": "2024-01-01T00:00:00Z",
            "text": "Wind uit zee",
            "signals": signals,
        }
    )
    got = read(
        folder_of(
            tmp_path / "a", {"accounts.jsonl": account.encode(), "posts.jsonl": post.encode()}
        )
    )
    assert got.accounts[0].refuses_training
    assert got.posts[0].refuses_training
