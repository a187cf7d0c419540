"""What an auditor runs: is this receipt, head or exported book what its log signed?

Reads files and nothing else: no network, no clock, no database, no model. It raises
`ProofRejected` with a sentence where something does not hold, another `Refusal` where it cannot
tell (an unreadable file, no key, nothing to compare with), and otherwise returns the lines that
say what was shown and, as carefully, what was not.

It never says that a model does not know somebody. It says that the set committed for a model does
not contain them; only rebuilding the model ties that set to its weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from demur.errors import NotFound, ProofRejected, Refusal
from demur.tlog import absence, consistency, entry, note, proof, receipt, release, spelling, witness
from demur.tlog.absence import Role
from demur.tlog.checkpoint import Checkpoint, open_checkpoint
from demur.tlog.merkle import root_of
from demur.tlog.tiles import LONGEST, WIDTH, leaves

LARGEST = 4 << 20  # bytes; the largest receipt we write has some 20 thousand
LARGEST_BUNDLE = WIDTH * (2 + LONGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was shown. `unwitnessed`: nobody outside is known to have seen this head."""

    lines: tuple[str, ...]
    unwitnessed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A head that holds, what was said about it, and what can tie it to other heads."""

    head: Checkpoint
    signed: str
    key: note.Key
    lines: tuple[str, ...]
    receipt: receipt.Receipt | None = None
    growth: consistency.Growth | None = None
    folder: Path | None = None


def verify_file(
    path: Path,
    *,
    key: str | None = None,
    against: Path | None = None,
    witnesses: Sequence[str] = (),
) -> Verdict:
    """Check one file, or one folder that holds an exported book.

    `path`: a receipt (`.tlog-proof`), a checkpoint, a consistency proof, a folder with
    `checkpoint` and `tile/entries/`, or a release (JSON, as in `tlog.release`).
    `key`: the log's vkey as its operator publishes it; without it a receipt is checked against
    the key it carries, and the verdict says so.
    `against`: an earlier head to be consistent with (any of the same but a release); for a
    release, the receipt of its `served` line.
    `witnesses`: vkeys (types 04, 06) of witnesses whose word counts.
    """
    given = None if key is None else note.parse_key(key.strip())
    if _kind(path) == "release":
        return _release(path, given, against, witnesses)
    found = _find(path, given)
    lines = list(found.lines)
    if against is not None:
        earlier = _find(against, given or found.key)
        lines += _agree(found, earlier)
    elif found.growth is not None:
        lines.append("Give the earlier head with --against to check that this one continues it.")
    if given is None:
        lines.append(
            f"The key came with the file: compare it with the one the operator publishes: "
            f"{found.key}"
        )
    outside = [note.parse_key(each.strip()) for each in witnesses]
    if any(each.public == found.key.public for each in outside):
        raise Refusal("The log cannot be its own witness; give the key of somebody outside.")
    seen = witness.cosignatures(note.parse(found.signed), outside)
    return Verdict(lines=(*lines, *_witnessed(found, seen)), unwitnessed=not seen)


def _find(path: Path, key: note.Key | None) -> _Found:
    match _kind(path):
        case "folder":
            return _book(path, _needed(key))
        case "receipt":
            return _receipt(_text(path), key)
        case "consistency":
            growth = consistency.parse(_text(path))
            return _head(growth.checkpoint, _needed(key), growth)
        case "checkpoint":
            return _head(_text(path), _needed(key))
    raise Refusal(f"{_shown(path.name)} holds no head of a log to compare with; give a receipt.")


def _kind(path: Path) -> str:
    if path.is_dir():
        return "folder"
    text = _text(path)
    if text.startswith(proof.HEADER):
        return "receipt"
    if text.startswith("old "):
        return "consistency"
    if text.startswith("{"):
        return "release"
    if f"\n\n{note.DASH} " in text:
        return "checkpoint"
    raise Refusal(
        f"{_shown(path.name)} is not a file that can be verified: give a receipt (.tlog-proof), "
        "a checkpoint, a consistency proof, a release or the folder of an exported book."
    )


# One reader for each thing that holds a head.


def _receipt(text: str, key: note.Key | None) -> _Found:
    held = receipt.read_receipt(text)
    own = note.parse_key(held.vkey)
    if key is not None and own != key:
        raise ProofRejected(
            f"The receipt was made for the key {own}, not for the one given. If the log has "
            "changed its key since, give the earlier key; else the receipt was altered."
        )
    head = receipt.check(held, own)
    line, said = held.line, entry.read(held.line.leaf)
    lines = [
        f"Line {line.index} of the book {_shown(head.origin)} says: {said.kind}, "
        f"{said.at.strftime(entry.TIME)}.",
        *_payload(line.opening.payload),
        f"It is one of the {head.size} lines under the root "
        f"{spelling.to_base64(head.root)}, signed by the log.",
        *_absence(held),
    ]
    return _Found(head=head, signed=held.checkpoint, key=own, lines=tuple(lines), receipt=held)


def _head(signed: str, key: note.Key, growth: consistency.Growth | None = None) -> _Found:
    head = open_checkpoint(signed, key)
    line = (
        f"The log {_shown(head.origin)} signed a book of {head.size} lines with the root "
        f"{spelling.to_base64(head.root)}."
    )
    return _Found(head=head, signed=signed, key=key, lines=(line,), growth=growth)


def _book(folder: Path, key: note.Key) -> _Found:
    signed = _text(folder / "checkpoint")
    head = open_checkpoint(signed, key)
    if _root_in(folder, head.size, head.size) != head.root:
        raise ProofRejected(
            f"The entries in {_shown(folder.name)} do not have the root that the log signed for "
            f"{head.size} lines. Fetch them again; if that does not help, keep them."
        )
    line = (
        f"All {head.size} lines of the book {_shown(head.origin)} were hashed again; their root "
        f"is the one the log signed: {spelling.to_base64(head.root)}."
    )
    return _Found(head=head, signed=signed, key=key, lines=(line,), folder=folder)


def _release(
    path: Path, key: note.Key | None, against: Path | None, witnesses: Sequence[str]
) -> Verdict:
    """A release is a claim; the receipt of its `served` line is what it is held against."""
    if against is None or _kind(against) != "receipt":
        raise Refusal(
            "A release proves nothing by itself: give the receipt of its line in the book with "
            "--against."
        )
    try:
        claimed = release.read(json.loads(_text(path)))
    except (ValueError, RecursionError):
        raise Refusal(f"{_shown(path.name)} is not a release; ask for the file again.") from None
    verdict = verify_file(against, key=None if key is None else str(key), witnesses=witnesses)
    held = receipt.read_receipt(_text(against))
    if entry.read(held.line.leaf).kind != "served":
        raise Refusal("That receipt is not about a served model; give the one of kind 'served'.")
    if release.read(held.line.opening.payload) != claimed:
        raise ProofRejected(
            f"The release {_shown(path.name)} is not the one that line {held.line.index} of the "
            "book commits to. Keep both files and ask the operator which one is served."
        )
    line = f"The release {_shown(path.name)} is the one that this line of the book commits to."
    return Verdict(lines=(line, *verdict.lines), unwitnessed=verdict.unwitnessed)


# Two heads of one log.


def _agree(found: _Found, other: _Found) -> list[str]:
    """Both were opened with one key, and a key belongs to one log: it is the same book."""
    small, large = sorted((found, other), key=lambda each: each.head.size)
    same = small.head.size == large.head.size
    return [_same_size(small, large) if same else _grew(small, large), *_same_person(found, other)]


def _same_size(one: _Found, other: _Found) -> str:
    if one.head.root != other.head.root:
        raise ProofRejected(
            f"TWO HEADS: the log signed two different books of {one.head.size} lines, with the "
            f"roots {spelling.to_base64(one.head.root)} and "
            f"{spelling.to_base64(other.head.root)}. Keep both files: together they convict it."
        )
    return f"Both files show the same book of {one.head.size} lines."


def _grew(small: _Found, large: _Found) -> str:
    grown = large.growth
    if grown is not None and grown.old == small.head.size:
        consistency.require_growth(small.head, large.head, grown.path)
    elif large.folder is not None:
        if _root_in(large.folder, large.head.size, small.head.size) != small.head.root:
            raise ProofRejected(
                f"TWO BOOKS: the first {small.head.size} lines of the exported book do not have "
                "the root that the log signed for that size. Keep both: together they convict it."
            )
    elif small.head.size:
        raise Refusal(
            f"Heads of {small.head.size} and {large.head.size} lines can only be compared with a "
            "consistency proof between just these two, or with the exported book in a folder; "
            "ask the operator for one of them."
        )
    return (
        f"The book of {large.head.size} lines continues the book of {small.head.size} lines: "
        "nothing in between was changed or removed."
    )


def _same_person(found: _Found, other: _Found) -> list[str]:
    """A later receipt's secret must be the one that the earlier receipt commits to."""
    later, earlier = found.receipt, other.receipt
    if later is None or earlier is None or later.absence is None:
        return []
    promised = earlier.line.opening.payload.get(receipt.PERSON)
    if promised is None:
        return []
    if promised != absence.commitment(later.absence.secret).hex():
        raise ProofRejected(
            "The two receipts are about different people: the secret in one is not the secret "
            "the other commits to. Keep both and ask the operator for an explanation."
        )
    return ["Both receipts are about the same person."]


