"""Linking two accounts that are one person's: asked by one side, true when the other says so too.

Whoever agrees makes one person of two, who from then on share a No, and each other's data. Nothing
is unlinked here: a No that covered both would then cover one, without anybody having taken it back
(docs/decisions/0078).
"""

from __future__ import annotations

import secrets
from datetime import datetime

from demur.errors import NotAllowed, NotFound
from demur.people import AccountId
from demur.rights import book, mail, models, people


def ask(person: models.Person, other: AccountId, *, now: datetime) -> models.LinkAsked:
    """`person` says that this account is theirs too; its own person must say so as well.

    Who has that account is told by a letter, and nothing is linked until they agree. Asking twice
    is asking once, and somebody who said no is not asked again. NotAllowed where the account is
    theirs already.
    """
    with book.writing():
        person = people.whole(models.Person.objects.get(pk=person.pk))
        theirs = models.Account.objects.select_related("person").filter(pk=other).first()
        if theirs is None:
            raise NotFound(f"There is no account {other} here; import its archive first.")
        mine = person.accounts.order_by("pk").first()
        if mine is None:
            raise NotAllowed("You have no account here to link another to.")
        if theirs.person == person:
            raise NotAllowed(f"The account {other} is linked to yours already.")
        before = models.LinkAsked.objects.filter(other=theirs, by__in=people.family(person))
        standing = before.exclude(agreed=True).order_by("pk").first()
        if standing is not None:
            return standing
        asked = models.LinkAsked.objects.create(one=mine, other=theirs, by=person, at=now)
        owner = theirs.person
        mail.queue("link_asked", owner, to=owner.email, about={}, now=now)
    return asked


def settle(
    asked: models.LinkAsked,
    person: models.Person,
    agreed: bool,
    *,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Person:
    """The other account's person, signed in or by the link in their own letter, says whether both
    are one person's. From then on a No of either is of both; a link is not undone.

    Settling again as before changes nothing. NotAllowed for anybody else.
    """
    with book.writing():
        asked = models.LinkAsked.objects.select_related("one__person", "other__person").get(
            pk=asked.pk
        )
        person = people.whole(models.Person.objects.get(pk=person.pk))  # as linked by now
        if asked.settled_at is not None:
            if asked.agreed == agreed:
                return person
            raise NotAllowed("That was answered already; ask for the link anew if it was wrong.")
        if person != asked.other.person:
            raise NotAllowed("Only whoever has that account can say that it is theirs.")
        asked.settled_at, asked.agreed = now, agreed
        asked.save(update_fields=["settled_at", "agreed"])
        if not agreed:
            return asked.other.person
        return people.join(asked.one.person, asked.other.person, now=now, draw=draw)
