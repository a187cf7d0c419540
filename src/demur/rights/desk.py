"""The desk's numbers: what waits, what was decided, what a No took how long, and what it cost.

Each is a `Sheet`, so that what stands on a page can be taken along as CSV or JSON and says the
same. No sheet holds a person's words, name or address; `IMPERSONAL` ones may be read by an
authority and by an auditor too.
"""

from __future__ import annotations

import csv
import io
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from demur.corpus import build as corpus
from demur.errors import NotFound
from demur.people import PersonId
from demur.policy import regimes as law
from demur.policy.rules import RULES
from demur.policy.version import policy_hash
from demur.rights import funnel, models, proposals
from demur.rights.fall import built_posts
from demur.rights.funnel import Funnel
from demur.rights.place import here

RELEASED = "released.json"
MOST_NOS = 1000  # objections over which the time to silence is told, the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table of numbers with a name."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def csv(self) -> str:
        """RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(self.columns)
        writer.writerows([_cell(value) for value in row] for row in self.rows)
        return out.getvalue()

    def json(self) -> str:
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return json.dumps({self.name: rows}, ensure_ascii=False, indent=2, default=str)


def reasons() -> Sheet:
    """Posts left out or masked, by reason, and the difference from the build before."""
    now, before = _last_builds()
    names = sorted({*now.reasons, *before.reasons}, key=lambda n: (-now.reasons.get(n, 0), n))
    laws = {rule.name: rule.law for rule in RULES}
    return Sheet(
        name="reasons",
        columns=("reason", "posts", "before", "difference", "law"),
        rows=tuple(
            (*_compared(name, now.reasons, before.reasons), laws.get(name, "")) for name in names
        ),
    )


def kept() -> Sheet:
    """Posts kept, by shard, and the difference from the build before."""
    now, before = _last_builds()
    names = sorted({*now.kept, *before.kept}, key=int)
    return Sheet(
        name="kept",
        columns=("shard", "posts", "before", "difference"),
        rows=tuple(_compared(name, now.kept, before.kept) for name in names),
    )


def builds() -> Sheet:
    """When something else was decided than the time before, and by which law."""
    return Sheet(
        name="builds",
        columns=("at", "policy", "posts"),
        rows=tuple(
            (row.at, row.policy, sum(row.kept.values()))
            for row in models.Built.objects.order_by("-pk")
        ),
    )


def holds() -> Sheet:
    """Every hold, those in force first."""
    rows = sorted(models.Hold.objects.order_by("-pk"), key=lambda hold: hold.lifted_at is not None)
    return Sheet(
        name="holds",
        columns=("hold", "scope", "by", "authority", "since", "starts", "line", "lifted", "lift"),
        rows=tuple(
            (
                hold.pk,
                json.dumps(hold.scope, sort_keys=True),
                hold.by,
                hold.authority_id or "",
                hold.at,
                hold.starts,
                hold.entry_id,
                hold.lifted_at,
                hold.lifted_entry_id,
            )
            for hold in rows
        ),
    )


def shards() -> Sheet:
    """What is served of each shard. clean: slices that still hold what is kept now, and may speak
    while nobody in them is silent; trained: slices that were learned; slices: all there are."""
    return Sheet(
        name="shards",
        columns=("shard", "posts", "slices", "trained", "clean", "manifest", "adapter"),
        rows=tuple(_shards()),
    )


def released() -> Sheet:
    """Every model that was served, the newest first."""
    lines = models.Opening.objects.filter(entry__kind="served").order_by("-entry")
    return Sheet(
        name="models",
        columns=("model", "at", "line", "base", "recipe"),
        rows=tuple(
            (said["model"], at, line, said["base"], said["recipe"])
            for said, at, line in lines.values_list("payload", "entry__at", "entry_id")
        ),
    )


def cost() -> Sheet:
    """What each release can do and for whom, beside the one before it: the cost of No.

    bits_per_byte: to say two short texts that nobody here wrote (`serving.heldout`); lower is
    better. It tells of the language, and not of what the community knows.
    """
    rows = list(models.Measured.objects.order_by("at"))
    before: list[models.Measured | None] = [None, *rows]
    return Sheet(
        name="cost",
        columns=(
            *("model", "at", "people", "posts", "shards", "bits_per_byte"),
            *("people_difference", "bits_difference"),
        ),
        rows=tuple(
            (
                row.model,
                row.at,
                row.people,
                row.posts,
                row.shards,
                row.bits_per_byte,
                row.people - last.people if last else None,
                _less(row.bits_per_byte, last.bits_per_byte if last else None),
            )
            for row, last in zip(rows, before, strict=False)
        )[::-1],
    )


def campaigns(*, rounded: bool) -> Sheet:
    """How many were told. rounded: down to fives, for whoever is not the operator."""
    groups = [group.rounded() if rounded else group for group in funnel.exact()]
    return Sheet(
        name="campaigns",
        columns=tuple(each.name for each in fields(Funnel)),
        rows=tuple(tuple(asdict(group).values()) for group in groups),
    )


def regimes(today: date) -> Sheet:
    """Which law is in force for whom, as the policy has it."""
    entries = [entry for entry in law.load().entries if entry.since <= today]
    return Sheet(
        name="regimes",
        columns=("regime", "countries", "choice", "objection", "adult_at", "notice_days", "since"),
        rows=tuple(
            (
                each.name,
                " ".join(sorted(each.countries)),
                each.choice,
                each.objection,
                each.adult_at,
                each.notice_days,
                each.since,
            )
            for each in entries
        ),
    )


def imports() -> Sheet:
    """What came in, the newest first."""
    return Sheet(
        name="imports",
        columns=("import", "at", "platform", "line", "counts"),
        rows=tuple(
            (row.pk, row.at, row.platform, row.entry_id, json.dumps(row.counts, sort_keys=True))
            for row in models.Import.objects.order_by("-at")
        ),
    )


def time_to_no() -> Sheet:
    """Seconds from the line of a No to the lines that say its shard was dropped, and that a model
    without it is served; by the newest `MOST_NOS`. Silence is not timed: it begins with the line.

    nothing: those of whom nothing had been learned, so that nothing had to be dropped.
    """
    waits: dict[str, list[float]] = {"dropped": [], "served": []}
    nothing = 0
    dropped, served = _lines_of("shard_dropped"), _lines_of("served")[None]
    nos = models.Entry.objects.filter(kind="objection", opening__person__isnull=False)
    for index, at, person in nos.order_by("-pk").values_list("pk", "at", "opening__person")[
        :MOST_NOS
    ]:
        drop = _next(dropped[here().home.shard(PersonId(person))], index)
        if drop is None:
            nothing += 1
            continue
        waits["dropped"].append(_seconds(at, drop[1]))
        if (since := _next(served, drop[0])) is not None:
            waits["served"].append(_seconds(at, since[1]))
    return Sheet(
        name="time_to_no",
        columns=("until", "nos", "p50_seconds", "p95_seconds"),
        rows=(
            *(
                (kind, len(some), _share(some, 0.5), _share(some, 0.95))
                for kind, some in waits.items()
            ),
            ("nothing", nothing, None, None),
        ),
    )


def queues(today: date) -> Sheet:
    """How much waits, and since when or until when."""
    requests = models.Request.objects.filter(decided=None).exclude(
        state__in=("fulfilled", "revoked")
    )
    unclear = models.Incoming.objects.filter(outcome="unclear", settled_at=None)
    failed = models.Letter.objects.filter(sent_at=None).exclude(error="")
    waiting = proposals.waiting()
    first = requests.order_by("due").values_list("due", flat=True).first()
    return Sheet(
        name="queues",
        columns=("queue", "waiting", "first"),
        rows=(
            ("requests", requests.count(), first),
            ("overdue", requests.filter(due__lt=today).count(), first),
            ("mails", unclear.count(), _day(unclear.order_by("came_at").first(), "came_at")),
            ("proposals", waiting.count(), _day(waiting.first(), "at")),
            ("letters", failed.count(), _day(failed.order_by("created_at").first(), "created_at")),
        ),
    )


def undecided() -> QuerySet[models.Request]:
    """What people asked for and nobody has decided, by the day on which it must be."""
    waits = models.Request.objects.filter(state__in=("open", "in_progress"))
    return waits.order_by("due", "opened_at")


def policy() -> Sheet:
    """Which law decides now."""
    return Sheet(name="policy", columns=("policy",), rows=((policy_hash(law.load()),),))


def sheets(today: date, *, rounded: bool) -> dict[str, Callable[[], Sheet]]:
    """All that can be taken along, by name. rounded: for whoever is not the operator."""
    return {
        "reasons": reasons,
        "kept": kept,
        "builds": builds,
        "holds": holds,
        "shards": shards,
        "models": released,
        "cost": cost,
        "campaigns": lambda: campaigns(rounded=rounded),
        "regimes": lambda: regimes(today),
        "imports": imports,
        "time_to_no": time_to_no,
        "policy": policy,
    }


def _last_builds() -> tuple[models.Built, models.Built]:
    """The last build and the one before it; empty ones where there are none."""
    rows = list(models.Built.objects.order_by("-pk")[:2])
    rows += [models.Built(kept={}, reasons={}) for _ in range(2 - len(rows))]
    return rows[0], rows[1]


def _compared(name: str, now: dict[str, int], before: dict[str, int]) -> tuple[Any, ...]:
    posts, was = now.get(name, 0), before.get(name, 0)
    return name, posts, was, posts - was


def _shards() -> Iterator[tuple[Any, ...]]:
    path = here().models / RELEASED
    adapters: list[dict[str, Any]] = []
    if path.is_file():  # read as JSON: opening it as a release would load the models' library
        adapters = json.loads(path.read_bytes())["adapters"]
    by_shard = {adapter["shard"]: adapter for adapter in adapters}
    for number, _ in built_posts():
        manifest = corpus.current(here().build, number).manifest
        adapter = by_shard.get(number, {"roots": [], "digests": []})
        learned = [digest for digest in adapter["digests"] if digest]
        roots = [part.root for part in manifest.slices]
        clean = next(
            (at for at, root in enumerate(adapter["roots"]) if root != roots[at]), len(learned)
        )
        yield (
            number,
            manifest.posts,
            len(manifest.slices),
            len(learned),
            min(clean, len(learned)),
            manifest.root,
            learned[-1] if learned else "",
        )


Line = tuple[int, datetime]


def _lines_of(kind: str) -> dict[int | None, list[Line]]:
    """The lines of this kind in order, by shard; None for those that are about no shard."""
    found: dict[int | None, list[Line]] = defaultdict(list)
    rows = models.Opening.objects.filter(entry__kind=kind).order_by("entry")
    for said, index, at in rows.values_list("payload", "entry_id", "entry__at"):
        found[said.get("shard")].append((index, at))
    return found


def _next(lines: Sequence[Line], index: int) -> Line | None:
    at = bisect_right([line[0] for line in lines], index)
    return lines[at] if at < len(lines) else None


def _seconds(since: datetime, until: datetime) -> float:
    return max(0.0, (until - since).total_seconds())


def _share(some: Sequence[float], share: float) -> float | None:
    """The value below which this share of them lies (nearest rank)."""
    if not some:
        return None
    return sorted(some)[min(len(some) - 1, int(share * len(some)))]


def _less(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def _day(row: Any, field: str) -> date | None:
    return getattr(row, field).date() if row else None


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in "=+-@\t\r" and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def by_name(name: str, today: date, *, rounded: bool) -> Sheet:
    """NotFound for a sheet that there is not."""
    known = sheets(today, rounded=rounded)
    if name not in known:
        raise NotFound(f"There is no sheet of that name; there are {', '.join(known)}.")
    return known[name]()
