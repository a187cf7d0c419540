"""What training leaves behind: the same bytes for the same people, whatever happened before."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hand_built import KEY

from demur.corpus.build import BuiltShard
from demur.errors import ProofRejected
from demur.people import Home, PersonId
from demur.training.base import BaseModel
from demur.training.chain import digest_of, path_of, recall, sweep
from demur.training.recipe import TINY
from demur.training.run import Adapter, Step, Stopped, chains_for, rebuild, train_shard
from demur.training.student import Student

HOME = Home(key=KEY, shards=1, slices=3)
WORDS = ["gisteren", "fietste", "ik", "langs", "de", "haven", "en", "zag", "het", "water", "mooi"]

Build = Callable[..., BuiltShard]


def village(seed: int, size: int = 12) -> dict[str, list[str]]:
    dice = random.Random(seed)
    return {
        f"{dice.getrandbits(128):032x}": [
            " ".join(dice.choices(WORDS, k=dice.randrange(2, 12)))
            for _ in range(dice.randrange(1, 5))
        ]
        for _ in range(size)
    }


def train(
    built: BuiltShard, student: Student, models: Path, steps: list[Step] | None = None
) -> Adapter:
    progress = steps.append if steps is not None else lambda step: None
    made = train_shard(built, student, models, home_key=KEY, wanted=lambda: True, progress=progress)
    assert isinstance(made, Adapter)
    return made


def without(everybody: dict[str, list[str]], somebody: str) -> dict[str, list[str]]:
    return {person: texts for person, texts in everybody.items() if person != somebody}


def in_slice(everybody: dict[str, list[str]], number: int) -> list[str]:
    return [person for person in everybody if HOME.slice(PersonId(person)) == number]


def test_the_same_people_give_the_same_bytes(
    build: Build, student: Student, tmp_path: Path
) -> None:
    built = build(village(1))
    first, second = train(built, student, tmp_path / "a"), train(built, student, tmp_path / "b")
    assert first == second
    assert first.chains == chains_for(built.manifest, TINY, student.base, KEY)
    for chain in first.chains:
        one, two = (path_of(tmp_path / m, chain).read_bytes() for m in "ab")
        assert one == two


@pytest.mark.parametrize("seed", range(4))
def test_retrained_without_her_is_never_having_seen_her(
    seed: int, build: Build, student: Student, tmp_path: Path
) -> None:
    everybody = village(seed)
    her = random.Random(seed).choice(sorted(everybody))
    stayed = build(without(everybody, her))

    never, steps_never = tmp_path / "never", list[Step]()
    never_saw = train(stayed, student, never, steps_never)

    knew, steps_again = tmp_path / "knew", list[Step]()
    with_her = train(build(everybody), student, knew)
    retrained = train(stayed, student, knew, steps_again)

    assert retrained == never_saw
    hers = HOME.slice(PersonId(her))
    assert retrained.chains[:hers] == with_her.chains[:hers]
    assert set(retrained.chains[hers:]).isdisjoint(with_her.chains[hers:])
    assert [s for s in steps_never if s.slice >= hers] == steps_again  # earlier slices: reused


def test_a_model_that_saw_her_is_another_model(
    build: Build, student: Student, tmp_path: Path
) -> None:
    everybody = village(5)
    her = sorted(everybody)[0]
    with_her = train(build(everybody), student, tmp_path / "a")
    without_her = train(build(without(everybody, her)), student, tmp_path / "a")
    assert with_her.digests[-1] != without_her.digests[-1]


def test_a_slice_she_had_to_herself_leaves_nothing(
    build: Build, student: Student, tmp_path: Path
) -> None:
    everybody = village(6)
    her, *rest = in_slice(everybody, 1)
    for person in rest:
        everybody = without(everybody, person)
    made = train(build(without(everybody, her)), student, tmp_path / "a")
    assert made.chains[1] == made.chains[0]
    assert made.digests[1] == made.digests[0]


def test_a_shard_of_nobody_has_learned_nothing(
    build: Build, student: Student, tmp_path: Path
) -> None:
    empty, full = build({}), build(village(7))
    nothing = train(empty, student, tmp_path / "a")
    assert len(set(nothing.digests)) == 1
    assert nothing.digests[0] not in train(full, student, tmp_path / "a").digests


def test_training_twice_costs_nothing_the_second_time(
    build: Build, student: Student, tmp_path: Path
) -> None:
    built, steps = build(village(8)), list[Step]()
    first = train(built, student, tmp_path)
    assert train(built, student, tmp_path, steps) == first
    assert steps == []


def test_it_stops_at_the_next_batch_when_it_is_no_longer_wanted(
    build: Build, student: Student, tmp_path: Path
) -> None:
    built, steps = build(village(9)), list[Step]()

    def wanted() -> bool:
        return not (steps and steps[-1].slice == 1 and steps[-1].step == 2)

    made = train_shard(
        built, student, tmp_path / "a", home_key=KEY, wanted=wanted, progress=steps.append
    )
    assert made == Stopped(shard=0, slice=1)
    chains = chains_for(built.manifest, TINY, student.base, KEY)
    assert digest_of(tmp_path / "a", chains[0]) and not digest_of(tmp_path / "a", chains[1])
    assert not [p for p in (tmp_path / "a" / "slices").iterdir() if p.suffix != ".safetensors"]
    undisturbed = train(built, student, tmp_path / "b")
    assert train(built, student, tmp_path / "a") == undisturbed  # and goes on as if nothing was


def test_it_does_not_begin_when_it_is_not_wanted(
    build: Build, student: Student, tmp_path: Path
) -> None:
    steps: list[Step] = []
    made = train_shard(
        build(village(9)),
        student,
        tmp_path,
        home_key=KEY,
        wanted=lambda: False,
        progress=steps.append,
    )
    assert made == Stopped(shard=0, slice=0)
    assert steps == []


def test_an_auditor_rebuilds_the_same_bytes(build: Build, student: Student, tmp_path: Path) -> None:
    built = build(village(10))
    claimed = train(built, student, tmp_path / "models")
    rebuild(
        built, student, tmp_path / "models", claimed, home_key=KEY, scratch=tmp_path / "scratch"
    )


def test_a_flipped_byte_is_found(build: Build, student: Student, tmp_path: Path) -> None:
    built = build(village(10))
    claimed = train(built, student, tmp_path)
    path = path_of(tmp_path, claimed.chains[1])
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 1
    path.write_bytes(raw)
    flipped = hashlib.sha256(raw).hexdigest()
    with pytest.raises(ProofRejected, match=f"{flipped}.*{claimed.digests[1]}"):
        rebuild(built, student, tmp_path, claimed, home_key=KEY, scratch=tmp_path / "scratch")
    with pytest.raises(ProofRejected, match="damaged"):
        train(built, student, tmp_path)  # nor does training go on from it


def test_a_digest_that_was_claimed_falsely_is_found(
    build: Build, student: Student, tmp_path: Path
) -> None:
    built, other = build(village(11)), build(village(12))
    honest = train(built, student, tmp_path / "a")
    train(other, student, tmp_path / "a")
    for mine, theirs in zip(
        honest.chains, train(other, student, tmp_path / "b").chains, strict=True
    ):
        path_of(tmp_path / "a", mine).write_bytes(path_of(tmp_path / "b", theirs).read_bytes())
    lying = dataclasses.replace(
        honest, digests=tuple(digest_of(tmp_path / "a", chain) or "" for chain in honest.chains)
    )
    with pytest.raises(ProofRejected, match="rebuilt"):
        rebuild(built, student, tmp_path / "a", lying, home_key=KEY, scratch=tmp_path / "scratch")


def test_a_rebuild_from_other_people_is_refused(
    build: Build, student: Student, tmp_path: Path
) -> None:
    claimed = train(build(village(13)), student, tmp_path)
    with pytest.raises(ProofRejected, match="not trained from this manifest"):
        rebuild(
            build(village(14)), student, tmp_path, claimed, home_key=KEY, scratch=tmp_path / "s"
        )


def test_a_rebuild_on_another_kind_of_machine_fails_loudly(
    build: Build, student: Student, tmp_path: Path
) -> None:
    built = build(village(13))
    made = train(built, student, tmp_path)
    elsewhere = dataclasses.replace(made, profile=dataclasses.replace(made.profile, threads=2))
    with pytest.raises(ProofRejected, match="another profile"):
        rebuild(built, student, tmp_path, elsewhere, home_key=KEY, scratch=tmp_path / "s")


def test_another_recipe_base_or_key_is_another_chain(build: Build, tiny: BaseModel) -> None:
    manifest = build(village(15)).manifest
    usual = chains_for(manifest, TINY, tiny, KEY)
    others = [
        chains_for(manifest, dataclasses.replace(TINY, rate=0.006), tiny, KEY),
        chains_for(manifest, TINY, dataclasses.replace(tiny, hash="0" * 64), KEY),
        chains_for(manifest, TINY, tiny, b"another key, also of thirty-two."),
    ]
    assert all(set(other).isdisjoint(usual) for other in others)


def test_what_saw_her_is_swept_away_once_it_is_not_served(
    build: Build, student: Student, tmp_path: Path
) -> None:
    everybody = village(16)
    her = in_slice(everybody, 1)[0]
    with_her = train(build(everybody), student, tmp_path)
    served = train(build(without(everybody, her)), student, tmp_path)
    assert sweep(tmp_path, set(served.chains)) > 0
    assert not any(digest_of(tmp_path, chain) for chain in with_her.chains[1:])
    assert all(digest_of(tmp_path, chain) for chain in served.chains)


def test_posts_that_the_manifest_does_not_name_are_not_trained_on(
    build: Build, student: Student, tmp_path: Path
) -> None:
    honest, other = build(village(17)), build(village(18))
    smuggled = BuiltShard(path=other.path, manifest=honest.manifest)
    with pytest.raises(ProofRejected, match="not those of its manifest"):
        train(smuggled, student, tmp_path)


def test_what_is_kept_but_not_for_training_teaches_nothing(
    build: Build, student: Student, tmp_path: Path
) -> None:
    """She may be found and is not learned: the weights are those of a shard that never had her."""
    everybody = village(21)
    her = in_slice(everybody, 1)[0]
    found = train(build(everybody, not_learned=[her]), student, tmp_path / "found")
    never = train(build(without(everybody, her)), student, tmp_path / "never")
    learned = train(build(everybody), student, tmp_path / "learned")

    def last(adapter: Adapter, models: str) -> bytes:
        made = recall(tmp_path / models, adapter.chains[-1])
        assert made
        return b"".join(made.learned[name].tobytes() for name in sorted(made.learned))

    assert last(found, "found") == last(never, "never") != last(learned, "learned")
    assert found.chains[0] == never.chains[0], "the slice before hers is the same file"
    assert found.chains[1] != never.chains[1], "hers is named by all that is kept in it"


def test_a_shard_that_may_only_be_found_has_learned_nothing(
    build: Build, student: Student, tmp_path: Path
) -> None:
    everybody = village(22)
    made = train(build(everybody, not_learned=everybody), student, tmp_path)
    last = recall(tmp_path, made.chains[-1])
    assert last
    assert not any(half.any() for half in last.learned.values())
