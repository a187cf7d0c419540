from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from demur.errors import NotFound, ProofRejected, Refusal
from demur.tlog import (
    absence,
    checkpoint,
    consistency,
    entry,
    merkle,
    note,
    receipt,
    tiles,
    witness,
)
from demur.tlog.absence import PrefixTree, Role
from demur.tlog.release import Release, ServedShard
from demur.verify import Verdict, verify_file

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
ANNA, BOB = b"a" * 32, b"b" * 32
MODEL = "dorp-7"


@dataclass
class BookOnDisk:
    """A log that lives in a list and writes the files an operator would hand out."""

    folder: Path
    origin: str = "dorp.example/log"
    private: Ed25519PrivateKey = field(
        default_factory=lambda: Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    )
    leaves: list[bytes] = field(default_factory=list)
    openings: list[entry.Opening] = field(default_factory=list)
    hashes: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def get(self, level: int, index: int) -> bytes:
        return self.hashes[level, index]

    def put(self, level: int, index: int, digest: bytes) -> None:
        self.hashes[level, index] = digest

    @property
    def key(self) -> str:
        return str(note.key_of(self.origin, self.private))

    def append(self, kind: str, payload: dict[str, Any]) -> int:
        leaf, opening = entry.seal(kind, payload, len(self.leaves).to_bytes(32, "big"), NOON)
        merkle.append(self, len(self.leaves), leaf)
        self.leaves.append(leaf)
        self.openings.append(opening)
        return len(self.leaves) - 1

    def signed(self, size: int | None = None, root: bytes | None = None) -> str:
        size = len(self.leaves) if size is None else size
        head = checkpoint.Checkpoint(
            origin=self.origin, size=size, root=root or merkle.root(self, size)
        )
        return checkpoint.sign(head, self.private)

    def line(self, index: int) -> receipt.Line:
        return receipt.Line(
            index=index,
            path=tuple(merkle.inclusion(self, index, len(self.leaves))),
            leaf=self.leaves[index],
            opening=self.openings[index],
        )

    def receipt(self, index: int, missing: receipt.Absence | None = None) -> Path:
        line = self.line(index)
        text = receipt.write_receipt(
            index=index,
            path=line.path,
            checkpoint=self.signed(),
            leaf=line.leaf,
            opening=line.opening,
            vkey=self.key,
            absence=missing,
        )
        return self.write(f"{index}-of-{len(self.leaves)}.tlog-proof", text)

    def head(self, size: int | None = None) -> Path:
        size = len(self.leaves) if size is None else size
        return self.write(f"head-{size}", self.signed(size))

    def grown(self, old: int) -> Path:
        path = tuple(merkle.consistency(self, old, len(self.leaves)))
        made = consistency.Growth(old=old, path=path, checkpoint=self.signed())
        return self.write(f"grown-from-{old}", str(made))

    def export(self) -> Path:
        out = self.folder / "log"
        for tile in tiles.tiles_of(len(self.leaves)):
            path = out / tile.path
            path.parent.mkdir(parents=True, exist_ok=True)
            if tile.level is None:
                path.write_bytes(tiles.entry_bundle(self.leaves.__getitem__, tile))
            else:
                path.write_bytes(tiles.hash_tile(self, tile))
        out.mkdir(exist_ok=True)
        (out / "checkpoint").write_text(self.signed())
        return out

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_bytes(text.encode())
        return path


@pytest.fixture
def book(tmp_path: Path) -> BookOnDisk:
    book = BookOnDisk(tmp_path)
    book.append("policy", {"hash": "00"})
    book.append("notice", {"person": absence.commitment(ANNA).hex()})
    book.append("objection", {"person": absence.commitment(ANNA).hex(), "email": "a@dorp.example"})
    return book


def people(*secrets: bytes) -> PrefixTree:
    return PrefixTree(absence.tag(each, MODEL, role) for each in secrets for role in Role)


