"""Archives that are cut, forged, hostile or simply not what they are said to be, one case each.

Two things can happen: the whole archive is refused (`REFUSED`), or one file of it gives nothing and
a sentence while the rest comes in (`problems`). Either way the sentence names a file, says what to
do, and quotes nothing of what anybody wrote.
"""

from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making_archives import (
    AT,
    as_meta_writes,
    car_of,
    content,
    facebook,
    facebook_post,
    folder_of,
    instagram,
    jsonl,
    mastodon,
    neutral,
    picture,
    row,
    skeet,
    tar_of,
    toot,
    varint,
    zip_of,
)

from demur.archives import container
from demur.archives.reader import open_archive
from demur.errors import ArchiveUnreadable

SECRET = "geheimzinnig woord"  # stands in every archive below and in no sentence
TOOT = toot(f"<p>{SECRET}</p>")


def _written(path, data):
    path.write_bytes(data)
    return path


def _cut_zip(tmp):
    whole = zip_of(tmp / "whole.zip", mastodon(TOOT)).read_bytes()
    return _written(tmp / "a.zip", whole[:-100])


def _zip_with_damaged_directory(tmp):
    whole = bytearray(zip_of(tmp / "whole.zip", mastodon(TOOT)).read_bytes())
    at = whole.rindex(b"PK\x01\x02")
    whole[at : at + 4] = b"XXXX"
    return _written(tmp / "a.zip", bytes(whole))


def _cut_tar_gz(tmp):
    whole = tar_of(tmp / "whole.tar.gz", mastodon(TOOT, **{"x": os.urandom(50_000)})).read_bytes()
    return _written(tmp / "a.tar.gz", whole[: len(whole) // 2])


def _cut_tar(tmp):
    whole = tar_of(tmp / "whole.tar", mastodon(TOOT, **{"x": b"x" * 50_000}), "w").read_bytes()
    return _written(tmp / "a.tar", whole[:20_000])


def _tar_with_bytes_turned(tmp):
    whole = bytearray(tar_of(tmp / "whole.tar.gz", mastodon(TOOT)).read_bytes())
    whole[100] ^= 0xFF
    return _written(tmp / "a.tar.gz", bytes(whole))


def _bomb_by_ratio(tmp):
    path = tmp / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("actor.json", content(mastodon()["actor.json"]))
        with archive.open("outbox.json", "w") as stream:
            for _ in range(70):
                stream.write(b" " * (1 << 20))
    return path


def _gzip_bomb(tmp):
    path = tmp / "a.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        member = tarfile.TarInfo("outbox.json")
        member.size = 70 << 20
        archive.addfile(member, io.BytesIO(b" " * member.size))
    return path


def _members_sharing_their_bytes(tmp):
    """A bomb without any member that packs too well: all point at the same megabytes."""
    path = tmp / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("outbox.json", os.urandom(200_000))
        kernel = archive.infolist()[0]
        for number in range(500):
            clone = zipfile.ZipInfo(f"{number}.json")
            for field in ("header_offset", "CRC", "compress_size", "file_size", "compress_type"):
                setattr(clone, field, getattr(kernel, field))
            archive.filelist.append(clone)
            archive.NameToInfo[clone.filename] = clone
        archive._didModify = True
    return path


def _huge_declared_size(tmp):
    path = zip_of(tmp / "a.zip", mastodon(TOOT))
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 0xFFFF_FFF0)
    return _written(path, bytes(data))


def _tar_header_claiming_gigabytes(tmp):
    member = tarfile.TarInfo("pax")
    member.type, member.size = tarfile.XHDTYPE, 4 << 30
    return _written(tmp / "a.tar", member.tobuf(tarfile.USTAR_FORMAT) + b"\0" * 2048)


def _tar_that_leads_back(tmp):
    member = tarfile.TarInfo("actor.json")
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 10 + (-512 & 0xFFFF).to_bytes(2, "big")  # a size below nothing
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return _written(tmp / "a.tar", bytes(header) + b"\0" * 2048)


def _zip_named(tmp, name):
    path = zip_of(tmp / "a.zip", mastodon(TOOT))
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("x" * len(name))
        archive.writestr(info, b"")
    return _written(path, path.read_bytes().replace(b"x" * len(name), name.encode()))


def _zip_link(tmp):
    path = zip_of(tmp / "a.zip", mastodon(TOOT))
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("media.json")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return path


def _tar_with(tmp, kind, name="x", target=""):
    path = tar_of(tmp / "a.tar", mastodon(TOOT), "w")
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        archive.addfile(member)
    return path


def _folder_link(tmp):
    folder = folder_of(tmp / "a", mastodon(TOOT))
    (folder / "media").symlink_to("/etc")
    return folder


def _folder_pipe(tmp):
    folder = folder_of(tmp / "a", mastodon(TOOT))
    os.mkfifo(folder / "pipe.json")
    return folder


def _locked_zip(tmp):
    path = zip_of(tmp / "a.zip", mastodon(TOOT))
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = data.find(mark)
        while found >= 0:
            data[found + at] |= 1
            found = data.find(mark, found + 4)
    return _written(path, bytes(data))


def _two_of_one_name(tmp):
    path = zip_of(tmp / "a.zip", mastodon(TOOT))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning):
        archive.writestr("outbox.json", b"{}")
    return path


