import zipfile

import pytest
from making_archives import folder_of, tar_of, zip_of

from demur.archives import container
from demur.archives.container import BrokenFile, open_container, shown


@pytest.mark.parametrize("make", ["zip", "tar", "tar.gz", "folder"])
def test_every_container_gives_the_same_files(tmp_path, make):
    files = {"a/één.txt": b"1" * 100_000, "b.txt": b""}
    path = {
        "zip": lambda: zip_of(tmp_path / "x", files),
        "tar": lambda: tar_of(tmp_path / "x", files, "w"),
        "tar.gz": lambda: tar_of(tmp_path / "x", files),
        "folder": lambda: folder_of(tmp_path / "x", files),
    }[make]()
    box = open_container(path)
    assert dict(box.sizes) == {"a/één.txt": 100_000, "b.txt": 0}
    for name, value in files.items():
        with box.open(name) as stream:
            assert stream.read() == value
        with box.spool(name) as spooled:
            assert spooled.read() == value
    with pytest.raises(BrokenFile):
        box.read("a/één.txt", at_most=99_999)
    box.close()


def test_zip64_is_read(tmp_path):
    path = tmp_path / "x.zip"
    with (
        zipfile.ZipFile(path, "w") as archive,
        archive.open("a.txt", "w", force_zip64=True) as stream,
    ):
        stream.write(b"ver")
    assert open_container(path).read("a.txt", 10) == b"ver"


def test_two_files_can_be_open_at_once(tmp_path):
    box = open_container(tar_of(tmp_path / "x", {"a": b"a" * 300_000, "b": b"b" * 300_000}))
    with box.open("a") as one, box.open("b") as other:
        for _ in range(30):
            assert one.read(10_000) == b"a" * 10_000
            assert other.read(10_000) == b"b" * 10_000


def test_leading_dots_name_the_same_file(tmp_path):
    assert dict(open_container(tar_of(tmp_path / "x", {"./a/./b": b"x"})).sizes) == {"a/b": 1}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("posts/één.json", "posts/één.json"),
        ("a\nb\x1b[31m", "a\\u000ab\\u001b[31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("x" * 500 + ".json", "…" + "x" * 74 + ".json"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_a_name_in_a_message_is_short_and_harmless(name, said):
    assert shown(name) == said


def test_the_floor_lets_a_small_archive_pack_as_well_as_it_likes(tmp_path):
    path = zip_of(tmp_path / "x.zip", {"a": b"0" * 5_000_000})
    assert path.stat().st_size * container.MAX_RATIO < 5_000_000
    assert open_container(path).sizes["a"] == 5_000_000
