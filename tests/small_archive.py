"""A small archive in the operator's format, and the site into which it came, for several tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from demur.rights import intake, models
from demur.site.folder import Site


def account(name: str, **facts: object) -> dict[str, object]:
    return {
        "id": f"forum:{name}", "handle": f"@{name}", "name": f"{name.title()} de Vries",
        "country": "NL", "born": "1980-05-05", "email": f"{name}@dorp.example", "locked": False,
        **facts,
    }  # fmt: skip


def post(name: str, number: int, **facts: object) -> dict[str, object]:
    return {
        "account": f"forum:{name}", "kind": "post", "audience": "public",
        "created_at": f"2025-03-0{number}T10:00:00Z", "id": f"{name}/{number}",
        "text": f"{name} schrijft over het weer op het eiland, voor de {number}e keer", **facts,
    }  # fmt: skip


def take(
    site: Site,
    folder: Path,
    accounts: Iterable[Mapping[str, object]],
    posts: Iterable[Mapping[str, object]],
    *,
    now: datetime,
) -> intake.ImportReport:
    """Import these records; the folder may be used again."""
    folder.mkdir(exist_ok=True)
    for file, rows in (("accounts", accounts), ("posts", posts)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{file}.jsonl").write_text(text, encoding="utf-8")
    return intake.take(site, folder, now=now)


def owner(name: str) -> models.Person:
    return models.Account.objects.get(pk=f"forum:{name}").person
