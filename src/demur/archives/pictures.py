"""Pictures, as they may be kept: known by content, re-encoded, without a word of metadata.

Where somebody stood and which camera they held leaves with the metadata. What the metadata says
about training is read before that, and what cannot be read counts as a No with its own name.
By what a picture looks like it is recognised when somebody else posts it, and by nothing else:
no face is looked for and nothing in it is named.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import io
import json
import re
import struct
import warnings
import zlib
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import numpy as np
import pdqhash
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from PIL import Image, ImageOps

from demur.archives.container import BrokenFile, Container
from demur.archives.content import PICTURE_MISSING, PICTURE_UNREADABLE, VIDEO, Notes
from demur.archives.text import clean
from demur.policy import reservations, signals
from demur.posts import Photo

# The extra `c2pa`; without it a credential about training counts whatever it says.
c2pa: Any = importlib.import_module("c2pa") if importlib.util.find_spec("c2pa") else None

MAX_BYTES = 64 << 20

_LOOKED_AT = 512  # pixels: PDQ's authors shrink to this first, and it costs a tenth
_CLEAR_ENOUGH = 50  # PDQ's quality, 0 to 100; plain surfaces all look alike

CONTENT_CREDENTIALS = "c2pa:training-mining" + signals.UNREADABLE
UNREADABLE_METADATA = "unreadable-metadata" + signals.UNREADABLE

_PLUS = "{http://ns.useplus.org/ldf/xmp/1.0/}DataMining"
# Terms of their own, in words or in a language of rights that nobody reads here (standards.md 6).
_TERMS = {
    "{http://ns.useplus.org/ldf/xmp/1.0/}OtherConstraints": "plus:OtherConstraints",
    "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}EmbdEncRightsExpr": "iptc:EmbdEncRightsExpr",
    "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}LinkedEncRightsExpr": "iptc:LinkedEncRightsExpr",
}
_RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"

_SOUND_AND_VISION = (".mp4", ".mov", ".m4v", ".webm", ".avi", ".3gp", ".mp3", ".m4a", ".srt")
_READ = ("JPEG", "PNG", "WEBP", "GIF")
_STORED = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}

# What Pillow's decoders raise on files made to break them (its own fuzzing corpus shows all).
_UNDECODABLE: tuple[type[Exception], ...] = (
    BrokenFile, OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError,
    OverflowError, struct.error, zlib.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


def photo(box: Container, name: str, alt: str, notes: Notes) -> Photo | None:
    """The picture at `name`, or None with the reason counted in `notes`."""
    if name.lower().endswith(_SOUND_AND_VISION):
        notes.skipped[VIDEO] += 1
        return None
    if name not in box.sizes:
        notes.skipped[PICTURE_MISSING] += 1
        return None
    try:
        return _kept(box.read(name, MAX_BYTES), clean(alt))
    except _UNDECODABLE:
        notes.skipped[PICTURE_UNREADABLE] += 1
        return None


def _kept(data: bytes, alt: str) -> Photo:
    with warnings.catch_warnings():
        # Pillow warns above 89 million pixels (360 MB while decoded) and only refuses twice that.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        picture = Image.open(io.BytesIO(data), formats=_READ)
    with picture:
        form = "PNG" if picture.format == "GIF" else "JPEG" if picture.format == "MPO" else None
        form = form or str(picture.format)
        picture.load()  # a PNG's words may stand after its pixels
        refuses = refusals(data, picture)
        stored = _plain(picture, form)
        look = look_of(picture)
    return Photo(
        sha256=hashlib.sha256(stored).hexdigest(),
        media_type=_STORED[form],
        alt=alt,
        refuses_training=refuses,
        look=look,
        data=stored,
    )


def _plain(picture: Image.Image, form: str) -> bytes:
    """The pixels, upright, encoded anew: nothing but them is copied."""
    upright = ImageOps.exif_transpose(picture)
    clear = form != "JPEG" and upright.has_transparency_data
    grey = upright.mode in ("1", "L") and not clear
    pixels = upright.convert("RGBA" if clear else "L" if grey and form != "WEBP" else "RGB")
    bare = Image.new(pixels.mode, pixels.size)
    bare.paste(pixels)
    out = io.BytesIO()
    if form == "PNG":
        bare.save(out, form)
    else:
        bare.save(out, form, quality=90)
    return out.getvalue()


def look_of(picture: Image.Image) -> bytes:
    """PDQ's 256 bits of the picture as it is seen, upright; none of one too plain to tell apart."""
    seen = ImageOps.exif_transpose(picture).convert("RGBA")
    seen.thumbnail((_LOOKED_AT, _LOOKED_AT), Image.Resampling.BOX)
    ground = Image.new("RGBA", seen.size, "white")
    pixels = np.asarray(Image.alpha_composite(ground, seen).convert("RGB"))
    bits, quality = pdqhash.compute(pixels)
    return np.packbits(bits.astype(np.uint8)).tobytes() if quality >= _CLEAR_ENOUGH else b""


