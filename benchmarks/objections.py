"""What a No costs over HTTP: 16 people at once, quiet and while the worker builds and trains.

    python benchmarks/objections.py ../shared/data/community --objections 300

The site holds that community and is served by `demur serve`; the people are signed in, have the
form open and send it, each from a connection of their own. Timed is from sending it to the last
byte of the page with the receipt; CPU is that of the serving process, receipts' letters included.
Beside it `demur work` first decides and remembers every post, then trains. The peer of the same
run is a bare view on the same server, with the same middleware and sessions, that inserts one row
and commits (synchronous=FULL on SQLite, synchronous_commit=on and fsync on PostgreSQL). The
server of PostgreSQL is started for the run where its programs are; it never runs as root.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import community
from served import FORM, Browser, Served, at_port, cpu_of, free_port, register

CLIENTS = 16
PROGRAMS = Path("/usr/lib/postgresql/15/bin")
SHARDS = 8
PEER = "--peer"
STANDING = "--standing"


@dataclass(frozen=True)
class Row:
    """Milliseconds to the receipt page (p50, p99), Nos a second, CPU milliseconds a request."""

    p50: float
    p99: float
    a_second: float
    cpu: float
    beside: float  # CPU-seconds a second that the worker used meanwhile


def load(server: Served, sessions: Sequence[str], sees: str, worker: Worker | None) -> Row:
    """Everybody sends the form that they have open. sees: what the last page must say."""
    browsers = [Browser(server.port, session) for session in sessions]

    def no(browser: Browser) -> float:
        began = time.perf_counter()
        said = browser.post(FORM, email="p@dorp.example", reason="nee")
        page = browser.get(said.location)
        took = time.perf_counter() - began
        assert (said.status, page.status) == (302, 200), (said, page)
        assert sees in page.page
        return took * 1e3

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda browser: browser.get(FORM), browsers))
        mine, other = server.cpu(), worker.cpu() if worker else 0
        began = time.perf_counter()
        took = sorted(pool.map(no, browsers))
        wall = time.perf_counter() - began
    mine = server.cpu() - mine
    return Row(
        p50=statistics.median(took),
        p99=took[int(len(took) * 0.99)],
        a_second=len(took) / wall,
        cpu=mine / len(took) / 2 * 1e3,
        beside=((worker.cpu() - other) / wall) if worker else 0,
    )


class Worker:
    """`demur work` beside the server, and the lines it has said."""

    def __init__(self, site: Path) -> None:
        words = [sys.executable, "-u", "-m", "demur.cli", "work", "--site", str(site)]
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.said: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line.strip())

    def cpu(self) -> float:
        return cpu_of(self.process.pid)

    def has_said(self, words: str) -> bool:
        return any(words in line for line in self.said)

    def until(self, words: str) -> None:
        while not self.has_said(words):
            assert self.process.poll() is None, self.said
            time.sleep(0.2)

    def kill(self) -> None:
        subprocess.run(["pkill", "-9", "-s", str(self.process.pid)], check=False)
        self.process.wait()


def measure(site: Path, objections: int) -> Iterator[tuple[str, str, Row]]:
    """(when, what, figures): quiet, while the worker builds, while it trains."""
    port, bare = free_port(), free_port()
    sessions = register(site, 3 * objections + CLIENTS)
    warm, *groups = [sessions[:CLIENTS], *batches(sessions[CLIENTS:], objections)]
    at_port(site, port)
    with running(Served(site, port)) as server:
        words = [sys.executable, __file__, PEER, str(site), str(bare)]
        with running(Served(site, bare, words)) as peer:
            for each, sees in ((server, "tlog-proof"), (peer, "row")):
                load(each, warm, sees, None)

            def both(
                when: str, group: Sequence[str], worker: Worker | None
            ) -> Iterator[tuple[str, str, Row]]:
                yield when, "bare insert", load(peer, group, "row", worker)
                yield when, "objection", load(server, group, "tlog-proof", worker)

            yield from both("quiet", groups[0], None)
            worker = Worker(site)
            try:
                while worker.cpu() < 4:  # it has started and is deciding
                    time.sleep(0.1)
                yield from both("beside a build", groups[1], worker)
                assert not worker.has_said("posts kept"), "the build was over too soon: more posts"
                worker.until("trained 0 of")
                time.sleep(15)  # its processes have read the base model
                yield from both("beside a training", groups[2], worker)
                assert worker.process.poll() is None
                assert not worker.has_said("released"), "the training was over too soon: more posts"
            finally:
                worker.kill()


def batches(sessions: Sequence[str], size: int) -> list[Sequence[str]]:
    return [sessions[start : start + size] for start in range(0, len(sessions), size)]


@contextmanager
def running(server: Served) -> Iterator[Served]:
    try:
        yield server.up()
    finally:
        server.stop()


def serve_peer(root: Path, port: int) -> None:
    """The same server and middleware, and a view that inserts one row."""
    from demur.site import folder, start

    at_port(root, port)
    site = folder.open_site(root)
    start.setup(site)
    from django.conf import settings
    from django.contrib.auth.decorators import login_required
    from django.db import connection
    from django.http import HttpRequest, HttpResponse
    from django.middleware.csrf import get_token
    from django.urls import path

    from demur.site import serve

    ids = itertools.count(time.time_ns())

    @login_required
    def form(request: HttpRequest) -> HttpResponse:
        if request.method == "GET":
            return HttpResponse(get_token(request))
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bare VALUES (%s, %s)", [next(ids), request.POST["reason"]])
        return HttpResponse(status=302, headers={"Location": "/bare/"})

    @login_required
    def shown(_: HttpRequest) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(id) FROM bare")
            return HttpResponse(f"row {cursor.fetchone()[0]}")

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bare (id BIGINT PRIMARY KEY, reason TEXT)")
    connection.close()
    settings.ROOT_URLCONF = (path(FORM.strip("/") + "/", form), path("bare/", shown))

    class Peer(serve._Server):
        def _beside_the_pages(self, worker: object) -> None:
            """No letters: they are the other server's."""

    Peer(site).run()


