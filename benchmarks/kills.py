"""kill -9 at random moments of imports, builds, trainings and objections: what is left afterwards?

    python benchmarks/kills.py --kills 60

The village over the tiny random base of the tests. A command runs, is killed at a random moment of
the time it takes, and is run again, over and over; then once undisturbed. Beside it stands a site
to which the same was done without a kill. Imports: the same posts are in the lake. Builds and
trainings: the same manifests, and every adapter's bytes. Objections: each one that was
acknowledged stands, in the database and in the book; those entered by letter, and those that
sixteen people at once say to `demur serve` over HTTP, on SQLite and PostgreSQL. Exit code 1 where
anything differs.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import objections
import pyarrow.parquet as pq
import served
import tiny_base

from demur.serving.release import read_release
from demur.site.folder import Site, create
from demur.site.start import prepare, setup
from demur.village import archives

PRESENT = ("operator", "marijke", "bram", "ben", "kees", "sem", "priya", "tom", "wim", "lieke")


def demur(*words: str | Path, site: Path, kill_after: float | None = None) -> bool:
    """Run a command; True when it ended by itself and well."""
    command = [sys.executable, "-m", "demur.cli", *map(str, words), "--site", str(site)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        return process.wait(timeout=kill_after) == 0
    except subprocess.TimeoutExpired:
        subprocess.run(["pkill", "-9", "-s", str(process.pid)], check=False)
        process.wait()
        return False


def killed(times: int, dice: random.Random, site: Path, *words: str | Path, takes: float) -> int:
    """Run and kill `times` times, then run it through; how many runs the kill really met."""
    met = 0
    for _ in range(times):
        met += not demur(*words, site=site, kill_after=dice.uniform(0.3, 1.0) * takes)
    assert demur(*words, site=site), f"{words} does not end well after kills"
    return met


def posts(site: Path) -> set[str]:
    found: set[str] = set()
    for part in (site / "lake" / "posts").rglob("*.parquet"):
        ids = pq.read_table(part, columns=["post_id"])["post_id"].to_pylist()
        assert found.isdisjoint(ids), "a post is stored twice"
        found.update(ids)
    assert not list((site / "lake" / "staging").glob("*")), "an import was left half done"
    return found


def released(site: Path) -> Any:
    made = read_release(site / "models")
    assert made is not None
    return [(each.root, each.chains, each.digests) for each in made.adapters]


def timed(*words: str | Path, site: Path) -> float:
    began = time.monotonic()
    assert demur(*words, site=site), f"{words} failed undisturbed"
    return time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only-served", action="store_true", help="the last part alone")
    asked = parser.parse_args()
    dice, each = random.Random(asked.seed), asked.kills // 4
    if asked.only_served:
        with tempfile.TemporaryDirectory() as folder:
            done = list(served_kills(Path(folder), each, dice))
        show([row[:3] for row in done])
        return 1 if sum(row[3] for row in done) else 0
    rows: list[tuple[str, int, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        made = create(
            work / "a", name="T", origin="t.example/log", shards=4, slices=3,
            base=str(tiny_base.write(work / "base")),
        )  # fmt: skip
        setup(made)
        shutil.copytree(made.root, work / "b")
        files = [
            delivery.path
            for delivery in archives.write(work / "archives")
            if delivery.path.stem.split("-")[-1].removesuffix(".tar") in PRESENT
        ]
        takes = timed("import", *files, site=work / "a")
        met = killed(each, dice, work / "b", "import", *files, takes=takes)
        same = posts(work / "a") == posts(work / "b")
        rows.append(("imports", met, f"the same {len(posts(work / 'a'))} posts: {same}"))

        _tell(made)
        shutil.rmtree(work / "b")
        shutil.copytree(work / "a", work / "b")
        takes = timed("build", site=work / "a")
        met = killed(each, dice, work / "b", "build", takes=takes)
        trains = timed("train", site=work / "a")
        rows.append(("builds", met, "compared with the trainings"))
        met = killed(each, dice, work / "b", "train", takes=trains)
        equal = released(work / "a") == released(work / "b")
        rows.append(("trainings", met, f"the same manifests and bytes: {equal}"))

        met, lost = _objections(made, each, dice)
        rows.append(("objections by letter", met, f"acknowledged and lost: {lost}"))
        for row in served_kills(work, each, dice):
            rows.append(row[:3])
            lost += row[3]
    show(rows)
    return 0 if same and equal and not lost else 1


def show(rows: Sequence[tuple[str, int, str]]) -> None:
    print(f"{datetime.now(UTC).date()}\n\n| what was killed | kills that met it | afterwards |")
    print("|---|---|---|")
    for what, count, after in rows:
        print(f"| {what} | {count} | {after} |")


def served_kills(
    work: Path, kills: int, dice: random.Random
) -> Iterator[tuple[str, int, str, int]]:
    """`demur serve` under sixteen people who object over HTTP; every second time the database goes
    first, so that Nos wait in the spool. The last: how many were lost, or stand twice."""
    site = create(work / "sqlite", name="T", origin="t.example/log").root
    yield ("`demur serve` on SQLite", kills, *_served(site, kills, dice))
    if not (objections.PROGRAMS / "initdb").exists():
        return
    site = create(work / "postgres", name="T", origin="t.example/log").root
    with objections.postgres() as address:
        objections.on_postgres(site, address)
        yield ("`demur serve` on PostgreSQL", kills, *_served(site, kills, dice))


def _served(site: Path, kills: int, dice: random.Random) -> tuple[str, int]:
    port = served.free_port()
    served.at_port(site, port)
    people = iter(list(enumerate(served.register(site, kills * 200))))
    answers: dict[int, int] = {}
    for number in range(kills):
        goes = number % 2 == 1
        answers |= served.object_until_killed(site, port, people, dice, database_goes=goes)
    server = served.Served(site, port).up()
    served.wait_for(lambda: not served.waiting(site))
    server.stop()
    stand = served.who_objects(site)  # and the book is whole
    lost, twice = len(set(answers) - set(stand)), len(stand) - len(set(stand))
    noted = list(answers.values()).count(202)
    after = (
        f"{len(answers)} answered, {noted} of them from the spool: lost {lost}, twice {twice};"
        f" the book of {len(stand)} Nos verifies"
    )
    return after, lost + twice


def _tell(site: Site) -> None:
    """Everybody was told forty days ago."""
    prepare(site)
    from django.db import connections

    from demur.policy import regimes
    from demur.rights import mail, models, notice

    then = datetime.now(UTC) - timedelta(days=40)
    models.Account.objects.filter(declared_audience="").update(declared_audience="public")
    notice.announce(now=then, regimes=regimes.load())
    mail.send_due(then)
    connections.close_all()


def _objections(site: Site, kills: int, dice: random.Random) -> tuple[int, int]:
    """People object by letter, one after the other, and some commands are killed on the way."""
    from django.db import connections

    from demur.rights import models

    whole = models.Person.objects.filter(merged_into=None).order_by("pk")
    first, *people = list(whole.values_list("pk", flat=True))[: kills + 1]
    connections.close_all()
    takes = timed("object", first, "--out", site.root / "paper", site=site.root)
    acknowledged, met = {first}, 0
    for person in people:
        words = ("object", person, "--out", site.root / "paper")
        if demur(*words, site=site.root, kill_after=dice.uniform(0.5, 1.1) * takes):
            acknowledged.add(person)
        else:
            met += 1
    stands = models.Objection.objects.filter(entry__kind="objection")
    return met, len(acknowledged - set(stands.values_list("person", flat=True)))


if __name__ == "__main__":
    sys.exit(main())
