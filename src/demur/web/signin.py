"""Letting somebody in: by name or e-mail address and password, or by a link in the mail.

Django does the work; here are its forms with our words. Who asks for a link learns nothing about
whose address we know, and a link alone is enough to come in: nobody has to think of a password
before they can say no.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm, SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.views import (
    LoginView,
    LogoutView,
    PasswordResetConfirmView,
    PasswordResetDoneView,
    PasswordResetView,
    RedirectURLMixin,
)
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from demur.rights.models import Person
from demur.rights.place import here
from demur.web import page

SAME_ADDRESS = 5  # households share one; more than these are not tried


class SignInForm(AuthenticationForm):
    """A user name or an e-mail address. Where people share an address, the password tells."""

    error_messages = {  # noqa: RUF012  (Django's own attribute)
        **AuthenticationForm.error_messages,
        "invalid_login": _(
            "This name and password do not belong together. Try again, or ask for a link."
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name or e-mail address")
        self.fields["password"].label = _("Password")

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data.get("username", "")
        if "@" in typed:
            known = User.objects.filter(email__iexact=typed, is_active=True)[:SAME_ADDRESS]
            for user in known:
                if user.check_password(self.cleaned_data.get("password", "")):
                    self.cleaned_data["username"] = user.get_username()
        return super().clean()


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


class SignIn(LoginView):
    template_name = "web/signin.html"
    authentication_form = SignInForm

    def get_default_redirect_url(self) -> str:
        return reverse("web:privacy")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        objecting = self.get_redirect_url().startswith(reverse("web:object"))
        return super().get_context_data(**kwargs) | page.frame() | {"objecting": objecting}


class SignOut(LogoutView):
    next_page = "web:home"


class Link(RedirectURLMixin, PasswordResetView):
    template_name = "web/link.html"
    form_class = LinkForm
    email_template_name = "web/mail/link.txt"
    subject_template_name = "web/mail/link_subject.txt"

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        address = urlsplit(here().address)
        self.extra_email_context = {
            "domain": address.netloc,  # the site's own word, not the request's
            "protocol": address.scheme,
            "next": self.get_redirect_url(),
            **page.frame(),
        }
        return super().form_valid(form)

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
    every link does not use it up."""

    template_name = "web/enter.html"
    form_class = EntryForm
    post_reset_login = True
    post_reset_login_backend = "django.contrib.auth.backends.ModelBackend"

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(*args, **kwargs)
        onward = self.get_redirect_url()
        if onward and "Location" in response and self.reset_url_token in response["Location"]:
            self.request.session["onward"] = onward  # Django's own redirect drops the query
        return response

    def get_success_url(self) -> str:
        return str(self.request.session.pop("onward", "")) or reverse("web:privacy")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | page.frame()
