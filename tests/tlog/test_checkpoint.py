from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from demur.errors import ProofRejected
from demur.tlog import checkpoint, note
from demur.tlog.checkpoint import Checkpoint
from demur.tlog.merkle import EMPTY_ROOT

# The example of c2sp.org/tlog-checkpoint (its public key is not given there).
EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5"
    "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"k" * 32)


def test_the_example_of_the_specification_is_read() -> None:
    head = checkpoint.parse(note.parse(EXAMPLE).text)
    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20852163)
    assert head.root.hex().startswith("0ac5186a91863e8e")
    assert head.text == note.parse(EXAMPLE).text


def test_a_head_signed_here_opens_here(book: Any) -> None:
    head = checkpoint.open_checkpoint(book.head(), book.key)
    assert (head.origin, head.size, head.extensions) == (book.origin, 7, ())


def test_the_empty_book_has_a_head_too() -> None:
    head = Checkpoint(origin="log", size=0, root=EMPTY_ROOT)
    signed = checkpoint.sign(head, PRIVATE)
    assert checkpoint.open_checkpoint(signed, note.key_of("log", PRIVATE)) == head


def test_extension_lines_of_other_logs_are_kept() -> None:
    head = Checkpoint(origin="log", size=1, root=b"\1" * 32, extensions=("one", "two 2"))
    assert checkpoint.parse(head.text) == head


def test_a_key_of_one_log_does_not_open_the_head_of_another() -> None:
    head = Checkpoint(origin="log/one", size=1, root=b"\1" * 32)
    signed = note.sign(head.text, "log/two", PRIVATE)
    with pytest.raises(ProofRejected, match="belongs to log/two"):
        checkpoint.open_checkpoint(signed, note.key_of("log/two", PRIVATE))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n",
        "log\n1\n",
        "log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n+1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n1 \nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n1_0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n\u0661\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n9223372036854775808\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n" + "9" * 5000 + "\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
        "log\n1\nAAAA\n",
        "log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\nlate\n",
        "log\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    ],
)
def test_a_spoilt_head_is_refused(text: str) -> None:
    with pytest.raises(ProofRejected):
        checkpoint.parse(text)
