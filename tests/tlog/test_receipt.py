from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demur.errors import ProofRejected
from demur.tlog import absence, merkle, note, proof, receipt
from demur.tlog.absence import PrefixTree, Role
from demur.tlog.receipt import Absence
from demur.tlog.release import Release, ServedShard

ANNA, BOB = b"a" * 32, b"b" * 32
MODEL = "dorp-7"
OBJECTION = {
    "account": "mastodon:https://dorp.example/users/anna",
    "email": "anna@dorp.example",
    "person": absence.commitment(ANNA).hex(),
    "reason": "Liever niet \u2013 echt niet.",
}


def people_tree(*secrets: bytes) -> PrefixTree:
    return PrefixTree(absence.tag(each, MODEL, role) for each in secrets for role in Role)


def served(tree: PrefixTree) -> dict[str, Any]:
    shard = ServedShard(shard=0, manifest="11" * 32, adapter="22" * 32)
    return Release(
        model=MODEL, base="33" * 32, recipe="44" * 32, shards=(shard,), people_root=tree.root
    ).payload


def absence_of(book: Any, secret: bytes, tree: PrefixTree, seen: int) -> Absence:
    return Absence(
        secret=secret,
        seen=book.line(seen),
        author=tree.prove(absence.tag(secret, MODEL, Role.AUTHOR)),
        mention=tree.prove(absence.tag(secret, MODEL, Role.MENTION)),
    )


@pytest.fixture
def objection(book: Any) -> str:
    return book.receipt(book.append("objection", OBJECTION))


@pytest.fixture
def others() -> PrefixTree:
    return people_tree(BOB, *(bytes([number]) * 32 for number in range(20)))


@pytest.fixture
def later(book: Any, others: PrefixTree) -> str:
    """Anna objected; then a model was served that does not have her."""
    seen = book.append("objection", OBJECTION)
    line = book.append("served", served(others))
    return book.receipt(line, absence=absence_of(book, ANNA, others, seen))


def test_a_receipt_is_read_as_it_was_written_and_holds(book: Any, objection: str) -> None:
    held = receipt.read_receipt(objection)
    assert held.line.opening.payload == OBJECTION
    assert held.line.leaf == book.leaves[7]
    assert note.parse_key(held.vkey) == book.key
    assert receipt.check(held, book.key).size == 8
    assert receipt.standing_in(held) == {}


def test_a_receipt_is_a_proof_that_other_programs_read(book: Any, objection: str) -> None:
    made = proof.parse(objection)
    assert proof.verify(made, book.leaves[7], book.key).size == 8


def test_an_old_line_can_be_proven_under_a_later_head(book: Any) -> None:
    index = book.append("objection", OBJECTION)
    for number in range(30):
        book.append("notice", {"more": number})
    for size in (8, 20, 38):
        held = receipt.read_receipt(book.receipt(index, size))
        assert receipt.check(held, book.key).size == size


def test_someone_who_is_not_in_the_committed_set_is_told_so(book: Any, later: str) -> None:
    held = receipt.read_receipt(later)
    receipt.check(held, book.key)
    assert receipt.standing_in(held) == {Role.AUTHOR: False, Role.MENTION: False}


def test_someone_whose_friend_mentions_them_is_told_so(book: Any) -> None:
    tree = PrefixTree(
        [
            absence.tag(ANNA, MODEL, Role.MENTION),
            absence.tag(BOB, MODEL, Role.AUTHOR),
        ]
    )
    seen = book.append("notice", OBJECTION)
    line = book.append("served", served(tree))
    held = receipt.read_receipt(book.receipt(line, absence=absence_of(book, ANNA, tree, seen)))
    receipt.check(held, book.key)
    assert receipt.standing_in(held) == {Role.AUTHOR: False, Role.MENTION: True}


def test_an_operator_cannot_prove_the_absence_of_somebody_else(
    book: Any, others: PrefixTree
) -> None:
    """The book knows Anna by one secret; a path for an invented one is refused."""
    seen = book.append("objection", OBJECTION)
    line = book.append("served", served(people_tree(ANNA, BOB)))
    tree = people_tree(ANNA, BOB)
    invented = absence_of(book, b"nobody's secret, freshly drawn!!", tree, seen)
    held = receipt.read_receipt(book.receipt(line, absence=invented))
    with pytest.raises(ProofRejected, match="another secret"):
        receipt.check(held, book.key)


def test_an_operator_cannot_show_the_tree_of_another_model(book: Any, others: PrefixTree) -> None:
    seen = book.append("objection", OBJECTION)
    line = book.append("served", served(people_tree(ANNA, BOB)))
    held = receipt.read_receipt(book.receipt(line, absence=absence_of(book, ANNA, others, seen)))
    receipt.check(held, book.key)
    with pytest.raises(ProofRejected, match="does not lead to the committed set"):
        receipt.standing_in(held)


