"""Counted: what each build decided and what each released model can do, kept in numbers.

The desk and an authority compare one row with the one before it: which reason grew, and what a No
cost. No row says anything about one person, and nothing is decided by them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime

import pyarrow.compute as pc
import pyarrow.parquet as pq

from demur.assistant.generation import Generation
from demur.corpus.build import BuiltShard
from demur.people import Use
from demur.policy import regimes
from demur.policy.decision import of_mask
from demur.policy.version import policy_hash
from demur.rights import fall, models, standing
from demur.rights.place import Place
from demur.serving import heldout


def built(shards: Sequence[BuiltShard], *, now: datetime) -> None:
    """What these builds decided, where it is something else than the last time."""
    reasons: Counter[str] = Counter()
    for shard in shards:
        masks = pq.read_table(shard.decisions, columns=["reasons"])["reasons"]
        for each in pc.value_counts(masks):
            count = each["counts"].as_py()
            decided = of_mask(each["values"].as_py())
            reasons.update({reason.rule: count for reason in decided.reasons})
    said = {
        "policy": policy_hash(regimes.load()),
        "kept": {str(shard.manifest.shard): shard.manifest.posts for shard in shards},
        "reasons": dict(sorted(reasons.items())),
    }
    last = models.Built.objects.order_by("pk").last()
    if last is None or any(getattr(last, name) != value for name, value in said.items()):
        models.Built.objects.create(at=now, **said)


def measured(site: Place, *, today: Callable[[], date], now: datetime) -> None:
    """What the served model can do and for whom, once for each model.

    people, posts: those that it may have learned; shards: those that speak. The bits are of the
    base, the adapter and the counts together, as they may speak while the present standing holds.
    """
    generation = Generation.load(site.models.parent)
    if models.Measured.objects.filter(pk=generation.name).exists():
        return
    heard = generation.heard(standing.of(site, today=today).in_force())
    adapter, shards = generation.adapter(heard)
    people, posts = _learned()
    bits = heldout.bits_per_byte(generation.base, generation.recipe, adapter, heard.over)
    models.Measured.objects.get_or_create(
        model=generation.name,
        defaults={
            "at": now,
            "people": people,
            "posts": posts,
            "shards": len(shards),
            "bits_per_byte": bits,
        },
    )


def _learned() -> tuple[int, int]:
    """How many people and posts are kept for training."""
    people: set[str] = set()
    posts = 0
    for _, kept in fall.built_posts():
        table = pq.read_table(kept, columns=["person", "uses"])
        learned = table.filter(pc.not_equal(pc.bit_wise_and(table["uses"], Use.TRAINING.bit), 0))
        posts += len(learned)
        people.update(learned["person"].unique().to_pylist())
    return len(people), posts
