"""Reservations: what a page, a site or a file says about training, in the words of its standard.

Each function takes one signal as it was sent and gives names as `policy.signals` does: nothing,
the name of a No, or a name with a question mark for what cannot be understood. Where a standard
says "unknown" because somebody spelled it wrongly, they meant something: that is unreadable here,
and keeps the post out. A yes is read and gives nothing. Nothing is fetched.
docs/signals.md has the table, docs/decisions/0075-signals.md the reasons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import http_sf
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from demur.policy.signals import UNREADABLE, combined

OURS = "demur"  # our product token in robots.txt and X-Robots-Tag

_AIPREF = {"train-ai", "search", "ai-use", "infer-user", "infer-system"}
_SIGNALS = {"search", "ai-input", "ai-train"}
_ROBOTS = {
    "noai", "noimageai", "noml", "noarchive", "nocache", "noindex", "none", "nosnippet",
}  # fmt: skip
_INNOCENT = {"nofollow", "noimageindex", "notranslate", "noodp", "noydir", "nositelinkssearchbox"}
_ABOUT_US = {"all", "train-ai", "ai-train", "ai-all", "ai-use", "ai-input", "ai-index", "search"}
_USES = ("ai_training", "ai_generative_training", "ai_inference", "data_mining")


def content_usage(value: str) -> tuple[str, ...]:
    """AIPREF's `Content-Usage` field (standards.md 1): an RFC 9651 dictionary, last key wins.

    Unknown labels say nothing, unless they say no to something that we do not know.
    """
    try:
        said: Any = http_sf.parse(value.encode("ascii"), tltype="dictionary")
    except (http_sf.StructuredFieldError, ValueError):
        return ("aipref" + UNREADABLE,)
    found = []
    for label, (token, _) in said.items():
        no = isinstance(token, http_sf.Token) and str(token) == "n"
        yes = isinstance(token, http_sf.Token) and str(token) == "y"
        if label in _AIPREF and not yes:
            found.append(f"aipref:{label}" if no else f"aipref:{label}{UNREADABLE}")
        elif label not in _AIPREF and no:
            found.append("aipref" + UNREADABLE)
    return combined(found)


def content_signal(value: str) -> tuple[str, ...]:
    """Cloudflare's `Content-Signal: ai-train=no, search=yes` (draft-romm-aipref-contentsignals)."""
    found = []
    for part in filter(None, (part.strip() for part in value.split(","))):
        name, _, said = (piece.strip().lower() for piece in part.partition("="))
        if name in _SIGNALS and said != "yes":
            found.append(f"content-signal:{name}{'' if said == 'no' else UNREADABLE}")
        elif name not in _SIGNALS and said != "yes" and re.search("ai|train", name):
            found.append("content-signal" + UNREADABLE)
    return combined(found)


def robots_directives(*values: str) -> tuple[str, ...]:
    """`X-Robots-Tag` and `<meta name="robots">` (standards.md 4). A No to a bot that is named is
    taken for a No to us: we come after all of them."""
    found = []
    for word in (part for value in values for part in value.split(",")):
        bare = word if _has_value(word) else word.rpartition(":")[2]
        directive = re.sub(r"[\s_-]", "", bare.lower())
        if directive in _ROBOTS:
            found.append(f"robots:{directive}")
        elif re.fullmatch(
            "max(imagepreview|snippet|videopreview):.*|unavailableafter.*", directive
        ):
            found += ["robots:nosnippet"] if directive == "maxsnippet:0" else []
        elif directive not in _INNOCENT and re.fullmatch("(no|dis).*(ai|ml|train.*)", directive):
            found.append("robots" + UNREADABLE)
    return combined(found)


def _has_value(word: str) -> bool:
    return word.strip().lower().startswith(("max-", "unavailable_after"))


def robots_txt(text: str, path: str | None = None) -> tuple[str, ...]:
    """The rules of a robots.txt about use, in every group for everybody or for us.

    `Content-Usage` and `Content-Signal` with the longest path that matches, several with the same
    path together; `DisallowAITraining` (draft-canel-robots-ai-control) wherever it matches.
    path: of what was posted; unknown, so that every rule counts, if None.
    """
    found: list[str] = []
    usage: dict[str, dict[int, list[str]]] = {}
    for name, value in _rules(text):
        if name == "disallowaitraining":
            found += ["robots:disallowaitraining"] if _matches(value or "/", path) else []
            continue
        where, _, said = value.partition(" ") if value.startswith("/") else ("/", "", value)
        if _matches(where, path):
            read = content_usage if name == "content-usage" else content_signal
            by_length = usage.setdefault(name, {})
            by_length.setdefault(len(where) if path else 0, []).extend(read(said.strip()))
    for by_length in usage.values():
        found += by_length[max(by_length)]
    return combined(found)


