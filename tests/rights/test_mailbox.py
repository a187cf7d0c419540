"""Mail that comes in: a No counts at once, programs get no answer, nothing is lost or doubled."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.db import OperationalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demur.policy import regimes
from demur.rights import letters, mail, mailbox, models, notice, objection

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LAW = regimes.load()


def written(
    text: str, *, sender: str = "anna@dorp.example", subject: str = "", **more: str
) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = f"Somebody <{sender}>", "privacy@dorp.example"
    message["Subject"] = subject
    message["Message-ID"] = more.pop("id", f"<{abs(hash((text, sender, subject)))}@elders.example>")
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


NO = "Ik maak bezwaar tegen het gebruik van mijn berichten voor AI."


def outbox(kind: str) -> list[models.Letter]:
    return list(models.Letter.objects.filter(kind=kind).order_by("pk"))


def test_her_mail_is_a_no_and_is_answered_with_the_receipt(site, anna):
    taken = mailbox.take(written(NO, id="<no@elders.example>"), now=NOW)
    assert taken == mailbox.Taken(outcome="objection", person=anna)
    no = objection.standing_objection(anna)
    assert no and (no.route, no.scope, no.at) == ("email", {}, NOW)
    (receipt,) = outbox("receipt")
    assert (receipt.to, receipt.answers) == ("anna@dorp.example", "<no@elders.example>")
    assert "/undo/" in letters.message(receipt).body
    kept = models.Incoming.objects.get()
    assert (kept.outcome, kept.words, kept.sender) == ("objection", "", "")


def test_the_same_mail_twice_is_one_mail(site, anna):
    raw = written(NO)
    mailbox.take(raw, now=NOW)
    objection.withdraw(anna, now=NOW)
    assert mailbox.take(raw, now=NOW).outcome == "again"
    assert objection.standing_objection(anna) is None
    assert len(outbox("receipt")) == 1


def test_another_mail_with_a_used_number_is_not_swallowed(site, anna):
    mailbox.take(written("Wanneer begint de training?", id="<1@elders.example>"), now=NOW)
    assert mailbox.take(written(NO, id="<1@elders.example>"), now=NOW).outcome == "objection"


def test_a_second_no_is_answered_with_the_first_receipt(site, anna):
    first = objection.submit(anna, route="form", now=NOW)
    assert mailbox.take(written(NO), now=NOW).outcome == "objection"
    assert [each.payload["line"] for each in outbox("receipt")] == [first.entry_id] * 2


def test_everybody_of_a_shared_address_is_fenced_and_each_can_undo_their_own(site, register):
    home = [register(name, email="thuis@dorp.example") for name in ("an", "bo", "cas")]
    mailbox.take(written(NO, sender="Thuis@dorp.example"), now=NOW)
    assert all(objection.standing_objection(each) for each in home)
    bodies = [letters.message(each).body for each in outbox("receipt")]
    assert len(bodies) == 3
    for name, body in zip(("an", "bo", "cas"), bodies, strict=True):
        assert f"mastodon @{name}." in body
        assert body.count("/undo/") == 1


def test_nobody_known_is_asked_which_account_and_may_object_by_a_link(site):
    assert mailbox.take(written(NO, sender="eva@elders.example"), now=NOW).outcome == "unknown"
    (asked,) = outbox("which_account")
    assert (asked.to, asked.person, asked.language) == ("eva@elders.example", None, "en")
    assert f"{site.address}/no/" in letters.message(asked).body
    assert not models.Objection.objects.exists()


@pytest.mark.parametrize(
    "header",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"X_Auto_Response_Suppress": "All"},
        {"Return_Path": "<>"},
        {"List_Id": "<dorp.lists.example>"},
    ],
)
def test_a_program_is_neither_answered_nor_taken_for_a_no(site, anna, header):
    away = written("Ik ben op vakantie tot maandag.", **header)
    assert mailbox.take(away, now=NOW).outcome == "automatic"
    sounds = written(NO, **header)
    assert mailbox.take(sounds, now=NOW).outcome == "unclear"  # a person looks at it
    assert not models.Letter.objects.exists()
    assert not models.Objection.objects.exists()


def test_our_own_letter_that_comes_round_is_left_alone(site, anna):
    letter = mail.queue("unclear", anna, to=anna.email, about={}, now=NOW)
    assert letter
    round_ = written(NO, id=letters.message_id(letter))
    assert mailbox.take(round_, now=NOW).outcome == "unclear"
    assert models.Letter.objects.count() == 1


def test_two_programs_that_answer_each_other_stop(site, anna):
    for number in range(9):
        mailbox.take(written("What about my posts?", id=f"<{number}@elders.example>"), now=NOW)
    assert len(outbox("unclear")) == mailbox.ANSWERS_A_DAY
    assert models.Incoming.objects.count() == 9


def test_what_is_unclear_waits_for_a_person_and_fences_nobody(site, anna):
    taken = mailbox.take(written("Wat doet u met mijn foto's?", subject="vraag"), now=NOW)
    assert taken == mailbox.Taken(outcome="unclear", person=anna)
    assert objection.standing_objection(anna) is None
    waiting = models.Incoming.objects.get(settled_at=None)
    assert waiting.words == "vraag\n\nWat doet u met mijn foto's?"
    assert "/privacy/object/" in letters.message(outbox("unclear")[0]).body


def test_a_stranger_who_speaks_of_something_else_is_not_answered(site):
    assert mailbox.take(written("Cheap watches!", sender="x@spam.example"), now=NOW).outcome == (
        "unclear"
    )
    assert not models.Letter.objects.exists()


def test_nobody_takes_a_no_back_by_mail(site, anna):
    objection.submit(anna, route="form", now=NOW)
    taken = mailbox.take(written("Ik trek mijn bezwaar in."), now=NOW)
    assert taken.outcome == "takes-back"
    assert objection.standing_objection(anna)
    assert len(outbox("withdraw_how")) == 1
    assert not outbox("withdrawn")


def test_one_word_answers_our_notice(site, anna):
    notice.announce(now=NOW, regimes=LAW)
    letter = models.Letter.objects.get()
    reply = written("Nee.", subject="Re: iets", In_Reply_To=letters.message_id(letter))
    assert mailbox.take(reply, now=NOW).outcome == "objection"


def test_html_alone_is_read_and_what_it_quotes_is_not(site, anna, bob):
    page = EmailMessage()
    page["From"], page["Message-ID"] = "anna@dorp.example", "<h@elders.example>"
    page.set_content(
        "<style>p{}</style><script>alert(1)</script><p>Ik maak <b>bezwaar</b> tegen&nbsp;AI</p>"
        "<blockquote>geen bezwaar</blockquote>",
        subtype="html",
    )
    assert mailbox.take(page.as_bytes(), now=NOW).outcome == "objection"
    quoted = EmailMessage()
    quoted["From"], quoted["Message-ID"] = "bob@dorp.example", "<i@elders.example>"
    quoted.set_content("<p>wat?</p><blockquote>I object to AI</blockquote>", subtype="html")
    assert mailbox.take(quoted.as_bytes(), now=NOW).outcome == "unclear"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe" * 500,
        b"From: anna@dorp.example\r\nContent-Type: text/plain; charset=klingon\r\n\r\nGeen AI",
        b"From: =?utf-8?b?not base64?= <anna@dorp.example>\r\n\r\n" + NO.encode(),
        b"From: " + b"<" * 5000 + b"\r\nSubject: =?x?y?z?=\r\n\r\nhello",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
        + b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" * 3000,
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\n\r\n" * 30000,
        b"From: anna@dorp.example\r\n" + b"X: y\r\n" * 20000 + b"\r\n" + NO.encode(),
        b"From: anna@dorp.example\r\nMessage-ID: <" + b"a" * 9999 + b">\r\n\r\n" + NO.encode(),
        b"From: anna@dorp.example\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"From: anna@dorp.example\r\n\r\n" + b"x" * (11 * 2**20),
    ],
)  # fmt: skip
def test_hostile_mail_is_taken_like_any_other(site, anna, raw):
    taken = mailbox.take(raw, now=NOW)
    assert taken.outcome in ("objection", "unclear", "automatic", "unknown")
    assert models.Incoming.objects.count() == 1


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=600), st.sampled_from([b"From", b"Subject", b"Content-Type", b"Date"]))
def test_no_bytes_stop_the_mailbox(site, body, header):
    raw = b"From: a@b.example\r\n" + header + b": " + body.replace(b"\n", b" ") + b"\r\n\r\n" + body
    assert mailbox.take(raw, now=NOW).outcome


def test_files_are_taken_and_gone_and_one_that_is_being_written_is_left(site, anna):
    folder = site.mail / "in"
    (folder / "new").mkdir(parents=True)
    (folder / "1.eml").write_bytes(written(NO))
    (folder / "new" / "1763.M1.host").write_bytes(written("Wat is AI?", subject="AI"))
    (folder / ".2.eml").write_bytes(b"From: half")
    (folder / "3.eml").symlink_to("/etc/passwd")
    assert mailbox.fetch(site, NOW) == 2
    assert sorted(path.name for path in folder.iterdir()) == [".2.eml", "3.eml", "new"]
    assert objection.standing_objection(anna)
    assert mailbox.fetch(site, NOW) == 0


def test_a_crash_between_the_no_and_the_file_doubles_nothing(site, anna, monkeypatch):
    folder = site.mail / "in"
    folder.mkdir()
    (folder / "1.eml").write_bytes(written(NO))

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for where, name in ((models.Incoming.objects, "get_or_create"), (Path, "unlink")):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, die)
            with pytest.raises(KeyboardInterrupt):
                mailbox.fetch(site, NOW)
        assert (folder / "1.eml").exists()
    mailbox.fetch(site, NOW)
    assert not (folder / "1.eml").exists()
    assert models.Objection.objects.count() == 1


class HonestImap(threading.Thread):
    """A small IMAP server over TLS: one folder, the commands that `imap` uses, nothing else."""

    def __init__(self, certificate: Path) -> None:
        super().__init__(daemon=True)
        self.mails: dict[int, bytes] = {}
        self.validity = 7
        self.commands: list[str] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                plain, _ = self.socket.accept()
                with self.context.wrap_socket(plain, server_side=True) as client:
                    self._serve(client)
            except OSError:
                if self.socket.fileno() == -1:
                    return

    def _serve(self, client: ssl.SSLSocket) -> None:
        file = client.makefile("rwb")

        def say(*lines: bytes) -> None:
            file.write(b"".join(line + b"\r\n" for line in lines))
            file.flush()

        say(b"* OK honest")
        while line := file.readline():
            tag, _, command = line.decode().strip().partition(" ")
            self.commands.append(command)
            verb, _, rest = command.partition(" ")
            done = f"{tag} OK done".encode()
            if verb == "CAPABILITY":
                say(b"* CAPABILITY IMAP4rev1", done)
            elif verb == "LOGIN" and rest != 'privacy "secret"':
                say(f"{tag} NO who are you".encode())
            elif verb == "EXAMINE":
                say(
                    b"* %d EXISTS" % len(self.mails), b"* OK [UIDVALIDITY %d]" % self.validity, done
                )
            elif rest.startswith("SEARCH"):
                after = int(rest.split()[-1].partition(":")[0])
                there = sorted(self.mails)
                found = [uid for uid in there if uid >= after] or there[-1:]
                say(b"* SEARCH " + b" ".join(b"%d" % uid for uid in found), done)
            elif rest.startswith("FETCH"):
                uid = int(rest.split()[1])
                raw = self.mails[uid]
                say(b"* 1 FETCH (UID %d BODY[]<0> {%d}" % (uid, len(raw)))
                file.write(raw)
                say(b")", done)
            else:
                say(done)
            if verb == "LOGOUT":
                return

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    """Key and certificate of 127.0.0.1, signed by itself."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def server(certificate: Path) -> Iterator[HonestImap]:
    running = HonestImap(certificate)
    running.start()
    yield running
    running.close()