def _two_of_one_name_in_a_tar(tmp):
    path = tar_of(tmp / "a.tar", mastodon(TOOT), "w")
    with tarfile.open(path, "a") as archive:
        archive.addfile(tarfile.TarInfo("./outbox.json"))
    return path


def _empty_folder(tmp):
    (tmp / "a" / "deep" / "er").mkdir(parents=True)
    return tmp / "a"


def _no_accounts(tmp):
    return folder_of(tmp / "a", {"posts.jsonl": jsonl(row(SECRET))})


def _accounts_with_a_bad_line(tmp):
    good = {"id": "forum:1", "name": SECRET}
    files = {"accounts.jsonl": jsonl(good, {"id": "forum:2", "country": SECRET})}
    return folder_of(tmp / "a", files)


def _neither_half_of_mastodon(tmp):
    return zip_of(tmp / "a.zip", {"actor.json": b"{", "outbox.json": b"{"})


REFUSED = {
    "a zip that is cut off": (_cut_zip, "a.zip is not a whole zip file; download the"),
    "a zip with a damaged directory": (_zip_with_damaged_directory, "not a whole zip file"),
    "a tar.gz that is cut off": (_cut_tar_gz, "a.tar.gz is damaged or cut off; download"),
    "a tar that is cut off": (_cut_tar, "a.tar is cut off or no tar file; download"),
    "a tar.gz with a byte turned": (_tar_with_bytes_turned, "a.tar.gz is damaged or cut off"),
    "an empty file": (lambda t: _written(t / "a.zip", b""), "a.zip is empty; download"),
    "an empty zip": (lambda t: zip_of(t / "a.zip", {}), "a.zip holds no files; download"),
    "an empty folder": (_empty_folder, "a holds no files; download"),
    "no file at all": (lambda t: t / "weg.zip", "There is no weg.zip; check the path"),
    "a bomb by its ratio": (_bomb_by_ratio, "unpack to far more than it holds"),
    "a gzip bomb": (_gzip_bomb, "unpack to far more than it holds"),
    "members that share their bytes": (_members_sharing_their_bytes, "unpack to far more"),
    "a huge declared size": (_huge_declared_size, "unpack to far more than it holds"),
    "a tar header claiming gigabytes": (_tar_header_claiming_gigabytes, "cut off or no tar file"),
    "a tar that leads back to itself": (_tar_that_leads_back, "damaged"),
    "a path that climbs out": (lambda t: _zip_named(t, "../../x.json"), "points outside"),
    "a path from the root": (lambda t: _zip_named(t, "/etc/x.json"), "points outside"),
    "a path on a drive": (lambda t: _zip_named(t, "C:x.json"), "points outside"),
    "a path with backslashes": (lambda t: _zip_named(t, "..\\..\\x.json"), "points outside"),
    "a path with a NUL": (lambda t: _zip_named(t, "outbox2.json\0.txt"), "points outside"),
    "a tar path that climbs out": (lambda t: _tar_with(t, tarfile.REGTYPE, "a/../../x"), "points"),
    "a folder that climbs out": (lambda t: _tar_with(t, tarfile.DIRTYPE, "../x"), "points outside"),
    "a symlink in a zip": (_zip_link, "media.json is a link or a device"),
    "a symlink in a tar": (lambda t: _tar_with(t, tarfile.SYMTYPE, "x", "/etc"), "x is a link"),
    "a hard link in a tar": (lambda t: _tar_with(t, tarfile.LNKTYPE, "x", "actor.json"), "x is a"),
    "a device in a tar": (lambda t: _tar_with(t, tarfile.CHRTYPE), "x is a link or a device"),
    "a pipe in a tar": (lambda t: _tar_with(t, tarfile.FIFOTYPE), "x is a link or a device"),
    "a symlink in a folder": (_folder_link, "media is a link or a device"),
    "a pipe in a folder": (_folder_pipe, "pipe.json is a link or a device"),
    "a zip with a password": (_locked_zip, "a.zip is locked with a password; unlock it"),
    "two files of one name": (_two_of_one_name, "outbox.json is there twice"),
    "two files of one name in a tar": (_two_of_one_name_in_a_tar, "outbox.json is there twice"),
    "nothing we know": (lambda t: zip_of(t / "a.zip", {"x.txt": b"x"}), "nothing we know; we read"),
    "an export as web pages": (
        lambda t: zip_of(t / "a.zip", {"posts/your_posts_1.html": b"<html>"}),
        "ask the platform for one in JSON",
    ),
    "several exports in one folder": (
        lambda t: folder_of(t / "a", {f"{n}/{k}": v for n in "ab" for k, v in mastodon().items()}),
        "holds 2 mastodon archives (a/, b/); import each by itself",
    ),
    "two platforms in one folder": (
        lambda t: folder_of(t / "a", mastodon(TOOT) | facebook(facebook_post(SECRET))),
        "holds archives of facebook and mastodon; say which one with --as",
    ),
    "an actor and an outbox both cut off": (_neither_half_of_mastodon, "does not say whose"),
    "posts without accounts": (_no_accounts, "needs one accounts.jsonl or accounts.parquet"),
    "accounts with a wrong line": (
        _accounts_with_a_bad_line,
        "accounts.jsonl, line 2: country must be two capitals",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_the_whole_archive_is_refused(tmp_path, case):
    make, sentence = REFUSED[case]
    path = make(tmp_path)
    with pytest.raises(ArchiveUnreadable) as refusal:
        list(open_archive(path).posts())
    said = str(refusal.value)
    assert sentence in said
    assert said.endswith(".")
    assert SECRET not in said


def test_what_it_was_said_to_be_is_not_what_it_is(tmp_path):
    path = zip_of(tmp_path / "a.zip", mastodon(TOOT))
    with pytest.raises(ArchiveUnreadable, match="is no facebook archive but one of mastodon"):
        open_archive(path, platform="facebook")
    with pytest.raises(ArchiveUnreadable, match="no reader called myspace; choose of facebook"):
        open_archive(path, platform="myspace")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_nobody_may_read(tmp_path):
    path = zip_of(tmp_path / "a.zip", mastodon(TOOT))
    path.chmod(0)
    with pytest.raises(ArchiveUnreadable, match="may not be read; change its rights"):
        open_archive(path)


def _json(tmp, data):
    """A Facebook archive of one good and one bad file of posts."""
    good = facebook(facebook_post("goed"))
    return zip_of(tmp / "a.zip", good | {"posts/your_posts_2.json": data})


GOOD = as_meta_writes([facebook_post(SECRET)])


def _lying_crc(tmp):
    path = _json(tmp, GOOD)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"posts/your_posts_2.json"))
    data[at + 16] ^= 0xFF
    return _written(path, bytes(data))


