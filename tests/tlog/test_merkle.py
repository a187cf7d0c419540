from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from demur.tlog.merkle import (
    EMPTY_ROOT,
    append,
    consistency,
    inclusion,
    leaf_hash,
    node_hash,
    root,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The reference leaves and roots of Certificate Transparency's own implementation, by which every
# RFC 6962 library is checked.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = {
    (0, 1): [],
    (0, 2): ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
GROWTHS = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
MANY = 40


def as_the_rfc_writes_it(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word; slow and obviously right."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return node_hash(as_the_rfc_writes_it(leaves[:k]), as_the_rfc_writes_it(leaves[k:]))


def planted(nodes: Any, leaves: list[bytes]) -> Any:
    for size, leaf in enumerate(leaves):
        assert append(nodes, size, leaf) == size + 1
    return nodes


@pytest.fixture
def reference(nodes: Any) -> Any:
    return planted(nodes, LEAVES)


@pytest.mark.parametrize("size", range(9))
def test_the_reference_roots_come_out(reference: Any, size: int) -> None:
    assert root(reference, size).hex() == ROOTS[size]
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), PATHS)
def test_the_reference_paths_come_out(reference: Any, index: int, size: int) -> None:
    path = inclusion(reference, index, size)
    assert [each.hex() for each in path] == PATHS[index, size]
    leaf = leaf_hash(LEAVES[index])
    assert verify_inclusion(leaf, index, size, path, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new"), GROWTHS)
def test_the_reference_consistency_proofs_come_out(reference: Any, old: int, new: int) -> None:
    path = consistency(reference, old, new)
    assert [each.hex() for each in path] == GROWTHS[old, new]
    before, after = bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new])
    assert verify_consistency(old, new, before, after, path)


def forgeries(path: list[bytes]) -> list[list[bytes]]:
    """The path cut, lengthened, shuffled, and with a bit turned in each hash."""
    turned = [
        [*path[:at], bytes([each[0] ^ 1]) + each[1:], *path[at + 1 :]]
        for at, each in enumerate(path)
    ]
    swapped = [
        [*path[:at], path[at + 1], path[at], *path[at + 2 :]]
        for at, (one, other) in enumerate(pairwise(path))
        if one != other
    ]
    return [path[1:], path[:-1], [*path, EMPTY_ROOT], [EMPTY_ROOT, *path], *turned, *swapped]


def test_every_leaf_of_every_tree_is_proven_and_no_forgery_is(nodes: Any) -> None:
    leaves = [b"leaf %d" % number for number in range(MANY)]
    planted(nodes, leaves)
    for size in range(1, MANY + 1):
        expected = as_the_rfc_writes_it(leaves[:size])
        assert root(nodes, size) == expected
        for index in range(size):
            path, leaf = inclusion(nodes, index, size), leaf_hash(leaves[index])
            assert verify_inclusion(leaf, index, size, path, expected)
            assert not verify_inclusion(leaf_hash(b"other"), index, size, path, expected)
            assert not verify_inclusion(leaf, index, size, path, EMPTY_ROOT)
            for other in {index - 1, index + 1, size, size + index, -1} - {index}:
                assert not verify_inclusion(leaf, other, size, path, expected)
            for forged in forgeries(path):
                if forged != path:
                    assert not verify_inclusion(leaf, index, size, forged, expected)


def test_every_growth_is_proven_and_no_forgery_is(nodes: Any) -> None:
    planted(nodes, [b"leaf %d" % number for number in range(MANY)])
    roots = [root(nodes, size) for size in range(MANY + 1)]
    for new in range(MANY + 1):
        for old in range(new + 1):
            path = consistency(nodes, old, new)
            assert verify_consistency(old, new, roots[old], roots[new], path)
            assert not verify_consistency(old, new, b"\0" * 32, roots[new], path)
            if old:
                assert not verify_consistency(old, new, roots[old], b"\0" * 32, path)
            if new > old:
                assert not verify_consistency(new, old, roots[new], roots[old], path)
            for forged in forgeries(path):
                if forged != path:
                    assert not verify_consistency(old, new, roots[old], roots[new], forged)