@pytest.fixture
def asking(site, server, certificate, monkeypatch):
    """The same site with its mailbox on that server, whose certificate it trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    key = site.root / "keys" / "imap.key"
    key.touch(mode=0o600)
    key.write_text("secret\n")
    box = replace(
        site.config.mailbox, host="127.0.0.1", port=server.port, user="privacy", folder="INBOX"
    )
    return replace(site, config=replace(site.config, mailbox=box))


def test_a_mail_is_taken_beside_the_pages_while_the_worker_trains(site, anna, bob):
    folder = site.mail / mailbox.FILES
    folder.mkdir()
    stop = threading.Event()
    clock = lambda: NOW  # noqa: E731
    both = [  # the worker does the same: one of the two gets a mail, and nobody is answered twice
        threading.Thread(target=mailbox.keep_fetching, args=(site, stop, clock, 0.01))
        for _ in range(2)
    ]
    for each in both:
        each.start()
    for number, sender in enumerate(["anna", "bob"] * 2):
        raw = written(NO, sender=f"{sender}@dorp.example", id=f"<{number // 2}@elders.example>")
        (folder / f".{number}").write_bytes(raw)
        (folder / f".{number}").rename(folder / f"{number}.eml")
    deadline = time.monotonic() + 10
    while any(folder.glob("*.eml")) and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    for each in both:
        each.join()
    assert models.Objection.objects.count() == 2
    assert models.Incoming.objects.count() == 4
    answered = [each.to for each in outbox("receipt")]
    assert sorted(answered) == ["anna@dorp.example"] * 2 + ["bob@dorp.example"] * 2


def test_a_mail_that_somebody_takes_away_first_is_no_crash(site, anna, monkeypatch):
    folder = site.mail / mailbox.FILES
    folder.mkdir()
    monkeypatch.setattr(mailbox, "_files", lambda place: [folder / "gone.eml"])
    assert mailbox.fetch(site, NOW) == 0


def test_mails_wait_while_the_database_does_not_answer(site, anna, monkeypatch, caplog):
    folder = site.mail / mailbox.FILES
    folder.mkdir()
    (folder / "1.eml").write_bytes(written(NO))
    refused, stop = threading.Event(), threading.Event()

    def locked(*_: object, **__: object) -> None:
        refused.set()
        raise OperationalError("database is locked")

    clock = lambda: NOW  # noqa: E731
    fetching = threading.Thread(target=mailbox.keep_fetching, args=(site, stop, clock, 0.01))
    with monkeypatch.context() as patch:
        patch.setattr(objection, "submit", locked)
        fetching.start()
        assert refused.wait(10)
    deadline = time.monotonic() + 10
    while any(folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    fetching.join()
    assert objection.standing_objection(anna)


def test_mails_on_a_server_are_taken_once_and_left_there(asking, server, anna, bob):
    server.mails = {3: written("Wat is AI?", subject="AI"), 5: written(NO)}
    assert mailbox.fetch(asking, NOW) == 2
    assert objection.standing_objection(anna)
    assert mailbox.fetch(asking, NOW) == 0
    server.mails[9] = written(NO, sender="bob@dorp.example")
    assert mailbox.fetch(asking, NOW) == 1
    assert objection.standing_objection(bob)
    assert len(server.mails) == 3
    assert not any("STORE" in command or "EXPUNGE" in command for command in server.commands)
    assert sum("FETCH" in command for command in server.commands) == 3


def test_a_folder_that_was_made_anew_is_read_again_and_nothing_is_doubled(asking, server, anna):
    server.mails = {5: written(NO)}
    mailbox.fetch(asking, NOW)
    server.validity, server.mails = 8, {1: written(NO), 2: written("Wat is AI?", subject="AI")}
    assert mailbox.fetch(asking, NOW) == 1
    assert models.Objection.objects.count() == 1


def test_a_server_is_not_asked_more_often_than_it_should(asking, server, anna):
    minute = timedelta(minutes=1)
    mailbox.fetch(asking, NOW, every=minute)
    server.mails = {1: written(NO)}
    assert mailbox.fetch(asking, NOW + minute / 2, every=minute) == 0
    assert mailbox.fetch(asking, NOW + minute, every=minute) == 1


def test_a_server_that_is_not_who_it_says_gets_no_password(asking, server, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    assert mailbox.fetch(asking, NOW) == 0
    assert server.commands == []


def test_a_wrong_password_or_a_dead_server_is_no_crash(asking, server, anna, caplog):
    (asking.root / "keys" / "imap.key").write_text("wrong")
    assert mailbox.fetch(asking, NOW) == 0
    nobody = replace(asking.config.mailbox, port=9)
    gone = replace(asking, config=replace(asking.config, mailbox=nobody))
    assert mailbox.fetch(gone, NOW) == 0
    assert "wrong" not in caplog.text
