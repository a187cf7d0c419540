"""What a `served` line commits to: one model, as it was put before people.

    {"model": …, "base": …, "recipe": …,
     "shards": [{"shard": 3, "manifest": <root>, "adapter": <digest or null>}, …],
     "people_root": <64 hexadecimals>}

`people_root` is the root of the prefix tree (`absence`) over the tags of everybody whose posts are
in those manifests, as author or mentioned; `model` is the name that the tags are made for. The
other values are whatever digests the builders write; here they are texts to compare. Adapter is
null where a shard serves counts alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demur.errors import ProofRejected
from demur.tlog.spelling import HASH, from_hex

MEMBERS = frozenset({"model", "base", "recipe", "shards", "people_root"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedShard:
    shard: int
    manifest: str
    adapter: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    model: str
    base: str
    recipe: str
    shards: tuple[ServedShard, ...]  # by number
    people_root: bytes

    @property
    def payload(self) -> dict[str, Any]:
        """What `entry.seal("served", …)` takes."""
        return {
            "model": self.model,
            "base": self.base,
            "recipe": self.recipe,
            "shards": [
                {"shard": each.shard, "manifest": each.manifest, "adapter": each.adapter}
                for each in self.shards
            ],
            "people_root": self.people_root.hex(),
        }


def read(payload: Mapping[str, Any]) -> Release:
    """ProofRejected unless the payload is exactly a release."""
    texts = [payload.get(name) for name in ("model", "base", "recipe")]
    shards = payload.get("shards")
    if (
        payload.keys() != MEMBERS
        or not all(isinstance(text, str) and text for text in texts)
        or not isinstance(shards, list)
    ):
        raise ProofRejected(
            "The line about a served model lacks its model, base, recipe, shards or people_root; "
            "ask the operator for a whole one."
        )
    release = Release(
        model=payload["model"],
        base=payload["base"],
        recipe=payload["recipe"],
        shards=tuple(_shard(each) for each in shards),
        people_root=from_hex(payload["people_root"], HASH, "the people_root"),
    )
    numbers = [each.shard for each in release.shards]
    if numbers != sorted(set(numbers)):
        raise ProofRejected("The shards of the served model are not each named once, in order.")
    return release


def _shard(value: object) -> ServedShard:
    if isinstance(value, dict) and value.keys() == {"shard", "manifest", "adapter"}:
        shard, manifest, adapter = value["shard"], value["manifest"], value["adapter"]
        if (
            isinstance(shard, int)
            and not isinstance(shard, bool)
            and isinstance(manifest, str)
            and isinstance(adapter, str | None)
        ):
            return ServedShard(shard=shard, manifest=manifest, adapter=adapter)
    raise ProofRejected("A shard of the served model lacks its number, manifest or adapter.")
