"""The rights file: everything we keep about one person, for them to take along.

A zip with what they said and were told as JSON, their receipts, and every post with its decision
as a table. It holds what is theirs: where others write about them it says in which post and where,
and not what those others wrote.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from demur.corpus.explain import Explanation, explain
from demur.corpus.lake import Lake
from demur.people import PersonId
from demur.policy import regimes
from demur.rights import mail, models, people, receipt, standing
from demur.rights.place import here

README = """\
This is everything that {site} keeps about you beside your posts themselves.

you.json          who we think you are, what you said, what you were told and asked for
models.json       every model that held posts of yours or mentions of you, from when to when
my-data.csv       every post of yours, what it may be used for today, and every reason
receipts/         receipts of your objections; `demur verify` checks them without us
{more}
Made on {at}.
"""

COLUMNS = ("post", "account", "kind", "posted", "uses", "decision", "reasons", "text")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate these


def write(
    person: models.Person, *, now: datetime, more: Mapping[str, tuple[str, str]] | None = None
) -> bytes:
    """The zip. now: the moment it speaks of, aware. more: what rooms above keep of them, by the
    name of the file: what it is, and the text."""
    at = now.astimezone(UTC)
    person = people.whole(person)
    language = mail.speak(person.language, here().language)
    told = io.BytesIO()
    with zipfile.ZipFile(told, "w", zipfile.ZIP_DEFLATED) as file:
        also = "".join(f"{name:<18}{what}\n" for name, (what, _) in (more or {}).items())
        told_at = f"{at:%Y-%m-%d %H:%M} UTC"
        file.writestr("README.txt", README.format(site=here().name, at=told_at, more=also))
        file.writestr("you.json", _json(_you(person)))
        file.writestr("models.json", _json([asdict(each) for each in receipt.periods(person)]))
        file.writestr("my-data.csv", _table(_explained(person, at), language))
        for objection in _objections(person):
            name = f"receipts/{objection.entry_id}.tlog-proof"
            file.writestr(name, receipt.text(objection))
        for name, (_, text) in (more or {}).items():
            file.writestr(name, text)
    return told.getvalue()


def _you(person: models.Person) -> dict[str, Any]:
    family = people.family(person)
    fields = (
        "id", "email", "country", "language", "born", "opted_in", "chats_on", "named",
        "claimed_keys", "claimed_names", "seen", "line",
    )  # fmt: skip
    return {
        "person": {name: getattr(person, name) for name in fields},
        "secret": bytes(person.secret).hex(),  # proves your absence from a model; keep it to you
        "earlier": [member.pk for member in family[1:]],
        "accounts": _rows(
            models.Account.objects.filter(person__in=family),
            "id", "platform", "handle", "name", "country", "locked", "refuses_training", "keys",
            "declared_audience", "memorial", "line",
        ),
        "objections": _rows(
            _objections(person),
            "scope", "reason", "email", "route", "entry_id", "at", "withdrawn_entry_id",
            "withdrawn_at",
        ),
        "notices": _rows(
            models.Delivery.objects.filter(person__in=family),
            "campaign_id", "queued_at", "sent_at", "bounced_at", "opened_at", "seen_at",
            "reminded_at", "no_more",
        ),
        "requests": _rows(
            models.Request.objects.filter(person__in=family),
            "id", "exercise", "regime", "route", "agent_id", "state", "reason", "said",
            "restricted", "due", "evidence", "opened_at", "decided_at", "appeal", "appealed_at",
        ),
        "letters": _rows(
            models.Letter.objects.filter(person__in=family),
            "to", "kind", "language", "created_at", "sent_at",
        ),
        "mails": _rows(
            models.Incoming.objects.filter(person__in=family),
            "came_at", "outcome", "sender", "words",
        ),
        "named_in": _rows(
            models.NamedIn.objects.filter(person__in=family), "post", "start", "end", "confirmed"
        ),
        "links_asked": _rows(
            models.LinkAsked.objects.filter(by__in=family),
            "one_id", "other_id", "at", "settled_at", "agreed",
        ),
        "lines": _rows(
            models.Opening.objects.filter(person__in=family).order_by("entry"),
            "entry_id", "payload",
        ),
    }  # fmt: skip


def _rows(rows: Iterable[Any], *fields: str) -> list[dict[str, Any]]:
    return [{name: getattr(row, name) for name in fields} for row in rows]


def _objections(person: models.Person) -> list[models.Objection]:
    mine = models.Objection.objects.filter(person__in=people.family(person))
    return list(mine.select_related("person").order_by("entry"))


def _explained(person: models.Person, at: datetime) -> list[Explanation]:
    site, whom = here(), PersonId(person.pk)
    stands = standing.stands(today=at.date(), regimes=regimes.load(), only=whom)
    return explain(Lake(site.lake, site.home), stands, whom)


def _table(explained: Iterable[Explanation], language: str) -> str:
    told = io.StringIO()
    table = csv.writer(told)
    table.writerow(COLUMNS)
    for each in explained:
        post = each.stored.post
        outcome, *reasons = each.sentences(language)
        table.writerow(
            [
                each.stored.id,
                post.account,
                post.kind.value,
                post.created_at.isoformat(),
                " ".join(sorted(each.decision.uses)),
                outcome,
                " ".join(reasons),
                _harmless(post.text),
            ]
        )
    return told.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _json(value: Mapping[str, Any] | list[Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)