def serve(book: BookOnDisk, tree: PrefixTree, secret: bytes = ANNA, seen: int = 1) -> Path:
    shard = ServedShard(shard=0, manifest="11" * 32, adapter="22" * 32)
    made = Release(model=MODEL, base="33", recipe="44", shards=(shard,), people_root=tree.root)
    index = book.append("served", made.payload)
    missing = receipt.Absence(
        secret=secret,
        seen=book.line(seen),
        author=tree.prove(absence.tag(secret, MODEL, Role.AUTHOR)),
        mention=tree.prove(absence.tag(secret, MODEL, Role.MENTION)),
    )
    return book.receipt(index, missing)


def said(verdict: Verdict) -> str:
    return "\n".join(verdict.lines)


# A receipt.


def test_anna_checks_her_receipt_with_the_key_from_the_operators_page(book: BookOnDisk) -> None:
    verdict = verify_file(book.receipt(2), key=f"{book.key}\n")  # as a file or a page gives it
    assert "Line 2 of the book dorp.example/log says: objection, 2026-08-01T12:00:00Z." in said(
        verdict
    )
    assert '  email: "a@dorp.example"' in verdict.lines
    assert "one of the 3 lines" in said(verdict)
    assert verdict.unwitnessed
    assert "UNWITNESSED" in said(verdict)
    assert "compare it with the one" not in said(verdict)


def test_without_a_key_she_is_told_what_she_still_has_to_compare(book: BookOnDisk) -> None:
    verdict = verify_file(book.receipt(2))
    assert f"compare it with the one the operator publishes: {book.key}" in said(verdict)


def test_a_receipt_from_an_impostor_is_rejected_under_the_published_key(
    book: BookOnDisk, tmp_path: Path
) -> None:
    impostor = BookOnDisk(
        tmp_path / "there", private=Ed25519PrivateKey.from_private_bytes(b"i" * 32)
    )
    impostor.folder.mkdir()
    impostor.append("objection", {})
    forged = impostor.receipt(0)
    verify_file(forged)  # it agrees with itself: that is why the key has to be compared
    with pytest.raises(ProofRejected, match="not for the one given"):
        verify_file(forged, key=book.key)


def test_words_put_into_a_receipt_are_noticed(book: BookOnDisk) -> None:
    held = receipt.read_receipt(book.receipt(2).read_text())
    said_otherwise = receipt.write_receipt(
        index=2,
        path=held.line.path,
        checkpoint=held.checkpoint,
        leaf=held.line.leaf,
        opening=entry.Opening(
            nonce=held.line.opening.nonce,
            payload={**held.line.opening.payload, "email": "b@dorp.example"},
        ),
        vkey=held.vkey,
    )
    with pytest.raises(ProofRejected, match="not what line 2 of the book commits to"):
        verify_file(book.write("changed.tlog-proof", said_otherwise), key=book.key)


def test_no_byte_of_a_receipt_can_be_turned(book: BookOnDisk) -> None:
    raw = serve(book, people(BOB)).read_bytes()
    for at in range(0, len(raw), 7):
        turned = raw[:at] + bytes([raw[at] ^ (1 << at % 7)]) + raw[at + 1 :]
        path = book.folder / "turned.tlog-proof"
        path.write_bytes(turned)
        with pytest.raises(Refusal):
            verify_file(path, key=book.key)


def test_no_cut_off_receipt_passes(book: BookOnDisk) -> None:
    raw = book.receipt(2).read_bytes()
    path = book.folder / "cut.tlog-proof"
    for end in range(len(raw)):
        path.write_bytes(raw[:end])
        with pytest.raises(Refusal):
            verify_file(path, key=book.key)


def test_a_mail_program_that_changed_the_line_ends_is_named(book: BookOnDisk) -> None:
    path = book.receipt(2)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(ProofRejected, match="line ends"):
        verify_file(path)


