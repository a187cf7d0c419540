"""Memories of a few posts without a site: for what an ability plans, before any model speaks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import tiny_base
from hand_built import ALL_USES, mark_of

from demur.corpus.manifest import KEPT_SCHEMA
from demur.memory import vocabulary
from demur.memory.memories import Heard, Memories
from demur.memory.remember import remember
from demur.people import InForce, PersonId


def heard(folder: Path, posts: list[dict[str, Any]], *silent: str) -> Heard:
    """posts: who, text, lang, and whatever else differs; their ids are `p0`, `p1` …"""
    rows = [_kept(number, **post) for number, post in enumerate(posts)]
    built = folder / "build" / "shard=0000" / "first"
    built.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=KEPT_SCHEMA), built / "kept.parquet")
    words = vocabulary.of(tiny_base.alphabet(), start="<|im_start|>", end="<|im_end|>")
    remember(built, folder / "memory", words)
    memories = Memories.load([built], folder / "memory", words)
    return memories.under(InForce(epoch=1, silent={PersonId(who): 1 for who in silent}))


def _kept(number: int, *, who: str, text: str, lang: str, **more: Any) -> dict[str, Any]:
    return {
        "post_id": f"p{number}",
        "person": who,
        "slice": 0,
        "account": f"forum:{who}",
        "platform": "forum",
        "country": "NL",
        "kind": "post",
        "uses": ALL_USES,
        "lang": lang,
        "created_at": datetime(2026, 1, 1, 12, number, tzinfo=UTC),
        "text": text,
        "text_hash": mark_of(text),
        "near": [],
        "mention_keys": [],
        "masked": [],
        "tagged": [],
        "photos": [],
        "origin": str(number),
    } | more
