"""How the composer's pictograms were made: from openly licensed packages to one file.

    npm pack @iconify-json/fluent-emoji-flat@1.2.6 cldr-annotations-full@48.2.0 \
        cldr-annotations-derived-full@48.2.0 emojibase-data@17.0.0
    python benchmarks/pictograms.py FOLDER       # the folder with these four .tgz files

Writes `src/demur/assistant/drawing/art/`: `pictograms.json.gz` (drawings by Microsoft, MIT; names
by Unicode's CLDR; order and groups by emojibase, MIT; `pictograms.toml` beside this file, ours) and
`meanings.npz` (multilingual-e5-small's vector of each name, of eight bits a number). The
same packages give the same bytes of the first; the second follows the library of the vectors.
Nothing here comes from any community.
"""

from __future__ import annotations

import argparse
import colorsys
import gzip
import io
import json
import re
import sys
import tarfile
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from PIL import Image

from demur.assistant.drawing.pictograms import SENTENCES
from demur.memory import meaning

HERE = Path(__file__).parent
INTO = HERE.parent / "src" / "demur" / "assistant" / "drawing" / "art"
PACKAGES = {
    "art": "iconify-json-fluent-emoji-flat-1.2.6",
    "cldr": "cldr-annotations-full-48.2.0",
    "derived": "cldr-annotations-derived-full-48.2.0",
    "order": "emojibase-data-17.0.0",
}

# By Unicode's subgroup: where such a thing is found, and how large it is drawn beside a grown
# person (0.95). Sizes are a designer's, not a ruler's: a true mouse beside a true whale is a dot.
_FACES = [
    "face-smiling", "face-affection", "face-tongue", "face-hand", "face-neutral-skeptical",
    "face-sleepy", "face-unwell", "face-hat", "face-glasses", "face-concerned", "face-negative",
    "cat-face", "monkey-face", "hand-fingers-open", "hand-fingers-partial", "hand-single-finger",
    "hand-fingers-closed", "hands", "hand-prop", "body-parts", "heart", "emotion",
]  # fmt: skip
PLACED: dict[str, tuple[str, float]] = {
    **dict.fromkeys(_FACES, ("any", 0.6)),
    "face-costume": ("ground", 0.6), "person": ("ground", 0.55), "person-gesture": ("ground", 0.9),
    "person-role": ("ground", 0.9), "person-fantasy": ("ground", 0.9),
    "person-activity": ("ground", 0.95), "person-sport": ("ground", 0.95),
    "person-resting": ("ground", 0.8), "person-symbol": ("ground", 0.8),
    "animal-mammal": ("ground", 0.75), "animal-bird": ("ground", 0.45),
    "animal-amphibian": ("ground", 0.35), "animal-reptile": ("ground", 0.6),
    "animal-marine": ("water", 0.55), "animal-bug": ("ground", 0.3),
    "plant-flower": ("ground", 0.5), "plant-other": ("ground", 0.5),
    "food-fruit": ("table", 0.38), "food-vegetable": ("table", 0.4),
    "food-prepared": ("table", 0.45),
    "food-asian": ("table", 0.42), "food-sweet": ("table", 0.4), "drink": ("table", 0.4),
    "dishware": ("table", 0.42), "place-map": ("table", 0.6), "place-geographic": ("ground", 1.9),
    "place-building": ("ground", 1.6), "place-religious": ("ground", 1.6),
    "place-other": ("ground", 1.4), "transport-ground": ("ground", 1.1),
    "transport-water": ("water", 1.1), "transport-air": ("air", 0.8), "hotel": ("table", 0.45),
    "time": ("table", 0.42), "sky-weather": ("sky", 0.6), "event": ("table", 0.5),
    "award-medal": ("table", 0.42), "sport": ("ground", 0.4), "game": ("table", 0.4),
    "arts-crafts": ("table", 0.42), "clothing": ("table", 0.45), "sound": ("table", 0.4),
    "music": ("table", 0.42), "musical-instrument": ("table", 0.55), "phone": ("table", 0.36),
    "computer": ("table", 0.5), "light-video": ("table", 0.45), "book-paper": ("table", 0.42),
    "money": ("table", 0.36), "mail": ("table", 0.45), "writing": ("table", 0.36),
    "office": ("table", 0.42), "lock": ("table", 0.34), "tool": ("table", 0.45),
    "science": ("table", 0.48), "medical": ("table", 0.38), "household": ("table", 0.5),
    "other-object": ("table", 0.5), "flag": ("ground", 0.6), "geometric": ("any", 0.5),
}  # fmt: skip

