"""A square where people post what would like to be obeyed, trained over the tiny base."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attacking
import pytest
import tiny_base
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from fake_meaning import put_in
from made_once import made_once

from demur import worker
from demur.assistant.answer import Assistant
from demur.assistant.said import Answer, Plan, Planner, Sampling
from demur.memory.memories import Heard
from demur.policy import regimes
from demur.rights import intake, mail, notice, people, standing
from demur.site import folder, start
from demur.site.folder import Site
from demur.web import voice

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TOLD = NOW - timedelta(days=40)
HOSTILE = [text for kind in attacking.read("hostile").values() for text in kind]
PEOPLE = ("anke", "joost", "bea")


class Mute:
    """The assistant without its model: what it quotes, and the road that leads there, are real."""

    def __init__(self, speaker: Assistant) -> None:
        self._speaker = speaker

    def speak(
        self, asked: str, planner: Planner, sampling: Sampling, *, is_question: bool = True
    ) -> Iterator[str | Answer]:
        def unprompted(heard: Heard | None) -> Plan:
            return replace(planner(heard), then=())

        return self._speaker.speak(asked, unprompted, sampling, is_question=is_question)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._speaker, name)


def signed_in() -> Client:
    """Somebody of the square, at the pages."""
    person = people.find("forum:anke")
    person.user = User.objects.create_user("anke", person.email)
    person.save(update_fields=["user"])
    client = Client(headers={"accept-language": "nl"})
    client.force_login(person.user)
    return client


def word(number: int) -> str:
    """What only this post has, by which it is asked for."""
    return f"zeeoliebol{number:02}"


@pytest.fixture(scope="module")
def same_words() -> Iterator[None]:
    """The same words mean the same: the real meaning takes a second for a few questions."""
    with put_in():
        yield


@pytest.fixture(scope="module")
def square_site(
    serve: Callable[[Site], None], tmp_path_factory: pytest.TempPathFactory, same_words: None
) -> Path:
    def settle(folder_: Path) -> None:
        base = tiny_base.write(folder_ / "base")
        site = folder.create(
            folder_ / "site", name="Plein", origin="plein.example/log", shards=1, slices=1,
            base=str(base),
        )  # fmt: skip
        serve(site)
        start.prepare(site)
        (folder_ / "forum").mkdir()
        intake.take(site, _archive(folder_ / "forum"), now=TOLD)
        notice.announce(now=TOLD, regimes=regimes.load())
        mail.send_due(TOLD)
        worker.build(site, now=NOW)
        worker.train(site, now=lambda: NOW, progress=lambda line: None)
        connections.close_all()

    return made_once(tmp_path_factory.getbasetemp(), "square", settle) / "site"


@pytest.fixture
def square(
    square_site: Path,
    serve: Callable[[Site], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Assistant]:
    shutil.copytree(square_site, tmp_path / "site")
    site = folder.open_site(tmp_path / "site")
    serve(site)
    speaker = Assistant.open(site.root, standing.of(site, today=NOW.date), threads=1)
    monkeypatch.setattr(voice, "FLOOR", voice.Floor(lambda: Mute(speaker)))  # type: ignore[arg-type]
    yield speaker
    connections.close_all()


def _archive(where: Path) -> Path:
    accounts = [
        {"id": f"forum:{name}", "handle": name, "email": f"{name}@plein.example",
         "born": "1970-01-01", "country": "NL", "language": "nl", "locked": False}
        for name in PEOPLE
    ]  # fmt: skip
    posts = [
        {"id": f"post-{number}", "account": f"forum:{PEOPLE[number % len(PEOPLE)]}",
         "audience": "public", "text": f"{text} {word(number)}", "kind": "post", "lang": "nl",
         "created_at": (NOW - timedelta(days=100, minutes=number)).isoformat(), "photos": []}
        for number, text in enumerate(HOSTILE)
    ]  # fmt: skip
    for name, rows in (("accounts", accounts), ("posts", posts)):
        (where / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return where
