"""A No: one transaction that does everything, and calls nobody.

The row, the line of the book, the signed head, the epoch that the gate reads before every token,
and the letters that are queued are written together or not at all; the answer follows the commit.
Nothing is judged here: a No needs little proof and takes effect first (GDPR Art. 18(1)(d), 21),
and whoever it was said for can undo it. Taking one's own back needs strong proof, which the
caller must have seen.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db.models import QuerySet

from demur.errors import NotAllowed, NotFound, Refusal
from demur.people import EVERYTHING, AccountId, Scope, Use
from demur.posts import Kind
from demur.rights import book, mail, models, people
from demur.tlog import absence
from demur.tlog.spelling import canonical

ROUTES = ("form", "link", "email", "letter", "agent", "signal", "proof", "bot")
BY_OTHERS = ("link", "email", "letter", "agent")  # routes that prove little about who is asking
KINDS = frozenset(Kind) - {Kind.PROFILE}  # a profile is never used anyway


def submit(
    person: models.Person,
    *,
    route: str,
    scope: Scope = EVERYTHING,
    email: str | None = None,
    reason: str = "",
    account: AccountId | None = None,
    agent: models.Agent | None = None,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Objection:
    """Record that `person` objects, for all accounts known to be theirs.

    A second No of the same scope is answered with the first; Nos of other scopes stand beside it.
    email: where the receipt goes; else to the address we know, and to nobody where we know none.
    account: the one they spoke from, where that is known. When this returns, it has happened: the
    transaction is on the disk.

    Refusal for an address that is none, and for a scope that is not a person's to name.
    """
    if route not in ROUTES:
        raise ValueError(f"no objection comes by {route!r}")
    if email and not people.is_address(email):
        raise Refusal(
            "That is no e-mail address; correct it, or leave it out: the No counts so too."
        )
    scope = proper(scope)
    key = scope_key(scope)
    with book.writing():
        person = people.whole(models.Person.objects.get(pk=person.pk))  # as linked by now
        first = _standing(person).filter(scope_key=key).order_by("entry").first()
        if first is not None:
            return first
        payload = {
            "person": absence.commitment(bytes(person.secret)).hex(),
            "route": route,
            "scope": scope.to_json(),
        }
        entry = book.append("objection", payload, person=person, now=now, draw=draw)
        objection = models.Objection.objects.create(
            person=person,
            scope=scope.to_json(),
            scope_key=key,
            agent=agent,
            reason=reason,
            email=email or person.email,
            route=route,
            entry=entry,
            account_id=account,
            at=now,
        )
        book.bump()
        about = {"line": entry.index}
        mail.queue("receipt", person, to=objection.email, about=about, now=now)
        for owner in _to_be_told(objection):
            about = {"objection": objection.pk}
            mail.queue("undo", owner, to=owner.email, about=about, now=now)
    return objection


def scope_key(scope: Scope) -> str:
    """The one spelling of a scope, by which a second No is known for the first."""
    return canonical(scope.to_json()).decode()


def standing_objection(person: models.Person) -> models.Objection | None:
    """The widest No that stands for this person: to everything, else the first of the others."""
    return next(iter(standing_objections(person)), None)


def standing_objections(person: models.Person) -> list[models.Objection]:
    """Every No that stands for this person, made as themselves or before they were linked: those
    to everything first, which say it all, then the narrowed ones in the order they were said."""
    return sorted(_standing(people.whole(person)), key=lambda no: (bool(no.scope), no.entry_id))


def withdraw(
    person: models.Person,
    *,
    only: models.Objection | None = None,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Objection:
    """Take every No back, or `only` this one, at its owner's own strongly proven word.

    The last of those taken back is returned. What their posts may be used for is then decided
    anew; nothing comes back by itself.
    """
    with book.writing():
        person = people.whole(models.Person.objects.get(pk=person.pk))  # as linked by now
        theirs = _standing(person)
        if only is not None:
            # two rows of one person and one scope are left by a link: they are one No
            theirs = theirs.filter(scope_key=only.scope_key)
        rows = list(theirs.order_by("entry"))
        if not rows:
            raise NotFound("This person does not object; there is nothing to take back.")
        _take_back(rows, "objection_withdrawn", now=now, draw=draw)
        to = rows[-1].email or person.email
        mail.queue("withdrawn", person, to=to, about={}, now=now)
    return rows[-1]


def undo(
    objection: models.Objection,
    *,
    by: models.Person | None = None,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Objection:
    """Whoever a No was said for undoes it: somebody else had said it. Undone already is undone.

    by: whoever undoes; where that is not the objector, since they had only claimed a handle of
    somebody else's, the claim is struck out and the rest of the No stands.

    NotAllowed for a No that its person made signed in; they take it back instead.
    """
    with book.writing():
        objection = models.Objection.objects.select_related("person").get(pk=objection.pk)
        if objection.withdrawn_at is not None:
            return objection
        if objection.route not in BY_OTHERS:
            raise NotAllowed(
                "This No was made by its own person, signed in; take it back in the privacy centre."
            )
        objector = people.whole(objection.person)
        if by is not None and people.whole(by) != objector:
            _strike(objector, people.whole(by))
            if objector.claimed_keys or objector.claimed_names or objector.accounts.exists():
                payload = {"line": objection.entry_id, "claims": 1}
                book.append("undone", payload, person=objector, now=now, draw=draw)
                book.bump()
                return objection
        _take_back([objection], "undone", now=now, draw=draw)
    return objection


def _strike(objector: models.Person, owner: models.Person) -> None:
    """What is the owner's is not the objector's to mask."""
    theirs = owner.accounts.all()
    keys = {key for account in theirs for key in account.keys}
    names = {account.name.casefold() for account in theirs if account.name}
    if keys.isdisjoint(objector.claimed_keys):
        raise NotAllowed("That No is about nothing of yours; look at your own in My requests.")
    objector.claimed_keys = [key for key in objector.claimed_keys if key not in keys]
    objector.claimed_names = [n for n in objector.claimed_names if n.casefold() not in names]
    objector.save(update_fields=["claimed_keys", "claimed_names"])


def _take_back(
    rows: Iterable[models.Objection], kind: str, *, now: datetime, draw: book.Draw
) -> None:
    for objection in rows:
        payload = {"line": objection.entry_id}
        entry = book.append(kind, payload, person=objection.person, now=now, draw=draw)
        objection.withdrawn_entry, objection.withdrawn_at = entry, now
        objection.save(update_fields=["withdrawn_entry", "withdrawn_at"])
    book.bump()


def _to_be_told(objection: models.Objection) -> list[models.Person]:
    """Who must hear of a No that somebody else may have said in their name."""
    person = objection.person
    told = []
    elsewhere = objection.email.casefold() != person.email.casefold()
    if objection.route in BY_OTHERS and (elsewhere or objection.route == "agent"):
        told.append(person)
    if person.claimed_keys:
        told += [
            owner
            for owner in people.owners_of(person.claimed_keys)
            if owner != person and owner.email.casefold() != objection.email.casefold()
        ]
    return told


def proper(scope: Scope) -> Scope:
    """In its one form: whoever names all uses or all kinds has narrowed nothing.

    Refusal for a scope that is not a person's to name.
    """
    if scope.country or scope.model:
        raise Refusal(
            "A No is about one's own posts: a platform, a group, a kind, a post, a period or some"
            " uses. Leave out the country and the model."
        )
    if scope.since and scope.until and scope.since > scope.until:
        raise Refusal("That period ends before it begins; turn the two days round.")
    if unknown := set(scope.kinds) - set(Kind):
        raise Refusal(f"There are no posts of kind {', '.join(sorted(unknown))}; choose another.")
    return replace(
        scope,
        uses=() if set(scope.uses) == set(Use) else tuple(sorted(set(scope.uses))),
        kinds=() if set(scope.kinds) >= KINDS else tuple(sorted(set(scope.kinds))),
    )


def _standing(person: models.Person) -> QuerySet[models.Objection]:
    family = [each.pk for each in people.family(person)]
    return models.Objection.objects.filter(person__in=family, withdrawn_at=None).select_related(
        "person"
    )