def test_a_receipt_cannot_write_over_the_readers_screen(book: BookOnDisk) -> None:
    index = book.append("objection", {"reason": "\x1b[2J\u202eno\u009b1A", "\x9bname": "\x7f"})
    text = said(verify_file(book.receipt(index)))
    assert all(char.isprintable() or char == "\n" for char in text)


# Absence.


def test_anna_is_not_in_the_set_and_no_more_than_that_is_said(book: BookOnDisk) -> None:
    text = said(verify_file(serve(book, people(BOB)), key=book.key))
    assert (
        "The set committed for the model dorp-7 does not contain you, neither as author nor as "
        "mention. Only a rebuild ties the set to the weights"
    ) in text
    assert "You are whom line 1 of the book committed to." in text
    assert "not know" not in text


def test_anna_is_still_in_the_set_and_is_told_so(book: BookOnDisk) -> None:
    text = said(verify_file(serve(book, people(ANNA, BOB)), key=book.key))
    assert "CONTAINS you, as author and mention" in text


def test_the_absence_of_another_persons_secret_is_rejected(book: BookOnDisk) -> None:
    with pytest.raises(ProofRejected, match="another secret"):
        verify_file(serve(book, people(ANNA), secret=b"c" * 32), key=book.key)


def test_her_first_receipt_shows_that_the_later_one_is_hers(book: BookOnDisk) -> None:
    first = book.receipt(2)
    later = serve(book, people(BOB))
    text = said(verify_file(later, key=book.key, against=book.export()))
    assert "continues" in text or "same book" in text
    both = said(verify_file(book.receipt(2), key=book.key, against=later))
    assert "same book of 4 lines" in both
    with pytest.raises(Refusal, match="consistency proof"):
        verify_file(later, key=book.key, against=first)


def test_a_later_receipt_for_bob_is_not_annas(book: BookOnDisk) -> None:
    bob = book.append("notice", {"person": absence.commitment(BOB).hex()})
    later = serve(book, people(), secret=BOB, seen=bob)
    with pytest.raises(ProofRejected, match="different people"):
        verify_file(later, key=book.key, against=book.receipt(2))
    assert "Both receipts are about the same person." in said(
        verify_file(later, key=book.key, against=book.receipt(bob))
    )


# Heads.


def test_a_head_needs_the_operators_key(book: BookOnDisk) -> None:
    with pytest.raises(Refusal, match="--key"):
        verify_file(book.head())
    text = said(verify_file(book.head(), key=book.key))
    assert "signed a book of 3 lines" in text


def test_two_heads_of_one_size_convict(book: BookOnDisk) -> None:
    other = book.write("other", book.signed(root=b"\7" * 32))
    for one, two in [(book.head(), other), (other, book.head()), (book.receipt(1), other)]:
        with pytest.raises(ProofRejected, match="TWO HEADS"):
            verify_file(one, key=book.key, against=two)
    assert "same book of 3 lines" in said(
        verify_file(book.head(), key=book.key, against=book.receipt(0))
    )


def test_a_consistency_proof_ties_two_heads(book: BookOnDisk) -> None:
    early = book.head()
    for number in range(20):
        book.append("import", {"number": number})
    text = said(verify_file(book.grown(3), key=book.key, against=early))
    assert "The book of 23 lines continues the book of 3 lines" in text
    assert "--against" in said(verify_file(book.grown(3), key=book.key))
    with pytest.raises(Refusal, match="just these two"):
        verify_file(book.grown(2), key=book.key, against=early)
    rewritten = book.write("rewritten", book.signed(3, root=b"\7" * 32))
    with pytest.raises(ProofRejected, match="not shown to continue"):
        verify_file(book.grown(3), key=book.key, against=rewritten)


def test_heads_without_a_proof_between_them_are_not_called_consistent(book: BookOnDisk) -> None:
    early = book.head()
    book.append("import", {})
    with pytest.raises(Refusal, match="can only be compared"):
        verify_file(book.head(), key=book.key, against=early)


