"""A picture is asked for: what is in its file, and when there is none."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demur.archives.pictures import look_of, refusals
from demur.assistant import guard, images
from demur.assistant.answer import Assistant
from demur.assistant.drawing import composer, provenance
from demur.assistant.drawing.provenance import BY_MODEL, BY_RULES, Credential
from demur.assistant.guarding import sense
from demur.assistant.painting import Painted
from demur.corpus.lake import Lake
from demur.errors import NotAllowed
from demur.people import AccountId, Home, PersonId
from demur.posts import Audience, Kind, Photo, Post
from demur.site import folder

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HARBOUR = "een boot op zee bij zonsondergang"


class Nobody:
    """A standing that nobody asks: the composer uses nobody's words."""

    def epoch(self) -> int:
        raise AssertionError

    def in_force(self) -> Any:
        raise AssertionError


def assistant(root: Path, credential: Credential | None = None) -> Assistant:
    return Assistant.open(root, Nobody(), credential=credential)


def post_with(root: Path, picture: Image.Image) -> None:
    """Somebody posts this very picture."""
    photo = Photo(sha256="a" * 64, media_type="image/png", look=look_of(picture), data=b"png")
    post = Post(
        account=AccountId("village:anna"),
        platform="village",
        kind=Kind.PHOTO,
        audience=Audience.PUBLIC,
        created_at=NOW,
        origin="1",
        text="Mijn foto",
        photos=(photo,),
    )
    lake = Lake(root / "lake", Home(key=b"k" * 32, shards=2, slices=1))
    lake.stage("first", [(PersonId("a" * 32), post)])
    lake.publish("first")


def test_the_file_says_that_a_program_composed_it(tmp_path: Path) -> None:
    drawing = images.draw(assistant(tmp_path), "drie katten op een bank", seed=1)
    assert drawing.drew == "composer"
    assert drawing.parts == ("3 × kat", "bank en lamp")
    with Image.open(io.BytesIO(drawing.png)) as picture:
        assert picture.size == (512, 512)
        xmp = picture.info["XML:com.adobe.xmp"]
        assert refusals(drawing.png, picture) == ()
    assert f'Iptc4xmpExt:DigitalSourceType="{BY_RULES}"' in xmp
    assert "katten" not in xmp, "what was asked may name somebody"
    again = images.draw(assistant(tmp_path), "drie katten op een bank", seed=1)
    assert again.png == drawing.png


def test_a_signed_picture_says_so_in_its_credential_and_a_changed_one_is_found(
    tmp_path: Path,
) -> None:
    c2pa = pytest.importorskip("c2pa", reason="the extra c2pa is not installed")
    credential = provenance.new_credential("Tureluur", datetime.now(UTC))
    png = images.draw(assistant(tmp_path, credential), "een kat", seed=1, size=64).png
    store = read(c2pa, png)
    manifest = store["manifests"][store["active_manifest"]]
    [actions] = [a for a in manifest["assertions"] if a["label"].startswith("c2pa.actions")]
    [created] = actions["data"]["actions"]
    assert (created["action"], created["digitalSourceType"]) == ("c2pa.created", BY_RULES)
    assert store["validation_state"] == "Valid"
    problems = {problem["code"] for problem in store["validation_status"]}
    assert problems == {"signingCredential.untrusted"}, "its own certificate is on no trust list"
    changed = bytearray(png)
    changed[png.index(b"IDAT") + 20] ^= 1
    assert read(c2pa, bytes(changed))["validation_state"] == "Invalid"


def read(c2pa: Any, png: bytes) -> dict[str, Any]:
    with c2pa.Reader("image/png", io.BytesIO(png)) as reader:
        store: dict[str, Any] = json.loads(reader.json())
    return store


def test_what_a_model_drew_is_said_to_be_a_models() -> None:
    white = Image.new("RGB", (8, 8), "white")
    png = provenance.sealed(white, drew="pixart", by_model=True, credential=None)
    with Image.open(io.BytesIO(png)) as picture:
        xmp = picture.info["XML:com.adobe.xmp"]
    assert f'Iptc4xmpExt:DigitalSourceType="{BY_MODEL}"' in xmp
    assert 'Iptc4xmpExt:AISystemUsed="pixart"' in xmp


