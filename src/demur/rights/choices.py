"""A person's switches: chats with the assistant, their name beside their words, and a yes where
the law asks for one first.

All are off until their owner switches them on. Each change is a line of the book and makes
whoever speaks ask anew; saying what stands already changes nothing.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from demur.rights import book, models, people
from demur.tlog import absence


def set_chats(
    person: models.Person, on: bool, *, now: datetime, draw: book.Draw = secrets.token_bytes
) -> None:
    """May their chats with the assistant be used, as a source of their own?"""
    _set(person, "chats_on", on, now=now, draw=draw)


def set_named(
    person: models.Person, on: bool, *, now: datetime, draw: book.Draw = secrets.token_bytes
) -> None:
    """May their handle stand beside words of theirs that are quoted or found?"""
    _set(person, "named", on, now=now, draw=draw)


def opt_in(
    person: models.Person, yes: bool, *, now: datetime, draw: book.Draw = secrets.token_bytes
) -> None:
    """Their yes, for regimes that ask first; a No of theirs still outweighs it."""
    _set(person, "opted_in", yes, now=now, draw=draw)


def _set(person: models.Person, field: str, on: bool, *, now: datetime, draw: book.Draw) -> None:
    with book.writing():
        row = people.whole(models.Person.objects.get(pk=person.pk))  # as linked by now
        if getattr(row, field) == on:
            return
        payload = {
            "person": absence.commitment(bytes(row.secret)).hex(),
            "what": field,
            "on": on,
        }
        book.append("choice", payload, person=row, now=now, draw=draw)
        setattr(row, field, on)
        row.save(update_fields=[field])
        book.bump()
