"""What a letter says and how it leaves: words from a template, headers that survive the road.

Plain text, and the same words as HTML without anything that is fetched from elsewhere. Nothing in
the headers is of the kind that mail servers add to or rewrite, and the body is quoted-printable,
so that a DKIM signature set by the operator's mail server holds at the other end (RFC 6376, 5.3).
An operator's own words stand in <site>/templates/rights/letters/ under the same names.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from datetime import date, timedelta
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import utf8_charset_qp
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.utils import translation

from demur.rights import book, evidence, models, people, receipt, signed
from demur.rights.place import here
from demur.tlog import checkpoint, note

LANGUAGES = ("en", "nl", "de", "fr")
KINDS = {
    "receipt": ("line",),
    "withdrawn": (),
    "notice": ("days", "uses"),
    "reminder": ("days", "uses"),
    "which_account": ("mark",),  # of the mail that came, in hexadecimals
    "withdraw_how": (),
    "unclear": (),
    "undo": ("objection",),  # its number
    "link_asked": (),
    "link": ("link",),  # an address
    "confirm": ("link",),
    "request_opened": (),  # these four: `request`, its id
    "request_fulfilled": (),
    "request_denied": (),
    "appeal": (),
    "export_ready": (),
}
"""Each kind of letter, with what its payload must hold."""

PRIVACY, OBJECT = "/privacy/", "/privacy/object/"
OPEN, NO_MORE, UNDO, UNKNOWN = "/notice/", "/notice/no-more/", "/undo/", "/no/"
OPENS = timedelta(days=180)  # how long the link in a notice says that it was followed
UNDOES = timedelta(days=30)  # how long an owner may undo a No that somebody else made
OBJECTS = timedelta(days=30)  # how long a stranger's link to object works
UNPROVEN = ("link", "email", "letter", "agent")  # routes on which nobody showed who they were
TAG = 8  # bytes that only who received a letter can know
TITLE = 110  # characters; a longer first line is a sentence


def message(letter: models.Letter) -> EmailMultiAlternatives:
    """The letter as it leaves; the same each time it is sent, but for the head of the book."""
    with translation.override(letter.language):
        context = _context(letter)
        words = _plain(f"{letter.kind}.{letter.language}", context)
        foot = _plain(f"_foot.{letter.language}", context).strip()
    subject, _, body = words.strip().partition("\n")
    body = re.sub(r"\n{3,}", "\n\n", body.strip())
    mail = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=f"{body}\n\n-- \n{foot}\n",  # RFC 3676, 4.3: what follows is no part of the message
        to=[letter.to],
        reply_to=[here().reply_to] if here().reply_to else None,
        headers=_headers(letter, context),
    )
    mail.encoding = utf8_charset_qp
    page = {
        "parts": list(_parts(body)),
        "foot": foot.splitlines(),
        "language": letter.language,
        "subject": mail.subject,
    }
    mail.attach_alternative(render_to_string("rights/letters/letter.html", page), "text/html")
    if letter.kind == "receipt":
        objection = context["objection"]
        name = f"receipt-{objection.entry_id}.tlog-proof"
        # not text/plain: a mail server may change line ends, and then the signature is gone
        mail.attach(name, receipt.text(objection).encode(), "application/octet-stream")
    if letter.kind == "request_fulfilled":
        _attach_evidence(mail, context["asked"])
    return mail


def _attach_evidence(mail: EmailMultiAlternatives, asked: models.Request | None) -> None:
    """What was found of its person: to be read, and for programs."""
    if asked is not None and asked.evidence:
        mail.attach("evidence.txt", evidence.as_text(asked), "text/plain")
        mail.attach("evidence.json", evidence.as_json(asked), "application/json")


def message_id(letter: models.Letter) -> str:
    """The same for every sending of a letter, and not to be guessed: who sends it back had it."""
    return f"<letter-{letter.pk}.{_tag(letter.pk)}@{_host()}>"


def by_message_id(text: str) -> models.Letter | None:
    """The letter of ours whose Message-ID stands in `text`, if any does."""
    for number, tag in re.findall(
        rf"letter-(\d{{1,18}})\.([0-9a-f]{{{2 * TAG}}})@", text[:1_000_000]
    ):
        if hmac.compare_digest(tag, _tag(int(number))):
            return models.Letter.objects.filter(pk=int(number)).first()
    return None


def undo_link(objection: models.Objection, owner: models.Person) -> str:
    """Where its owner takes a No away that was made on a route without proof."""
    about = f"{objection.pk}:{owner.pk}"
    token = signed.link("undo", about, until=objection.at + UNDOES)
    return f"{here().address}{UNDO}{token}/"


def _plain(name: str, context: dict[str, Any]) -> str:
    """Plain text knows no `&amp;`."""
    template = Engine.get_default().get_template(f"rights/letters/{name}.txt")
    return str(template.render(Context(context, autoescape=False)))


def _headers(letter: models.Letter, context: dict[str, Any]) -> dict[str, str]:
    headers = {
        "Message-ID": message_id(letter),
        "Date": formatdate(letter.created_at.timestamp()),
        "Auto-Submitted": "auto-replied" if letter.answers else "auto-generated",  # RFC 3834
        "Content-Language": letter.language,
    }
    if letter.answers:
        headers |= {"In-Reply-To": letter.answers, "References": letter.answers}
    if "no_more" in context:
        headers["List-Unsubscribe"] = f"<{context['no_more']}>"
        if context["no_more"].startswith("https://"):  # RFC 8058 allows it with HTTPS alone
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _context(letter: models.Letter) -> dict[str, Any]:
    site = here()
    head = checkpoint.parse(note.parse(book.head()).text)
    context: dict[str, Any] = {
        **letter.payload,
        "site": site.name,
        "privacy": site.address + PRIVACY,
        "object": site.address + OBJECT,
        "size": head.size,
        "root": head.root.hex(),
    }
    return (
        context
        | _of_notice(letter)
        | _of_objection(letter)
        | _of_mail(letter)
        | _of_request(letter)
    )


def _of_notice(letter: models.Letter) -> dict[str, Any]:
    """Links that say: it arrived; no reminder, please."""
    if letter.delivery is None:
        return {}
    until, row, address = letter.created_at + OPENS, letter.delivery.pk, here().address
    return {
        "open": f"{address}{OPEN}{signed.link('notice', row, until=until)}/",
        "no_more": f"{address}{NO_MORE}{signed.link('no-more', row, until=until)}/",
        "remind_after": letter.delivery.campaign.remind_after,
    }


def _of_objection(letter: models.Letter) -> dict[str, Any]:
    """Whose No it is; and how to undo it, where it came on a route without proof."""
    if letter.kind not in ("receipt", "undo"):
        return {}
    by_line = {"entry": letter.payload.get("line")}
    which = by_line if letter.kind == "receipt" else {"pk": letter.payload["objection"]}
    objection = models.Objection.objects.get(**which)
    context: dict[str, Any] = {
        "objection": objection,
        "whole": not objection.scope,
        "said_on": objection.at,
    }
    owner = letter.person
    if owner is None or letter.to.casefold() != owner.email.casefold():
        return context  # only at the owner's own address: their accounts, and a way to undo it
    context["claimed"] = people.whole(owner) != people.whole(objection.person)
    rows = models.Account.objects.filter(person__in=people.family(owner)).order_by("pk")
    context["accounts"] = [f"{row.platform} {row.handle or row.name}".strip() for row in rows]
    if objection.route in UNPROVEN:
        until = objection.at + UNDOES
        context |= {"undo": undo_link(objection, owner), "until": until}
    return context


def _of_mail(letter: models.Letter) -> dict[str, Any]:
    if letter.kind != "which_account":
        return {}
    until = letter.created_at + OBJECTS
    token = signed.link("object", letter.payload["mark"], until=until)
    return {"object_link": f"{here().address}{UNKNOWN}{token}/", "until": until}


def _of_request(letter: models.Letter) -> dict[str, Any]:
    """What a request's letter tells: by when it is answered; why it was refused."""
    found: dict[str, Any] = {"asked": None}
    if "request" in letter.payload:
        row = models.Request.objects.filter(pk=letter.payload["request"]).first()
        found |= {"due": row.due, "said": row.said} if row else {}
        found["asked"] = row
    elif isinstance(letter.payload.get("due"), str):
        found["due"] = date.fromisoformat(letter.payload["due"])
    return found


def _parts(body: str) -> Iterator[dict[str, Any]]:
    """A letter's paragraphs: a short first line without a full stop is a title."""
    for paragraph in re.split(r"\n\s*\n", body):
        lines = paragraph.splitlines()
        title = ""
        if (
            len(lines) > 1
            and len(lines[0]) <= TITLE
            and lines[0][-1] not in ".:;,!"
            and lines[0][0] != "-"
        ):
            title = lines.pop(0)
        bullets = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
        others = [line for line in lines if not line.startswith("- ")]
        if bullets:
            yield {"title": title, "list": True, "lines": bullets}
            title = ""
        if others:
            yield {"title": title, "list": False, "lines": others}


def _host() -> str:
    return urlsplit(here().address).hostname or "localhost"


def _tag(number: int) -> str:
    return here().home.mark("letter", str(number).encode())[:TAG].hex()
