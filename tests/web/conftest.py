"""A village street for the pages: two grown-ups, a child, and an assistant that learns nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections, transaction
from django.test import Client
from django.utils import translation
from playwright.sync_api import Browser, sync_playwright

from demur.assistant.answer import hash_of
from demur.assistant.said import Answer, Citation, Drawn, Enough, Plan, Planner, Sampling, Traced
from demur.memory.search import EVERYWHERE, Build, Filter, Hit, Stored
from demur.rights import book, models
from demur.site.folder import Site
from demur.web import voice

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-component-update"]
ARGUMENTS += ["--disable-background-networking", "--disable-sync"]
PASSWORD = "dorp aan zee 1"
POST_URL = "https://dorp.example/@bob/1"
HOSTILE = '<script>document.title="owned"</script><img src=x onerror=alert(1)>'


@dataclass
class FakeAssistant:
    """Says the same to everybody, word by word, and finds one post for every search.

    It has no memories and no gate. What it should say or raise is set from outside.
    """

    text: str = "The fair is on Saturday [1], near the old pump."
    finish: str = "stop"
    memories: bool = True
    refusal: Exception | None = None
    breaks_off: Exception | None = None  # raised after the first word
    found: str = "Fun at the fair near the old pump"
    asked: list[tuple[str, Sampling]] = field(default_factory=list)
    planned: list[Plan] = field(default_factory=list)  # as if nobody could be heard
    hold: threading.Event | None = None  # waits for it after the first word
    attribution: str | None = None
    post_id: str = "0" * 32  # of the one it finds
    silent: set[str] = field(default_factory=set)  # posts that may not be shown any more
    where: Filter = EVERYWHERE  # of the last search

    def speak(
        self, asked: str, planner: Planner, sampling: Sampling, *, is_question: bool = True
    ) -> Iterator[str | Answer]:
        self.asked.append((asked, sampling))
        self.planned.append(planner(None))
        if self.refusal:
            raise self.refusal
        said = ""
        for number, word in enumerate(self.text.split(" ")):
            piece = word if number == 0 else f" {word}"
            said += piece
            try:
                yield piece
            except Enough:
                yield replace(self.answer(), text=said, traced=())
                return
            if number == 0 and self.breaks_off:
                raise self.breaks_off
            if number == 0 and self.hold:
                self.hold.wait(timeout=10)
        yield self.answer()

    def answer(self) -> Answer:
        citation = Citation(
            number=1,
            post_id=self.post_id,
            account="mastodon:https://dorp.example/users/bob",
            platform="mastodon",
            url=POST_URL,
            attribution=self.attribution,
            lang="en",
            text=self.found,
        )
        at = self.text.find("near the old pump")
        run = Traced(start=at, end=at + 17, post_ids=(self.post_id, "1" * 32))
        if self.finish == "standing-changed":
            return self._taken_back()
        return Answer(
            text=self.text,
            language="en",
            citations=(citation,) if self.memories else (),
            traced=(run,) if self.memories and at >= 0 else (),
            drawn=(self.drawn(),) if self.memories else (),
            shards=(0, 2) if self.memories else (),
            memories=self.memories,
            halted=False,
            model="f" * 64 if self.memories else None,
            finish=self.finish,  # type: ignore[arg-type]
            tokens_in=7,
            tokens_out=len(self.text.split(" ")),
        )

    def drawn(self) -> Drawn:
        return Drawn(post_id=self.post_id, text_hash=hash_of(self.found))

    def _taken_back(self) -> Answer:
        return Answer(
            text="",
            language="en",
            citations=(),
            traced=(),
            shards=(0, 2),
            memories=True,
            halted=False,
            model="f" * 64,
            finish="standing-changed",
            tokens_in=7,
            tokens_out=3,
        )

    def heard(self) -> FakeAssistant:
        if self.refusal:
            raise self.refusal
        return self

    def search(self, text: str, *, limit: int, where: Filter) -> list[Hit]:
        self.where = where
        return [Hit(build=Build(shard=0, root="0" * 64), score=1.0, **self._post())][:limit]

    def named(self, post_ids: Collection[str]) -> list[Stored]:
        wanted = {self.post_id}.intersection(post_ids) - self.silent
        return [Stored(**self._post())] if wanted else []

    def _post(self) -> dict[str, Any]:
        return {
            "row": 0,
            "post_id": self.post_id,
            "account": "mastodon:https://dorp.example/users/bob",
            "platform": "mastodon",
            "kind": "post",
            "lang": "en",
            "created_at": "2026-10-01T12:00:00+00:00",
            "url": POST_URL,
            "attribution": self.attribution,
            "text": self.found,
        }


@pytest.fixture
def assistant(monkeypatch: pytest.MonkeyPatch) -> FakeAssistant:
    fake = FakeAssistant()
    monkeypatch.setattr(voice, "FLOOR", voice.Floor(lambda: fake))
    return fake


Register = Callable[..., models.Person]


@pytest.fixture
def register(site: Site) -> Register:
    """Writes somebody down and lets them sign in: `register("anna", language="nl")`."""

    def person(
        name: str, *, handle: str | None = None, signs_in: bool = True, **facts: object
    ) -> models.Person:
        email = f"{name}@dorp.example"
        known = {"born": date(1961, 5, 5), "country": "NL", "language": "nl", "email": email}
        with transaction.atomic():
            line = book.append("import", {"counts": {"accounts": 1}}, now=NOW).index
            user = User.objects.create_user(name, email, PASSWORD) if signs_in else None
            row = models.Person.objects.create(
                id=name.encode().hex().ljust(32, "0")[:32],
                secret=name.encode().ljust(32, b"."),
                seen=line,
                line=line,
                user=user,
                **(known | facts),
            )
            models.Account.objects.create(
                id=f"mastodon:https://dorp.example/users/{name}",
                person=row,
                platform="mastodon",
                handle=handle or f"@{name}@dorp.example",
                locked=False,
                keys=[f"mastodon:@{name}"],
                line=line,
            )
        return row

    return person


@pytest.fixture
def anna(register: Register) -> models.Person:
    return register("anna")


@pytest.fixture
def bob(register: Register) -> models.Person:
    return register("bob", language="en")


@pytest.fixture
def as_anna(anna: models.Person) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(anna.user)
    return client


@pytest.fixture
def visitor(site: Site) -> Client:
    return Client(headers={"accept-language": "en"})


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """The real hasher takes half a second on purpose, for each of some eighty sign-ins."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """A test client leaves the language of its last page behind; a server's thread would not."""
    yield
    translation.deactivate()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        pass


class _Server(ThreadedWSGIServer):
    daemon_threads = True

    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            connections.close_all()


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    """The site behind a real socket, a thread for each request."""
    server = _Server(("127.0.0.1", 0), _Quiet)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Playwright runs an event loop in this thread; Django would not let us ask the database."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
