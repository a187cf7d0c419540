"""What a No costs: p50 and p99 with 16 clients at once, beside a bare insert of one row.

    python benchmarks/objections.py [--objections 800]

Each engine runs in a process of its own, as `demur serve` does: one process, 16 threads, each
client waiting for the answer before it asks again. The peer, measured in the same run on the same
database, is a transaction that inserts one row with the same settings (synchronous=FULL on
SQLite, synchronous_commit=on and fsync on PostgreSQL): what durability itself costs here. An
objection writes about ten rows, signs a head, and publishes it. PostgreSQL's server is started
for the run where its programs are; it never runs as root.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path

CLIENTS = 16
PROGRAMS = Path("/usr/lib/postgresql/15/bin")


def timed(work: Callable[[int], object], times: int) -> dict[str, float]:
    """Milliseconds an answer (p50, p99), answers a second, CPU milliseconds each."""
    from django.db import connections

    numbers = iter(range(times))

    def client(_: int) -> list[float]:
        took = []
        for number in numbers:
            started = time.perf_counter()
            work(number)
            took.append((time.perf_counter() - started) * 1e3)
        connections.close_all()
        return took

    began, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(CLIENTS) as pool:
        took = sorted(each for mine in pool.map(client, range(CLIENTS)) for each in mine)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "p50": statistics.median(took),
        "p99": took[int(len(took) * 0.99)],
        "a second": times / wall,
        "cpu": cpu / times * 1e3,
    }


def measure(folder: Path, objections: int) -> dict[str, object]:
    from demur.site import folder as sites
    from demur.site import start

    site = sites.open_site(folder)
    start.setup(site)
    start.prepare(site)

    from django.db import connection

    from demur.rights import models, objection, standing

    people = [
        models.Person(
            id=f"{number:032x}", secret=number.to_bytes(32, "big"), seen=0, line=0,
            email=f"p{number}@dorp.example", born=date(1990, 1, 1),
        )
        for number in range(objections)
    ]  # fmt: skip
    models.Person.objects.bulk_create(people)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (id BIGINT PRIMARY KEY, reason TEXT)")
    ids = count()

    def bare(_: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bare VALUES (%s, %s)", [next(ids), "nee"])

    def no(number: int) -> None:
        objection.submit(people[number], route="form", reason="nee", now=datetime.now(UTC))

    timed(bare, CLIENTS * 4)  # connections are opened, pages are warm
    result: dict[str, object] = {
        "bare insert": timed(bare, objections),
        "objection": timed(no, objections),
    }
    assert models.Objection.objects.count() == objections
    now = standing.of(site, today=lambda: date(2026, 11, 20))
    now.epoch()
    started = time.perf_counter()
    for _ in range(2000):
        now.epoch()
    result["epoch"] = (time.perf_counter() - started) / 2000 * 1e6
    started = time.perf_counter()
    now.in_force()
    result["in_force"] = (time.perf_counter() - started) * 1e3
    return result


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a server of our own, fsync on, as PostgreSQL ships."""
    home = Path(tempfile.mkdtemp(prefix="demur-postgres-"))
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        shutil.chown(home, user)

    def run(program: str, *words: str) -> None:
        call = [str(PROGRAMS / program), "-D", str(home / "data"), *words]
        subprocess.run(call, check=True, user=user, cwd=home, stdout=subprocess.DEVNULL)

    run("initdb", "-U", "demur", "-A", "trust", "-E", "UTF8")
    options = f"-c listen_addresses='' -c unix_socket_directories='{home}'"
    run("pg_ctl", "-l", str(home / "log"), "-o", options, "-w", "start")
    try:
        yield f"postgresql://demur@/postgres?host={home}"
    finally:
        run("pg_ctl", "-m", "fast", "stop")
        shutil.rmtree(home)


def report(engine: str, folder: Path, objections: int) -> None:
    words = [sys.executable, __file__, "--measure", str(folder), "--objections", str(objections)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    result = json.loads(done.stdout)
    for what in ("bare insert", "objection"):
        row = result[what]
        print(
            f"| {engine} | {what} | {row['p50']:.1f} | {row['p99']:.1f} "
            f"| {row['a second']:.0f} | {row['cpu']:.1f} |"
        )
    # not at p50: SQLite lets one thread insert many rows in a row while the others wait
    ratio = result["bare insert"]["a second"] / result["objection"]["a second"]
    print(f"| {engine} | ratio | | | {ratio:.1f}x | |")
    print(
        f"| {engine} | reading the standing | epoch {result['epoch']:.0f} µs "
        f"| in_force with {objections} Nos {result['in_force']:.0f} ms | | |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objections", type=int, default=800)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure, args.objections)))
        return
    from demur.site import folder as sites

    print(f"{CLIENTS} clients, {args.objections} objections, {os.cpu_count()} cores\n")
    print("| engine | what | p50 ms | p99 ms | a second | CPU ms each |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        site = sites.create(Path(scratch) / "sqlite", name="Bench", origin="bench.example/log")
        report("SQLite", site.root, args.objections)
        if not (PROGRAMS / "initdb").exists():
            print(f"\nPostgreSQL was left out: its programs are not in {PROGRAMS}.")
            return
        site = sites.create(Path(scratch) / "postgres", name="Bench", origin="bench.example/log")
        with postgres() as address:
            toml = site.root / "demur.toml"
            toml.write_text(toml.read_text().replace('url = ""', f'url = "{address}"'))
            report("PostgreSQL", site.root, args.objections)


if __name__ == "__main__":
    main()
