from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demur.errors import ProofRejected
from demur.tlog import merkle, proof
from demur.tlog.spelling import to_base64

# The example of c2sp.org/tlog-proof, whose signatures are abridged there.
EXAMPLE = """c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

\u2014 example.com/fancylog hI2DJw[...]1roloI=
"""


def test_the_shape_of_the_specifications_example_is_read() -> None:
    parsed = proof.parse(EXAMPLE)
    assert (parsed.index, len(parsed.path)) == (73894, 5)
    assert parsed.extra is not None
    assert parsed.extra.startswith(b"age-v1.2.1-darwin-arm64.tar.gz")
    assert parsed.checkpoint.startswith("example.com/fancylog\n109482\n")
    assert str(parsed) == EXAMPLE


@pytest.fixture
def made(book: Any) -> proof.Proof:
    return proof.Proof(
        index=5,
        path=tuple(merkle.inclusion(book.nodes, 5, 7)),
        checkpoint=book.head(),
        extra=b"context",
    )


def test_a_proof_is_written_read_and_verified(book: Any, made: proof.Proof) -> None:
    again = proof.parse(str(made))
    assert again == made
    assert proof.verify(again, book.leaves[5], book.key).size == 7


def test_extra_may_be_missing_and_may_be_empty(made: proof.Proof) -> None:
    for extra in (None, b""):
        bare = proof.Proof(
            index=made.index, path=made.path, checkpoint=made.checkpoint, extra=extra
        )
        assert proof.parse(str(bare)).extra == extra


def test_a_book_of_one_line_has_an_empty_path(book: Any) -> None:
    text = str(proof.Proof(index=0, path=(), checkpoint=book.head(1)))
    assert proof.verify(proof.parse(text), book.leaves[0], book.key).size == 1


def test_another_leaf_another_place_and_another_head_are_refused(
    book: Any, made: proof.Proof
) -> None:
    for leaf, index, path, head in [
        (book.leaves[4], 5, made.path, made.checkpoint),
        (book.leaves[5], 4, made.path, made.checkpoint),
        (book.leaves[5], 2**63 - 1, made.path, made.checkpoint),
        (book.leaves[5], 5, made.path[1:], made.checkpoint),
        (book.leaves[5], 5, made.path, book.head(6)),
        (merkle.leaf_hash(b""), 0, made.path, made.checkpoint),
    ]:
        forged = proof.Proof(index=index, path=path, checkpoint=head)
        with pytest.raises(ProofRejected, match="does not have this as its line"):
            proof.verify(forged, leaf, book.key)


SPOILS = {
    "empty": lambda text: "",
    "only a header": lambda text: "c2sp.org/tlog-proof@v1\n",
    "another version": lambda text: text.replace("@v1", "@v2", 1),
    "a byte order mark": lambda text: "\ufeff" + text,
    "a space before": lambda text: " " + text,
    "a line before": lambda text: "\n" + text,
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "no index": lambda text: text.replace("index 5\n", ""),
    "index twice": lambda text: text.replace("index 5\n", "index 5\nindex 5\n"),
    "negative index": lambda text: text.replace("index 5", "index -5"),
    "signed index": lambda text: text.replace("index 5", "index +5"),
    "padded index": lambda text: text.replace("index 5", "index 05"),
    "spaced index": lambda text: text.replace("index 5", "index  5"),
    "hexadecimal index": lambda text: text.replace("index 5", "index 0x5"),
    "float index": lambda text: text.replace("index 5", "index 5e0"),
    "arabic index": lambda text: text.replace("index 5", "index \u0665"),
    "index beyond 63 bits": lambda text: text.replace("index 5", f"index {2**63}"),
    "index of a million digits": lambda text: text.replace("index 5", "index " + "9" * 10**6),
    "extra twice": lambda text: text.replace("index 5", "extra Y29udGV4dA==\nindex 5"),
    "extra in disorder": lambda text: text.replace(
        "extra Y29udGV4dA==\nindex 5", "index 5\nextra "
    ),
    "extra not base64": lambda text: text.replace("Y29udGV4dA==", "Y29udGV4dA="),
    "extra urlsafe": lambda text: text.replace("Y29udGV4dA==", "_-8="),
    "extra with unused bits": lambda text: text.replace("Y29udGV4dA==", "Y29udGV4dB=="),
    "a short hash": lambda text: text.replace("index 5\n", "index 5\nAAAA\n"),
    "a hash without padding": lambda text: text.replace("=\n\n", "\n\n", 1),
    "a comment": lambda text: text.replace("index 5\n", "index 5\n# no\n"),
    "a million hashes": lambda text: text.replace(
        "index 5\n", "index 5\n" + (to_base64(b"\0" * 32) + "\n") * 10**4
    ),
    "no empty line": lambda text: text.replace("\n\n", "\n"),
    "cut in the path": lambda text: text[: text.index("\n\n") - 9],
    "cut before the checkpoint": lambda text: text[: text.index("\n\n") + 2],
    "cut in the checkpoint": lambda text: text[: text.index("\n\n") + 20],
    "cut before the signature": lambda text: text[: text.rindex("\n\n") + 2],
    "cut in the signature": lambda text: text[:-9],
    "without the last newline": lambda text: text[:-1],
    "something after": lambda text: text + "\n",
}


@pytest.mark.parametrize("name", SPOILS)
def test_a_spoilt_proof_is_refused(book: Any, made: proof.Proof, name: str) -> None:
    text = SPOILS[name](str(made))
    assert text != str(made)
    with pytest.raises(ProofRejected):
        proof.verify(proof.parse(text), book.leaves[5], book.key)


def test_a_path_longer_than_any_tree_is_refused_before_it_is_read(made: proof.Proof) -> None:
    long = proof.Proof(index=5, path=(b"\0" * 32,) * 64, checkpoint=made.checkpoint)
    with pytest.raises(ProofRejected, match="longer than any tree"):
        proof.parse(str(long))


@given(st.text() | st.text().map(lambda text: f"{proof.HEADER}\n{text}"))
def test_nonsense_is_refused_with_a_sentence_and_nothing_else(text: str) -> None:
    with pytest.raises(ProofRejected):
        proof.parse(text + "\0")
        raise ProofRejected  # it may have the outer shape; the checkpoint is checked in verify


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the book stays as it is
@given(data=st.data())
def test_no_single_changed_letter_of_a_proof_survives(book: Any, data: st.DataObject) -> None:
    path = tuple(merkle.inclusion(book.nodes, 1, 7))
    text = str(proof.Proof(index=1, path=path, checkpoint=book.head()))
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(exclude_characters=text[at], exclude_categories=["Cs"]))
    with pytest.raises(ProofRejected):
        proof.verify(proof.parse(text[:at] + letter + text[at + 1 :]), book.leaves[1], book.key)
