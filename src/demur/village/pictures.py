"""The village's photographs: drawings made by code, with words for who cannot see them.

The same name and variant always give the same bytes. Some carry what telephones leave in a file
("where", EXIF) or a machine-readable No ("no-mining", XMP), so that reading and removing both is
tested on real files. Nothing here is taken from anybody.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from demur.village import landscapes, still_lifes
from demur.village.sheet import Sheet

WHERE = (53, 29, 6, 17)  # the bench at post 12, if the island existed: degrees and minutes

# Dutch and English, for the alt text and for finding a picture by description.
WORDS: dict[str, tuple[str, str]] = {
    "bees": ("Een bijenkast op het gras, bijen eromheen", "A beehive on the grass, bees about"),
    "bicycle": ("Een fiets op het schelpenpad", "A bicycle on the shell path"),
    "bird_hide": ("De kijkhut bij paal 12", "The bird hide at post 12"),
    "book": ("Een opengeslagen boek op een tafel", "An open book on a table"),
    "bread": ("Een vers brood op de plank", "A fresh loaf on the board"),
    "cat": ("Een rode kater op de kade", "A ginger cat on the quay"),
    "church": ("Het kerkje met drie treden", "The little church with three steps"),
    "cookies": ("Anijskoekjes in de vorm van een vogel", "Anise cookies shaped like a bird"),
    "crab": ("Een strandkrab op het zand", "A shore crab on the sand"),
    "dike": ("De dijk met een bankje bij paal 12", "The dike with a bench at post 12"),
    "dike_sheep": ("Schapen op de dijk", "Sheep on the dike"),
    "dunes": ("Duinen met helmgras en de zee", "Dunes with marram grass and the sea"),
    "ferry": ("De pont Geertje op het water", "The ferry Geertje on the water"),
    "ferry_evening": ("De pont in het avondlicht", "The ferry in the evening light"),
    "flour": ("Een zak meel op de toonbank", "A sack of flour on the counter"),
    "football": ("Een bal voor het doel op het veld achter de dijk", "A ball in front of the goal"),
    "garden": ("De volkstuin met rijen en een schuurtje", "The allotment with rows and a shed"),
    "geese": ("Rotganzen in een V boven het slik", "Brent geese in a V above the mud"),
    "ghost": ("Een licht op de dijk in de nacht", "A light on the dike at night"),
    "groyne": ("De lange strekdam in zee", "The long groyne running into the sea"),
    "harbour": ("Drie zeilboten in de haven", "Three sailing boats in the harbour"),
    "honey": ("Potten lamsoorhoning op een rij", "Jars of sea lavender honey in a row"),
    "lanterns": ("Lampionboten op het kanaal", "Lantern boats on the canal"),
    "library": ("Drie volle boekenplanken", "Three full shelves of books"),
    "lighthouse": ("De vuurtoren Lange Lijs, rood en wit", "The lighthouse, red and white"),
    "market": ("Drie kramen op het Havenplein", "Three stalls on the market square"),
    "milky_mill": ("De molen onder de sterren", "The mill under the stars"),
    "mussels": ("Een pan mosselen", "A pan of mussels"),
    "pottery": ("Drie bekers van eilandklei", "Three cups of island clay"),
    "redshank": ("Een tureluur met rode poten op het slik", "A redshank with red legs on the mud"),
    "repair": ("Een broodrooster en een schroevendraaier", "A toaster and a screwdriver"),
    "samphire": ("Zeekraal op het slik", "Samphire on the mud"),
    "sheep_fog": ("Schapen in de mist op de dijk", "Sheep in the fog on the dike"),
    "skating": ("Twee schaatsers op het kanaal", "Two skaters on the canal"),
    "soup": ("Een kom dikke soep met een lepel", "A bowl of thick soup with a spoon"),
    "stage": ("Een drijvend podium met drie zangers", "A floating stage with three singers"),
    "starfish": ("Een zeester op het zand", "A starfish on the sand"),
    "storm": ("Storm op zee", "A storm at sea"),
    "strawberry": ("Vier aardbeien", "Four strawberries"),
    "swim": ("Drie zwemmers met mutsen in zee", "Three swimmers with hats in the sea"),
    "terrace": ("Het terras van café De Natte Voet", "The terrace of the café De Natte Voet"),
    "tide_pool": ("Een getijdenpoeltje met een zeester", "A tide pool with a starfish"),
    "windmill": ("Molen De Laatste Stuiver", "The windmill De Laatste Stuiver"),
}

_NO_MINING = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/">
<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING</plus:DataMining>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def alt(name: str, lang: str) -> str:
    """What the picture shows, in Dutch or else in English."""
    return WORDS[name][0 if lang == "nl" else 1]


@cache
def jpeg(name: str, variant: int, *, meta: str | None = None) -> bytes:
    """The drawing `name` in the light of `variant`. KeyError if there is no such drawing.

    meta: what the file carries besides: "where", "no-mining" or nothing.
    """
    out = io.BytesIO()
    extra = {"xmp": _NO_MINING} if meta == "no-mining" else {}
    exif = _position() if meta == "where" else Image.Exif()
    _drawing(name)(variant).finished().save(out, "JPEG", quality=82, exif=exif, **extra)
    return out.getvalue()


def _drawing(name: str) -> Callable[[int], Sheet]:
    place = landscapes if name in vars(landscapes) else still_lifes
    made: Callable[[int], Sheet] = vars(place)[name]
    return made


def _position() -> Image.Exif:
    """What a telephone would write down: its maker and where it was (EXIF 2.32, GPS IFD)."""
    north, north_minutes, east, east_minutes = WHERE
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Tureluur Telefoon", "Model 12"
    exif[0x8825] = {
        1: "N",
        2: tuple(IFDRational(n) for n in (north, north_minutes, 0)),
        3: "E",
        4: tuple(IFDRational(n) for n in (east, east_minutes, 0)),
    }
    return exif
