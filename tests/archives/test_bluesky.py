import pytest
from making_archives import DID, car_of, folder_of, picture, skeet, zip_of

from demur.posts import Audience, Kind

POST = "app.bsky.feed.post/"
INTENTS = "org.user-intents.declaration/self"


def _car(tmp_path, records, **more):
    path = tmp_path / "anna.car"
    path.write_bytes(car_of(records, **more))
    return path


def test_a_repository_gives_posts_with_lasting_addresses(tmp_path, read):
    records = {
        POST + "3k1": skeet("Zee 🌊", langs=["nl"]),
        POST + "3k2": skeet(
            "antwoord", reply={"parent": {"uri": "at://did:plc:jan/app.bsky.feed.post/1"}}
        ),
        "app.bsky.feed.repost/3k3": {"$type": "app.bsky.feed.repost"},
        "app.bsky.feed.like/3k4": {"$type": "app.bsky.feed.like"},
        "app.bsky.actor.profile/self": {"$type": "app.bsky.actor.profile", "displayName": "Anna"},
    }
    path = _car(tmp_path, records)
    document = {"id": DID, "alsoKnownAs": ["at://Anna.Dorp.example"]}
    folder_of(tmp_path, {"anna.didDoc.json": document})
    got = read(path)
    assert [(p.text, p.kind, p.audience) for p in got.posts] == [
        ("Zee 🌊", Kind.POST, Audience.PUBLIC),
        ("antwoord", Kind.COMMENT, Audience.PUBLIC),
    ]
    assert got.posts[0].origin == f"at://{DID}/{POST}3k1"
    assert got.posts[0].url == f"https://bsky.app/profile/{DID}/post/3k1"
    assert got.posts[0].lang == "nl"
    [anna] = got.accounts
    assert (anna.id, anna.handle, anna.name) == (f"bluesky:{DID}", "anna.dorp.example", "Anna")
    assert {f"bluesky:{DID}", "bluesky:@anna.dorp.example"} <= anna.keys
    assert got.skipped == {"somebody else's words": 1}


def test_a_deleted_post_whose_bytes_linger_in_the_file_does_not_exist(tmp_path, read):
    got = read(_car(tmp_path, {POST + "3k1": skeet("blijft")}, left_over=skeet("gewist")))
    assert got.texts == ["blijft"]


def test_bytes_of_a_facet_become_places_in_the_text(tmp_path, read):
    text = "🐟🐟 met @jan.example!"
    start = len("🐟🐟 met ".encode())
    facet = {
        "index": {"byteStart": start, "byteEnd": start + 12},
        "features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:Jan"}],
    }
    cut = {
        "index": {"byteStart": 1, "byteEnd": 6},
        "features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:half"}],
    }
    [post] = read(_car(tmp_path, {POST + "1": skeet(text, facets=[facet, cut])})).posts
    assert {(text[m.start : m.end], m.key) for m in post.mentions} == {
        ("@jan.example", "bluesky:did:plc:jan"),
        ("@jan.example", "bluesky:@jan.example"),
    }


@pytest.mark.parametrize(
    ("record", "heard"),
    [
        ({"syntheticContentGeneration": {"allow": False}}, ("bluesky:syntheticContentGeneration",)),
        (
            {"org.user-intents.syntheticContentGeneration": {"allow": False}},
            ("bluesky:syntheticContentGeneration",),
        ),
        (
            {"syntheticContentGeneration": {"allow": "no"}},
            ("bluesky:syntheticContentGeneration?",),
        ),
        ({"syntheticContentGeneration": {"allow": True}}, ()),
        ({"syntheticContentGeneration": {"updatedAt": "2025-01-01"}}, ()),
        ({}, ()),
        ("not a record", ("bluesky:intents?",)),
    ],
)
def test_declared_intents_are_heard(tmp_path, read, record, heard):
    got = read(_car(tmp_path, {POST + "1": skeet("x"), INTENTS: record}))
    assert got.accounts[0].refuses_training == heard


def test_who_hides_from_strangers_keeps_her_posts(tmp_path, read):
    shy = {"labels": {"values": [{"val": "!no-unauthenticated"}]}}
    records = {POST + "1": skeet("x"), "app.bsky.actor.profile/self": shy}
    got = read(_car(tmp_path, records))
    assert got.posts == []
    assert got.accounts[0].locked is True
    assert got.skipped == {"friends-only post": 1}


def test_a_picture_fetched_beside_the_repository_is_found_by_its_cid(tmp_path, read):
    cid = "bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    image = {"alt": "Een dijk", "image": {"cid": cid, "mimeType": "image/png"}}
    gone = {"alt": "Een boot", "image": {"cid": "bafkreigone", "mimeType": "image/png"}}
    embed = {"$type": "app.bsky.embed.images", "images": [image, gone]}
    files = {
        "repo.car": car_of({POST + "1": skeet("Kijk", embed=embed)}),
        f"blobs/{cid}.png": picture(),
    }
    got = read(zip_of(tmp_path / "a.zip", files))
    [post] = got.posts
    assert [photo.alt for photo in post.photos] == ["Een dijk"]
    assert post.text == "Kijk\n\nEen boot"
    assert got.skipped == {"picture that is not in the archive": 1}


def test_a_record_saved_as_json_is_read_too(tmp_path, read):
    record = {"uri": f"at://{DID}/{POST}9", "cid": "bafy", "value": skeet("los")}
    got = read(folder_of(tmp_path / "a", {"post.json": record, "readme.txt": b"x"}))
    assert got.texts == ["los"]
    assert got.skipped == {"not a file we know": 1}


def test_a_tag_that_says_no_is_heard(tmp_path, read):
    got = read(_car(tmp_path, {POST + "1": skeet("x", tags=["NoAI"])}))
    assert got.posts[0].refuses_training == ("hashtag:noai",)