def test_an_empty_head_is_continued_by_every_book(book: BookOnDisk) -> None:
    assert "continues the book of 0 lines" in said(
        verify_file(book.head(), key=book.key, against=book.head(0))
    )


def test_two_different_logs_are_not_compared(book: BookOnDisk, tmp_path: Path) -> None:
    other = BookOnDisk(tmp_path / "there", origin="stad.example/log")
    other.folder.mkdir()
    other.append("policy", {})
    with pytest.raises(ProofRejected, match="Nobody whose key was given"):
        verify_file(book.head(), key=book.key, against=other.head())
    with pytest.raises(ProofRejected, match=r"stad\.example/log\S+, not for the one given"):
        verify_file(book.receipt(0), against=other.receipt(0))


# A whole book.


def test_an_exported_book_is_hashed_again(book: BookOnDisk) -> None:
    early = book.head()
    for number in range(600):
        book.append("import", {"number": number})
    middle = book.receipt(2)
    book.append("import", {})
    folder = book.export()
    assert "All 604 lines" in said(verify_file(folder, key=book.key))
    for head in (early, middle, book.head(300)):
        assert "continues" in said(verify_file(folder, key=book.key, against=head))
        assert "continues" in said(verify_file(head, key=book.key, against=folder))


def test_a_line_changed_in_an_exported_book_is_noticed(book: BookOnDisk) -> None:
    folder = book.export()
    bundle = folder / "tile/entries/000.p/3"
    bundle.write_bytes(bundle.read_bytes().replace(b"objection", b"objectiom"))
    with pytest.raises(ProofRejected, match="do not have the root"):
        verify_file(folder, key=book.key)
    bundle.unlink()
    with pytest.raises(ProofRejected, match="missing"):
        verify_file(folder, key=book.key)


def test_a_book_that_forgot_an_objection_is_convicted_by_its_receipt(
    book: BookOnDisk, tmp_path: Path
) -> None:
    kept = book.receipt(2)
    again = BookOnDisk(tmp_path / "again")
    again.folder.mkdir()
    for kind in ("policy", "notice", "import", "import"):
        again.append(kind, {})
    with pytest.raises(ProofRejected, match="TWO BOOKS"):
        verify_file(again.export(), key=book.key, against=kept)