def _rules(text: str) -> Iterator[tuple[str, str]]:
    """The rules about use, of groups for everybody or for us; those before any group, too."""
    agents, fresh = {"*"}, False
    for line in re.split(r"[\r\n]+", text):
        name, colon, value = (part.strip() for part in line.split("#")[0].partition(":"))
        name = name.lower().replace("-", "") if name.lower() == "disallow-ai-training" else name
        if not colon:
            continue
        if name.lower() == "user-agent":
            agents = {*(agents if fresh else ()), value.lower()}
            fresh = True
            continue
        fresh = False
        about_use = name.lower() in ("content-usage", "content-signal", "disallowaitraining")
        if about_use and agents & {"*", OURS}:
            yield name.lower(), re.sub(r"\s+", " ", value)


def tdm(reservation: object) -> tuple[str, ...]:
    """TDMRep's `tdm-reservation` (standards.md 2), from a header, a meta element or a file: 1 is a
    No, 0 none; anything else is unset in the standard and unreadable here."""
    said = str(reservation).strip() if not isinstance(reservation, bool) else "?"
    return {"1": ("tdmrep",), "0": ()}.get(said, ("tdmrep" + UNREADABLE,))


def tdm_file(rules: object, path: str | None = None) -> tuple[str, ...]:
    """`/.well-known/tdmrep.json`: the first location that matches counts; all, for no path."""
    if not isinstance(rules, list):
        return ("tdmrep" + UNREADABLE,)
    found: list[str] = []
    for rule in rules:
        where = rule.get("location") if isinstance(rule, Mapping) else None
        if not isinstance(where, str):
            found.append("tdmrep" + UNREADABLE)
        elif _matches(where, path):
            found += tdm(rule["tdm-reservation"]) if "tdm-reservation" in rule else ()
            if path is not None:
                break
    return combined(found)


def _matches(pattern: str, path: str | None) -> bool:
    """RFC 9309, 2.2.3: a prefix, with * for anything and $ for the end."""
    if path is None:
        return True
    parts = pattern.removesuffix("$").split("*")
    end = "$" if pattern.endswith("$") else ""
    return re.match(".*".join(map(re.escape, parts)) + end, path, re.S) is not None


def rsl(document: str, path: str | None = None) -> tuple[str, ...]:
    """An RSL 1.0 licence (standards.md 3): a prohibited use, one that is not among those
    permitted, and one that is to be paid for, are each a No; conditions on who we are or where,
    we cannot judge."""
    try:
        root = fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return ("rsl" + UNREADABLE,)
    if _local(root.tag) != "rsl":
        return ("rsl" + UNREADABLE,)
    found: list[str] = []
    for content in (part for part in root.iter() if _local(part.tag) == "content"):
        where = re.sub(r"^[a-z]+://[^/]*", "", content.get("url") or "/") or "/"
        if _matches(where, path):
            for license_ in (part for part in content.iter() if _local(part.tag) == "license"):
                found += _licence(license_)
    return combined(found)


def _licence(license_: Any) -> Iterator[str]:
    permitted: set[str] | None = None
    for part in license_:
        name, kind = _local(part.tag), part.get("type", "usage")
        words = {word.lower() for word in re.split(r"[\s,]+", part.text or "") if word}
        if name == "prohibits" and kind == "usage":
            yield from (f"rsl:{word}" for word in words & _ABOUT_US)
            if strange := words - _ABOUT_US:
                yield from ("rsl" + UNREADABLE for word in strange if re.search("ai|train", word))
        elif name == "permits" and kind == "usage":
            permitted = words | (permitted or set())
        elif name in ("prohibits", "permits"):
            yield "rsl" + UNREADABLE
        elif name == "payment" and kind not in ("free", "attribution", "usage"):
            yield "rsl:payment"
    if permitted is not None and not permitted & {"all", "ai-all", "train-ai", "ai-train"}:
        yield "rsl:not-permitted"


def _local(tag: str) -> str:
    return tag.rpartition("}")[2].lower()


