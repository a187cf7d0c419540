"""Holds: a scope that nobody may use until it is lifted, by the operator's or an authority's word.

A hold takes effect at once or from the day it names, like a No; lifting one brings nothing back
by itself. Whether a signed order is genuine was settled before it comes here (`authority`).
"""

from __future__ import annotations

import secrets
from datetime import date, datetime

from demur.errors import NotAllowed, NotFound
from demur.people import Scope
from demur.rights import book, models


def place(
    scope: Scope,
    *,
    by: str,
    starts: date | None = None,
    authority: models.Authority | None = None,
    order: str = "",
    order_id: str | None = None,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Hold:
    """Halt `scope`. by: who ordered it. A second hold of the same scope, day and hand is the first.

    starts: the first day it holds; none: now. order: the signed note as it came; order_id: its
    own id, under which it is obeyed once and never again, not even after it was lifted.
    """
    said = scope.to_json()
    with book.writing():
        before = models.Hold.objects.filter(lifted_at=None, by=by, starts=starts, order_id=order_id)
        if order_id is not None:
            before = models.Hold.objects.filter(order_id=order_id)
        for hold in before:
            if order_id is not None or hold.scope == said:
                return hold
        payload = {"scope": said, "by": by, "starts": starts and starts.isoformat()}
        entry = book.append("hold", payload, now=now, draw=draw)
        hold = models.Hold.objects.create(
            scope=said,
            by=by,
            starts=starts,
            authority=authority,
            order=order,
            order_id=order_id,
            entry=entry,
            at=now,
        )
        book.bump()
    return hold


def lift(
    hold_id: int,
    *,
    by: str,
    order: str = "",
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Hold:
    """End a hold. What it covered is then decided anew by the law. order: a signed note."""
    with book.writing():
        hold = models.Hold.objects.filter(pk=hold_id).first()
        if hold is None:
            raise NotFound(f"There is no hold {hold_id}; `demur hold` lists those in force.")
        if hold.lifted_at is not None:
            raise NotAllowed(f"Hold {hold_id} was lifted on {hold.lifted_at:%Y-%m-%d} already.")
        payload = {"line": hold.entry_id, "by": by}
        entry = book.append("lift", payload, now=now, draw=draw)
        hold.lifted_by, hold.lifted_entry, hold.lifted_at = by, entry, now
        hold.lift_order = order
        hold.save(update_fields=["lifted_by", "lifted_entry", "lifted_at", "lift_order"])
        book.bump()
    return hold