def standing(root: Path) -> None:
    """What a reader of the standing waits for: microseconds for the epoch, ms for all of it."""
    from demur.site import folder, start

    site = folder.open_site(root)
    start.setup(site)
    from demur.rights import models
    from demur.rights import standing as stands

    asked = stands.of(site, today=lambda: datetime.now(UTC).date())
    asked.in_force()
    began = time.perf_counter()
    for _ in range(1000):
        asked.epoch()
    epoch = (time.perf_counter() - began) / 1000 * 1e6
    began = time.perf_counter()
    asked.in_force()
    whole = (time.perf_counter() - began) * 1e3
    print(json.dumps([epoch, whole, models.Objection.objects.count()]))


@contextmanager
def postgres(under: Path | None = None) -> Iterator[str]:
    """The address of a server of our own, fsync on, as PostgreSQL ships."""
    home = Path(tempfile.mkdtemp(prefix="demur-postgres-", dir=under))
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


def on_postgres(site: Path, address: str) -> None:
    toml = site / "demur.toml"
    toml.write_text(toml.read_text("utf-8").replace('url = ""', f'url = "{address}"'), "utf-8")


def filled(site: Path, archive: Path) -> None:
    """Import the community, and tell everybody forty days ago."""
    words = [sys.executable, __file__, "--fill", str(site), str(archive)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def fill(root: Path, archive: Path) -> None:
    from demur.site import folder, start

    site = folder.open_site(root)
    start.setup(site)
    start.prepare(site)
    from demur.policy import regimes
    from demur.rights import intake, mail, models, notice

    then = datetime.now(UTC) - timedelta(days=40)
    intake.take(site, archive, platform=None, audience=None, groups=(), now=then)
    models.Account.objects.filter(declared_audience="").update(declared_audience="public")
    notice.announce(now=then, regimes=regimes.load())
    mail.send_due(then)
    for path in site.mail.glob("*.log"):
        path.unlink()


def report(engine: str, site: Path, archive: Path, objections: int) -> None:
    filled(site, archive)
    floor: Row | None = None
    for when, what, row in measure(site, objections):
        if what == "bare insert":
            floor = row
        assert floor
        times = (
            f"{row.p50 / floor.p50:.1f}x, {row.p99 / floor.p99:.1f}x, {row.cpu / floor.cpu:.1f}x"
        )
        print(
            f"| {engine}, {when} | {what} | {row.p50:.0f} | {row.p99:.0f} | {row.a_second:.0f} "
            f"| {row.cpu:.1f} | {'1' if row is floor else times} | {row.beside:.2f} |",
            flush=True,
        )
    words = [sys.executable, __file__, STANDING, str(site)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    epoch, whole, count = json.loads(done.stdout)
    print(
        f"| {engine} | reading the standing | epoch {epoch:.0f} µs "
        f"| all of it, {count} Nos: {whole:.0f} ms | | | | |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("community", type=Path)
    parser.add_argument("--objections", type=int, default=300, help="of each row")
    parser.add_argument("--posts", type=int, help="the first so many, for a shorter run")
    parser.add_argument("--base", default="smollm2")
    asked = parser.parse_args()
    from demur.site import folder

    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M}, {platform.machine()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f} before; {CLIENTS} clients, {asked.objections} Nos a row, base "
        f"{asked.base}\n\n| engine, when | what | p50 ms | p99 ms | a second | CPU ms a request "
        "| of the insert: p50, p99, CPU | worker's CPUs |\n|---|---|---|---|---|---|---|---|",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "community"
        community.write(asked.community, archive)
        posts = archive / "posts.jsonl"
        lines = posts.read_text("utf-8").splitlines(keepends=True)
        posts.write_text("".join(lines[: asked.posts]), "utf-8")

        def site(name: str) -> Path:
            made = folder.create(
                Path(scratch) / name, name="Bench", origin="bench.example/log", shards=SHARDS,
                base=asked.base,
            )  # fmt: skip
            return made.root

        report("SQLite", site("sqlite"), archive, asked.objections)
        if not (PROGRAMS / "initdb").exists():
            print(f"\nPostgreSQL was left out: its programs are not in {PROGRAMS}.")
            return
        with postgres() as address:
            on_postgres(root := site("postgres"), address)
            report("PostgreSQL", root, archive, asked.objections)
    print(f"\nload {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--fill", root, archive]:
            fill(Path(root), Path(archive))
        case ["--peer", root, port]:
            serve_peer(Path(root), int(port))
        case ["--standing", root]:
            standing(Path(root))
        case _:
            main()