def test_a_book_whose_history_was_rewritten_does_not_continue_the_old_one(nodes: Any) -> None:
    honest = [b"a", b"No.", b"c", b"d", b"e"]
    planted(nodes, [b"a", b"Yes.", b"c", b"d", b"e"])
    for old in range(2, 5):
        path = consistency(nodes, old, 5)
        assert not verify_consistency(old, 5, root_of(honest[:old]), root(nodes, 5), path)


def test_a_proof_does_not_hold_for_sizes_that_were_lied_about(nodes: Any) -> None:
    planted(nodes, [b"leaf %d" % number for number in range(20)])
    roots = [root(nodes, size) for size in range(21)]
    for new in range(1, 21):
        for old in range(1, new):
            path = consistency(nodes, old, new)
            for lie in range(old + 1, 200):
                # A root binds the tree, not how many leaves it is said to have; the signature
                # binds both. Only a lie of the same shape of path could pass, and never a
                # shorter or a deeper one.
                if (lie - 1).bit_length() != (new - 1).bit_length():
                    assert not verify_consistency(old, lie, roots[old], roots[new], path)


def test_nobody_is_given_a_proof_of_a_leaf_that_is_not_there(reference: Any) -> None:
    for index, size in [(-1, 8), (8, 8), (0, 0)]:
        with pytest.raises(ValueError, match="has no leaf"):
            inclusion(reference, index, size)
    for old, new in [(-1, 8), (8, 7)]:
        with pytest.raises(ValueError, match="never had"):
            consistency(reference, old, new)


def test_a_huge_tree_with_a_short_path_is_refused_at_once() -> None:
    leaf = leaf_hash(b"")
    assert not verify_inclusion(leaf, 2**63 - 2, 2**63 - 1, [EMPTY_ROOT] * 63, EMPTY_ROOT)
    assert not verify_consistency(2**62 + 1, 2**63 - 1, leaf, leaf, [leaf] * 63)


def test_appending_stays_cheap(nodes: Any) -> None:
    gets = 0
    get = nodes.get

    def counted(level: int, index: int) -> bytes:
        nonlocal gets
        gets += 1
        return get(level, index)

    nodes.get = counted
    planted(nodes, [b"x"] * 4096)
    assert len(nodes) < 2 * 4096
    assert gets < 4096


class Growing(RuleBasedStateMachine):
    """A book that grows anyhow agrees, at every size it ever had, with the RFC's definition."""

    def __init__(self) -> None:
        super().__init__()
        self.hashes: dict[tuple[int, int], bytes] = {}
        self.leaves: list[bytes] = []
        self.roots = [EMPTY_ROOT]

    def get(self, level: int, index: int) -> bytes:
        return self.hashes[level, index]

    def put(self, level: int, index: int, digest: bytes) -> None:
        assert (level, index) not in self.hashes
        self.hashes[level, index] = digest

    @rule(leaves=st.lists(st.binary(max_size=40), min_size=1, max_size=9))
    def grow(self, leaves: list[bytes]) -> None:
        for leaf in leaves:
            append(self, len(self.leaves), leaf)
            self.leaves.append(leaf)
            self.roots.append(as_the_rfc_writes_it(self.leaves))

    @rule(data=st.data())
    def prove(self, data: st.DataObject) -> None:
        new = data.draw(st.integers(0, len(self.leaves)))
        old = data.draw(st.integers(0, new))
        path = consistency(self, old, new)
        assert verify_consistency(old, new, self.roots[old], self.roots[new], path)
        if old < new:
            proof = inclusion(self, old, new)
            assert verify_inclusion(leaf_hash(self.leaves[old]), old, new, proof, self.roots[new])

    @invariant()
    def every_root_stands(self) -> None:
        size = len(self.leaves)
        for each in {0, size // 2, size}:
            assert root(self, each) == self.roots[each] == root_of(self.leaves[:each])


TestGrowing = Growing.TestCase
TestGrowing.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)
