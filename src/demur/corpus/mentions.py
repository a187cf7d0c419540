"""Mentions: by which exact strings other people's posts point at somebody who objects now.

Tags, handles and links only, as platforms wrote them. Plain names are not guessed here: a name is
many people's.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def keys_of_objectors(people: pa.Table) -> frozenset[str]:
    """The mention keys of every account of everybody who objects. people: `PEOPLE_SCHEMA`.

    A key that two people share (the same name in a tag) is masked for both: stricter than right,
    never weaker.
    """
    keys = people.filter(pc.field("objects"))["keys"]
    return frozenset(key for each in keys.to_pylist() for key in each)