def _lying_size(tmp):
    """The directory states fewer bytes than come out."""
    path = _json(tmp, GOOD)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"posts/your_posts_2.json"))
    struct.pack_into("<I", data, at + 24, len(GOOD) - 10)
    return _written(path, bytes(data))


def _overstated_size(tmp):
    path = _json(tmp, GOOD)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"posts/your_posts_2.json"))
    struct.pack_into("<I", data, at + 24, len(GOOD) + 10)
    return _written(path, bytes(data))


BROKEN_JSON = {
    "cut off in a post": (GOOD[:-30], "is cut off"),
    "cut off between two posts": (GOOD[:-1] + b",", "is cut off"),
    "empty": (b"", "is cut off"),
    "only spaces": (b"  \n ", "is cut off"),
    "not JSON": (f"[{SECRET}]".encode(), "is not whole JSON"),
    "JSON of another kind": (b'"a string"', "does not hold what its name promises"),
    "an object where a list should be": (b'{"posts": []}', "does not hold what its name promises"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "is not UTF-8"),
    "UTF-16 without a mark": (GOOD.decode().encode("utf-16-le"), "is not UTF-8"),
    "raw Latin-1": ('[{"timestamp": 1, "title": "één"}]'.encode("latin-1"), "is not UTF-8"),
    "a NUL byte": (GOOD.replace(SECRET.encode(), b"a\0b"), "is not whole JSON"),
    "NULs at the end": (GOOD + b"\0" * 512, "is not whole JSON"),
    "NaN": (b'[{"timestamp": NaN}]', "is not whole JSON"),
    "100,000 brackets": (b"[" * 100_000 + b"]" * 100_000, "is nested too deeply"),
    "a number of 5,000 digits": (b'[{"timestamp": ' + b"9" * 5_000 + b"}]", "is not whole JSON"),
    "one thing said twice": (b'[{"timestamp": 1, "timestamp": 2}]', "says one thing twice"),
    "half a character": (b'[{"title": "\\udc00"}]', "is not UTF-8"),
    "words after the end": (GOOD + SECRET.encode(), "is not whole JSON"),
}


