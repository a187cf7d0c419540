"""Roles: who may do what at the operator's desk.

Three groups of Django's: the operator runs the site, the data protection officer decides what
people ask for and reads what they wrote to us, the auditor reads and does nothing. A superuser
has every role and is still one pair of eyes: nobody confirms what they proposed themselves.
"""

from __future__ import annotations

import secrets
from enum import StrEnum

from django.contrib.auth.models import AnonymousUser, Group, Permission, User

from demur.errors import NotAllowed, NotFound


class Role(StrEnum):
    OPERATOR = "operator"
    OFFICER = "data protection officer"
    AUDITOR = "auditor"


class Deed(StrEnum):
    """What somebody at the desk can do; reading the numbers takes any role."""

    LETTER = "enter a No that came by letter"
    HOLD = "place a hold"
    LIFT = "propose or confirm that a hold is lifted"
    MAIL = "settle a mail that nobody understood"
    REQUEST = "decide what somebody asked for"
    SECOND = "confirm a refusal"


_OFFICE = frozenset({Role.OPERATOR, Role.OFFICER})
MAY: dict[Deed, frozenset[Role]] = {
    Deed.LETTER: _OFFICE,
    Deed.HOLD: _OFFICE,
    Deed.LIFT: _OFFICE,
    Deed.MAIL: frozenset({Role.OFFICER}),
    Deed.REQUEST: frozenset({Role.OFFICER}),
    Deed.SECOND: _OFFICE,  # a small site has one officer, and its refusals need a second reader
}

# Rows that hold no word, address or name of a person: an auditor reads these.
IMPERSONAL = frozenset({
    "entry", "import", "campaign", "groupdeclared", "groupclosed", "authority", "hold", "built",
    "measured", "agent", "proposal",
})  # fmt: skip
# What people wrote to us, asked for, or had to be called by.
OFFICERS = frozenset({"request", "incoming"})
# Rows about people, without what they wrote.
OPERATORS = frozenset({"person", "account", "objection", "delivery", "letter", "retracted"})

SEES: dict[Role, frozenset[str]] = {
    Role.OPERATOR: IMPERSONAL | OPERATORS,
    Role.OFFICER: IMPERSONAL | OPERATORS | OFFICERS,
    Role.AUDITOR: IMPERSONAL,
}

Somebody = User | AnonymousUser


def of(user: Somebody) -> frozenset[Role]:
    """The roles that somebody has now; none for those who may not enter the desk."""
    if not (user.is_active and user.is_staff):
        return frozenset()
    if user.is_superuser:
        return frozenset(Role)
    names = set(user.groups.values_list("name", flat=True))
    return frozenset(role for role in Role if role in names)


def may(user: Somebody, deed: Deed) -> bool:
    return not MAY[deed].isdisjoint(of(user))


def require(user: Somebody, deed: Deed) -> None:
    """NotAllowed unless one of their roles lets them do it."""
    if not may(user, deed):
        who = " or ".join(sorted(MAY[deed]))
        raise NotAllowed(f"Only the {who} may {deed}; ask them, or sign in as one.")


def ensure() -> None:
    """The three groups, with leave to look at what their role sees. Changes nothing twice."""
    for role, seen in SEES.items():
        group, _ = Group.objects.get_or_create(name=role)
        wanted = Permission.objects.filter(
            content_type__app_label="rights",
            codename__in=[f"view_{model}" for model in seen],
        )
        if set(group.permissions.all()) != set(wanted):
            group.permissions.set(wanted)


def known(name: str) -> User:
    """The sign-in of this name; NotFound where there is none."""
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise NotFound("Nobody signs in by that name; `demur operator NAME` makes a sign-in.")
    return user


def sign_in(name: str) -> tuple[User, str]:
    """The sign-in of this name, and its password where it is a new one; else nothing."""
    user = User.objects.filter(username=name).first()
    if user is not None:
        return user, ""
    password = secrets.token_urlsafe(15)
    return User.objects.create_user(name, password=password), password


def appoint(user: User, role: Role) -> None:
    """Give somebody a role, and let them into the desk."""
    user.groups.add(Group.objects.get(name=role))
    if not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