_LEAVES_OUT = {
    "middle finger", "love hotel", "no one under eighteen", "tokyo tower", "mx claus", "kaaba",
    "radio button", "white square button", "black square button", "diamond with a dot", "bikini",
    "one-piece swimsuit", "briefs", "breast-feeding", "people with bunny ears",
    "men with bunny ears", "women with bunny ears", "person in suit levitating",
    "cigarette", "bomb", "hole", "zzz",
    "bust in silhouette", "busts in silhouette", "speaking head", "guide dog", "white flower",
}  # fmt: skip
_OF_FLAGS = ("chequered flag", "triangular flag", "pirate flag", "white flag")
_SHAPES = ("red circle", "blue square", "red triangle pointed up")

SIZES = {
    0.28: "ant|mouse|lady beetle|mosquito|fly|worm|bug|honeybee|ring|coin|baby chick|hatching chick"
    "|front-facing baby chick|cherries|blueberries|olive|egg|microbe|cricket|cockroach|pill",
    0.36: "mouse|rat|hamster|hedgehog|chipmunk|bat|frog|lizard|butterfly|snail|bird|black bird|dove"
    "|mushroom|seedling|four leaf clover|shamrock|leaf fluttering in wind|spiral shell|shrimp|crab",
    0.5: "cat|black cat|rabbit|otter|skunk|badger|beaver|goose|duck|chicken|rooster|turkey|swan"
    "|fox|raccoon|snake|poodle|guide dog|service dog|boar|monkey|lamb|lobster|umbrella on ground",
    0.7: "ewe|ram|goat|pig|wolf|kangaroo|sloth|koala|panda|potted plant|chair"
    "|flamingo|peacock|bed|couch and lamp|bathtub|bicycle|kick scooter|wheel|rosette|snowman"
    "|snowman without snow|bus stop|mirror|window|sun|full moon|crescent moon|cloud|rock|seal",
    0.6: "dog|toilet|basket|bucket|star|red heart|sunflower|fire|motor scooter",
    1.0: "horse|cow|ox|donkey|bear|polar bear|deer|zebra|lion|tiger|leopard|tent|door|dolphin"
    "|motorcycle|canoe|shark|telescope|rowing boat|crocodile|elevator|ladder|person rowing boat",
    1.15: "moose|bison|water buffalo|camel|two-hump camel|llama|unicorn|rhinoceros|hippopotamus"
    "|automobile|taxi|police car|tractor|Christmas tree|cactus|hut|goal net|horse racing",
    1.4: "elephant|mammoth|giraffe|evergreen tree|deciduous tree|palm tree|dragon|bus|whale"
    "|spouting whale|train|tram|sailboat|ferry|articulated lorry|fire engine|locomotive|tornado",
    1.7: "rainbow|sauropod|T-Rex|ship|passenger ship|castle|Japanese castle|stadium|ferris wheel"
    "|mountain|snow-capped mountain|volcano|mount fuji|church|office building",
}
PLACES = {
    "ground": "umbrella on ground|snowman|snowman without snow|fire|tornado|door|bed|chair|bathtub"
    "|couch and lamp|toilet|ladder|bucket|basket|Christmas tree|carp streamer|pine decoration|rock"
    "|telescope|T-Rex|crab|penguin|turtle|broom|shopping cart|postbox|tombstone|headstone"
    "|placard|moai|drum|long drum|closed mailbox with raised flag|jack-o-lantern|sled|elevator"
    "|shower|fire extinguisher|spiral shell|wood|globe with meridians",
    "air": "butterfly|honeybee|bird|dove|eagle|bat|parrot|balloon|kite|fly|mosquito|fireworks"
    "|leaf fluttering in wind|witch|phoenix|flying disc|parachute|ghost|fairy|wind face|dragon"
    "|helicopter|sparkler|musical note|musical notes",
    "water": "duck|swan|person swimming|person surfing|person rowing boat|canoe|frog|ring buoy"
    "|crocodile|hippopotamus|otter",
    "table": "umbrella|closed umbrella|thermometer|umbrella with rain drops|droplet|seat|globe"
    "|anchor|wheel|oil drum|police car light|chopsticks|soccer ball",
    "sky": "rocket|flying saucer|satellite|milky way|ringed planet",
}  # fmt: skip
_SKY_KEPT = re.compile(
    r"moon|sun|cloud|star|planet|rainbow|snowflake|comet|voltage|cyclone|fog|milky|umbrella|snowman"
    r"|fire|droplet|wave|thermometer|tornado|wind"
)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    folder = asked.parse_args().folder
    pictograms = [*drawn_by_others(folder), *drawn_by_us()]
    check(pictograms)
    INTO.mkdir(exist_ok=True)
    text = "\n".join(json.dumps(each, ensure_ascii=False) for each in pictograms)
    with (
        (INTO / "pictograms.json.gz").open("wb") as file,
        gzip.GzipFile("", "wb", 9, file, mtime=0) as packed,  # no name, no time: same bytes
    ):
        packed.write(text.encode())
    meanings(pictograms)
    for made in sorted(INTO.iterdir()):
        print(f"{made.name:<22} {made.stat().st_size:>9,} bytes")
    print(f"{len(pictograms):,} pictograms, {sum(len(e['words']) for e in pictograms):,} words")


