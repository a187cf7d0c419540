from __future__ import annotations

import hashlib
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demur.errors import ProofRejected
from demur.tlog import absence
from demur.tlog.absence import AbsenceProof, PrefixTree, Role

TAGS = st.binary(min_size=32, max_size=32)


def secret(number: int) -> bytes:
    return hashlib.sha256(b"secret %d" % number).digest()


def tags_of(people: range, model: str = "model-7") -> list[bytes]:
    return [absence.tag(secret(number), model, Role.AUTHOR) for number in people]


def bits(tag: bytes) -> str:
    return f"{int.from_bytes(tag, 'big'):0256b}"


def plainly(tags: list[bytes], prefix: str = "") -> bytes:
    """The tree as the module's docstring defines it, slowly."""
    here = [tag for tag in tags if bits(tag).startswith(prefix)]
    if not here:
        return hashlib.sha256(b"\x04").digest()
    if len(here) == 1:
        return hashlib.sha256(b"\x02" + here[0]).digest()
    left, right = plainly(here, prefix + "0"), plainly(here, prefix + "1")
    return hashlib.sha256(b"\x03" + left + right).digest()


def root_plainly(tags: list[bytes]) -> bytes:
    count = len(set(tags)).to_bytes(8, "big")
    return hashlib.sha256(b"\x05" + count + plainly(sorted(set(tags)))).digest()


@pytest.mark.parametrize("people", [0, 1, 2, 3, 15, 16, 17, 100])
def test_the_root_is_the_one_its_definition_gives(people: int) -> None:
    tags = tags_of(range(people))
    assert PrefixTree(tags).root == root_plainly(tags)


NEAR = st.builds(
    lambda at, low: (at << 8 * 30 | low).to_bytes(32, "big"),
    st.integers(0, 15),
    st.integers(0, 7) | st.sampled_from([2**239, 2**120]),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(TAGS | NEAR, max_size=40), TAGS | NEAR)
def test_everybody_is_shown_where_they_stand(tags: list[bytes], stranger: bytes) -> None:
    tree = PrefixTree(tags)
    assert tree.root == root_plainly(tags)
    assert len(tree) == len(set(tags))
    for tag in tags:
        assert absence.present(tree.root, tag, tree.prove(tag))
    assert absence.present(tree.root, stranger, tree.prove(stranger)) is (stranger in tags)


def test_the_order_in_which_people_came_says_nothing() -> None:
    tags = tags_of(range(50))
    assert PrefixTree(tags).root == PrefixTree(reversed(tags)).root == PrefixTree(tags * 2).root


def test_nobody_can_be_followed_from_one_model_to_the_next_or_between_roles() -> None:
    anna = secret(1)
    tags = {absence.tag(anna, model, role) for model in ("one", "two") for role in Role}
    assert len(tags) == 4
    assert absence.commitment(anna) not in tags
    with pytest.raises(ValueError, match="32 bytes"):
        absence.tag(b"short", "one", Role.AUTHOR)
    with pytest.raises(ValueError, match="32 bytes"):
        absence.commitment(b"short")


def test_removing_one_person_changes_the_root_and_proves_them_gone() -> None:
    tags = tags_of(range(200))
    before, after = PrefixTree(tags), PrefixTree(tags[1:])
    assert absence.present(before.root, tags[0], before.prove(tags[0]))
    assert not absence.present(after.root, tags[0], after.prove(tags[0]))
    with pytest.raises(ProofRejected):
        absence.present(before.root, tags[0], after.prove(tags[0]))


def refused(root: bytes, tag: bytes, forged: AbsenceProof) -> bool:
    try:
        absence.present(root, tag, forged)
    except ProofRejected:
        return True
    return False


@pytest.mark.parametrize("people", [1, 2, 3, 40])
def test_a_liar_cannot_make_somebody_absent(people: int) -> None:
    tags = tags_of(range(people))
    tree = PrefixTree(tags)
    for tag in tags[:10]:
        honest = tree.prove(tag)
        path = honest.siblings
        fakes = [None, absence.tag(secret(999), "model-7", Role.AUTHOR), *tags, b"\0" * 32]
        paths = [path[:cut] for cut in range(len(path) + 1)]
        paths += [path[cut:] for cut in range(1, len(path) + 1)]
        paths += [(*path, absence.NOBODY), (absence.NOBODY, *path), (*path, tree.root)]
        for siblings in paths:
            for terminal in fakes:
                for count in {0, 1, people, people - 1, people + 1}:
                    forged = AbsenceProof(count=count, siblings=siblings, terminal=terminal)
                    assert forged == honest or refused(tree.root, tag, forged)


def test_a_liar_cannot_put_a_stranger_in() -> None:
    tags = tags_of(range(40))
    tree = PrefixTree(tags)
    for number in range(100, 150):
        stranger = absence.tag(secret(number), "model-7", Role.AUTHOR)
        honest = tree.prove(stranger)
        assert not absence.present(tree.root, stranger, honest)
        forged = AbsenceProof(count=40, siblings=honest.siblings, terminal=stranger)
        assert refused(tree.root, stranger, forged)


