"""Letters that come back: found by their number, and only what is final un-tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from demur.policy import regimes
from demur.rights import letters, mail, mailbox, models, notice, objection

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
LAW = regimes.load()

STATUS = """Reporting-MTA: dns; mx.dorp.example

Final-Recipient: rfc822; anna@dorp.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 no such mailbox
"""


@pytest.fixture
def told(site, anna) -> models.Letter:
    """A notice that a mail server took."""
    notice.announce(now=NOW, regimes=LAW)
    mail.send_due(NOW)
    return models.Letter.objects.get(kind="notice")


def report(letter: models.Letter, action: str, status: str, *, headers_only: bool = False) -> bytes:
    """As RFC 3464 has it: words for people, fields for programs, the letter or its headers."""
    words = "From: MAILER-DAEMON@mx.dorp.example\r\nSubject: Delivery Status Notification\r\n"
    words += "Message-ID: <dsn@mx.dorp.example>\r\nAuto-Submitted: auto-replied\r\n"
    words += 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    words += "--b\r\nContent-Type: text/plain\r\n\r\nYour message is not delivered.\r\n"
    words += "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    words += STATUS.format(action=action, status=status).replace("\n", "\r\n")
    kind = "text/rfc822-headers" if headers_only else "message/rfc822"
    words += f"\r\n--b\r\nContent-Type: {kind}\r\n\r\nFrom: privacy@dorp.example\r\n"
    words += f"Message-ID: {letters.message_id(letter)}\r\n\r\nyour posts\r\n--b--\r\n"
    return words.encode()


def plain(letter: models.Letter, sender: str, subject: str, text: str, **more: str) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = sender, subject, "<p@mx.example>"
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    message.set_content(f"{text}\n\nMessage-ID: {letters.message_id(letter)}\n")
    return message.as_bytes()


@pytest.mark.parametrize("headers_only", [False, True])
def test_a_final_report_untells_her(site, anna, told, headers_only):
    raw = report(told, "failed", "5.1.1", headers_only=headers_only)
    assert mailbox.take(raw, now=LATER) == mailbox.Taken(outcome="bounce", person=anna)
    assert models.Delivery.objects.get().bounced_at == LATER
    assert notice.told(anna) is None
    told.refresh_from_db()
    assert told.error == "came back"


def test_who_was_tried_for_days_in_vain_is_not_told_either(site, anna, told):
    mailbox.take(report(told, "failed", "4.4.7"), now=LATER)
    assert notice.told(anna) is None


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("delivered", "2.0.0")])
def test_a_delay_or_a_delivery_is_no_bounce(site, anna, told, action, status):
    assert mailbox.take(report(told, action, status), now=LATER).outcome == "bounce"
    assert notice.told(anna) == NOW


OLDER = {
    "qmail": (
        "MAILER-DAEMON@mx.example",
        "failure notice",
        "This is the qmail-send program. This is a permanent error; I've given up.",
        {},
    ),
    "exim": (
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Mail delivery failed: returning message to sender",
        "A message that you sent could not be delivered to one or more of its recipients.",
        {"X_Failed_Recipients": "anna@dorp.example"},
    ),
    "exchange": (
        "postmaster@elders.example",
        "Undeliverable: Before we use your posts",
        "The e-mail account does not exist at the organization.",
        {},
    ),
    "nobody": ("noreply@mx.example", "Undelivered Mail", "It came back.", {"Return_Path": "<>"}),
}


@pytest.mark.parametrize("server", OLDER)
def test_older_servers_are_understood_too(site, anna, told, server):
    sender, subject, text, more = OLDER[server]
    taken = mailbox.take(plain(told, sender, subject, text, **more), now=LATER)
    assert taken == mailbox.Taken(outcome="bounce", person=anna)
    assert notice.told(anna) is None


def test_a_warning_of_an_older_server_is_no_bounce(site, anna, told):
    text = "THIS IS A WARNING MESSAGE ONLY. Your message is delayed; no need to resend."
    raw = plain(told, "MAILER-DAEMON@mx.example", "Warning: delayed 24 hours", text)
    assert mailbox.take(raw, now=LATER).outcome == "bounce"
    assert notice.told(anna) == NOW


def test_nobody_untells_another_by_guessing(site, anna, told):
    fake = report(told, "failed", "5.1.1").replace(b"letter-", b"letter-9")
    assert mailbox.take(fake, now=LATER).outcome == "automatic"
    number = letters.message_id(told).partition(".")[0]
    guessed = plain(told, "MAILER-DAEMON@x.example", "failure notice", "permanent error")
    guessed = guessed.replace(letters.message_id(told).encode(), f"{number}.{'0' * 16}@x>".encode())
    mailbox.take(guessed, now=LATER)
    assert notice.told(anna) == NOW


def test_a_receipt_that_comes_back_leaves_her_no_alone(site, anna):
    objection.submit(anna, route="form", now=NOW)
    mail.send_due(NOW)
    letter = models.Letter.objects.get(kind="receipt")
    mailbox.take(report(letter, "failed", "5.1.1"), now=LATER)
    assert objection.standing_objection(anna)
    assert not models.Entry.objects.filter(kind="bounce").exists()
