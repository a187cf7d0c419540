"""The village as a real site, imported and told forty days ago, over the tiny random base.

Made once a run; each story gets a copy of the folder and is the site that this process serves.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import tiny_base
from made_once import made_once

from demur import worker
from demur.assistant import chat
from demur.assistant.answer import Assistant
from demur.assistant.said import Answer, Message, Sampling
from demur.people import Use
from demur.policy import regimes
from demur.rights import intake, mail, models, notice, objection, people, standing
from demur.site import folder, start
from demur.site.folder import Site
from demur.village import addresses, archives, story
from demur.village.village import load

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TOLD = NOW - timedelta(days=40)
PRESENT = {"operator", "marijke", "bram", "ben", "kees", "sem", "priya", "luciana"}


@dataclass(frozen=True)
class Village:
    """A site and what its stories keep asking of it."""

    site: Site

    def now(self) -> datetime:
        return NOW

    def person(self, key: str) -> models.Person:
        return people.find(addresses.account_id(load().people[key].profiles[0]))

    def accounts(self, key: str) -> set[str]:
        return {addresses.account_id(profile) for profile in load().people[key].profiles}

    def assistant(self) -> Assistant:
        today = NOW.date()
        return Assistant.open(self.site.root, standing.of(self.site, today=lambda: today))

    def ask(self, assistant: Assistant, question: str = story.QUESTION_NL) -> Answer:
        asked = [Message(role="user", text=question)]
        last = list(chat.reply(assistant, asked, Sampling(max_tokens=8, seed=1)))[-1]
        assert isinstance(last, Answer)
        return last

    def tell_of_translating(self) -> None:
        """A use of its own, with a notice of its own, in time too."""
        notice.announce(
            campaign="translation", uses=[Use.TRANSLATION], now=TOLD, regimes=regimes.load()
        )
        mail.send_due(TOLD)

    def build(self) -> None:
        worker.build(self.site, now=NOW)

    def train(self) -> None:
        worker.train(self.site, now=self.now, progress=lambda line: None)

    def work(self) -> list[str]:
        return list(worker.work(self.site, now=self.now, once=True))


@pytest.fixture(scope="session")
def told_site(serve: Callable[[Site], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything imported and everybody told; nothing decided yet."""

    def tell(folder_: Path) -> None:
        base = tiny_base.write(folder_ / "base")
        site = folder.create(
            folder_ / "site",
            name="Tureluur",
            origin="tureluur.example/log",
            shards=4,
            slices=3,
            base=str(base),
        )
        serve(site)
        start.prepare(site)
        (folder_ / "archives").mkdir()
        for delivery in archives.write(folder_ / "archives"):
            if delivery.path.stem.split("-")[-1].removesuffix(".tar") not in PRESENT:
                continue  # a smaller village tells the same stories sooner
            intake.take(
                site, delivery.path, audience=delivery.audience, groups=delivery.groups, now=TOLD
            )
        notice.announce(now=TOLD, regimes=regimes.load())
        mail.send_due(TOLD)
        _rest()

    return made_once(tmp_path_factory.getbasetemp(), "told", tell) / "site"


@pytest.fixture(scope="session")
def trained_site(
    told_site: Path, serve: Callable[[Site], None], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same, decided, remembered, trained and released."""

    def train(folder_: Path) -> None:
        village = _copy(told_site, folder_ / "site", serve)
        village.tell_of_translating()
        village.build()
        village.train()
        _rest()

    return made_once(tmp_path_factory.getbasetemp(), "trained", train) / "site"


@pytest.fixture(scope="session")
def objected_site(
    trained_site: Path, serve: Callable[[Site], None], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same after Marijke's No, once the worker has done what follows from it."""

    def object_and_work(folder_: Path) -> None:
        village = _copy(trained_site, folder_ / "site", serve)
        objection.submit(village.person(story.OBJECTOR), route="form", now=NOW)
        village.work()
        _rest()

    return made_once(tmp_path_factory.getbasetemp(), "objected", object_and_work) / "site"


@pytest.fixture
def told(told_site: Path, serve: Callable[[Site], None], tmp_path: Path) -> Iterator[Village]:
    yield _copy(told_site, tmp_path / "told", serve)
    _rest()


@pytest.fixture
def village(trained_site: Path, serve: Callable[[Site], None], tmp_path: Path) -> Iterator[Village]:
    yield _copy(trained_site, tmp_path / "village", serve)
    _rest()


@pytest.fixture
def without_her(
    objected_site: Path, serve: Callable[[Site], None], tmp_path: Path
) -> Iterator[Village]:
    yield _copy(objected_site, tmp_path / "objected", serve)
    _rest()


def _copy(source: Path, target: Path, serve: Callable[[Site], None]) -> Village:
    shutil.copytree(source, target)
    site = folder.open_site(target)
    serve(site)
    return Village(site)


def _rest() -> None:
    """Close every connection, so that nothing stays in a write-ahead log that is not copied."""
    from django.db import connections

    connections.close_all()
