"""kill -9 at random moments: no acknowledged No is lost, and nothing is left by halves."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import served
from django.db import connections

from demur.rights import book, models, objection, receipt, standing
from demur.site import start
from demur.tlog import checkpoint, merkle
from demur.tlog import receipt as paper

KILLS = 16
OBJECTOR = Path(__file__).with_name("objector.py")


def killed(site, dice: random.Random) -> dict[str, int]:
    """Run one objector, kill it some time after its first answer; what it had answered."""
    answered: dict[str, int] = {}
    first = threading.Event()
    words = [sys.executable, str(OBJECTOR), str(site.root)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:

        def listen() -> None:
            for line in process.stdout:
                if line.endswith("\n"):
                    person, number = line.split()
                    answered[person] = int(number)
                    first.set()

        listener = threading.Thread(target=listen)
        listener.start()
        first.wait(60)
        time.sleep(dice.uniform(0, 0.08))
        process.kill()
        listener.join()
    return answered


def test_no_acknowledged_no_is_lost(site):
    if site.database is None:
        pytest.skip("the killed process opens the site folder, which names no server")
    models.Person.objects.bulk_create(
        models.Person(
            id=f"{number:032x}", secret=number.to_bytes(32, "big"), seen=0, line=0,
            email=f"p{number}@dorp.example", born=date(1990, 1, 1),
        )
        for number in range(4000)
    )  # fmt: skip
    connections.close_all()
    dice, answered = random.Random(7), dict[str, int]()
    for _ in range(KILLS // 2):
        with ThreadPoolExecutor(2) as two:  # two writers, so that they get in each other's way
            pair = list(two.map(lambda _: killed(site, dice), range(2)))
        for each in pair:
            assert each
            answered |= each

    start.prepare(site)
    kept = dict(models.Objection.objects.values_list("person_id", "entry_id"))
    lost = {person for person, line in answered.items() if kept.get(person) != line}
    assert lost == set()
    lines = models.Entry.objects.order_by("index")
    counts = {
        "objections": len(kept),
        "lines": lines.count(),
        "openings": models.Opening.objects.count(),
        "heads": models.Checkpoint.objects.count() - 1,  # the empty book has one
        "letters": models.Letter.objects.count(),
        "epoch": models.Epoch.objects.get().value,
    }
    assert set(counts.values()) == {len(kept)}, counts
    head = checkpoint.open_checkpoint(book.head(), book.key(site))
    assert head.root == merkle.root_of(bytes(entry.leaf) for entry in lines)
    silent = standing.of(site, today=lambda: datetime.now(UTC).date()).in_force().silent
    assert set(silent) == set(kept)
    person = max(answered, key=answered.__getitem__)
    text = receipt.text(objection.standing_objection(models.Person.objects.get(pk=person)))
    paper.check(paper.read_receipt(text), book.key(site))


def on_its_own(site) -> Path:
    """The same site for another process, which reads demur.toml for where its database is."""
    server = site.config.postgres
    if server is not None:
        toml, url = (
            site.root / "demur.toml",
            f"postgresql://demur@/{server.name}?host={server.host}",
        )
        toml.write_text(toml.read_text("utf-8").replace('url = ""', f'url = "{url}"'), "utf-8")
    connections.close_all()
    return site.root


def test_no_answered_no_is_lost_when_the_server_is_killed(site):
    """Over HTTP, on both databases; before the kill the database goes, so that Nos wait in the
    spool. Afterwards nobody does anything, no worker runs, and the assistant cannot be opened."""
    people = iter(list(enumerate(served.register_here(250))))
    root, port = on_its_own(site), served.free_port()
    served.at_port(root, port)
    said = served.object_until_killed(root, port, people, random.Random(3), database_goes=True)
    assert set(said.values()) == {202, 302}
    assert len(served.waiting(root)) >= list(said.values()).count(202)

    shutil.rmtree(root / "models")
    (root / "models").mkdir()
    (root / "models" / "released.json").write_text("broken")
    number, session = next(people)
    server, browser = served.Served(root, port).up(), served.Browser(port, session)
    assert browser.get("/search/?q=kermis").status >= 500
    assert browser.get(served.FORM).status == 200
    answer = browser.post(served.FORM, email=served.email(number))
    assert "tlog-proof" in browser.get(answer.location).page
    served.wait_for(lambda: not served.waiting(root))
    server.stop()
    start.prepare(site)
    stand = served.who_objects_here(site)
    assert {*said, number} - set(stand) == set()
    assert len(stand) == len(set(stand))