@pytest.fixture
def mirror(book: BookOnDisk) -> Iterator[str]:
    """Any web server that hands out files."""
    handler = partial(QuietFiles, directory=str(book.folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/log"
        server.shutdown()


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_the_page_for_auditors_fetches_a_book_that_verifies(
    book: BookOnDisk, mirror: str, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[1] / "docs/verifying.md").read_text(encoding="utf-8")
    program = page.partition("```python\n")[2].partition("```")[0]
    fetched = tmp_path / "fetched"
    for expected in (3, 300):
        while len(book.leaves) < expected:
            book.append("import", {})
        book.export()
        arguments = [sys.executable, "-c", program, mirror, book.key, str(fetched)]
        subprocess.run(arguments, check=True)
        text = said(verify_file(fetched, key=book.key))
        assert f"All {expected} lines of the book" in text


# Witnesses.


def witnessed(book: BookOnDisk, path: Path, private: Ed25519PrivateKey, name: str) -> str:
    key = note.Key(name=name, algorithm=4, public=private.public_key().public_bytes_raw())
    head = book.signed()
    message = witness.cosigned_message(key, 1785585600, note.parse(head).text)
    raw = (1785585600).to_bytes(8, "big") + private.sign(message)
    path.write_text(path.read_text() + str(note.Signature(name=name, id=key.id, raw=raw)))
    return str(key)


def test_a_witness_outside_is_named_and_strangers_are_not_believed(book: BookOnDisk) -> None:
    path = book.receipt(2)
    private = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
    key = witnessed(book, path, private, "witness.example/w1")
    verdict = verify_file(path, key=book.key, witnesses=[key])
    assert "Witnessed by witness.example/w1, 2026-08-01T12:00:00Z." in verdict.lines
    assert not verdict.unwitnessed
    unknown = verify_file(path, key=book.key)
    assert unknown.unwitnessed
    assert "witness.example/w1 that no key was given for" in said(unknown)


def test_the_log_is_not_its_own_witness(book: BookOnDisk) -> None:
    path = book.receipt(2)
    key = witnessed(book, path, book.private, "somebody.example/else")
    with pytest.raises(Refusal, match="its own witness"):
        verify_file(path, key=book.key, witnesses=[key])


# A release.


def test_a_release_is_the_one_in_the_book_or_it_is_not(book: BookOnDisk) -> None:
    held = serve(book, people(BOB))
    payload = dict(book.openings[-1].payload)
    served = book.write("released.json", json.dumps(payload, indent=2))
    text = said(verify_file(served, key=book.key, against=held))
    assert "The release released.json is the one" in text
    assert "does not contain you" in text
    other = book.write("other.json", json.dumps({**payload, "base": "99"}))
    with pytest.raises(ProofRejected, match="not the one that line 3"):
        verify_file(other, key=book.key, against=held)
    with pytest.raises(Refusal, match="proves nothing by itself"):
        verify_file(served, key=book.key)
    with pytest.raises(Refusal, match="not about a served model"):
        verify_file(served, key=book.key, against=book.receipt(1))
    with pytest.raises(Refusal):
        verify_file(book.write("broken.json", '{"model": '), key=book.key, against=held)
    with pytest.raises(Refusal):
        verify_file(book.head(), key=book.key, against=served)


# Files that are none of these.


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: folder / "nowhere",
        lambda folder: folder,
        lambda folder: _file(folder, b""),
        lambda folder: _file(folder, b"hello"),
        lambda folder: _file(folder, b"\xff\xd8\xff"),
        lambda folder: _file(folder, b"\0" * 100),
        lambda folder: _file(folder, b"PK\x03\x04"),
        lambda folder: _file(folder, b"c2sp.org/tlog-proof@v1"),
        lambda folder: _file(folder, b"x" * (5 << 20)),
        lambda folder: _file(folder, b"a\n\n\xe2\x80\x94 b\n"),
        lambda folder: _file(folder, b'{"model":' + b"[" * 100_000),
    ],
)
def test_what_cannot_be_verified_is_refused_with_a_sentence(
    make: Callable[[Path], Path], book: BookOnDisk, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(Refusal) as refusal:
        verify_file(make(place), key=book.key, against=book.receipt(2))
    assert str(refusal.value).rstrip().endswith((".", "line."))


def _file(folder: Path, raw: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(raw)
    return path


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path, book: BookOnDisk) -> None:
    with pytest.raises(NotFound, match="no file"):
        verify_file(tmp_path / "nowhere", key=book.key)


def test_a_mistyped_key_is_refused_before_anything_is_said(book: BookOnDisk) -> None:
    with pytest.raises(ProofRejected, match="verifier key"):
        verify_file(book.receipt(2), key="dorp.example/log")


def test_verifying_needs_no_machinery() -> None:
    """An auditor installs Python and two small libraries."""
    program = (
        "import sys, demur.verify; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    loaded = set(json.loads(done.stdout.decode().replace("'", '"')))
    assert "demur" in loaded
    heavy = {"django", "torch", "duckdb", "sqlite3", "pysqlite3", "numpy", "pyarrow", "ssl"}
    assert not loaded & heavy
    assert not any(name.startswith("transformers") for name in loaded)


def test_the_law_and_the_people_are_not_needed_either() -> None:
    program = "import sys, demur.verify; print(*[n for n in sys.modules if n.startswith('demur')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    allowed = ("demur.errors", "demur.verify", "demur.tlog")
    for name in done.stdout.decode().split():
        assert name == "demur" or name.startswith(allowed)
