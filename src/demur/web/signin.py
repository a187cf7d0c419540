"""Letting somebody in: with a password, by a link in the mail, or with the platform's own account.

django-allauth does the work, with a second factor and limits on guessing; here are its doors with
our words. Who asks for a link learns nothing about whose address we know, and a link alone is
enough to come in: nobody has to think of a password before they can say no. Nobody signs up here:
whoever has posts here is known already, and whoever has not can object without an account.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from allauth.account.forms import LoginForm
from allauth.account.utils import perform_login
from allauth.account.views import LoginView
from allauth.account.views import reauthenticate as ask_again
from allauth.core import ratelimit
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.socialaccount import views as platform
from allauth.socialaccount.providers.openid_connect import views as openid
from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import (
    LogoutView,
    PasswordResetConfirmView,
    PasswordResetDoneView,
    PasswordResetView,
    RedirectURLMixin,
)
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext_lazy as _

from demur.rights import mail
from demur.rights.models import Person
from demur.rights.place import here
from demur.web import objecting, page


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth has no types
    """A user name or an e-mail address. Where people share an address, the password tells."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("User name or e-mail address")
        self.fields["password"].label = _("Password")
        self.fields["password"].help_text = ""
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)  # gone as soon as somebody types
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class LinkForm(PasswordResetForm):
    """A link for everybody we know by this address, whether or not they ever signed in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("Your e-mail address")

    def get_users(self, email: str) -> list[User]:
        for person in Person.objects.filter(email__iexact=email, user=None, merged_into=None):
            person.user, _new = User.objects.get_or_create(
                username=person.id, defaults={"email": person.email, "password": "!"}
            )
            person.save(update_fields=["user"])
        return list(User.objects.filter(email__iexact=email, is_active=True))


class EntryForm(SetPasswordForm):  # type: ignore[type-arg]  # no [] at run time
    """Coming in by the link. A password may be chosen on the way, and need not be."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (
            ("new_password1", _("New password (you can leave this empty)")),
            ("new_password2", _("The same password again")),
        ):
            self.fields[name].required = False
            self.fields[name].label = label
        self.fields["new_password2"].help_text = ""

    def clean(self) -> dict[str, Any]:
        first, second = (self.cleaned_data.get(f"new_password{n}") for n in (1, 2))
        if bool(first) != bool(second):
            self.add_error("new_password2", self.error_messages["password_mismatch"])
        return super().clean() or self.cleaned_data

    def save(self, commit: bool = True) -> User:
        if self.cleaned_data["new_password1"]:
            self.set_password_and_save(self.user, "new_password1", commit=commit)
        user: User = self.user
        return user


class SignIn(LoginView):  # type: ignore[misc]
    """After five wrong passwords for one name, or thirty tries from one place, they must wait."""

    template_name = "web/signin.html"
    form_class = SignInForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        onward = str(self.get_next_url() or "")
        objecting = onward.startswith(reverse("web:object"))
        return context | page.frame() | {"objecting": objecting, "next": onward, **_platform()}


class SignOut(LogoutView):
    next_page = "web:home"


class Link(RedirectURLMixin, PasswordResetView):
    """Writes the letters into the outbox, so that an address we know is answered no slower than
    one we do not."""

    template_name = "web/link.html"
    form_class = LinkForm

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        address = form.cleaned_data["email"]
        if ratelimit.consume(self.request, action="reset_password", key=address.lower()):
            for user in form.get_users(address):
                self._send(user)
        return HttpResponseRedirect(self.get_success_url())

    def _send(self, user: User) -> None:
        names = {
            "uidb64": urlsafe_base64_encode(force_bytes(user.pk)),
            "token": default_token_generator.make_token(user),
        }
        onward = self.get_redirect_url()
        address = here().address + reverse("web:enter", kwargs=names)
        about = {"link": f"{address}?{urlencode({'next': onward})}" if onward else address}
        person = Person.objects.filter(user=user).first()
        mail.queue("link", person, to=user.email, about=about, now=datetime.now(UTC))

    def get_success_url(self) -> str:
        return reverse("web:link-sent")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | page.frame()


