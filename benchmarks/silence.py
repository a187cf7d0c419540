"""Silence after a No, measured from outside: how soon does every surface stop repeating somebody?

    python benchmarks/silence.py SITE --people 40

One process asks about people's posts without a pause, on every surface at once (search, citations,
trace); another enters objections, one after the other. For each person and surface: the time from
the moment the objection's answer was sent to the end of the last call that still repeated them. A
call that begins after that moment and repeats them is a failure, and ends the run with exit code
1. Works on a copy of SITE, which must be trained.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from multiprocessing.connection import Connection
from pathlib import Path

import pyarrow.parquet as pq

from demur.corpus import build as corpus
from demur.site.folder import Site, open_site
from demur.site.start import prepare, setup

PAUSE = 1.0  # seconds between two objections


@dataclass(frozen=True)
class Call:
    began: float
    ended: float
    repeated: bool  # did it repeat the person being asked about?


def object_one_by_one(root: str, wire: Connection) -> None:
    """In a process of its own: enter the No of each person that is named, and say when it stood."""
    site = open_site(Path(root))
    setup(site)
    from demur.rights import models, objection

    wire.send("ready")
    while (person := wire.recv()) is not None:
        began = time.monotonic()
        objection.submit(models.Person.objects.get(pk=person), route="form", now=datetime.now(UTC))
        wire.send((began, time.monotonic()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("--people", type=int, default=40)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "site"
        shutil.copytree(asked.site, root)
        return measure(root, asked.people)


def measure(root: Path, people: int) -> int:  # noqa: PLR0915  (read from top to bottom)
    site = open_site(root)
    setup(site)
    prepare(site)
    from demur.assistant import chat, search, tracing
    from demur.assistant.answer import Assistant
    from demur.assistant.said import Answer, Message, Sampling
    from demur.rights import standing

    assistant = Assistant.open(root, standing.of(site, today=lambda: datetime.now(UTC).date()))
    heard = list(_heard(site))[:people]
    chosen = [(person, accounts, text) for person, accounts, text, _ in heard]
    posts = {text: theirs for _, _, text, theirs in heard}
    parent, child = multiprocessing.Pipe()
    beside = multiprocessing.get_context("spawn").Process(
        target=object_one_by_one, args=(str(root), child)
    )
    beside.start()
    assert parent.recv() == "ready"

    def found(text: str, accounts: set[str]) -> bool:
        return any(hit.account in accounts for hit in search.find(assistant, text, 20))

    def traced(text: str, accounts: set[str]) -> bool:
        theirs = posts[text]
        return any(theirs.intersection(run.post_ids) for run in tracing.trace(assistant, text))

    def quoted(text: str, accounts: set[str]) -> bool:
        asked = [Message(role="user", text=text)]
        *_, answer = chat.reply(assistant, asked, Sampling(max_tokens=12, seed=1))
        assert isinstance(answer, Answer)
        return any(citation.account in accounts for citation in answer.citations)

    surfaces: dict[str, Callable[[str, set[str]], bool]] = {
        "search": found, "trace": traced, "chat": quoted
    }  # fmt: skip
    quoted(chosen[0][2], chosen[0][1])  # the model is read once, before anything is timed
    late: dict[str, list[float]] = {name: [] for name in surfaces}
    submit: list[float] = []
    leaks = 0
    for person, accounts, text in chosen:
        calls: dict[str, list[Call]] = {name: [] for name in surfaces}
        stop = threading.Event()

        def ask(name: str) -> None:
            while not stop.is_set():  # noqa: B023  (joined below)
                began = time.monotonic()
                repeated = surfaces[name](text, accounts)  # noqa: B023  (joined below)
                calls[name].append(Call(began, time.monotonic(), repeated))  # noqa: B023

        threads = [threading.Thread(target=ask, args=(name,)) for name in surfaces]
        for thread in threads:
            thread.start()
        time.sleep(PAUSE)
        parent.send(person)
        began, stood = parent.recv()
        submit.append(stood - began)
        time.sleep(PAUSE)
        stop.set()
        for thread in threads:
            thread.join()
        for name, made in calls.items():
            leaks += sum(call.repeated and call.began > stood for call in made)
            late[name].append(
                max((call.ended - stood for call in made if call.repeated), default=0.0)
            )
    parent.send(None)
    beside.join()
    print(f"{datetime.now(UTC).date()}, {platform.machine()}, {len(chosen)} people, Python "
          f"{platform.python_version()}\n")  # fmt: skip
    print("| surface | last repeated after the No stood, median ms | p99 ms |\n|---|---|---|")
    for name, values in late.items():
        after = [max(0.0, value) * 1000 for value in values]
        print(f"| {name} | {statistics.median(after):.1f} | {_p99(after):.1f} |")
    taken = [value * 1000 for value in submit]
    print(f"| (entering the objection) | {statistics.median(taken):.1f} | {_p99(taken):.1f} |")
    print(f"\ncalls that began after the No stood and repeated the person: {leaks}")
    return 1 if leaks else 0


def _p99(values: list[float]) -> float:
    return sorted(values)[max(0, -(-len(values) * 99 // 100) - 1)]


def _heard(site: Site) -> Iterator[tuple[str, set[str], str, set[str]]]:
    """Everybody whose posts are used: the person, accounts, their longest text, all their posts."""
    for shard in range(site.home.shards):
        kept = pq.read_table(corpus.current(site.build, shard).kept).to_pylist()
        for person, rows in groupby(kept, key=lambda row: row["person"]):
            theirs = list(rows)
            longest = max((row["text"] for row in theirs), key=len)
            accounts = {row["account"] for row in theirs}
            yield person, accounts, longest, {row["post_id"] for row in theirs}


if __name__ == "__main__":
    sys.exit(main())
