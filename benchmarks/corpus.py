"""Deciding, collapsing copies and exporting generated posts: CPU and memory beside the floor.

    python benchmarks/corpus.py [POSTS …] [--ray] [--folder FOLDER]

For each number of posts (default 1,000,000) a lake of 200,000 accounts is generated (lake_of.py),
then each of these runs in a process of its own:

- build     `corpus.build.build`: find objectors' texts, decide with every reason, collapse copies,
            decide a sample again, mask, sort, hash into manifests, write
- hashing   the manifests' part of that, again, alone, from memory: how much of build it is
- floor     plain pyarrow: read the same columns, write the same rows and the same decisions. Which
            rows is known from the build, so nothing is decided, sorted or hashed
- datasets  the same decision with Hugging Face datasets: a filter in plain Python over batches,
            the author's part worked out before, copies by a set (up to 1,000,000 posts)

With --ray the build runs again on a local Ray cluster; its roots must be equal. CPU is user and
system seconds of the whole process tree, peak the most resident memory it had together.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def build(folder: Path, out: Path, *, on_ray: bool = False) -> dict[str, Any]:
    import pyarrow.parquet as pq
    from lake_of import TODAY, home, narrowed

    from demur.corpus.build import build
    from demur.corpus.facts import Stands
    from demur.corpus.lake import Lake
    from demur.execution.local import in_process
    from demur.execution.ray import cluster
    from demur.people import Scope
    from demur.policy import regimes

    people = pq.read_table(folder / "accounts.parquet")
    manifests = build(
        Lake(folder / "lake", home()),
        Stands(
            people=people,
            today=TODAY,
            regimes=regimes.load(),
            holds=(Scope(country="IT"),),
            declared_groups=frozenset({"buurt"}),
            narrowed=narrowed(people),
        ),
        out=out,
        seed=1,
        execution=cluster() if on_ray else in_process,
    )
    kept = sum(manifest.posts for manifest in manifests)
    return {"kept": kept, "roots": [manifest.root for manifest in manifests]}


def hashing(folder: Path, out: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq
    from lake_of import SHARDS, SLICES

    from demur.corpus.build import current
    from demur.corpus.manifest import of_kept

    spent = 0.0
    for shard in range(SHARDS):
        built = current(folder / "build", shard)
        pq.read_table(built.kept)  # so that the file is in memory for both
        before = _cpu()
        read = pq.read_table(built.kept, use_threads=False)
        reading = _cpu() - before
        before = _cpu()
        again = of_kept(built.kept, shard=shard, policy=built.manifest.policy, slices=SLICES)
        spent += max(_cpu() - before - reading, 0.0)
        assert again == built.manifest, "the manifest does not follow from what was kept"
        del read
    return {"cpu": spent}


def prepare(folder: Path, out: Path) -> dict[str, Any]:
    """Not measured: for each file of the lake, the decisions in the order of its rows."""
    import numpy as np
    import pyarrow.parquet as pq
    from lake_of import SHARDS

    out.mkdir()
    for shard in range(SHARDS):
        name = f"shard={shard:04d}"
        decided = pq.read_table(next((folder / "build" / name).glob("*/decisions.parquet")))
        reasons = dict(zip(*(decided[c].to_pylist() for c in ("post_id", "reasons")), strict=True))
        outcome = dict(zip(*(decided[c].to_pylist() for c in ("post_id", "outcome")), strict=True))
        for part in (folder / "lake" / "posts" / name).glob("*.parquet"):
            ids = pq.read_table(part, columns=["post_id"])["post_id"].to_pylist()
            rows = np.array([(reasons[post], outcome[post]) for post in ids], np.int64)
            np.save(out / f"{name}-{part.stem}.npy", rows)
    return {}


def floor(folder: Path, out: Path) -> dict[str, Any]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from lake_of import SHARDS

    from demur.corpus.manifest import KEPT_SCHEMA
    from demur.corpus.stored import LAKE_SCHEMA, PARQUET

    pa.set_cpu_count(1)
    out.mkdir()
    unread = {"origin", "reply_to"}
    source = [name for name in LAKE_SCHEMA.names if name not in unread]
    columns = [name for name in source if name in {*KEPT_SCHEMA.names, "mention_key"}]
    kept = 0
    for shard in range(SHARDS):
        name = f"shard={shard:04d}"
        kept_writer = decided_writer = None
        for part in sorted((folder / "lake" / "posts" / name).glob("*.parquet")):
            decisions, at = np.load(folder / "known" / f"{name}-{part.stem}.npy"), 0
            for batch in pq.ParquetFile(part).iter_batches(columns=source, use_threads=False):
                reasons, outcome = decisions[at : at + len(batch)].T
                at += len(batch)
                decided = pa.table(
                    {
                        "post_id": batch["post_id"],
                        "person": batch["person"],
                        "reasons": pa.array(reasons),
                        "outcome": pa.array(outcome, pa.int8()),
                    }
                )
                rows = pa.Table.from_batches([batch.select(columns).filter(pa.array(outcome < 2))])
                if kept_writer is None or decided_writer is None:
                    kept_writer = pq.ParquetWriter(out / f"{name}.kept", rows.schema, **PARQUET)
                    decided_writer = pq.ParquetWriter(out / f"{name}.d", decided.schema, **PARQUET)
                decided_writer.write_table(decided)
                kept_writer.write_table(rows)
                kept += rows.num_rows
        if kept_writer is not None and decided_writer is not None:
            kept_writer.close()
            decided_writer.close()
    return {"kept": kept}


def datasets(folder: Path, out: Path) -> dict[str, Any]:
    """As somebody would write it with datasets: no reasons, only whether a post may train."""
    import datasets as hf
    import pyarrow.parquet as pq
    from lake_of import SHARDS, TODAY

    hf.disable_progress_bars()
    people = pq.read_table(folder / "accounts.parquet").to_pylist()
    objectors = {key for row in people if row["objects"] for key in row["keys"]}
    usable = {row["account"]: row for row in people if _may(row, TODAY)}
    names = sorted(str(path) for path in folder.glob("lake/posts/*/*.parquet"))
    posts = hf.Dataset.from_parquet(names, cache_dir=str(out / "cache"))
    silent = {row["person"] for row in people if row["objects"]}
    told = {
        text
        for batch in posts.select_columns(["person", "text_hash", "normal_chars"]).iter(10_000)
        for person, text, chars in zip(*batch.values(), strict=True)
        if person in silent and chars >= 32
    }
    seen: set[tuple[object, ...]] = set()
    needed = ["account", "person", "kind", "audience", "group", "created_at", "reshare_of"]
    needed += ["mention_key", "tagged", "photos", "refuses_training", "text_hash", "normal_chars"]

    def may_train(batch: dict[str, list[Any]]) -> list[bool]:
        answers = []
        for row in (
            dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)
        ):
            author = usable.get(row["account"])
            audience = row["audience"]
            if audience == "unknown" and author:
                declared = author["declared_audience"] if row["group"] is None else "public_group"
                audience = declared or "unknown"
            day = row["created_at"].date()
            what = (row["person"], row["text_hash"], *(p["sha256"] for p in row["photos"]))
            yes = (
                author is not None
                and (audience in ("public", "public_group", "unlisted") or row["kind"] == "chat")
                and (row["kind"] != "chat" or author["chats_on"])
                and row["reshare_of"] is None
                and author["adult_from"] <= day <= TODAY
                and objectors.isdisjoint(row["tagged"])
                and not row["refuses_training"]
                and not (row["normal_chars"] >= 32 and row["text_hash"] in told)
                and what not in seen
            )
            if yes:
                seen.add(what)
            answers.append(yes)
        return answers

    kept = posts.filter(
        lambda *columns: may_train(dict(zip(needed, columns, strict=True))),
        input_columns=needed,
        batched=True,
    )
    for shard in range(SHARDS):
        kept.shard(SHARDS, shard).to_parquet(str(out / f"{shard}.parquet"))
    return {"kept": len(kept)}


def _may(row: dict[str, Any], today: Any) -> bool:
    return (
        row["locked"] is False
        and row["adult_from"] is not None
        and row["adult_from"] <= today
        and row["usable_from"] is not None
        and row["usable_from"] <= today
        and not row["objects"]
        and not row["refuses_training"]
        and row["country"] != "IT"
    )


# Measuring


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(step: str, folder: Path) -> dict[str, Any]:
    """Run one step in a process of its own; CPU seconds and peak MiB of its process tree."""
    import psutil

    command = [sys.executable, str(HERE / "corpus.py"), "--step", step, "--folder", str(folder)]
    began = time.time()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    root, spent, peak = psutil.Process(child.pid), {}, 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.1):
            resident = 0
            try:
                for process in [root, *root.children(recursive=True)]:
                    times = process.cpu_times()
                    spent[process.pid] = times.user + times.system
                    resident += process.memory_info().rss
            except psutil.Error:
                continue
            peak = max(peak, resident)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = child.communicate()
    done.set()
    watcher.join()
    if child.returncode:
        raise SystemExit(f"{step} failed; its own words are above")
    said = json.loads(output.splitlines()[-1])
    measured = {"cpu": sum(spent.values()), "peak": peak >> 20, "wall": time.time() - began}
    return measured | said


def table(posts: int, folder: Path, *, on_ray: bool) -> None:
    steps = ["build", "hashing", "floor"] + ["datasets"] * (posts <= 1_000_000) + ["ray"] * on_ray
    found = {}
    for step in steps:
        if step == "floor":
            measure("prepare", folder)
        shutil.rmtree(folder / step, ignore_errors=True)
        found[step] = measure(step, folder)
    least = found["floor"]["cpu"]
    print(f"\n### {posts:,} posts, {found['build']['kept']:,} kept\n")
    print("| | CPU s | of the floor | peak MiB | wall s | kept |\n|---|---|---|---|---|---|")
    for step, row in found.items():
        print(
            f"| {step} | {row['cpu']:.1f} | {row['cpu'] / least:.2f}x | {row['peak']:,} |"
            f" {row['wall']:.1f} | {row.get('kept', 0):,} |",
            flush=True,
        )
    if on_ray:
        assert found["ray"]["roots"] == found["build"]["roots"], "Ray built something else"
        print("\nRay and one process built the same roots.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("posts", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--ray", action="store_true", help="build on a local Ray cluster too")
    parser.add_argument("--folder", type=Path, help="keep the generated lake here")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        step = {
            "build": lambda: build(asked.folder, asked.folder / "build"),
            "ray": lambda: build(asked.folder, asked.folder / "ray", on_ray=True),
            "prepare": lambda: prepare(asked.folder, asked.folder / "known"),
            "hashing": lambda: hashing(asked.folder, asked.folder),
            "floor": lambda: floor(asked.folder, asked.folder / "floor"),
            "datasets": lambda: datasets(asked.folder, asked.folder / "datasets"),
        }[asked.step]
        print(json.dumps(step()))
        return
    for posts in asked.posts:
        with tempfile.TemporaryDirectory(prefix="demur-corpus-") as temporary:
            folder = asked.folder or Path(temporary)
            if not (folder / "accounts.parquet").exists():
                from lake_of import generate

                generate(folder, posts)
            shutil.rmtree(folder / "known", ignore_errors=True)
            table(posts, folder, on_ray=asked.ray)


if __name__ == "__main__":
    main()
