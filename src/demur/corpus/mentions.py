"""Mentions: by which exact strings other people's posts point at somebody who objects now.

Tags, handles and links only, as platforms wrote them. Plain names are not guessed here: a name is
many people's (`corpus.names` proposes them to whoever bears one).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from demur.people import EVERYTHING, PersonId, Scope, Use

Narrowed = Mapping[PersonId, tuple[Scope, ...]]


def keys_of_objectors(people: pa.Table, narrowed: Narrowed) -> frozenset[str]:
    """The mention keys of everybody whose No reaches what others write. people: `PEOPLE_SCHEMA`.

    A key that two people share (the same name in a tag) is masked for both: stricter than right,
    never weaker.
    """
    keys = people.filter(pc.field("objects"))["keys"]
    found = {key for each in keys.to_pylist() for key in each}
    some = people.filter(pc.is_in(people["person"], pa.array(sorted(narrowed), pa.string())))
    for person, keys in zip(some["person"].to_pylist(), some["keys"].to_pylist(), strict=True):
        for scope in narrowed[person]:
            found.update(key for key in keys if masks(scope, key))
    return frozenset(found)


def masks(scope: Scope, key: str) -> bool:
    """Does a No of this scope take its person out of others' posts where this key stands?

    It does unless it is about some of the person's own posts only (one post, a period, a kind, a
    group), or leaves training out. A No to one platform masks that platform's keys.
    """
    person = replace(scope, platform=None, uses=()) == EVERYTHING
    here = scope.platform in (None, key.partition(":")[0])
    return person and here and scope.withholds(Use.TRAINING)


def whose_copies(people: pa.Table, narrowed: Narrowed) -> frozenset[PersonId]:
    """Everybody of whose words and pictures no copy by others is used: those who object to
    everything, and those who object to training with everything of theirs."""
    objecting = people.filter(pc.field("objects"))["person"].unique().to_pylist()
    return frozenset([*map(PersonId, objecting), *_against_training(narrowed)])


def _against_training(narrowed: Narrowed) -> Iterator[PersonId]:
    for person, scopes in narrowed.items():
        if any(replace(s, uses=()) == EVERYTHING and s.withholds(Use.TRAINING) for s in scopes):
            yield person
