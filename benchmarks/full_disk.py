"""A No on a disk that is full to its last byte: a real file system of a few MiB, really full.

    python benchmarks/full_disk.py          (as root: it mounts; else it says that it cannot)

The whole site lies on it, or only PostgreSQL's folder, and `demur serve` runs. The disk is filled
until nothing more can be written; then people say no over HTTP. An answer is 202 (written down
beside the database) or 302 (the database found room among its own pages), and a process of its own
asks what stands until the No is in force. Then space is freed and nobody does anything: how long
until each No is a line of the book, and are all of them there, once, with their spooled files gone?
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from objections import PROGRAMS, on_postgres, postgres, running
from served import FORM, Browser, Served, at_port, email, free_port, register, waiting

CLIENTS = 4
ASK, COUNT = "--standing", "--count"


@contextmanager
def disk(kind: str, size: int, scratch: Path) -> Iterator[Path]:
    """A mounted file system of `size` MiB."""
    at = scratch / f"disk-{kind}"
    at.mkdir()
    if kind == "tmpfs":
        words = ["mount", "-t", "tmpfs", "-o", f"size={size}m,mode=755", "tmpfs", str(at)]
    else:
        image = scratch / "image"
        with image.open("wb") as file:
            file.truncate(size << 20)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
        words = ["mount", "-o", "loop", str(image), str(at)]
    subprocess.run(words, check=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def fill(at: Path) -> Path:
    """Fill it to the last byte: in large pieces, then byte by byte."""
    path = at / "ballast"
    with path.open("ab", buffering=0) as file:
        for piece in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\xff" * piece)
        with suppress(OSError):
            os.fsync(file.fileno())
    return path


def standing(root: Path) -> None:
    """Answer for the people on each line whether all of them are silent."""
    from demur.site import folder, start

    site = folder.open_site(root)
    start.setup(site)
    from demur.errors import StandingUnreadable
    from demur.rights import standing as stands

    asked = stands.of(site, today=lambda: datetime.now(UTC).date())
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            found = "silent" if asked.in_force().silent.keys() >= set(line.split()) else "spoken of"
        except StandingUnreadable:
            found = "everybody silent"
        print(found, flush=True)


class Asking:
    """The standing, read by another process, as an assistant would."""

    def __init__(self, site: Path) -> None:
        words = [sys.executable, __file__, ASK, str(site)]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def about(self, *people: str) -> str:
        assert self.process.stdin
        self.process.stdin.write(" ".join(people) + "\n")
        self.process.stdin.flush()
        return self._line()

    def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def run(site: Path, on: Path, nos: int) -> list[str]:
    """Fill `on`, say no, free it, and wait; what happened, as the cells of a row."""
    port = free_port()
    at_port(site, port)
    people = [Browser(port, session) for session in register(site, nos)]
    with running(Served(site, port)):
        for browser in people[::2]:  # every other one has the form open; the rest come later
            assert browser.get(FORM).status == 200
        asking = Asking(site)
        ballast = fill(on)
        free = os.statvfs(on).f_bavail
        assert free == 0, f"{free} blocks are free"

        def no(number: int) -> int:
            if number % 2:
                assert people[number].get(FORM).status == 200
            return people[number].post(FORM, email=email(number), reason="nee").status

        held, how, answers = [], set(), []
        for number in range(2):  # one by one first, and how long each is still spoken of
            answers.append(no(number))
            began = time.perf_counter()
            while (found := asking.about(f"{number:032x}")) == "spoken of":
                assert time.perf_counter() - began < 5, "a No that was answered is not in force"
            held.append(time.perf_counter() - began)
            how.add(found)
        with ThreadPoolExecutor(CLIENTS) as pool:
            answers += pool.map(no, range(2, nos))
        noted = [f"{number:032x}" for number, status in enumerate(answers) if status in (202, 302)]
        kept = asking.about(*noted)
        asking.stop()
        ballast.unlink()
        began = time.perf_counter()
        while waiting(site) and time.perf_counter() - began < 120:
            time.sleep(0.05)
        entered = time.perf_counter() - began
    words = [sys.executable, __file__, COUNT, str(site)]
    counted = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    stand = counted.stdout.split()
    counts = {status: answers.count(status) for status in sorted(set(answers))}
    return [
        ", ".join(f"{status}: {count}" for status, count in counts.items()),
        f"{max(held) * 1e3:.0f} ms ({', '.join(sorted(how))})",
        kept,
        f"{entered:.1f} s",
        str(len(set(noted) - set(stand))),
        str(len(stand) - len(set(stand))),
        str(len(waiting(site))),
    ]


def count(root: Path) -> None:
    """Whose No stands, by line of a book that verifies."""
    from demur.site import folder, start

    site = folder.open_site(root)
    start.setup(site)
    start.prepare(site)  # refuses a book that is not the published one
    from demur.rights import models

    print("\n".join(models.Objection.objects.values_list("person_id", flat=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nos", type=int, default=200)
    asked = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("This mounts a small file system, which takes root; run it as root.")
    from demur.site import folder

    def site(at: Path) -> Path:
        return folder.create(at / "site", name="B", origin="b.example/log").root

    print(f"{datetime.now(UTC).date()}, {asked.nos} Nos, {CLIENTS} at once\n")
    heads = ("full", "answers", "in force after", "all who were answered", "entered, given room",
             "lost", "twice", "left in the spool")  # fmt: skip
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for kind in ("tmpfs", "ext4"):
        with tempfile.TemporaryDirectory() as scratch, disk(kind, 8, Path(scratch)) as at:
            print(f"| {kind} of 8 MiB, SQLite | {' | '.join(run(site(at), at, asked.nos))} |")
    if not (PROGRAMS / "initdb").exists():
        print(f"\nPostgreSQL was left out: its programs are not in {PROGRAMS}.")
        return
    with tempfile.TemporaryDirectory() as scratch, disk("tmpfs", 128, Path(scratch)) as at:
        Path(scratch).chmod(0o755)
        with postgres(at) as address:
            on_postgres(root := site(Path(scratch)), address)
            print(f"| tmpfs of 128 MiB, PostgreSQL | {' | '.join(run(root, at, asked.nos))} |")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--standing", root]:
            standing(Path(root))
        case ["--count", root]:
            count(Path(root))
        case _:
            main()