@pytest.mark.parametrize("case", BROKEN_JSON)
def test_a_broken_file_imports_nothing_of_itself_and_the_rest_comes_in(tmp_path, read, case):
    data, sentence = BROKEN_JSON[case]
    got = read(_json(tmp_path, data))
    assert got.texts == ["goed"]
    [said] = got.problems
    assert f"posts/your_posts_2.json {sentence}" in said
    assert said.endswith("download the archive again from the platform and import that.")
    assert SECRET not in said


@pytest.mark.parametrize("make", [_lying_crc, _lying_size, _overstated_size])
def test_a_file_that_is_not_as_its_archive_states_imports_nothing(tmp_path, read, make):
    got = read(make(tmp_path))
    assert got.texts == ["goed"]
    assert "posts/your_posts_2.json" in got.problems[0]


def test_a_thousand_whole_posts_before_the_cut_are_not_imported_either(tmp_path, read):
    many = as_meta_writes([facebook_post(f"nummer {n}", at=1_600_000_000 + n) for n in range(1000)])
    assert read(_json(tmp_path, many[:-1])).texts == ["goed"]
    assert len(read(_json(tmp_path, many)).texts) == 1001


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        (1_600_000_000, True),
        (0, False),
        (-86_400, False),
        (10**30, False),
        (1e300, False),
        (4_102_444_800, False),
        ("1600000000", False),
        (True, False),
        (None, False),
        ([1], False),
    ],
)
def test_a_date_that_cannot_be_right_leaves_its_post_out_and_no_other(tmp_path, read, at, kept):
    got = read(_json(tmp_path, as_meta_writes([facebook_post("vreemd", at=at)])))
    assert got.texts == ["goed", "vreemd"][: 1 + kept]
    assert got.problems == []
    assert got.skipped == ({} if kept else {"a date that cannot be right": 1})


