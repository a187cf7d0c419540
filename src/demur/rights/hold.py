"""Holds: a scope that nobody may use until it is lifted, by the operator's word.

A hold takes effect at once, like a No; lifting one brings nothing back by itself. An authority's
signed order becomes a hold too, once its key is known here.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import datetime

from demur.errors import NotAllowed, NotFound
from demur.people import Scope
from demur.rights import book, models


def place(
    scope: Scope, *, by: str, now: datetime, draw: book.Draw = secrets.token_bytes
) -> models.Hold:
    """Halt `scope`. by: who ordered it. A second hold of the same scope and hand is the first."""
    narrowed = {name: value for name, value in asdict(scope).items() if value is not None}
    with book.writing():
        for hold in models.Hold.objects.filter(lifted_at=None, by=by):
            if hold.scope == narrowed:
                return hold
        entry = book.append("hold", {"scope": narrowed, "by": by}, now=now, draw=draw)
        hold = models.Hold.objects.create(scope=narrowed, by=by, entry=entry, at=now)
        book.bump()
    return hold


def lift(
    hold_id: int, *, by: str, now: datetime, draw: book.Draw = secrets.token_bytes
) -> models.Hold:
    """End a hold. What it covered is then decided anew by the law."""
    with book.writing():
        hold = models.Hold.objects.filter(pk=hold_id).first()
        if hold is None:
            raise NotFound(f"There is no hold {hold_id}; `demur hold` lists those in force.")
        if hold.lifted_at is not None:
            raise NotAllowed(f"Hold {hold_id} was lifted on {hold.lifted_at:%Y-%m-%d} already.")
        payload = {"line": hold.entry_id, "by": by}
        entry = book.append("lift", payload, now=now, draw=draw)
        hold.lifted_by, hold.lifted_entry, hold.lifted_at = by, entry, now
        hold.save(update_fields=["lifted_by", "lifted_entry", "lifted_at"])
        book.bump()
    return hold