def credentials(manifests: object) -> tuple[str, ...]:
    """What Content Credentials say about training (standards.md 5): `cawg.training-mining` and
    the older `c2pa.training-mining`, from a manifest store as c2pa's readers print it.

    `constrained` is a No: nobody is asked. `data_mining` is one too, since training is mining.
    """
    found: list[str] = []
    for assertion in _assertions(manifests):
        label = str(assertion.get("label", ""))
        if not re.fullmatch(r"(cawg|c2pa)\.training-mining(__\d+|\.v\d+)*", label):
            continue
        data = assertion.get("data")
        entries = data.get("entries") if isinstance(data, Mapping) else None
        if not isinstance(entries, Mapping):
            found.append("c2pa" + UNREADABLE)
            continue
        for name, entry in entries.items():
            said = entry.get("use") if isinstance(entry, Mapping) else None
            known = str(name).partition(".")[2] in _USES
            if said in ("notAllowed", "constrained"):
                found.append(
                    f"c2pa:{str(name).partition('.')[2]}" if known else "c2pa" + UNREADABLE
                )
            elif said != "allowed":
                found.append("c2pa" + UNREADABLE)
    return combined(found)


def _assertions(value: object) -> Iterator[Mapping[str, Any]]:
    """Every assertion in a manifest store, a manifest, or a list of either."""
    if isinstance(value, Mapping):
        if "label" in value and "data" in value:
            yield value
        for part in value.values():
            yield from _assertions(part)
    elif isinstance(value, list):
        for part in value:
            yield from _assertions(part)


def privacy_control(value: str) -> tuple[str, ...]:
    """`Sec-GPC: 1` (standards.md 9), of somebody's own browser: they object to such uses."""
    return ("gpc",) if value.strip() == "1" else ()


def headers(fields: Mapping[str, object]) -> tuple[str, ...]:
    """All of these in the header fields of one answer, whatever their case. A field that came
    several times is a list, and what is neither text nor that cannot be read."""
    found: list[str] = []
    for name, given in fields.items():
        read = _HEADERS.get(str(name).lower())
        if read is None:
            continue
        lines = given if isinstance(given, list) else [] if given is None else [given]
        if not all(isinstance(line, str | int) and not isinstance(line, bool) for line in lines):
            found.append(str(name).lower() + UNREADABLE)
        else:
            found += [each for line in lines for each in read(str(line))]
    return combined(found)


def _link(value: str) -> tuple[str, ...]:
    """A link to a licence that nobody read for us."""
    licence = re.search(r"rel=\"?[^\";]*\blicense\b", value, re.I)
    return ("rsl" + UNREADABLE,) if licence and "rsl+xml" in value.lower() else ()


_HEADERS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "content-usage": content_usage,
    "content-signal": content_signal,
    "x-robots-tag": robots_directives,
    "tdm-reservation": tdm,
    "sec-gpc": privacy_control,
    "link": _link,
}


def meta(elements: Mapping[str, object]) -> tuple[str, ...]:
    """All of these in a page's meta elements, name to content."""
    found: list[str] = []
    for name, said in elements.items():
        key = str(name).lower()
        if said is None:
            continue
        if key == "tdm-reservation":
            found += tdm(said)
        elif key in ("robots", "googlebot", "bingbot", OURS):
            found += robots_directives(str(said)) if isinstance(said, str) else [key + UNREADABLE]
    return combined(found)


def everything(found: object) -> tuple[str, ...]:
    """All signals that a platform hands over as they were found (docs/operator-format.md).

    A part that nobody knows may hold a No, so it cannot be read.
    """
    if not isinstance(found, Mapping):
        return ("signals" + UNREADABLE,)
    path = found.get("path")
    where = path if isinstance(path, str) else None
    names: list[str] = []
    for part, value in found.items():
        if value is None:  # Parquet has every column in every row
            continue
        if part in ("path", "rsl") and isinstance(value, str):
            names += rsl(value, where) if part == "rsl" else ()
        elif part == "robots_txt" and isinstance(value, str):
            names += robots_txt(value, where)
        elif part == "headers" and isinstance(value, Mapping):
            names += headers(value)
        elif part == "meta" and isinstance(value, Mapping):
            names += meta(value)
        elif part == "tdmrep":
            names += tdm_file(value, where)
        elif part == "c2pa":
            names += credentials(value)
        else:
            names.append("signals" + UNREADABLE)
    return combined(names)
