import hashlib
import io
import struct
import zlib

import pytest
from making_archives import VOCABULARY, folder_of, picture, xmp
from PIL import Image

from demur.archives import pictures
from demur.archives.container import open_container
from demur.archives.content import Notes
from demur.corpus.likeness import ALIKE, distance


def _kept(tmp_path, data, name="x.bin", alt=""):
    notes = Notes()
    box = open_container(folder_of(tmp_path / "a", {name: data, "other": b"x"}))
    return pictures.photo(box, name, alt, notes), dict(notes.skipped)


def _with_place_and_camera(form):
    exif = Image.Exif()
    exif[0x010F] = "CANONCAMERA"
    exif[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0)}
    return picture(form, exif=exif)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_where_and_with_what_a_picture_was_taken_is_gone(tmp_path, form):
    data = _with_place_and_camera(form)
    assert b"CANONCAMERA" in data
    photo, _ = _kept(tmp_path, data)
    assert b"CANONCAMERA" not in photo.data
    with Image.open(io.BytesIO(photo.data)) as stored:
        assert stored.format == form
        assert not stored.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(stored.info)
    assert photo.sha256 == hashlib.sha256(photo.data).hexdigest()
    assert photo.media_type == f"image/{form.lower()}"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_the_same_picture_is_stored_as_the_same_bytes(tmp_path, form):
    one, _ = _kept(tmp_path / "1", picture(form))
    other, _ = _kept(tmp_path / "2", picture(form))
    assert one == other
    assert one.data == other.data


def test_a_picture_taken_sideways_is_stored_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    photo, _ = _kept(tmp_path, picture("JPEG", size=(20, 10), exif=exif))
    with Image.open(io.BytesIO(photo.data)) as stored:
        assert stored.size == (10, 20)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "CMYK", "I;16", "F"])
def test_every_kind_of_pixels_can_be_stored(tmp_path, mode):
    form = {"CMYK": "JPEG", "F": "PNG"}.get(mode, "PNG")
    out = io.BytesIO()
    Image.new("L" if mode == "F" else mode, (4, 4)).save(out, form)
    photo, skipped = _kept(tmp_path, out.getvalue())
    assert photo is not None, skipped


def test_an_animation_is_kept_as_its_first_picture(tmp_path):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    photo, _ = _kept(tmp_path, out.getvalue())
    with Image.open(io.BytesIO(photo.data)) as stored:
        assert (stored.format, stored.n_frames) == ("PNG", 1)
        red, green, blue = stored.convert("RGB").getpixel((0, 0))
        assert red > 250
        assert green == blue == 0


def _saying(form, packet):
    if form == "PNG":
        from PIL import PngImagePlugin

        words = PngImagePlugin.PngInfo()
        words.add_itxt("XML:com.adobe.xmp", packet.decode("latin-1"), zip=True)
        return picture("PNG", pnginfo=words)
    return picture(form, xmp=packet)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("spelling", ["attribute", "resource", "element"])
def test_a_no_inside_a_picture_is_heard_before_it_is_stripped(tmp_path, form, spelling):
    packet = xmp(VOCABULARY + "DMI-PROHIBITED-AIMLTRAINING", spelling)
    photo, _ = _kept(tmp_path, _saying(form, packet))
    assert photo.refuses_training == ("plus:DataMining",)
    assert b"DataMining" not in photo.data


@pytest.mark.parametrize(
    ("value", "heard"),
    [
        ("DMI-PROHIBITED", ("plus:DataMining",)),
        ("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING", ("plus:DataMining",)),
        ("DMI-PROHIBITED-SEECONSTRAINT", ("plus:DataMining",)),
        ("DMI-SOMETHING-NEW", ("plus:DataMining?",)),
        ("DMI-ALLOWED", ()),
        ("DMI-UNSPECIFIED", ()),
    ],
)
def test_each_word_of_the_vocabulary(tmp_path, value, heard):
    photo, _ = _kept(tmp_path, picture("JPEG", xmp=xmp(VOCABULARY + value)))
    assert photo.refuses_training == heard


@pytest.mark.parametrize(
    "packet",
    [
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><x:xmpmeta xmlns:x='adobe:ns:meta/'>&b;</x:xmpmeta>",
        b"plus:DataMining in some other tongue",
        b"\xff\xfe<",
    ],
)
def test_metadata_that_cannot_be_read_is_a_no_of_its_own(tmp_path, packet):
    photo, _ = _kept(tmp_path, picture("JPEG", xmp=packet))
    assert photo.refuses_training == ("unreadable-metadata?",)