def test_a_first_sight_that_committed_to_nobody_is_refused(book: Any, others: PrefixTree) -> None:
    line = book.append("served", served(others))
    held = receipt.read_receipt(book.receipt(line, absence=absence_of(book, ANNA, others, 0)))
    with pytest.raises(ProofRejected, match="person's commitment"):
        receipt.check(held, book.key)


def test_a_commitment_made_after_the_model_is_refused(book: Any, others: PrefixTree) -> None:
    line = book.append("served", served(others))
    seen = book.append("objection", OBJECTION)
    held = receipt.read_receipt(book.receipt(line, absence=absence_of(book, ANNA, others, seen)))
    with pytest.raises(ProofRejected, match="only after line 7"):
        receipt.check(held, book.key)


def test_absence_belongs_to_a_served_model_only(book: Any, others: PrefixTree) -> None:
    seen = book.append("objection", OBJECTION)
    for kind, payload in [("manifest", {"root": "00"}), ("policy", served(others))]:
        line = book.append(kind, payload)  # the second has a release's words, in another line
        missing = absence_of(book, ANNA, others, seen)
        held = receipt.read_receipt(book.receipt(line, absence=missing))
        receipt.check(held, book.key)
        with pytest.raises(ProofRejected, match="belongs to a line about a served model"):
            receipt.standing_in(held)


def extra_of(text: str) -> dict[str, Any]:
    made = proof.parse(text)
    assert made.extra is not None
    return json.loads(made.extra)


def with_extra(text: str, extra: bytes) -> str:
    old = text.split("\n")[1]
    return text.replace(old, "extra " + base64.b64encode(extra).decode(), 1)


def every_change(value: Any) -> Any:
    """The same JSON with one value changed, removed or added, each in turn."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {other: each for other, each in value.items() if other != name}
            for changed in every_change(inner):
                yield {**value, name: changed}
        yield {**value, "more": 1}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield [*value[:at], *value[at + 1 :]]
            for changed in every_change(inner):
                yield [*value[:at], changed, *value[at + 1 :]]
        yield [*value, "more"]
    elif isinstance(value, str):
        yield from (
            None,
            "",
            value + "0",
            value[:-1],
            ("1" if value[:1] == "0" else "0") + value[1:],
        )
    else:
        yield from (None if value is not None else 0, [], {}, -1, True, "x")
        if isinstance(value, int):
            yield from (value + 1, value + 2**40, 2**53 - 1)


def still_holds(text: str, key: note.Key) -> bool:
    try:
        held = receipt.read_receipt(text)
        if note.parse_key(held.vkey) != key:
            return False
        receipt.check(held, key)
        receipt.standing_in(held)
    except ProofRejected:
        return False
    return True


@pytest.mark.parametrize("kind", ["objection", "later"])
def test_nothing_said_in_a_receipt_can_be_changed(
    book: Any, kind: str, request: pytest.FixtureRequest
) -> None:
    text = request.getfixturevalue(kind)
    assert still_holds(text, book.key)
    changes = 0
    for changed in every_change(extra_of(text)):
        if kind == "later" and "absence" not in changed:
            continue  # without its absence proof it is a whole receipt of the same line
        assert not still_holds(with_extra(text, rfc8785.dumps(changed)), book.key), changed
        changes += 1
    assert changes > (30 if kind == "objection" else 120)


def test_the_same_words_spelled_otherwise_are_refused(book: Any, objection: str) -> None:
    extra = extra_of(objection)
    for spelling in (json.dumps(extra), json.dumps(extra, separators=(",", ":")), "[]", "null", ""):
        raw = spelling.encode()
        if raw != rfc8785.dumps(extra):
            assert not still_holds(with_extra(objection, raw), book.key)
    assert not still_holds(with_extra(objection, b'{"a":' + b"[" * 200_000), book.key)
    assert not still_holds(with_extra(objection, b"\xff\xfe"), book.key)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_single_changed_byte_of_a_receipt_survives(
    book: Any, later: str, data: st.DataObject
) -> None:
    raw = bytearray(later.encode())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return
    assert not still_holds(text, book.key)


def test_a_receipt_signed_by_another_key_is_refused(book: Any, objection: str) -> None:
    impostor = type(book)(private=Ed25519PrivateKey.from_private_bytes(b"i" * 32))
    held = receipt.read_receipt(objection)
    with pytest.raises(ProofRejected, match="Nobody whose key was given"):
        receipt.check(held, impostor.key)


def test_a_proof_without_a_line_says_what_is_missing(book: Any) -> None:
    bare = proof.Proof(
        index=0, path=tuple(merkle.inclusion(book.nodes, 0, 7)), checkpoint=book.head()
    )
    with pytest.raises(ProofRejected, match="carries no line"):
        receipt.read_receipt(str(bare))
