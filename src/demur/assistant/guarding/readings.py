"""Readings: a text as it might be meant by somebody who hides it from rules.

Without what nobody sees, with letters that only look like others put back, with letters that were
set apart put together, and with what is encoded decoded. Rules look at every reading; nothing is
shown from here. What a person can read and no rule here can, is missed.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import unquote

# What turns the direction of writing, and what is not seen at all: tags, joiners of nothing,
# byte order marks. The joiner and the selectors between two parts of one emoji stay.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

_LOOKS = str.maketrans(
    "аеорсухіјѕӏԁԛԝвнкмтАВЕКМНОРСТУХІЈЅαοεικνρτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧɡıɩⅼ",
    "aeopcyxijslaqwbhkmtABEKMHOPCTYXIJSaoeiknptuxABEZHIKMNOPTYXgiil",
)
_LEET = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(r"\b(?=\w*[a-z])(?=\w*[013457])[a-z013457@$]{3,}\b", re.IGNORECASE)
_APART = re.compile(r"\b\w(?:([ ._\-*/|])\w(?:\1\w){2,})\b")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[ :]?){12,}")
_URL_SAFE = str.maketrans("+/", "-_")
LONGEST = 20_000  # characters that are read; a longer question is read at both its ends


def seen(text: str) -> str:
    """The text without what nobody sees; what is left is as it was."""
    return _CONTROL.sub("", _INVISIBLE.sub("", text))


def of(text: str) -> Iterator[str]:
    """Every reading of a text, the plain one first, each once."""
    if len(text) > LONGEST:
        text = text[: LONGEST // 2] + "\n" + text[-LONGEST // 2 :]
    given = seen(text)
    first = _plain(given)
    known = {first}
    yield first
    for reading in (_joined(given), _unleeted(first), *_decoded(given)):
        again = _plain(reading)
        if again not in known:
            known.add(again)
            yield again


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).translate(_LOOKS))
    bare = "".join(one for one in parts if not unicodedata.combining(one))
    return " ".join(bare.replace("’", "'").replace("`", "'").replace("ʼ", "'").split())


def _joined(text: str) -> str:
    """ "w h e r e" and "a.d.r.e.s" put together; two spaces, or another sign, part the words."""
    return _APART.sub(lambda found: re.sub(r"[ ._\-*/|]", "", found.group()), text)


def _unleeted(text: str) -> str:
    return _LEET_WORD.sub(lambda found: found.group().translate(_LEET), text)


def _decoded(text: str) -> Iterator[str]:
    for found in _BASE64.findall(text):
        yield from _as_text(_from_base64, found.rstrip("=").translate(_URL_SAFE))
    for found in _HEX.findall(text):
        yield from _as_text(bytes.fromhex, found.replace(" ", "").replace(":", ""))
    yield unquote(text)
    yield html.unescape(text)
    yield codecs.encode(text, "rot13")
    yield text[::-1]


def _from_base64(plain: str) -> bytes:
    return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))


def _as_text(decode: Callable[[str], bytes], found: str) -> Iterator[str]:
    """What an encoded stretch says, where that is text."""
    try:
        said = decode(found).decode()
    except (binascii.Error, ValueError):
        return
    if sum(one.isalpha() or one.isspace() for one in said) > 0.7 * len(said):
        yield said
