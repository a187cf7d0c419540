"""Letters: they leave through a real SMTP server, soon, once, and say what they should."""

from __future__ import annotations

import email
import email.policy
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from demur.people import Use
from demur.policy import regimes
from demur.rights import book, letters, mail, models, notice, objection, receipt
from demur.tlog import receipt as paper

LAW = regimes.load()
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Postbox:
    """A real SMTP server's memory; `refuse` answers for addresses that begin with it."""

    def __init__(self) -> None:
        self.letters: list[email.message.EmailMessage] = []
        self.refuse: str | None = None
        self.answer = "550 5.1.1 no such mailbox"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.refuse and address.startswith(self.refuse):
            return self.answer
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


@pytest.fixture
def secure(site) -> Iterator[None]:
    """The same site behind https, with a mailbox."""
    from django.conf import settings

    mailbox = replace(site.config.mailbox, address="nee@dorp.example")
    config = replace(site.config, address="https://dorp.example", mailbox=mailbox)
    settings.DEMUR_SITE = replace(site, config=config)
    yield
    settings.DEMUR_SITE = site


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
    assert (refused.sent_at, refused.due_at) == (None, None)
    assert refused.error == "SMTPRecipientsRefused 550"


def test_a_server_that_is_busy_is_asked_again(site, anna, postbox):
    postbox.refuse, postbox.answer = "anna", "451 4.7.1 come back later"
    objection.submit(anna, route="form", now=NOW)
    assert mail.send_due(NOW) == 0
    postbox.refuse = None
    assert mail.send_due(NOW + mail.FIRST_PAUSE) == 1


def test_a_server_that_does_not_like_us_is_asked_again(site, anna, postbox):
    postbox.refuse, postbox.answer = "anna", "550 5.7.1 your network is on a list"
    objection.submit(anna, route="form", now=NOW)
    mail.send_due(NOW)
    assert models.Letter.objects.get().due_at == NOW + mail.FIRST_PAUSE


def test_a_notice_for_a_mailbox_that_is_not_there_has_bounced_at_once(site, anna, bob, postbox):
    postbox.refuse = "anna"
    notice.announce(now=NOW, regimes=LAW)
    mail.send_due(NOW)
    assert models.Delivery.objects.get(person=anna).bounced_at == NOW
    assert notice.told(anna) is None
    assert notice.told(bob) == NOW


def test_a_letter_that_never_arrives_is_given_up(site, anna, postbox):
    postbox.refuse, postbox.answer = "anna", "450 4.2.1 not now"
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


class Missing(str):
    """What a template says where it asks for something that a letter does not have."""

    def __contains__(self, item: object) -> bool:  # Django looks for "%s" in it
        return False


@pytest.fixture
def sample(site, anna) -> dict[str, dict[str, object]]:
    """For each kind, what its payload holds."""
    no = objection.submit(anna, route="email", now=NOW)
    asked = {"due": "2026-12-20", "said": "No post of yours was found."}
    return {kind: {} for kind in letters.KINDS} | {
        "receipt": {"line": no.entry_id},
        "undo": {"objection": no.pk},
        "notice": {"days": 30, "uses": list(Use)},
        "reminder": {"days": 30, "uses": list(Use)},
        "which_account": {"mark": "00" * 16},
        "link": {"link": "https://dorp.example/sign-in/link/x?a=1&b=2"},
        "confirm": {"link": "https://dorp.example/privacy/x?a=1&b=2"},
        "request_opened": asked,
        "request_denied": asked,
        "appeal": asked,
    }


@pytest.mark.parametrize("language", letters.LANGUAGES)
def test_every_letter_is_whole_in_every_language(site, anna, sample, language):
    notice.announce(now=NOW, regimes=LAW, remind_after=14, campaign="next")
    models.Delivery.objects.get_or_create(person=anna, campaign_id="next")
    for kind in letters.KINDS:
        it_is_whole(site, anna, kind, language, sample[kind])


def it_is_whole(site, anna, kind, language, about):
    from django.template import engines

    letter = mail.queue(kind, anna, to=anna.email, about=about, now=NOW, language=language)
    assert letter and letter.language == language
    if kind in mail.NOTICES:
        letter.delivery = models.Delivery.objects.get(person=anna)
    engine = engines["django"].engine
    before, engine.string_if_invalid = engine.string_if_invalid, Missing("MISSING")
    try:
        message = letters.message(letter)
    finally:
        engine.string_if_invalid = before
    page = str(message.alternatives[0][0])
    for words in (message.subject, message.body, page):
        assert "MISSING" not in words
        assert not set("{}") & set(words.partition("<body")[2] or words)
        assert "&amp;" not in message.body
    assert message.subject
    assert "\n" not in message.subject
    assert site.name in message.subject
    assert "http://127.0.0.1:8000" in message.body or kind in ("link", "confirm")


