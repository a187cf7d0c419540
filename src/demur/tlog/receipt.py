"""Receipts: a `.tlog-proof` that carries everything its holder needs to check it alone.

`extra` of the proof is base64 of canonical JSON (RFC 8785; hashes in hexadecimals):

    {"v": 1,
     "leaf": "<the leaf, which is itself JSON, as a string>",
     "nonce": …, "payload": {…},         what opens the leaf
     "vkey": "<the log's verifier key>",
     "absence": {…}}                     only on a line of kind `served`

    absence: {"secret": …,               the person's secret
              "seen": {"index": …, "path": […], "leaf": …, "nonce": …, "payload": {…}},
              "author": {"count": …, "siblings": […], "terminal": … or null},
              "mention": {…}}

`seen` is an earlier line of the same book whose payload has "person": the commitment to the
secret. Without it an operator could prove the absence of a secret that is nobody's.

`extra` is not signed, and need not be: leaf and path are bound by the signed root, nonce and
payload by the leaf's commitment, the secret by `seen`, the paths of absence by the payload's
`people_root`. Only `vkey` stands for itself; compare it with what the operator publishes.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demur.errors import ProofRejected
from demur.tlog import absence, entry, note, proof, release
from demur.tlog.absence import AbsenceProof, Role
from demur.tlog.checkpoint import Checkpoint
from demur.tlog.entry import Opening
from demur.tlog.spelling import HASH, MOST, canonical, from_canonical, from_hex

PERSON = "person"  # the payload's member that commits to a person's secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the book, opened, with its path to the root of the receipt's checkpoint."""

    index: int
    path: tuple[bytes, ...]
    leaf: bytes
    opening: Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Where one person would stand in the set committed for a served model."""

    secret: bytes
    seen: Line
    author: AbsenceProof
    mention: AbsenceProof


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    line: Line
    vkey: str
    checkpoint: str  # the signed note
    absence: Absence | None = None


def write_receipt(
    *,
    index: int,
    path: Sequence[bytes],
    checkpoint: str,
    leaf: bytes,
    opening: Opening,
    vkey: str,
    absence: Absence | None = None,
) -> str:
    """The text of a `.tlog-proof`. `path` leads to the root of `checkpoint`, a signed note."""
    extra: dict[str, Any] = {"v": 1, "vkey": vkey, **_opened(leaf, opening)}
    if absence is not None:
        extra["absence"] = {
            "secret": absence.secret.hex(),
            "seen": {
                "index": absence.seen.index,
                "path": [each.hex() for each in absence.seen.path],
                **_opened(absence.seen.leaf, absence.seen.opening),
            },
            "author": _path(absence.author),
            "mention": _path(absence.mention),
        }
    made = proof.Proof(index=index, path=tuple(path), checkpoint=checkpoint, extra=canonical(extra))
    return str(made)


def read_receipt(text: str) -> Receipt:
    """ProofRejected if it is not a whole receipt. Nothing is verified here: see `check`."""
    parsed = proof.parse(text)
    if parsed.extra is None:
        raise ProofRejected(
            "This proof carries no line of the book, so there is nothing to check it against; "
            "ask the operator for the receipt itself."
        )
    extra = from_canonical(parsed.extra, "the receipt's extra data")
    names = {"v", "vkey", "leaf", "nonce", "payload"}
    if extra.keys() - {"absence"} != names or extra["v"] != 1 or extra["v"] is True:
        raise ProofRejected(
            "The receipt's extra data is not that of a Demur receipt, version 1; "
            "a newer `demur verify` may know it."
        )
    line = _line(extra, parsed.index, parsed.path)
    missing = _absence(extra["absence"]) if "absence" in extra else None
    return Receipt(
        line=line,
        vkey=_text(extra["vkey"], "the receipt's key"),
        checkpoint=parsed.checkpoint,
        absence=missing,
    )


def check(receipt: Receipt, key: note.Key) -> Checkpoint:
    """The checkpoint under which everything in the receipt holds; ProofRejected otherwise."""
    line = receipt.line
    made = proof.Proof(index=line.index, path=line.path, checkpoint=receipt.checkpoint)
    checkpoint = proof.verify(made, line.leaf, key)
    _require_opening(line)
    if receipt.absence is not None:
        _check_seen(receipt.absence, line, checkpoint)
    return checkpoint


def standing_in(receipt: Receipt) -> dict[Role, bool]:
    """Per role: is the receipt's person in the set committed for the model of its line?

    Empty without an absence proof. ProofRejected if a path does not hold.
    """
    missing = receipt.absence
    if missing is None:
        return {}
    if entry.read(receipt.line.leaf).kind != "served":
        raise ProofRejected("An absence proof belongs to a line about a served model.")
    served = release.read(receipt.line.opening.payload)
    paths = {Role.AUTHOR: missing.author, Role.MENTION: missing.mention}
    return {
        role: absence.present(
            served.people_root, absence.tag(missing.secret, served.model, role), path
        )
        for role, path in paths.items()
    }


def _check_seen(missing: Absence, line: Line, checkpoint: Checkpoint) -> None:
    seen = missing.seen
    if seen.index >= line.index:  # a later commitment could have been made to fit
        raise ProofRejected(
            f"Line {seen.index} committed to the person only after line {line.index}, so it shows "
            "nothing about them. Ask the operator for the line that they were first known by."
        )
    proof.require_inclusion(seen.leaf, seen.index, seen.path, checkpoint)
    _require_opening(seen)
    promised = from_hex(seen.opening.payload.get(PERSON), HASH, "the person's commitment")
    if not hmac.compare_digest(promised, absence.commitment(missing.secret)):
        raise ProofRejected(
            "The absence proof is about another secret than the one the book knows this person "
            "by. Keep the file and ask the operator for an explanation."
        )


def _require_opening(line: Line) -> None:
    if not entry.opens(line.leaf, line.opening):
        raise ProofRejected(
            f"What the receipt says is not what line {line.index} of the book commits to. "
            "Ask for the receipt again; it was changed on its way."
        )


def _opened(leaf: bytes, opening: Opening) -> dict[str, Any]:
    return {
        "leaf": leaf.decode("ascii"),
        "nonce": opening.nonce.hex(),
        "payload": dict(opening.payload),
    }


def _path(path: AbsenceProof) -> dict[str, Any]:
    return {
        "count": path.count,
        "siblings": [each.hex() for each in path.siblings],
        "terminal": None if path.terminal is None else path.terminal.hex(),
    }


def _line(value: Mapping[str, Any], index: int, path: tuple[bytes, ...]) -> Line:
    leaf, payload = _text(value["leaf"], "the receipt's leaf"), value["payload"]
    if not leaf.isascii() or not isinstance(payload, dict):
        raise ProofRejected("The receipt's leaf or payload is malformed; ask for it again.")
    nonce = from_hex(value["nonce"], entry.NONCE, "the nonce")
    return Line(
        index=index,
        path=path,
        leaf=leaf.encode(),
        opening=Opening(nonce=nonce, payload=payload),
    )


def _absence(value: object) -> Absence:
    value = _object(value, {"secret", "seen", "author", "mention"})
    seen = _object(value["seen"], {"index", "path", "leaf", "nonce", "payload"})
    return Absence(
        secret=from_hex(value["secret"], absence.SECRET, "the secret"),
        seen=_line(seen, _number(seen["index"]), _hashes(seen["path"])),
        author=_absence_proof(value["author"]),
        mention=_absence_proof(value["mention"]),
    )


def _absence_proof(value: object) -> AbsenceProof:
    value = _object(value, {"count", "siblings", "terminal"})
    end = value["terminal"]
    return AbsenceProof(
        count=_number(value["count"]),
        siblings=_hashes(value["siblings"]),
        terminal=None if end is None else from_hex(end, HASH, "the tag at the path's end"),
    )


def _object(value: object, members: set[str]) -> dict[str, Any]:
    if isinstance(value, dict) and value.keys() == members:
        return value
    raise ProofRejected("The receipt's absence proof lacks a part; ask for the receipt again.")


def _hashes(value: object) -> tuple[bytes, ...]:
    if isinstance(value, list) and len(value) <= absence.DEPTH:
        return tuple(from_hex(each, HASH, "a hash of the receipt") for each in value)
    raise ProofRejected("A path in the receipt is malformed; ask for the receipt again.")


def _number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST:
        return value
    raise ProofRejected("A number in the receipt is malformed; ask for the receipt again.")


def _text(value: object, what: str) -> str:
    if isinstance(value, str):
        return value
    raise ProofRejected(f"{what.capitalize()} is malformed; ask for the receipt again.")