def test_a_picture_that_somebody_posted_is_not_drawn_again(tmp_path: Path) -> None:
    first = images.draw(assistant(tmp_path), HARBOUR, seed=3)
    assert first.png
    post_with(tmp_path, composer.compose(HARBOUR, seed=3, size=512).image)
    drawing = images.draw(assistant(tmp_path), HARBOUR, seed=3)
    assert drawing.png == b""
    assert drawing.declined == images.SENTENCES["nl"]["too-near"]
    assert images.draw(assistant(tmp_path), "een fiets naast een molen", seed=3).png


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """An image model that paints what the test says it painted."""

    def paints(**painted: Any) -> None:
        usual = {"name": "pixart", "shards": (1,), "memories": True, "halted": False, "model": "m"}
        done = Painted(**{**usual, **painted})
        monkeypatch.setattr(Assistant, "paint", lambda self, asked, *, seed, size: done)

    return paints


def test_where_there_is_an_image_model_it_draws_and_is_named(
    tmp_path: Path, model: Callable[..., None]
) -> None:
    model(picture=composer.compose(HARBOUR, seed=3, size=96).image)
    drawing = images.draw(assistant(tmp_path), HARBOUR)
    assert (drawing.drew, drawing.shards, drawing.note) == ("pixart", (1,), "")
    assert BY_MODEL.encode() in drawing.png
    model(picture=Image.new("RGB", (64, 64)), halted=True)
    assert "stilgelegd" in images.draw(assistant(tmp_path), HARBOUR).note
    model(picture=None)
    taken_back = images.draw(assistant(tmp_path), HARBOUR)
    assert (taken_back.png, taken_back.declined) == (b"", images.SENTENCES["nl"]["taken-back"])


def test_a_model_that_repeats_what_it_learned_is_not_shown(
    tmp_path: Path, model: Callable[..., None]
) -> None:
    hers = composer.compose(HARBOUR, seed=3, size=512).image
    post_with(tmp_path, hers)
    smaller = hers.resize((200, 200)).rotate(0.3)
    model(picture=smaller)
    drawing = images.draw(assistant(tmp_path), "iets heel anders")
    assert (drawing.png, drawing.drew) == (b"", "pixart")
    assert drawing.declined == images.SENTENCES["nl"]["too-near"]


def test_what_the_guard_declines_is_not_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "declines", lambda asked: "likeness" if "Marijke" in asked else None)
    monkeypatch.setattr(guard, "REASONS", {"likeness": {"en": "No.", "nl": "Dat teken ik niet."}})
    drawing = images.draw(assistant(tmp_path), "een portret van Marijke op een bankje")
    assert (drawing.png, drawing.declined) == (b"", "Dat teken ik niet.")


def test_somebody_alone_is_not_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the rules a person alone asks nothing, but to be drawn it does."""
    monkeypatch.setattr(sense, "reason", lambda asked: None)
    assert guard.declines("mijn buurvrouw") is None
    drawing = images.draw(assistant(tmp_path), "mijn buurvrouw")
    assert drawing.png == b""
    assert drawing.declined in guard.REASONS["likeness"].values()


@pytest.mark.parametrize(
    "asked",
    ["een jood met een grote neus", "a man hanging from a tree", "a naked woman", "Een HAKENKRUIS"],
)
def test_hatred_cruelty_and_nakedness_are_not_drawn(tmp_path: Path, asked: str) -> None:
    drawing = images.draw(assistant(tmp_path), asked)
    assert drawing.png == b""
    assert drawing.declined == images.SENTENCES[drawing.language]["refused"]


def test_what_only_sounds_like_it_is_drawn(tmp_path: Path) -> None:
    for asked in ("een zwarte kat", "een wit paard", "a black dog", "een dode boom", "a red rose"):
        assert images.draw(assistant(tmp_path), asked, seed=1, size=64).png


def test_what_it_has_no_picture_for_is_said(tmp_path: Path) -> None:
    drawing = images.draw(assistant(tmp_path), "een blorptang naast een kat", size=64)
    assert drawing.png
    assert drawing.note == "Ik heb geen plaatje voor: blorptang."
    nothing = images.draw(assistant(tmp_path), "gezelligheid", size=64)
    assert nothing.png == b""
    assert nothing.declined == images.SENTENCES["nl"]["nothing"]


@pytest.mark.parametrize("size", [0, 63, 1025, 100_000])
def test_a_size_that_is_not_offered_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(NotAllowed, match="64 to 1024"):
        images.draw(assistant(tmp_path), "een kat", size=size)


def test_a_site_makes_its_credential_once_and_another_when_it_is_past_its_day(
    tmp_path: Path,
) -> None:
    site = folder.create(tmp_path / "site", name="Dorp", origin="dorp.example/log")
    first = site.picture_credential(NOW)
    assert site.picture_credential(NOW) == first
    assert (site.root / "keys" / "pictures.pem").stat().st_mode & 0o077 == 0
    later = NOW + timedelta(days=365 * 11)
    assert site.picture_credential(later) != first