def test_a_byte_order_mark_does_no_harm(tmp_path, read):
    assert read(_json(tmp_path, b"\xef\xbb\xbf" + GOOD)).texts == ["goed", SECRET]


WEIRD = [None, 1, "x", [], {}, [None], {"x": None}, [[]], True, 1.5]


@pytest.mark.parametrize("value", WEIRD, ids=repr)
def test_things_of_the_wrong_kind_are_stepped_over(tmp_path, read, value):
    odd = [value, {"timestamp": 1_600_000_000, "data": value, "attachments": value, "tags": value}]
    files = facebook(*odd, {"timestamp": value, "data": [{"post": value}]}, facebook_post("goed"))
    assert "goed" in read(zip_of(tmp_path / "fb.zip", files)).texts
    media = {"media": value, "title": value, "creation_timestamp": value}
    files = instagram(
        value,
        media,
        {"media": [{"uri": "x.mp4"}], "title": "goed"} | {"creation_timestamp": 1_600_000_000},
    )
    assert "goed" in read(zip_of(tmp_path / "ig.zip", files)).texts
    note = {"type": "Note", "content": value, "tag": value, "attachment": value, "summary": value}
    note |= {"published": value, "to": value, "cc": value, "contentMap": value, "inReplyTo": value}
    whole = toot("<p>goed</p>", tag=value, attachment=value, contentMap=value, inReplyTo=value)
    files = mastodon(
        value, {"type": "Create", "object": value}, {"type": "Create", "object": note}, whole,
        actor={"tag": value, "attachment": value, "summary": value, "name": value, "url": value},
    )  # fmt: skip
    assert "goed" in read(zip_of(tmp_path / "m.zip", files)).texts
    records = {
        "app.bsky.feed.post/1": skeet("goed", facets=value, embed=value, tags=value, langs=value),
        "app.bsky.feed.post/2": value,
        "app.bsky.feed.post/3": skeet("x", createdAt=value),
        "app.bsky.feed.post/4": skeet("y", embed={"images": value}, reply=value, labels=value),
        "app.bsky.feed.post/5": skeet("z", embed={"images": [{"image": value, "alt": value}]}),
        "app.bsky.feed.post/6": skeet("w", facets=[{"index": value, "features": value}]),
        "app.bsky.actor.profile/self": {"displayName": value, "labels": value},
    }
    assert "goed" in read(_written(tmp_path / "a.car", car_of(records))).texts


HOSTILE_NAMES = ["a\nb.json", "\x1b[2J.json", "\u202egnp.json", "x" * 5000, "\U0001f600" * 50]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_a_hostile_name_is_one_more_file_we_do_not_know(tmp_path, read, name):
    got = read(zip_of(tmp_path / "a.zip", mastodon(TOOT, **{name: b"x"})))
    assert got.skipped == {"not a file we know": 1}
    assert len(got.posts) == 1


@pytest.mark.parametrize(
    "text",
    ["\u202eomgekeerd", "a\0b", "x" * 100_000, "👩‍👩‍👧‍👦" * 100, "\x1b[31m", "\ufeff", "ﷺ" * 99],
    ids=ascii,
)
def test_hostile_texts_come_in_as_they_are_but_for_what_no_file_can_keep(tmp_path, read, text):
    got = read(zip_of(tmp_path / "fb.zip", facebook(facebook_post(text + "."))))
    assert got.texts == [text.replace("\0", " ").replace("\x1b", " ") + "."]


BAD_PICTURES = {
    "a page that says sorry": b"<html>Sorry, not found</html>",
    "nothing": b"",
    "a cut one": picture("JPEG")[:150],
}


@pytest.mark.parametrize("case", BAD_PICTURES)
def test_a_post_outlives_its_broken_picture(tmp_path, read, case):
    media = [{"type": "Document", "url": "/m/1.jpg", "name": "De dijk"}]
    files = mastodon(toot("<p>Kijk</p>", attachment=media), **{"m/1.jpg": BAD_PICTURES[case]})
    got = read(zip_of(tmp_path / "a.zip", files))
    assert got.texts == ["Kijk\n\nDe dijk"]
    assert got.skipped == {"picture that cannot be read": 1}


