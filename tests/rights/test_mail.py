"""Letters: they leave through a real SMTP server, soon, once, and say what they should."""

from __future__ import annotations

import email
import email.policy
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller

from demur.rights import book, mail, models, objection, receipt
from demur.tlog import receipt as paper

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Postbox:
    """A real SMTP server's memory; `refuse` answers for addresses that begin with it."""

    def __init__(self) -> None:
        self.letters: list[email.message.EmailMessage] = []
        self.refuse: str | None = None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.refuse and address.startswith(self.refuse):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        raw = envelope.content
        self.letters.append(email.message_from_bytes(raw, policy=email.policy.default))
        return "250 taken"


@pytest.fixture
def postbox(site) -> Iterator[Postbox]:
    from django.conf import settings

    box = Postbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    before = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield box
    settings.EMAIL_BACKEND = before
    server.stop()


def test_her_receipt_arrives_and_verifies_from_the_letter(site, anna, postbox):
    no = objection.submit(anna, route="form", now=NOW)
    assert mail.send_due(NOW) == 1
    (letter,) = postbox.letters
    assert letter["To"] == "anna@dorp.example"
    assert letter["Content-Language"] == "nl"
    assert "List-Unsubscribe" not in letter
    assert letter["Message-ID"]
    text = letter.get_body(("plain",)).get_content()
    page = letter.get_body(("html",)).get_content()
    assert "Uw bezwaar geldt vanaf nu" in text
    assert "Uw bezwaar geldt vanaf nu" in page
    assert '<html lang="nl">' in page
    (attached,) = letter.iter_attachments()
    assert attached.get_filename() == f"receipt-{no.entry_id}.tlog-proof"
    paper.check(paper.read_receipt(attached.get_content().decode()), book.key(site))


def test_every_letter_carries_the_size_and_root_of_the_book(site, bob, postbox):
    no = objection.submit(bob, route="form", now=NOW)
    mail.send_due(NOW)
    text = postbox.letters[0].get_body(("plain",)).get_content()
    assert f"{no.entry_id + 1} lines, root " in text


def test_a_letter_is_sent_once(site, anna, postbox):
    objection.submit(anna, route="form", now=NOW)
    assert [mail.send_due(NOW + timedelta(hours=hour)) for hour in range(3)] == [1, 0, 0]
    assert len(postbox.letters) == 1


def test_two_senders_at_once_send_it_once(site, register, postbox):
    for number in range(20):
        person = register(f"p{number}", email=f"p{number}@dorp.example")
        objection.submit(person, route="form", now=NOW)

    def send() -> None:
        from django.db import connections

        mail.send_due(NOW)
        connections.close_all()

    senders = [threading.Thread(target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(letter["To"] for letter in postbox.letters) == sorted(
        f"p{number}@dorp.example" for number in range(20)
    )


def test_a_server_that_is_down_is_asked_again_later(site, anna):
    from django.test import override_settings

    objection.submit(anna, route="form", now=NOW)
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    with override_settings(EMAIL_BACKEND=smtp, EMAIL_HOST="127.0.0.1", EMAIL_PORT=9):
        assert mail.send_due(NOW) == 0
        letter = models.Letter.objects.get()
        assert letter.error.startswith("ConnectionRefusedError")
        assert letter.due_at == NOW + mail.FIRST_PAUSE
        assert mail.send_due(NOW + mail.FIRST_PAUSE) == 0
        letter.refresh_from_db()
        assert letter.due_at == NOW + mail.FIRST_PAUSE * 3
    assert mail.send_due(letter.due_at) == 1


def test_one_bad_address_does_not_hold_up_the_others_nor_is_it_kept_in_the_error(
    site, anna, bob, postbox
):
    postbox.refuse = "anna"
    for person in (anna, bob):
        objection.submit(person, route="form", now=NOW)
    mail.send_due(NOW)
    assert [letter["To"] for letter in postbox.letters] == ["bob@dorp.example"]
    refused = models.Letter.objects.get(to="anna@dorp.example")
    assert refused.sent_at is None
    assert "anna" not in refused.error


def test_a_letter_that_never_arrives_is_given_up(site, anna, postbox):
    postbox.refuse = "anna"
    objection.submit(anna, route="form", now=NOW)
    models.Letter.objects.update(attempts=mail.MOST_ATTEMPTS - 1)
    mail.send_due(NOW)
    letter = models.Letter.objects.get()
    assert (letter.due_at, letter.sent_at) == (None, None)
    assert letter.error


def test_a_sender_that_died_leaves_the_letter_to_the_next(site, anna, postbox, monkeypatch):
    objection.submit(anna, route="form", now=NOW)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mail, "_send", die)
        with pytest.raises(KeyboardInterrupt):
            mail.send_due(NOW)
    assert mail.send_due(NOW) == 0
    assert mail.send_due(NOW + mail.CLAIM) == 1


def test_within_ten_seconds_of_a_no_the_receipt_is_with_the_server(site, anna, postbox):
    stop = threading.Event()
    clock = lambda: datetime.now(UTC)  # noqa: E731
    sender = threading.Thread(target=mail.keep_sending, args=(stop, clock, 0.05))
    sender.start()
    objection.submit(anna, route="form", now=clock())
    deadline = time.monotonic() + 10
    while not postbox.letters and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    sender.join()
    assert len(postbox.letters) == 1


def test_without_a_server_letters_are_files(site, anna):
    no = objection.submit(anna, route="form", now=NOW)
    assert mail.send_due(NOW) == 1
    (file,) = site.mail.iterdir()
    raw = email.message_from_bytes(
        file.read_bytes().rsplit(b"\n" + b"-" * 79, 1)[0], policy=email.policy.default
    )
    (attached,) = raw.iter_attachments()
    assert attached.get_content().decode() == receipt.text(no)


@pytest.mark.parametrize("kind", ["receipt", "withdrawn", "notice"])
def test_every_letter_exists_in_every_language(site, anna, kind):
    no = objection.submit(anna, route="form", now=NOW)
    subjects = set()
    for language in mail.LANGUAGES:
        letter = models.Letter.objects.latest("pk")
        letter.kind, letter.language = kind, language
        letter.payload = {"line": no.entry_id, "days": 30}
        words = mail.message(letter)
        subjects.add(words.subject)
        assert "{{" not in words.body
        assert site.name in words.subject
    assert len(subjects) == len(mail.LANGUAGES)