def test_no_two_languages_have_the_same_words(site):
    folder = Path(letters.__file__).parent / "templates/rights/letters"
    for kind in letters.KINDS:
        words = {(folder / f"{kind}.{each}.txt").read_text() for each in letters.LANGUAGES}
        assert len(words) == len(letters.LANGUAGES), kind


def test_the_page_of_a_letter_fetches_nothing_from_anywhere(site, anna):
    notice.announce(now=NOW, regimes=LAW)
    page = str(letters.message(models.Letter.objects.get()).alternatives[0][0])
    assert not re.search(r"<(img|script|link|iframe|style)|src=|url\(", page)
    assert page.count("<h2") >= 2
    assert "<li>" in page


def test_a_signature_put_on_the_letter_would_hold_on_any_road(site, anna, postbox):
    """Seven bits, short lines, no header that servers add themselves (RFC 6376, 5.3 and 5.4)."""
    notice.announce(now=NOW, regimes=LAW)
    raw = letters.message(models.Letter.objects.get()).message().as_bytes(linesep="\r\n")
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) < 998
    again = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version"} <= set(again.keys())
    assert not {"Return-Path", "Received", "Sender", "Bcc"} & set(again.keys())
    assert all(part.get("Content-Transfer-Encoding", "quoted-printable") == "quoted-printable"
               for part in again.walk() if not part.is_multipart())  # fmt: skip
    mail.send_due(NOW)
    (arrived,) = postbox.letters
    assert arrived["Message-ID"] == again["Message-ID"]
    assert arrived["From"] == "privacy@localhost"


def test_one_click_unsubscribing_is_offered_where_it_belongs(site, anna, postbox, secure):
    notice.announce(now=NOW, regimes=LAW)
    objection.submit(anna, route="form", now=NOW)
    mail.send_due(NOW)
    told, receipted = sorted(postbox.letters, key=lambda letter: len(list(letter.walk())))
    assert told["List-Unsubscribe"].strip().startswith("<https://dorp.example/notice/no-more/")
    assert told["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in receipted
    assert told["Reply-To"] == "nee@dorp.example"


def test_a_letter_that_answers_says_which_mail(site, anna, postbox):
    mail.queue("unclear", anna, to=anna.email, about={}, now=NOW, answers="<x@elders.example>")
    mail.send_due(NOW)
    (letter,) = postbox.letters
    assert letter["In-Reply-To"] == letter["References"] == "<x@elders.example>"
    assert letter["Auto-Submitted"] == "auto-replied"


def test_a_letter_is_known_by_its_message_id_and_nobody_can_guess_one(site, anna, bob):
    first = mail.queue("unclear", anna, to=anna.email, about={}, now=NOW)
    other = mail.queue("unclear", bob, to=bob.email, about={}, now=NOW)
    assert letters.by_message_id(f"see {letters.message_id(first)} above") == first
    tag = letters.message_id(other).partition(".")[2]
    assert letters.by_message_id(f"<letter-{first.pk}.{tag}") is None


def test_only_at_her_own_address_a_letter_names_her_accounts_and_undoes(site, anna):
    no = objection.submit(anna, route="email", email="else@elders.example", now=NOW)
    other = models.Letter.objects.get(kind="receipt", to="else@elders.example")
    assert "anna" not in letters.message(other).body
    assert "/undo/" not in letters.message(other).body
    own = models.Letter.objects.get(kind="undo")
    assert (own.to, own.payload["objection"]) == (anna.email, no.pk)
    assert "mastodon @anna, mastodon @anna1" in letters.message(own).body
    assert "/undo/" in letters.message(own).body


def test_a_sign_in_link_does_not_stay_in_the_outbox(site, anna):
    mail.queue("link", anna, to=anna.email, about={"link": "https://dorp.example/x"}, now=NOW)
    mail.send_due(NOW)
    assert models.Letter.objects.get().payload == {}


def test_an_operator_says_it_in_their_own_words(site, anna):
    from django.conf import settings
    from django.test import override_settings

    own = site.root / "templates" / "rights" / "letters"
    own.mkdir(parents=True)
    (own / "unclear.nl.txt").write_text("Wat bedoelt u? ({{ site }})\nZegt u het ons nog eens.\n")
    (engine,) = settings.TEMPLATES
    assert engine["DIRS"][0].name == "templates"
    with override_settings(TEMPLATES=[engine | {"DIRS": [site.root / "templates"]}]):
        letter = mail.queue("unclear", anna, to=anna.email, about={}, now=NOW)
        message = letters.message(letter)
    assert message.subject == "Wat bedoelt u? (Dorp)"
    assert "nog eens" in message.body