def opened(folder: Path, package: str, name: str) -> Any:
    with tarfile.open(folder / f"{PACKAGES[package]}.tgz") as tar:
        file = tar.extractfile(f"package/{name}")
        assert file is not None
        return json.load(file)


def drawn_by_others(folder: Path) -> list[dict[str, Any]]:
    art = opened(folder, "art", "icons.json")
    names = {bare(code): name for code, name in opened(folder, "art", "chars.json").items()}
    subgroups = opened(folder, "order", "meta/groups.json")["subgroups"]
    said = {lang: annotated(folder, lang) for lang in ("en", "nl")}
    ours = tomllib.loads((HERE / "pictograms.toml").read_text("utf-8"))["words"]
    found = []
    for emoji in opened(folder, "order", "en/data.json"):
        subgroup = subgroups.get(str(emoji.get("subgroup")))
        name = names.get(bare(emoji["hexcode"]))
        if subgroup not in PLACED or name not in art["icons"] or unwanted(emoji["label"], subgroup):
            continue
        label, sign = emoji["label"], emoji["emoji"].replace("\ufe0f", "")
        if sign not in said["nl"] or sign not in said["en"]:
            continue
        icon = art["icons"][name]
        dutch = said["nl"][sign]["tts"][0]
        words = []
        for lang in ("en", "nl"):
            words += [["said", lang, word] for word in listed(ours[lang].pop(label, ""))]
        for lang in ("en", "nl"):
            words += [["cldr", lang, word] for word in said[lang][sign].get("default", ())]
        zone, size = placed(label, subgroup)
        found.append(
            {
                "en": label.replace("’", "'"),
                "nl": dutch,
                "words": words,
                "zone": zone,
                "size": size,
                "group": subgroup,
                "box": [icon.get("width", art["width"]), icon.get("height", art["height"])],
                "svg": icon["body"],
            }
        )
    for lang, left in ours.items():
        if left:
            sys.exit(f"pictograms.toml has words ({lang}) for what is not here: {', '.join(left)}")
    return found


