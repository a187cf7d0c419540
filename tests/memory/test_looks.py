"""Pictures that look alike are found, all of them, and no others."""

from __future__ import annotations

import random

import numpy as np

from demur.corpus.likeness import ALIKE
from demur.memory.looks import Looks


def bits(look: bytes) -> int:
    return int.from_bytes(look, "big")


def changed(look: bytes, many: int, dice: random.Random) -> bytes:
    flipped = sum(1 << bit for bit in dice.sample(range(256), many))
    return (bits(look) ^ flipped).to_bytes(32, "big")


def test_every_pair_that_is_near_is_found_however_its_bits_are_spread() -> None:
    dice = random.Random(4)
    seen = [dice.randbytes(32) for _ in range(60)]
    seen += [changed(dice.choice(seen), many, dice) for many in range(20, 45) for _ in range(8)]
    seen = list(dict.fromkeys(seen))
    expected = {
        (one, other)
        for one, a in enumerate(seen)
        for other, b in enumerate(seen)
        if (bits(a) ^ bits(b)).bit_count() <= ALIKE
    }
    assert len(expected) > len(seen) + 100, "else this shows little"
    ones, others = Looks.of(b"".join(seen)).alike(np.arange(len(seen)))
    assert len(ones) == len(expected), "none twice"
    assert set(zip(ones.tolist(), others.tolist(), strict=True)) == expected


def test_where_there_are_no_pictures_none_is_alike() -> None:
    ones, others = Looks.of(b"").alike(np.zeros(0, np.int64))
    assert len(ones) == len(others) == 0
