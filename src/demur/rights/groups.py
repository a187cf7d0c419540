"""Groups: which are public by the operator's records, and which have closed since.

A group that closes is silent at once, like somebody's No: its posts are withheld at the gate and
left out by the builder until it is opened again. Nobody's own No is touched by either.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from demur.errors import Refusal
from demur.rights import book, models

LONGEST = 500  # characters of a name


def close(
    name: str, *, by: str, now: datetime, draw: book.Draw = secrets.token_bytes
) -> models.GroupClosed:
    """The group is not public any more. by: who said so. Closing it twice is closing it once."""
    name = _named(name)
    with book.writing():
        closed = models.GroupClosed.objects.filter(pk=name).first()
        if closed is not None:
            return closed
        payload = {"group": name, "by": by, "closed": 1}
        entry = book.append("group_closed", payload, now=now, draw=draw)
        closed = models.GroupClosed.objects.create(name=name, line=entry.index)
        book.bump()
    return closed


def reopen(name: str, *, by: str, now: datetime, draw: book.Draw = secrets.token_bytes) -> bool:
    """The group is public again; its posts are decided anew at the next build. False: it was."""
    name = _named(name)
    with book.writing():
        if not models.GroupClosed.objects.filter(pk=name).delete()[0]:
            return False
        payload = {"group": name, "by": by, "closed": 0}
        book.append("group_closed", payload, now=now, draw=draw)
        book.bump()
    return True


def declare(
    name: str, *, now: datetime, draw: book.Draw = secrets.token_bytes
) -> models.GroupDeclared:
    """The operator's records say that this group is public. It opens no group that has closed."""
    name = _named(name)
    with book.writing():
        declared = models.GroupDeclared.objects.filter(pk=name).first()
        if declared is not None:
            return declared
        payload = {"counts": {"groups": 1}, "declared": name}
        entry = book.append("import", payload, now=now, draw=draw)
        declared = models.GroupDeclared.objects.create(name=name, line=entry.index)
        book.bump()
    return declared


def _named(name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST:
        raise Refusal(f"A group has a name of 1 to {LONGEST} characters; write it as posts do.")
    return name
