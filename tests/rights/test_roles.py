"""Roles: who may do what, and that an auditor may do nothing."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User

from demur.errors import NotAllowed
from demur.rights import roles
from demur.rights.roles import Deed, Role


def user(name: str, *given: Role, **facts: object) -> User:
    made = User.objects.create_user(name, **facts)
    for role in given:
        roles.appoint(made, role)
    return made


def test_opening_a_site_makes_the_roles(site):
    assert set(Group.objects.values_list("name", flat=True)) == set(Role)
    roles.ensure()
    assert Group.objects.count() == len(Role)


def test_no_role_may_change_a_row(site):
    for group in Group.objects.all():
        names = set(group.permissions.values_list("codename", flat=True))
        assert names
        assert all(name.startswith("view_") for name in names)


def test_an_auditor_sees_no_table_about_a_person(site):
    auditor = user("auditor", Role.AUDITOR)
    assert auditor.has_perm("rights.view_entry")
    for table in ("person", "account", "objection", "request", "incoming", "letter", "opening"):
        assert not auditor.has_perm(f"rights.view_{table}")


def test_an_auditor_may_do_nothing(site):
    auditor = user("auditor", Role.AUDITOR)
    assert roles.of(auditor) == {Role.AUDITOR}
    for deed in Deed:
        with pytest.raises(NotAllowed):
            roles.require(auditor, deed)


def test_the_officer_decides_and_the_operator_does_not(site):
    officer, operator = user("officer", Role.OFFICER), user("operator", Role.OPERATOR)
    assert roles.may(officer, Deed.REQUEST)
    assert roles.may(officer, Deed.MAIL)
    assert not roles.may(operator, Deed.REQUEST)
    assert not roles.may(operator, Deed.MAIL)
    assert not operator.has_perm("rights.view_request")
    assert roles.may(operator, Deed.HOLD)


def test_a_member_a_stranger_and_somebody_who_left_have_no_role(site):
    left = user("left", Role.OFFICER, is_active=False)
    for somebody in (user("member"), AnonymousUser(), left):
        assert roles.of(somebody) == frozenset()
        assert not any(roles.may(somebody, deed) for deed in Deed)


def test_a_superuser_has_every_role(site):
    assert roles.of(User.objects.create_superuser("root")) == frozenset(Role)
