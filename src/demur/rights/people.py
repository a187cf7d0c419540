"""Finding a person by what somebody typed, and making one person of two.

Whoever is meant must be meant by exactly one: an ambiguous name is refused with the choices.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import Protocol

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q

from demur.errors import NotFound, Refusal
from demur.people import AccountId
from demur.rights import book, models

MOST_CHOICES = 10


class Facts(Protocol):
    """What an account or another row can tell about a person."""

    @property
    def email(self) -> str | None: ...
    @property
    def country(self) -> str | None: ...
    @property
    def language(self) -> str | None: ...
    @property
    def born(self) -> date | None: ...


def find(text: str) -> models.Person:
    """The one person with this account id, @handle, e-mail address or person id.

    NotFound where there is none; Refusal with the accounts to choose from where there are more.
    """
    asked = text.strip()
    exact = models.Person.objects.filter(Q(pk=asked) | Q(accounts__pk=asked)).distinct()
    handle = asked.removeprefix("@")
    named = Q(accounts__handle__iexact=handle) | Q(accounts__handle__iexact="@" + handle)
    named |= Q(accounts__handle__istartswith=handle + "@")  # the server is often left out
    loose = models.Person.objects.filter(named | Q(email__iexact=asked)).distinct()
    found = {whole(person).pk: whole(person) for person in exact or loose} if handle else {}
    if not found:
        raise NotFound(
            f"Nobody here is known as {asked!r}; give an account (mastodon:https://…), a @handle,"
            " an e-mail address or a person's id."
        )
    if len(found) > 1:
        accounts = models.Account.objects.filter(person__in=found).order_by("pk")
        choices = ", ".join(accounts.values_list("pk", flat=True)[:MOST_CHOICES])
        raise Refusal(f"{asked!r} can be {len(found)} people; say which account: {choices}")
    return next(iter(found.values()))


def account(text: str) -> models.Account | None:
    """The account that was typed, where it was one and not a person."""
    asked = text.strip()
    handle = asked.removeprefix("@")
    by_handle = Q(handle__iexact=handle) | Q(handle__iexact="@" + handle)
    found = models.Account.objects.filter(Q(pk=asked) | by_handle)[:2]
    return found[0] if len(found) == 1 else None


def whole(person: models.Person) -> models.Person:
    """The person that this row has become."""
    return person.merged_into or person


def family(person: models.Person) -> list[models.Person]:
    """The person and every row that was merged into them, the person first."""
    root = whole(person)
    return [root, *models.Person.objects.filter(merged_into=root).order_by("pk")]


def link(
    one: AccountId, other: AccountId, *, now: datetime, draw: book.Draw = secrets.token_bytes
) -> models.Person:
    """Two accounts turned out to be one person's. Whoever was seen first keeps their place.

    A No of either is now a No of both. The posts follow in the lake by `intake.recover`, which
    the caller runs next; until then nothing of those posts is used.
    """
    with book.writing():
        both = (_owner(one), _owner(other))
        kept, gone = sorted(both, key=lambda person: (person.seen, person.pk))
        if kept == gone:
            return kept
        book.append("link", {"accounts": 2}, person=kept, now=now, draw=draw)
        merge(kept, gone)
        book.bump()
    return kept


def merge(kept: models.Person, gone: models.Person) -> None:
    """Inside a transaction: everything of `gone` is `kept`'s from now on, but for their past."""
    models.Account.objects.filter(person=gone).update(person=kept)
    models.Person.objects.filter(merged_into=gone).update(merged_into=kept)
    learn(kept, gone)
    kept.opted_in = kept.opted_in and gone.opted_in
    if not models.Delivery.objects.filter(person=kept).exists():
        models.Delivery.objects.filter(person=gone).update(person=kept)
    user, gone.user = gone.user, None
    gone.merged_into, gone.to_move = kept, True
    gone.save()
    kept.user = kept.user or user
    kept.save()


def learn(person: models.Person, facts: Facts) -> None:
    """Take over what is known of the same person from elsewhere; the known wins.

    Of two dates of birth the later one does: whoever may be a child is treated as one.
    """
    person.email = person.email or (facts.email if is_address(facts.email) else "") or ""
    person.country = person.country or facts.country or ""
    person.language = person.language or facts.language or ""
    if facts.born and (person.born is None or facts.born > person.born):
        person.born = facts.born


def is_address(text: str | None) -> bool:
    """Can a letter be sent there? An archive may hold anything."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _owner(account: AccountId) -> models.Person:
    row = models.Account.objects.select_related("person").filter(pk=account).first()
    if row is None:
        raise NotFound(f"There is no account {account} here; import its archive first.")
    return row.person
