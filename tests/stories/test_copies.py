"""A No holds against copies: by friends, by the camera, by a re-import, by a new name."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import small_archive as archive
from PIL import Image
from test_people import NOW, Lane, says_no

from demur.rights import erasure, models, standing
from demur.site.folder import Site
from demur.village import pictures

HERS = (
    "Vanochtend zaten er elf lepelaars op de plaat achter de oude steiger, zo veel zag ik er nog"
    " nooit bij elkaar"
)
ALMOST = HERS.replace("plaat", "plaaat") + "!!! 😍 #lepelaars"


@pytest.fixture
def lane(site: Site, tmp_path: Path) -> Lane:
    """Anna writes and photographs; Bea repeats her nearly, Carl to the letter, Dirk shows it."""
    folder = tmp_path / "in"
    (folder / "pictures").mkdir(parents=True)
    (folder / "pictures" / "hers.jpg").write_bytes(pictures.jpeg("lighthouse", 1))
    (folder / "pictures" / "again.jpg").write_bytes(_saved_again(pictures.jpeg("lighthouse", 1)))
    (folder / "pictures" / "dike.jpg").write_bytes(pictures.jpeg("dike", 1))
    neighbours = Lane(site, folder)
    neighbours.take(EVERYBODY, POSTS)
    neighbours.tell()
    neighbours.build()
    return neighbours


EVERYBODY = [archive.account(name) for name in ("anna", "bea", "carl", "dirk")]
POSTS = [
    archive.post("anna", 1, text=HERS),
    archive.post("anna", 2, text="De vuurtoren", photos=[{"file": "pictures/hers.jpg"}]),
    archive.post("bea", 1, text=ALMOST),
    archive.post("carl", 1, text=HERS.upper()),
    archive.post("carl", 2, text="De dijk", photos=[{"file": "pictures/dike.jpg"}]),
    archive.post("dirk", 1, text="Kijk nou", photos=[{"file": "pictures/again.jpg"}]),
    archive.post("dirk", 2, text="Zelf zag ik vanmiddag geen enkele lepelaar, maar scholeksters"),
]  # fmt: skip


def _saved_again(jpeg: bytes) -> bytes:
    """As somebody else's telephone saves a picture that it was sent."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        out = io.BytesIO()
        picture.resize((picture.width * 3 // 4, picture.height * 3 // 4)).save(
            out, "JPEG", quality=55
        )
        return out.getvalue()


def test_friends_who_repeated_anna_fall_silent_with_her_and_keep_their_own_words(lane):
    before = lane.kept()
    assert before.keys() == {"anna/1", "anna/2", "bea/1", "carl/1", "carl/2", "dirk/1", "dirk/2"}
    says_no(lane.client("anna"))
    assert lane.build().keys() == {"carl/2", "dirk/2"}


def test_bea_reads_why_her_post_is_left_out(lane):
    says_no(lane.client("anna"))
    page = lane.client("bea").get("/privacy/mine/").text
    assert "a copy of something by somebody who objects or was erased" in page
    assert "forum:anna" not in page
    assert "@anna" not in page


def test_a_no_survives_the_same_archive_and_a_new_name(lane):
    says_no(lane.client("anna"))
    renamed = archive.account("anna", handle="@anouk") | {"name": "Anouk Jansen"}
    lane.take([renamed, *EVERYBODY[1:]], POSTS)
    assert lane.build().keys() == {"carl/2", "dirk/2"}
    assert lane.heard() == {"carl", "dirk"}


def test_a_copy_that_is_posted_after_the_no_is_never_used(lane):
    says_no(lane.client("anna"))
    late = archive.post("carl", 3, text=HERS.replace("vanochtend", "vandaag") + " (van Anna)")
    lane.take(EVERYBODY, [*POSTS, late])
    assert "carl/3" not in lane.build()


def test_an_erased_person_s_archive_comes_again_and_nothing_of_it_is_taken(lane):
    erasure.erase(lane.site, archive.owner("anna"), now=NOW)
    assert lane.build().keys() == {"carl/2", "dirk/2"}
    report = archive.take(lane.site, lane.folder, EVERYBODY, POSTS, now=NOW)
    assert report.skipped["somebody who was erased here"] == 2
    assert not models.Account.objects.filter(pk="forum:anna").exists()
    assert lane.build().keys() == {"carl/2", "dirk/2"}, "copies by others stay out by their marks"


def test_a_restored_backup_of_the_lake_is_decided_by_the_no_that_stands(lane, tmp_path):
    says_no(lane.client("anna"))
    lane.build()
    old = next(lane.site.lake.glob("posts/*/*.parquet"))
    before = old.read_bytes()
    erasure.erase(lane.site, archive.owner("anna"), now=NOW)
    old.write_bytes(before)  # a backup from before the erasure is put back
    assert lane.build().keys() == {"carl/2", "dirk/2"}
    assert standing.of(lane.site, today=NOW.date).in_force().silent