def test_a_word_about_training_outside_any_packet_is_unreadable_too(tmp_path):
    photo, _ = _kept(tmp_path, picture("JPEG") + b"...plus:DataMining...")
    assert photo.refuses_training == ("unreadable-metadata?",)


def test_a_content_credential_about_training_is_a_no_until_somebody_reads_it(tmp_path):
    photo, _ = _kept(tmp_path, picture("JPEG") + b"jumb cawg.training-mining jumb")
    assert photo.refuses_training == ("c2pa:training-mining?",)


def test_most_pictures_say_nothing(tmp_path):
    photo, skipped = _kept(tmp_path, picture("JPEG"), alt="Een dijk\0")
    assert photo.refuses_training == ()
    assert photo.alt == "Een dijk "
    assert skipped == {}


@pytest.mark.parametrize(
    "data",
    [
        b"<html><body>Sorry</body></html>",
        b"",
        picture("PNG")[:60],
        picture("JPEG")[:200],
        picture("BMP"),
        b"RIFF\x10\0\0\0WEBPVP8X",
        b"GIF89a",
    ],
)
def test_what_is_no_picture_is_not_kept_as_one(tmp_path, data):
    assert _kept(tmp_path, data) == (None, {"picture that cannot be read": 1})


@pytest.mark.parametrize("size", [(11_000, 10_000), (2**31 - 1, 2**31 - 1)])
def test_a_small_file_that_claims_a_huge_picture_is_not_decoded(tmp_path, size):
    whole = picture("PNG")
    header = b"IHDR" + struct.pack(">II", *size) + whole[24:29]
    data = whole[:12] + header + struct.pack(">I", zlib.crc32(header)) + whole[33:]
    assert _kept(tmp_path, data) == (None, {"picture that cannot be read": 1})


def test_a_film_is_counted_and_not_opened(tmp_path):
    assert _kept(tmp_path, b"", name="film.MP4") == (None, {"video or sound": 1})


@pytest.mark.parametrize("term", ["plus:OtherConstraints", "Iptc4xmpExt:LinkedEncRightsExpr"])
def test_terms_in_another_language_of_rights_cannot_be_read(tmp_path, term):
    packet = (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        f' xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"'
        f' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        f"<r:Description><{term}>ask me</{term}></r:Description></r:RDF></x:xmpmeta>"
    ).encode()
    photo, _ = _kept(tmp_path, picture("JPEG", xmp=packet))
    assert photo.refuses_training == (f"{term.replace('Iptc4xmpExt', 'iptc')}?",)


def test_a_credential_is_a_no_where_nobody_can_read_it(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "c2pa", None)
    photo, _ = _kept(tmp_path, picture("JPEG") + b"jumb cawg.training-mining jumb")
    assert photo.refuses_training == ("c2pa:training-mining?",)


def _scene(size=(640, 480)):
    """A hill, a sun and some noise: something that a perceptual hash can hold on to."""
    from PIL import ImageDraw, ImageFilter

    scene = Image.effect_noise(size, 60).convert("RGB").filter(ImageFilter.GaussianBlur(9))
    draw = ImageDraw.Draw(scene)
    draw.ellipse((60, 40, 200, 180), fill="yellow")
    draw.polygon([(0, size[1]), (300, 180), (size[0], size[1])], fill="darkgreen")
    return scene


def _bytes(scene, form="PNG", **how):
    out = io.BytesIO()
    scene.save(out, form, **how)
    return out.getvalue()


def test_a_picture_is_recognised_smaller_and_recompressed(tmp_path):
    scene = _scene()
    whole, _ = _kept(tmp_path / "1", _bytes(scene))
    small, _ = _kept(tmp_path / "2", _bytes(scene.resize((320, 240)), "JPEG", quality=40))
    other, _ = _kept(tmp_path / "3", _bytes(_scene().rotate(90, expand=True)))
    assert len(whole.look) == 32
    assert distance(whole.look, small.look) <= ALIKE < distance(whole.look, other.look)


def test_a_picture_too_plain_to_tell_apart_looks_like_nothing(tmp_path):
    plain, _ = _kept(tmp_path, _bytes(Image.new("RGB", (300, 300), "white")))
    assert plain.look == b""