def test_a_picture_can_not_be_fetched_from_outside_the_archive(tmp_path, read):
    (tmp_path / "outside.png").write_bytes(picture())
    media = [
        {"type": "Document", "url": url} for url in ("../outside.png", "https://x.example/1.png")
    ]
    got = read(folder_of(tmp_path / "a", mastodon(toot("<p>x</p>", attachment=media))))
    assert got.posts[0].photos == ()
    assert got.skipped == {"picture that is not in the archive": 2}


CAR = car_of({"app.bsky.feed.post/1": skeet(SECRET), "app.bsky.feed.post/2": skeet("b")})
BROKEN_CARS = {
    "cut off in a block": (CAR[:-5], "is cut off"),
    "cut off in a length": (CAR + b"\xff", "cut off or damaged"),
    "one bit turned": (CAR[:-5] + bytes([CAR[-5] ^ 1]) + CAR[-4:], "a block has another hash"),
    "not a repository": (b"hello world, this is text", "repo.car"),
    "empty but for a header": (CAR[:60], "repo.car"),
    "a length of petabytes": (CAR + b"\xff" * 7 + b"\x7f", "larger than any record"),
    "an unknown hash": (CAR.replace(b"\x01\x71\x12", b"\x01\x71\x1b"), "in an unknown way"),
    "nothing at all after the header's length": (b"\x80\x80\x01", "repo.car"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN_CARS)
def test_a_broken_repository_gives_nothing_and_the_other_one_comes_in(tmp_path, read, case):
    data, sentence = BROKEN_CARS[case]
    other = car_of({"app.bsky.feed.post/1": skeet("goed")}, did="did:plc:jan")
    got = read(folder_of(tmp_path / "a", {"repo.car": data, "z.car": other}))
    assert got.texts == ["goed"]
    [said] = got.problems
    assert sentence in said
    assert SECRET not in said


@pytest.mark.parametrize("case", BROKEN_CARS)
def test_a_broken_repository_alone_is_refused(tmp_path, case):
    data, sentence = BROKEN_CARS[case]
    with pytest.raises(ArchiveUnreadable) as refusal:
        open_archive(_written(tmp_path / "repo.car", data))
    assert sentence in str(refusal.value)


def test_a_repository_that_nests_for_ever_ends(tmp_path):
    deep = b"\x81" * 100_000 + b"\xa0"
    with pytest.raises(ArchiveUnreadable, match="holds a damaged block"):
        open_archive(_written(tmp_path / "a.car", varint(len(deep)) + deep))


BROKEN_LINES = {
    "a line that is not JSON": (b"{oops", "line 2 is not a JSON object or is cut off"),
    "a line cut off": (content(row(SECRET))[:-5], "line 2 is not a JSON object or is cut off"),
    "a list": (b"[1]", "line 2 is not a JSON object"),
    "an unknown column": (content(row(SECRET, audiance="x")), "line 2: nobody knows a column aud"),
    "an unknown audience": (content(row("x", audience=SECRET)), "audience must be one of public"),
    "no date": (b'{"id": "2", "account": "forum:1"}', "created_at must be a moment"),
    "a wrong account": (content(row("x", account=SECRET)), "account must be like 'platform:123'"),
    "text that is a number": (content(row(5)), "text must be text"),
    "a mention outside the text": (
        content(row(SECRET, mentions=[{"start": 0, "end": 99, "key": "x"}])),
        "mentions must lie inside the text",
    ),
    "a column twice": (b'{"id": "2", "id": "3"}', "line 2 is not a JSON object"),
    "NaN": (b'{"id": "2", "text": NaN}', "line 2 is not a JSON object"),
    "100,000 brackets": (b"[" * 100_000, "line 2 is not a JSON object"),
    "Latin-1": ('{"id": "één"}'.encode("latin-1"), "line 2 is not UTF-8"),
    "a line without an end": (b" " * (17 << 20), "line 2 is longer than 16 MiB"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN_LINES)
def test_one_wrong_line_refuses_its_file_and_no_other(tmp_path, read, case):
    data, sentence = BROKEN_LINES[case]
    files = neutral(row("goed")) | {
        "posts-2.jsonl": content(row("ook goed", id="9")) + b"\n" + data
    }
    got = read(folder_of(tmp_path / "a", files))
    assert got.texts == ["goed"]
    [said] = got.problems
    assert said.startswith("posts-2.jsonl, ")
    assert sentence in said
    assert SECRET not in said


def test_half_a_surrogate_in_a_line_becomes_a_mark(tmp_path, read):
    got = read(folder_of(tmp_path / "a", neutral(b'{"id":"1","account":"forum:1","audience":'
        b'"public","created_at":"2021-06-01T12:00:00Z","text":"a\\ud83d!"}')))  # fmt: skip
    assert got.texts == ["a\ufffd!"]


def _parquet(rows):
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


BROKEN_PARQUET = {
    "garbage": (b"PAR1 nonsense PAR1", "is not a whole Parquet file"),
    "cut off": (_parquet([row(SECRET)])[:-20], "is not a whole Parquet file"),
    "empty": (b"", "is not a whole Parquet file"),
    "missing columns": (_parquet([{"id": "1", "text": SECRET}]), "row 1: account is missing"),
    "a column nobody knows": (_parquet([row(SECRET, mood="blij")]), "a column mood"),
    "a column of another type": (_parquet([row(SECRET, audience=7)]), "audience must be one of"),
}


@pytest.mark.parametrize("case", BROKEN_PARQUET)
def test_a_broken_parquet_file_gives_nothing(tmp_path, read, case):
    data, sentence = BROKEN_PARQUET[case]
    files = neutral(row("goed")) | {"posts-2.parquet": data}
    got = read(folder_of(tmp_path / "a", files))
    assert got.texts == ["goed"]
    [said] = got.problems
    assert sentence in said
    assert SECRET not in said


def test_a_parquet_file_with_a_damaged_page_gives_nothing(tmp_path, read):
    rows = [row(os.urandom(50).hex(), id=str(n)) for n in range(5000)]
    data = bytearray(_parquet(rows))
    data[len(data) // 2 : len(data) // 2 + 200] = b"\xff" * 200
    got = read(folder_of(tmp_path / "a", neutral(row("goed")) | {"posts-2.parquet": bytes(data)}))
    assert len(got.texts) in (1, 5001)  # where the damage falls on plain letters no reader can tell
    assert len(got.problems) == (len(got.texts) == 1)


@pytest.mark.parametrize("half", ["actor.json", "outbox.json"])
def test_half_a_mastodon_archive_is_cut_off(tmp_path, read, half):
    files = mastodon(TOOT)
    files[half] = content(files[half])[:-10]
    got = read(zip_of(tmp_path / "a.zip", files))
    assert any(f"{half} is cut off" in said for said in got.problems)
    if half == "outbox.json":
        assert got.posts == []
    else:
        assert got.accounts[0].id == f"mastodon:{AT}"
        assert "profile?" in got.accounts[0].refuses_training


def test_a_cut_off_profile_keeps_its_posts_out_by_an_unreadable_wish(tmp_path, read):
    files = facebook(facebook_post("x"))
    name = "profile_information/profile_information.json"
    files[name] = files[name][:-10]
    got = read(zip_of(tmp_path / "a.zip", files))
    assert got.accounts[0].refuses_training == ("profile?",)
    assert got.accounts[0].born is None
    assert any("profile_information.json is cut off" in said for said in got.problems)


def test_more_files_than_anybody_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "MAX_FILES", 3)
    path = zip_of(tmp_path / "a.zip", mastodon(TOOT, **{str(n): b"" for n in range(5)}))
    with pytest.raises(ArchiveUnreadable, match="more than 3 files"):
        open_archive(path)
