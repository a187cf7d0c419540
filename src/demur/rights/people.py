"""Finding a person by what somebody typed, writing down somebody without an account, and making
one person of two.

Whoever is meant must be meant by exactly one: an ambiguous name is refused with the choices. An
account is known by its platform's lasting id; a handle is only what it is called today, and may
be somebody else's tomorrow.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q

from demur.errors import NotFound, Refusal
from demur.people import AccountId
from demur.rights import book, models
from demur.tlog import absence, merkle

MOST_CHOICES = 10
LONGEST_CLAIM = 200  # characters of a handle or a name


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
        return join(_owner(one), _owner(other), now=now, draw=draw)


def join(
    one: models.Person, other: models.Person, *, now: datetime, draw: book.Draw
) -> models.Person:
    """The same for two people, inside the caller's `book.writing`."""
    kept, gone = sorted((one, other), key=lambda person: (person.seen, person.pk))
    if kept == gone:
        return kept
    line = book.append("link", {"accounts": 2}, person=kept, now=now, draw=draw).index
    merge(kept, gone)
    kept.line = line  # what we know of them may have changed: a date of birth, a country
    kept.save(update_fields=["line"])
    book.bump()
    return kept


def stranger(
    email: str,
    *,
    keys: Iterable[str] = (),
    names: Iterable[str] = (),
    language: str = "",
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Person:
    """Somebody without an account, by the address at which they can be reached.

    keys: the handles and addresses by which others mention them (`posts.handle_key`). names:
    theirs, for `names.propose_to`. The same address again is the same person. Whoever has an
    account here and this address alone is that person, and claims beside it.

    A claim takes effect once they object, and whoever really bears that handle is told and may
    strike it out (`objection.undo`).
    """
    if not is_address(email):
        raise Refusal("That is no e-mail address; correct it, so that the receipt reaches you.")
    wanted_keys, wanted_names = _claims(keys), _claims(names)
    with book.writing():
        known = models.Person.objects.filter(email__iexact=email, merged_into=None)
        strangers, members = known.filter(accounts=None), known.exclude(accounts=None).distinct()
        one = list(members[:2])
        person = strangers.order_by("seen", "pk").first() or (one[0] if len(one) == 1 else None)
        if person is None:
            secret = draw(absence.SECRET)
            commitment = merkle.root_of([absence.commitment(secret)]).hex()
            line = book.append("named", {"people": commitment}, now=now, draw=draw).index
            person = models.Person(
                id=draw(16).hex(), secret=secret, email=email, language=language,
                seen=line, line=line,
            )  # fmt: skip
            person.save(force_insert=True)
        before = person.claimed_keys, person.claimed_names
        person.claimed_keys = sorted({*person.claimed_keys, *wanted_keys})
        person.claimed_names = sorted({*person.claimed_names, *wanted_names})
        if before != (person.claimed_keys, person.claimed_names):
            person.save(update_fields=["claimed_keys", "claimed_names"])
            book.bump()
    return person


def owners_of(keys: Iterable[str]) -> list[models.Person]:
    """Everybody one of whose accounts is pointed at by one of these keys."""
    wanted = set(keys)
    near = Q(pk__in=[])
    for key in wanted:  # SQLite keeps the list as ASCII, PostgreSQL as it is written
        near |= Q(keys__icontains=key) | Q(keys__icontains=json.dumps(key)[1:-1])
    found = models.Account.objects.filter(near).select_related("person").order_by("pk")
    owners = [whole(account.person) for account in found if not wanted.isdisjoint(account.keys)]
    return list(dict.fromkeys(owners))


def _claims(said: Iterable[str]) -> set[str]:
    return {claim.strip()[:LONGEST_CLAIM] for claim in said if claim.strip()}


def merge(kept: models.Person, gone: models.Person) -> None:
    """Inside a transaction: everything of `gone` is `kept`'s from now on, but for their past."""
    models.Account.objects.filter(person=gone).update(person=kept)
    models.Person.objects.filter(merged_into=gone).update(merged_into=kept)
    learn(kept, gone)
    kept.opted_in = kept.opted_in and gone.opted_in
    kept.chats_on = kept.chats_on and gone.chats_on
    kept.named = kept.named and gone.named
    kept.claimed_keys = sorted({*kept.claimed_keys, *gone.claimed_keys})
    kept.claimed_names = sorted({*kept.claimed_names, *gone.claimed_names})
    for delivery in models.Delivery.objects.filter(person=gone):
        _merge_delivery(kept, delivery)
    already = models.NamedIn.objects.filter(person=kept).values_list("post", "start")
    known = set(already)
    for named in models.NamedIn.objects.filter(person=gone):
        if (named.post, named.start) not in known:
            models.NamedIn.objects.filter(pk=named.pk).update(person=kept)
    models.Request.objects.filter(person=gone).update(person=kept)
    if kept.user is None:  # else each goes on coming in as before, and both are the same person
        kept.user, gone.user = gone.user, None
    gone.merged_into, gone.to_move = kept, True
    gone.save()
    kept.save()


def _merge_delivery(kept: models.Person, other: models.Delivery) -> None:
    """One campaign reaches one person once: the row that says more about it stays."""
    mine = models.Delivery.objects.filter(person=kept, campaign=other.campaign_id).first()
    if mine is None:
        models.Delivery.objects.filter(pk=other.pk).update(person=kept)
        return
    mine.no_more = mine.no_more or other.no_more
    if not _has_reached(mine) and _has_reached(other):
        mine.sent_at, mine.bounced_at = other.sent_at, other.bounced_at
    for name in ("queued_at", "opened_at", "seen_at", "reminded_at"):
        moments = [when for when in (getattr(mine, name), getattr(other, name)) if when]
        setattr(mine, name, min(moments, default=None))
    mine.save()
    models.Letter.objects.filter(delivery=other).update(delivery=mine)
    other.delete()


def _has_reached(row: models.Delivery) -> bool:
    return bool(row.opened_at or row.seen_at or (row.sent_at and not row.bounced_at))


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
