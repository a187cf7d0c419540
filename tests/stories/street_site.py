"""A street of five on a noticeboard: small enough to import, tell, build and train in seconds.

What the village does not have stands here: a friend who says almost the same as somebody else, and
one who posts somebody else's picture again. Made once a run; each story gets a copy.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tiny_base
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from made_once import made_once
from PIL import Image

from demur import worker
from demur.assistant import chat
from demur.assistant.answer import Assistant
from demur.assistant.said import Answer, Message, Sampling
from demur.policy import regimes
from demur.rights import intake, mail, models, notice, people, standing
from demur.site import folder, start
from demur.site.folder import Site
from demur.village import pictures
from demur.web import voice

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TOLD = NOW - timedelta(days=40)

HERS = (
    "De vuurtoren brandt weer sinds dinsdagavond en wie wil mag zaterdag na de markt mee naar"
    " boven, 182 treden en dan zie je heel het eiland liggen"
)
ALMOST = HERS.replace("dinsdagavond", "dinsdag") + "!"
STREET = {
    "anke": [(HERS, None), ("Mijn vuurtoren in de zomer", "lighthouse")],
    "joost": [(ALMOST, None), ("Heb de schuur geverfd, groen dit keer", None)],
    "bea": [("Kijk nou, die vuurtoren", "lighthouse again")],
    "kees": [
        ("De vuurtoren is in 1872 gebouwd door mensen van de wal", None),
        ("Een mooie dag op de dijk", "dike"),
    ],
    "els": [("Wie heeft er een ladder te leen voor de kerstverlichting?", None)],
}


@dataclass(frozen=True)
class Street:
    """A site with its five people, and what the stories ask of it."""

    site: Site

    def assistant(self) -> Assistant:
        return Assistant.open(self.site.root, standing.of(self.site, today=NOW.date))

    def person(self, name: str) -> models.Person:
        return people.find(account(name))

    def signed_in(self, name: str) -> Client:
        person = self.person(name)
        if person.user is None:
            person.user = User.objects.create_user(name, person.email)
            person.save(update_fields=["user"])
        client = Client(headers={"accept-language": "en"})
        client.force_login(person.user)
        return client

    def found(self, client: Client, words: str) -> set[str]:
        """Whose posts the search page shows."""
        page = client.get("/search/", {"q": words})
        assert page.status_code == 200
        return {name for name in STREET if any(text in page.text for text in texts(name))}

    def ask(self, assistant: Assistant, question: str) -> Answer:
        asked = [Message(role="user", text=question)]
        last = list(chat.reply(assistant, asked, Sampling(max_tokens=8, seed=1)))[-1]
        assert isinstance(last, Answer)
        return last

    def quoted(self, assistant: Assistant, question: str) -> set[str]:
        """Whose posts an answer quotes."""
        return {c.account.partition(":")[2] for c in self.ask(assistant, question).citations}

    def build(self) -> None:
        worker.build(self.site, now=NOW)


def account(name: str) -> str:
    return f"forum:{name}"


def texts(name: str) -> list[str]:
    return [text.replace("'", "&#x27;") for text, _ in STREET[name]]


@pytest.fixture(scope="session")
def street_site(serve: Callable[[Site], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    def settle(folder_: Path) -> None:
        base = tiny_base.write(folder_ / "base")
        site = folder.create(
            folder_ / "site",
            name="Straat",
            origin="straat.example/log",
            shards=1,
            slices=2,
            base=str(base),
        )
        serve(site)
        start.prepare(site)
        (folder_ / "forum").mkdir()
        intake.take(site, _archive(folder_ / "forum"), now=TOLD)
        notice.announce(now=TOLD, regimes=regimes.load())
        mail.send_due(TOLD)
        worker.build(site, now=NOW)
        worker.train(site, now=lambda: NOW, progress=lambda line: None)
        connections.close_all()  # nothing may stay in a write-ahead log that is not copied

    return made_once(tmp_path_factory.getbasetemp(), "street", settle) / "site"


@pytest.fixture
def street(
    street_site: Path,
    serve: Callable[[Site], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Street]:
    shutil.copytree(street_site, tmp_path / "site")
    made = Street(folder.open_site(tmp_path / "site"))
    serve(made.site)
    monkeypatch.setattr(voice, "FLOOR", voice.Floor(made.assistant))  # the pages ask this site's
    yield made
    connections.close_all()


def _archive(where: Path) -> Path:
    """What the operator of the noticeboard hands over."""
    (where / "pictures").mkdir()
    lighthouse = pictures.jpeg("lighthouse", 1)
    for name, data in {
        "lighthouse": lighthouse,
        "lighthouse again": _smaller(lighthouse),
        "dike": pictures.jpeg("dike", 1),
    }.items():
        (where / "pictures" / f"{name}.jpg").write_bytes(data)
    lines = {
        "accounts": [_account(name) for name in STREET],
        "posts": [
            _post(name, number, text, picture)
            for name, said in STREET.items()
            for number, (text, picture) in enumerate(said)
        ],
    }
    for name, rows in lines.items():
        (where / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return where


def _account(name: str) -> dict[str, Any]:
    return {
        "id": account(name), "handle": name, "email": f"{name}@straat.example",
        "born": "1970-01-01", "country": "NL", "language": "nl", "locked": False,
    }  # fmt: skip


def _post(name: str, number: int, text: str, picture: str | None) -> dict[str, Any]:
    when = NOW - timedelta(days=100 + number)
    photos = [{"file": f"pictures/{picture}.jpg", "alt": ""}] if picture else []
    return {
        "id": f"{name}-{number}", "account": account(name), "audience": "public", "text": text,
        "kind": "photo" if picture else "post", "created_at": when.isoformat(), "lang": "nl",
        "photos": photos,
    }  # fmt: skip


def _smaller(jpeg: bytes) -> bytes:
    """The same picture, as somebody else's telephone saves it."""
    picture = Image.open(io.BytesIO(jpeg))
    out = io.BytesIO()
    picture.resize((picture.width * 2 // 3, picture.height * 2 // 3)).save(out, "JPEG", quality=60)
    return out.getvalue()