class LinkSent(PasswordResetDoneView):
    template_name = "web/link_sent.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | page.frame()


class Enter(RedirectURLMixin, PasswordResetConfirmView):
    """The page behind the link. It takes a press of a button, so that a mail scanner that opens
    every link does not use it up; whoever has a second factor is asked for it next."""

    template_name = "web/enter.html"
    form_class = EntryForm

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(*args, **kwargs)
        onward = self.get_redirect_url()
        if onward and "Location" in response and self.reset_url_token in response["Location"]:
            self.request.session["onward"] = onward  # Django's own redirect drops the query
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        super().form_valid(form)  # saves the password, and ends the link
        onward = str(self.request.session.pop("onward", "")) or reverse("web:privacy")
        came: HttpResponse = perform_login(
            self.request, self.user, email_verification="none", redirect_url=onward
        )
        return came

    def get_success_url(self) -> str:
        return reverse("web:privacy")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | page.frame()


def framed(request: HttpRequest) -> dict[str, Any]:
    """For pages that allauth renders: what the frame of every page needs."""
    return page.frame()


def _platform() -> dict[str, str]:
    """The button of the platform's own sign-in, where there is one."""
    for app in settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect", {}).get("APPS", []):
        door = reverse("openid_connect_login", args=[app["provider_id"]])
        return {"platform": app["name"], "platform_door": door}
    return {}


def _still_open(door: page.View) -> page.View:
    """On a full disk nobody can be let in; whoever came to say no can do so all the same."""

    @functools.wraps(door)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return door(request, *args, **kwargs)
        except (DatabaseError, OSError):
            onward = request.POST.get("next") or request.GET.get("next") or ""
            if onward.startswith(reverse("web:object")):
                return objecting.without_signing_in(request)
            return page.refuse(request, 503)

    return wrapped


both = page.view("GET", "POST")

enter = both(_still_open(SignIn.as_view()))
link = both(_still_open(Link.as_view()))

doors = [
    path("sign-in/", enter, name="signin"),
    path("sign-in/link/", link, name="link"),
    path("sign-in/link/sent/", LinkSent.as_view(), name="link-sent"),
    path("sign-in/link/<uidb64>/<token>/", both(Enter.as_view()), name="enter"),
    path("sign-out/", page.view("POST")(SignOut.as_view()), name="signout"),
]
"""In our own name space."""

allauths = [
    path("sign-in/", enter, name="account_login"),
    path("sign-in/", enter, name="account_signup"),  # nobody signs up
    path("sign-in/link/", link, name="account_reset_password"),
    path("sign-out/", page.view("POST")(SignOut.as_view()), name="account_logout"),
    path("sign-in/again/", both(ask_again), name="account_reauthenticate"),
    path("sign-in/code/", both(second_factor.authenticate), name="mfa_authenticate"),
    path("sign-in/code/again/", both(second_factor.reauthenticate), name="mfa_reauthenticate"),
    path("sign-in/codes/", both(second_factor.index), name="mfa_index"),
    path("sign-in/codes/on/", both(totp.activate_totp), name="mfa_activate_totp"),
    path("sign-in/codes/off/", both(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("sign-in/codes/spare/", both(recovery_codes.view_recovery_codes),
         name="mfa_view_recovery_codes"),
    path("sign-in/codes/spare/new/", both(recovery_codes.generate_recovery_codes),
         name="mfa_generate_recovery_codes"),
    path("sign-in/codes/spare/file/", both(recovery_codes.download_recovery_codes),
         name="mfa_download_recovery_codes"),
    path("sign-in/platform/<str:provider_id>/", page.view("POST")(openid.login),
         name="openid_connect_login"),
    path("sign-in/platform/<str:provider_id>/back/", both(openid.callback),
         name="openid_connect_callback"),
    path("sign-in/given-up/", both(platform.login_cancelled),
         name="socialaccount_login_cancelled"),
    path("sign-in/failed/", both(platform.login_error),
         name="socialaccount_login_error"),
]  # fmt: skip
"""Under the names by which allauth looks for its own pages; sign-up and the rest stay shut."""