def test_a_leaf_moved_from_its_place_proves_nothing() -> None:
    """An operator who hangs Anna elsewhere has a root under which she is not shown present."""
    left, right = b"\x00" * 32, b"\xff" * 32
    leaf = {tag: hashlib.sha256(b"\x02" + tag).digest() for tag in (left, right)}
    top = hashlib.sha256(b"\x03" + leaf[right] + leaf[left]).digest()  # the wrong way round
    moved = hashlib.sha256(b"\x05" + (2).to_bytes(8, "big") + top).digest()
    for tag, other in ((left, right), (right, left)):
        for terminal in (tag, other, None):
            for sibling in (*leaf.values(), absence.NOBODY):
                forged = AbsenceProof(count=2, siblings=(sibling,), terminal=terminal)
                assert refused(moved, tag, forged)


def test_the_empty_set_contains_nobody_and_says_so() -> None:
    empty, anna = PrefixTree([]), tags_of(range(1))[0]
    assert not absence.present(empty.root, anna, empty.prove(anna))
    for forged in (
        AbsenceProof(count=1, siblings=(), terminal=None),
        AbsenceProof(count=0, siblings=(), terminal=anna),
        AbsenceProof(count=0, siblings=(absence.NOBODY,), terminal=None),
    ):
        assert refused(empty.root, anna, forged)
    full = PrefixTree([anna])
    assert refused(full.root, anna, empty.prove(anna))


def test_a_root_made_by_a_liar_says_nothing() -> None:
    """Roots that no tree has: the number of people contradicts the shape of what is under it."""
    anna, stranger, other = b"\x00" * 32, b"\x7f" * 32, b"\xff" * 32

    def digest(*parts: bytes) -> bytes:
        return hashlib.sha256(b"".join(parts)).digest()

    leaf = digest(b"\x02", stranger)
    above = digest(b"\x03", leaf, digest(b"\x02", other))
    lonely = digest(b"\x03", leaf, absence.NOBODY)
    for count, top, siblings, terminal in [
        (0, leaf, (), stranger),  # nobody, and yet somebody
        (5, absence.NOBODY, (), None),  # five, and yet nobody
        (2, leaf, (), stranger),  # two, and yet one
        (1, above, (digest(b"\x02", other),), stranger),  # one, and yet two
        (2, lonely, (absence.NOBODY,), stranger),  # deeper than it has to be
    ]:
        root = digest(b"\x05", count.to_bytes(8, "big"), top)
        forged = AbsenceProof(count=count, siblings=siblings, terminal=terminal)
        assert refused(root, anna, forged)
    honest = digest(b"\x05", (2).to_bytes(8, "big"), above)
    path = AbsenceProof(count=2, siblings=(digest(b"\x02", other),), terminal=stranger)
    assert not absence.present(honest, anna, path)


@pytest.mark.parametrize(
    "forged",
    [
        AbsenceProof(count=2, siblings=(b"\0" * 32,) * 257, terminal=None),
        AbsenceProof(count=2, siblings=(b"short",), terminal=None),
        AbsenceProof(count=2, siblings=(b"\0" * 32,), terminal=b"short"),
        AbsenceProof(count=-1, siblings=(b"\0" * 32,), terminal=None),
        AbsenceProof(count=2**70, siblings=(b"\0" * 32,), terminal=None),
    ],
)
def test_a_malformed_path_is_refused(forged: AbsenceProof) -> None:
    tag = tags_of(range(1))[0]
    assert refused(PrefixTree(tags_of(range(3))).root, tag, forged)


def test_tags_that_share_all_but_their_last_bit_need_no_deep_stack() -> None:
    tags = [(2**255 + number).to_bytes(32, "big") for number in (0, 1, 2, 4, 2**200)]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(__import__("inspect").stack()) + 60)  # far below the tree's 256
    try:
        tree = PrefixTree(tags)
        paths = [tree.prove(tag) for tag in tags]
        assert max(len(path.siblings) for path in paths) == 256
        assert all(map(absence.present, [tree.root] * 5, tags, paths))
    finally:
        sys.setrecursionlimit(limit)


def test_fifty_thousand_people_take_a_second_and_a_proof_a_millisecond() -> None:
    tags = tags_of(range(50_000))
    begun = time.process_time()
    tree = PrefixTree(tags)
    built = time.process_time()
    paths = [tree.prove(tag) for tag in tags[:200]]
    proven = time.process_time()
    assert built - begun < 3  # 0.35 s where this was written, for 200,000 people 1.5 s
    assert (proven - built) / 200 < 0.005  # 0.2 ms there
    assert sum(len(path.siblings) for path in paths) * 32 / 200 < 900  # bytes
