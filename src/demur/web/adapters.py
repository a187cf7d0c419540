"""What allauth asks of a site: who may come in, as whom, and where to afterwards.

Nobody signs up here. A sign-in with the platform's own account is somebody's only if the archives
have told of that very account; what else the platform says of them is not kept.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from demur.rights import models, people
from demur.web import page


class Doors(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _(
            "This name and password do not belong together. Try again, or ask for a link."
        ),
        "username_password_mismatch": _(
            "This name and password do not belong together. Try again, or ask for a link."
        ),
        "too_many_login_attempts": _(
            "That was tried too often. Wait five minutes, or ask for a link."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("web:privacy")

    def add_message(self, *_args: Any, **_kwargs: Any) -> None:
        """The pages say it themselves."""

    def send_notification_mail(self, *_args: Any, **_kwargs: Any) -> None:
        """allauth's letters about second factors; ours have a room of their own (`rights.mail`)."""


class Platform(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Let the owner of the account in; anybody else gets a page that says what they can do."""
        claims, sociallogin.account.extra_data = sociallogin.account.extra_data, {}
        if sociallogin.is_existing:
            SocialAccount.objects.filter(pk=sociallogin.account.pk).update(extra_data={})
            return
        owner = _owner(claims)
        if owner is None:
            raise ImmediateHttpResponse(page.show(request, "web/unknown_account.html", status=403))
        sociallogin.connect(request, _user(owner))


def _owner(claims: dict[str, Any]) -> models.Person | None:
    """Whose account on the platform this is; None where no archive told of it."""
    said = claims.get("userinfo") or claims.get("id_token") or {}
    [app] = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    known = {name: value for name, value in said.items() if isinstance(value, str)}
    try:
        account = app["settings"]["account"].format_map(known)
    except KeyError:  # the platform does not say what the settings count on
        return None
    row = models.Account.objects.select_related("person__merged_into").filter(pk=account).first()
    return people.whole(row.person) if row else None


def _user(person: models.Person) -> User:
    """The user that this person signs in as, made the first time."""
    if person.user is None:
        person.user, _new = User.objects.get_or_create(
            username=person.pk, defaults={"email": person.email, "password": "!"}
        )
        person.save(update_fields=["user"])
    return person.user
