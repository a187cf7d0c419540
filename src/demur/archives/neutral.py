"""The operator's own format: accounts and posts as JSON lines or Parquet, with what only they know.

docs/operator-format.md describes it, docs/schemas/ has it as JSON Schema. A name of a column that
nobody knows refuses the file: a misspelt "refuses_training" must not become a yes. Nothing is
repaired and no default makes a post more public than its record says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from demur.archives import export, records
from demur.archives.container import AGAIN, BrokenFile, Container, shown
from demur.archives.content import UNKNOWN_ACCOUNT, UNKNOWN_FILE, Content, Notes
from demur.errors import ArchiveUnreadable
from demur.people import Account, AccountId
from demur.posts import Audience, Post

NAME = "neutral"

MAX_LINE = 16 << 20
_BATCH = 1024  # rows of a Parquet file in memory at a time
_FILES = re.compile(r"(accounts|posts(?:[-_.]\d+)?)\.(jsonl|parquet)")


def roots(box: Container) -> set[str]:
    return export.roots(box, _FILES)


def read(box: Container, root: str, notes: Notes, declared: Audience | None) -> Content:
    """`declared` changes nothing: the records say for themselves who could see a post."""
    ours = {name: m for name in box.sizes if (m := _FILES.fullmatch(name, len(root)))}
    accounts = [name for name in ours if ours[name].group(1) == "accounts"]
    if len(accounts) != 1:
        raise ArchiveUnreadable(
            f"{box.label} needs one accounts.jsonl or accounts.parquet and has "
            f"{len(accounts) or 'none'}; see docs/operator-format.md."
        )
    known: set[str] = set()
    links: list[tuple[AccountId, AccountId]] = []
    for account, linked_to in _accounts(box, accounts[0], notes):  # a bad one raises
        if account.id in known:
            raise BrokenFile(f"{shown(accounts[0])} lists an account twice; correct it.")
        known.add(account.id)
        links += [(account.id, other) for other in linked_to]
    posts = sorted(name for name in ours if name not in accounts)
    if others := _others(box, set(ours)):
        notes.skipped[UNKNOWN_FILE] += others
    return Content(
        accounts=lambda: (account for account, _ in _accounts(box, accounts[0], Notes())),
        posts=partial(_posts, box, root, posts, known, notes),
        links=tuple(links),
    )


def _others(box: Container, ours: set[str]) -> int:
    pictures = (".png", ".jpg", ".jpeg", ".webp", ".gif")
    return sum(1 for name in box.sizes if name not in ours and not name.endswith(pictures))


def _accounts(
    box: Container, name: str, notes: Notes
) -> Iterator[tuple[Account, tuple[AccountId, ...]]]:
    for place, row in _rows(box, name, records.ACCOUNT_COLUMNS):
        try:
            yield records.account(row, notes)
        except records.Wrong as wrong:
            raise BrokenFile(f"{shown(name)}, {place}: {wrong}; correct it.") from None


def _posts(
    box: Container, root: str, names: list[str], known: set[str], notes: Notes
) -> Iterator[Post]:
    for name in names:
        try:
            _check(box, name)
        except BrokenFile as broken:
            notes.problems.append(str(broken))
            continue
        for _, row in _rows(box, name, records.POST_COLUMNS):
            post = records.post(row)
            if post.account not in known:
                notes.skipped[UNKNOWN_ACCOUNT] += 1
            elif not export.hidden(post.audience, notes, post.account, post.origin):
                finished = records.with_photos(box, root, row, post, notes)
                if finished is not None:
                    yield finished


def _check(box: Container, name: str) -> None:
    for place, row in _rows(box, name, records.POST_COLUMNS):
        try:
            records.post(row)
        except records.Wrong as wrong:
            raise BrokenFile(
                f"{shown(name)}, {place}: {wrong}; nothing of this file was imported, correct it."
            ) from None


def _rows(
    box: Container, name: str, columns: frozenset[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """('line 3', record) for each record. Raises `BrokenFile`, which quotes no field."""
    rows = _parquet(box, name) if name.endswith(".parquet") else _lines(box, name)
    for place, row in rows:
        if strange := set(row) - columns:
            strangest = shown(min(strange))
            raise BrokenFile(
                f"{shown(name)}, {place}: nobody knows a column {strangest}; see "
                "docs/operator-format.md."
            )
        yield place, {key: value for key, value in row.items() if value is not None}


def _lines(box: Container, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    with closing(box.open(name)) as stream:
        number = 0
        while line := stream.readline(MAX_LINE + 1):
            number += 1
            place = f"line {number}"
            if len(line) > MAX_LINE:
                raise BrokenFile(f"{shown(name)}, {place} is longer than 16 MiB; shorten it.")
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if not text.strip():
                continue
            try:
                row = json.loads(
                    text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number
                )
            except UnicodeDecodeError:
                raise BrokenFile(f"{shown(name)}, {place} is not UTF-8; {AGAIN}.") from None
            except (ValueError, RecursionError):
                raise BrokenFile(
                    f"{shown(name)}, {place} is not a JSON object or is cut off; {AGAIN}."
                ) from None
            if not isinstance(row, dict):
                raise BrokenFile(f"{shown(name)}, {place} is not a JSON object; correct it.")
            yield place, row


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice")
    return found


def _no_number(constant: str) -> None:
    raise ValueError(constant)


def _parquet(box: Container, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    with closing(box.spool(name)) as file:
        try:
            table = pq.ParquetFile(file)
            number = 0
            for batch in table.iter_batches(batch_size=_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"row {number}", row
        except (pa.ArrowException, OSError, ValueError):
            raise BrokenFile(f"{shown(name)} is not a whole Parquet file; {AGAIN}.") from None