def refusals(data: bytes, picture: Image.Image) -> tuple[str, ...]:
    """The names of the signals in a picture that say No to training (`policy.signals.picture`).

    Metadata that cannot be read is a signal of its own. Terms in another language of rights are
    unreadable as well. A content credential about training (CAWG 1.1 or C2PA 1.x) is found by its
    label, and read where the extra `c2pa` is installed; else it counts whatever it says.
    """
    found: set[str] = set()
    values: list[str] = []
    try:
        for packet in _packets(data, picture):
            values += _values(packet)
            found |= {name + signals.UNREADABLE for name in _terms(packet)}
    except (ParseError, DefusedXmlException, ValueError):
        found.add(UNREADABLE_METADATA)
    for value in values:
        found |= set(signals.picture(value))
    if not values and b"DataMining" in data:
        found.add(UNREADABLE_METADATA)
    if re.search(rb"(cawg|c2pa)\.training-mining", data):
        found |= set(_credentials(data, str(picture.format)))
    return tuple(sorted(found))


def _credentials(data: bytes, form: str) -> tuple[str, ...]:
    """What the content credential says. One that is not there as a whole, or that nobody could
    have signed, still holds what somebody wished: it counts as unreadable."""
    if c2pa is None or form not in _STORED:
        return (CONTENT_CREDENTIALS,)
    try:
        with c2pa.Reader(_STORED[form], io.BytesIO(data)) as reader:
            store = json.loads(reader.json())
    except (c2pa.C2paError, ValueError):
        return (CONTENT_CREDENTIALS,)
    manifests = store.get("manifests") if isinstance(store, dict) else None
    if "training-mining" not in json.dumps(manifests) or store.get("validation_state") == "Invalid":
        return signals.combined(reservations.credentials(manifests), (CONTENT_CREDENTIALS,))
    return reservations.credentials(manifests)


def _packets(data: bytes, picture: Image.Image) -> list[bytes]:
    """Every XMP packet: those Pillow knows of and those that merely lie in the bytes."""
    given = [picture.info.get(key) for key in ("xmp", "XML:com.adobe.xmp", "Raw profile type xmp")]
    packets = [p.encode() if isinstance(p, str) else p for p in given if isinstance(p, str | bytes)]
    packets += re.findall(rb"<x:xmpmeta.*?</x:xmpmeta>", data, re.S)
    return list(dict.fromkeys(packets))


def _terms(packet: bytes) -> set[str]:
    root: Element = fromstring(packet.strip(b"\0 \r\n\t"), forbid_dtd=True)
    here = {name for element in root.iter() for name in (element.tag, *element.attrib)}
    return {said for tag, said in _TERMS.items() if tag in here}


def _values(packet: bytes) -> list[str]:
    root: Element = fromstring(packet.strip(b"\0 \r\n\t"), forbid_dtd=True)
    values = []
    for element in root.iter():
        if element.tag == _PLUS:
            values.append((element.get(_RESOURCE) or element.text or "").strip())
        if _PLUS in element.attrib:
            values.append(element.attrib[_PLUS].strip())
    return values