def drawn_by_us() -> list[dict[str, Any]]:
    ours = tomllib.loads((HERE / "pictograms.toml").read_text("utf-8"))["own"]
    return [
        {
            **{key: each[key] for key in ("en", "nl", "zone", "size", "svg")},
            "words": [["said", "both", word] for word in listed(each["words"])],
            "group": each.get("group", "own"),
            "box": [32, 32],
        }
        for each in ours
    ]


def check(pictograms: list[dict[str, Any]]) -> None:
    """Everything can be drawn; add how much of its box it fills and its main colour."""
    for each in pictograms:
        wide, high = each["box"]
        png = resvg_py.svg_to_bytes(
            svg_string='<svg xmlns="http://www.w3.org/2000/svg"'
            f' xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {wide} {high}">'
            f"{each['svg']}</svg>",
            width=64,
        )
        pixels = np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA")).astype(int)
        solid = pixels[..., 3] > 128
        if solid.mean() < 0.01:
            sys.exit(f"{each['en']} is empty")
        rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
        edge = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        each["edge"] = [round(float(at) * wide / 64, 1) for at in edge]
        each["main"] = main_colour(pixels[solid][:, :3])


def main_colour(pixels: np.ndarray[Any, Any]) -> str:
    """The colour that most of it has; a vivid one counts more than a grey one."""
    counted: Counter[tuple[int, ...]] = Counter(map(tuple, (pixels // 8 * 8).tolist()))

    def weight(colour: tuple[int, ...]) -> float:
        _, light, vivid = colorsys.rgb_to_hls(*(part / 255 for part in colour))
        return counted[colour] * (0.35 + vivid * (1 - abs(2 * light - 1)))

    best = max(counted, key=weight)
    return "#" + "".join(f"{part:02x}" for part in best)


def meanings(pictograms: list[dict[str, Any]]) -> None:
    """A vector for each name in each language, seen from the middle of that language's names.

    Names in a sentence and not by themselves: of single words the model compares the spelling
    ("kapper", a hairdresser, lay nearest to a clapper board).
    """
    kept: dict[str, Any] = {}
    for lang, sentence in SENTENCES.items():
        texts = [sentence.format(each[lang].casefold()) for each in pictograms]
        vectors = meaning.embed(texts, kind="query")
        middle = vectors.mean(0)
        centred = vectors - middle
        centred /= np.linalg.norm(centred, axis=1, keepdims=True)
        kept[lang] = np.round(centred / np.abs(centred).max() * 127).astype(np.int8)
        kept[f"{lang}_middle"] = middle.astype(np.float32)
    np.savez_compressed(INTO / "meanings.npz", **kept)


def annotated(folder: Path, lang: str) -> dict[str, dict[str, list[str]]]:
    derived = opened(folder, "derived", f"annotationsDerived/{lang}/annotations.json")
    plain = opened(folder, "cldr", f"annotations/{lang}/annotations.json")
    both = derived["annotationsDerived"]["annotations"] | plain["annotations"]["annotations"]
    return {sign.replace("\ufe0f", ""): said for sign, said in both.items() if "tts" in said}


def bare(code: str) -> str:
    return "-".join(part for part in code.upper().split("-") if part != "FE0F")


def unwanted(label: str, subgroup: str) -> bool:
    """What is not drawn: copies that face another way, and what needs no place here."""
    low = label.lower()
    return (
        low in _LEAVES_OUT
        or "facing right" in low
        or (subgroup == "flag" and low not in _OF_FLAGS)
        or (subgroup == "geometric" and low not in _SHAPES)
        or (subgroup == "time" and "clock" in low and "o’clock" in low)
        or "-thirty" in low
        or (subgroup == "sky-weather" and not _SKY_KEPT.search(low))
    )


def placed(label: str, subgroup: str) -> tuple[str, float]:
    zone, size = PLACED[subgroup]
    zone = next((z for z, names in PLACES.items() if label in names.split("|")), zone)
    size = next((s for s, names in SIZES.items() if label in names.split("|")), size)
    return zone, size


def listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


if __name__ == "__main__":
    main()