def _root_in(folder: Path, size: int, first: int) -> bytes:
    """The root over the first lines of an exported book of `size` lines."""

    def read(path: str) -> bytes | None:
        file = folder / path
        return _bytes(file, LARGEST_BUNDLE) if file.is_file() else None

    return root_of(islice(leaves(read, size), first))


# What is said about it.


def _absence(held: receipt.Receipt) -> list[str]:
    standing = receipt.standing_in(held)
    if not standing or held.absence is None:
        return []
    model = _shown(str(held.line.opening.payload["model"]))
    roles = [role for role, is_in in standing.items() if is_in]
    if roles:
        said = f"The set committed for the model {model} CONTAINS you, as {' and '.join(roles)}."
    else:
        said = (
            f"The set committed for the model {model} does not contain you, neither as "
            f"{Role.AUTHOR} nor as {Role.MENTION}."
        )
    return [
        f"{said} Only a rebuild ties the set to the weights (`demur rebuild`).",
        f"You are whom line {held.absence.seen.index} of the book committed to.",
    ]


def _witnessed(found: _Found, seen: Sequence[witness.Cosignature]) -> list[str]:
    if seen:
        return [
            f"Witnessed by {_shown(each.witness)}"
            + (f", {each.at.strftime(entry.TIME)}." if each.at else ", who gave no time.")
            for each in seen
        ]
    unknown = [line for line in note.parse(found.signed).signatures if not line.by(found.key)]
    said = (
        "UNWITNESSED: nobody outside is known to have seen this head, so another reader may "
        "have been shown another book."
    )
    if unknown:
        names = ", ".join(sorted({_shown(line.name) for line in unknown}))
        said += f" It carries signatures by {names} that no key was given for."
    return [said]


def _payload(payload: Mapping[str, Any]) -> Iterator[str]:
    for name, value in sorted(payload.items()):
        yield f"  {_shown(name)}: {_shown(json.dumps(value, ensure_ascii=False))}"


def _shown(text: str) -> str:
    """Safe to print: a file must not be able to move the cursor or turn the text around."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _needed(key: note.Key | None) -> note.Key:
    if key is None:
        raise Refusal(
            "This file carries no key to check it with: give the log's key, as its operator "
            "publishes it, with --key."
        )
    return key


def _text(path: Path) -> str:
    raw = _bytes(path, LARGEST)
    if b"\r" in raw:
        raise ProofRejected(
            f"The line ends of {_shown(path.name)} were changed on its way, as some mail programs "
            "do; save the attachment once more, unchanged."
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(f"{_shown(path.name)} is not a text; give the file as it was sent.") from None


def _bytes(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except FileNotFoundError:
        raise NotFound(f"There is no file {_shown(str(path))}; check the name.") from None
    except OSError as reason:
        raise Refusal(
            f"{_shown(str(path))} cannot be read ({reason.strerror}); check it."
        ) from None
    if len(raw) > most:
        raise Refusal(f"{_shown(path.name)} is larger than any file of its kind; give another.")
    return raw
