"""Coming in: guesses are slowed down, a second factor is asked for, a platform may vouch."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from demur.rights import models, objection

from .conftest import PASSWORD
from .pretend_platform import CLIENT, SECRET, PretendPlatform, running


@pytest.fixture(autouse=True)
def _nobody_has_guessed_yet(tmp_path: Any, settings: Any) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def text(page: Any) -> str:
    return str(page.content.decode())


def code_of(user: User) -> str:
    """What an authenticator app would show for this user now."""
    secret = Authenticator.objects.get(user=user, type="totp").data["secret"]
    from allauth.mfa.adapter import get_adapter

    secret = get_adapter().decrypt(secret)
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


@pytest.fixture
def guarded(anna: models.Person) -> User:
    """Anna has switched on codes from an app."""
    from allauth.mfa.totp.internal.auth import generate_totp_secret

    assert anna.user
    TOTP.activate(anna.user, generate_totp_secret())
    return anna.user


# ---- guessing ----


def test_whoever_guesses_passwords_must_wait(anna, visitor):
    for _ in range(5):
        visitor.post("/sign-in/", {"login": "anna", "password": "wrong"})
    page = visitor.post("/sign-in/", {"login": "anna", "password": PASSWORD})
    assert "tried too often" in text(page)
    assert not page.wsgi_request.user.is_authenticated


def test_her_no_does_not_wait_for_whoever_guesses(anna, visitor, as_anna):
    for _ in range(6):
        visitor.post("/sign-in/", {"login": "anna", "password": "wrong"})
    as_anna.post("/privacy/object/", {"email": "anna@dorp.example"})
    assert objection.standing_objection(anna)


def test_nobody_can_sign_up(site, visitor):
    visitor.post("/sign-in/", {"login": "new", "password1": PASSWORD, "password2": PASSWORD})
    for path in ("/sign-in/signup/", "/accounts/signup/", "/signup/"):
        assert visitor.get(path).status_code == 404
    assert not User.objects.filter(username="new").exists()


# ---- a second factor ----


def test_the_password_alone_opens_nothing_where_codes_are_on(guarded, visitor):
    came = visitor.post("/sign-in/?next=/privacy/mine/", {"login": "anna", "password": PASSWORD})
    assert came["Location"].startswith("/sign-in/code/")
    assert visitor.get("/privacy/mine/").status_code == 302
    wrong = visitor.post("/sign-in/code/", {"code": "000000"})
    assert wrong.status_code == 200
    right = visitor.post("/sign-in/code/", {"code": code_of(guarded)})
    assert right["Location"] == "/privacy/mine/"
    assert visitor.get("/privacy/").wsgi_request.user == guarded


def test_a_link_in_the_mail_asks_for_the_code_too(guarded, site, visitor):
    visitor.post("/sign-in/link/", {"email": "anna@dorp.example"})
    [letter] = models.Letter.objects.filter(kind="link")
    door = visitor.get(re.search(r"(/sign-in/link/\S+)", letter.payload["link"])[1], follow=True)
    came = visitor.post(door.redirect_chain[-1][0], {"new_password1": "", "new_password2": ""})
    assert came["Location"].startswith("/sign-in/code/")


def test_she_switches_codes_on_and_gets_spare_ones(anna, as_anna, visitor):
    visitor.post("/sign-in/", {"login": "anna", "password": PASSWORD})
    asked = visitor.get("/sign-in/codes/on/", follow=True)
    assert "Is it really you?" in text(asked)
    again = visitor.post(asked.redirect_chain[-1][0], {"password": PASSWORD}, follow=True)
    secret = re.search(r"<code>([A-Z2-7]+)</code>", text(again))[1]
    counter = next(iter(yield_hotp_counters_from_time()))
    code = format_hotp_value(hotp_value(secret, counter))
    visitor.post("/sign-in/codes/on/", {"code": code})
    assert Authenticator.objects.filter(user=anna.user, type="totp").exists()
    spare = visitor.get("/sign-in/codes/spare/")
    assert len(re.findall(r"<li><code>\w+", text(spare))) == 10


# ---- the platform's own account ----


@pytest.fixture
def platform(site, settings) -> Iterator[PretendPlatform]:
    with running() as server:
        server_settings = {
            "server_url": server.address,
            "account": "{profile}",
            "oauth_pkce_enabled": True,
        }
        app = {"provider_id": "platform", "name": "Dorp", "client_id": CLIENT, "secret": SECRET}
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {"APPS": [{**app, "settings": server_settings}]}
        }
        yield server


def through(platform: PretendPlatform, visitor: Client, onward: str) -> Any:
    """Press the button, be sent to the platform, come back."""
    away = visitor.post(f"/sign-in/platform/platform/?next={onward}")
    request = urllib.request.Request(away["Location"])
    opener = urllib.request.build_opener(_StayHere())
    back = opener.open(request).headers["Location"]
    return visitor.get(back.partition("testserver")[2])


class _StayHere(urllib.request.HTTPRedirectHandler):
    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        fp.headers = headers
        return fp


def test_the_platform_vouches_for_the_owner_of_an_account(anna, platform, visitor):
    account = models.Account.objects.filter(person=anna).first()
    platform.claims = {"sub": "7", "profile": account.pk, "name": "Anna", "email": "a@x.example"}
    assert "Sign in with Dorp" in text(visitor.get("/sign-in/"))
    came = through(platform, visitor, "/privacy/object/")
    assert came["Location"] == "/privacy/object/"
    assert visitor.get("/privacy/").wsgi_request.user == anna.user
    [kept] = SocialAccount.objects.all()
    assert kept.extra_data == {}, "what the platform says of her is not kept"
    assert not SocialToken.objects.exists()
    visitor.post("/sign-out/")
    again = through(platform, visitor, "/privacy/")
    assert again["Location"] == "/privacy/"
    assert SocialAccount.objects.get().extra_data == {}


def test_the_same_address_does_not_make_it_her_account(anna, platform, visitor):
    platform.claims = {
        "sub": "8", "profile": "dorp:somebody-else", "email": "anna@dorp.example",
        "email_verified": True,
    }  # fmt: skip
    page = through(platform, visitor, "/privacy/mine/")
    assert page.status_code == 403
    assert "No posts of this account are here" in text(page)
    assert not page.wsgi_request.user.is_authenticated
    assert not EmailAddress.objects.exists()


def test_whoever_turns_back_at_the_platform_is_told_how_else(site, platform, visitor):
    platform.refuses = True
    page = through(platform, visitor, "/privacy/")
    assert "link in your mail" in text(visitor.get(page["Location"]))


def test_a_link_to_the_platform_is_no_way_in(site, platform, visitor):
    """Only a press of our button starts it: nobody is signed in by a picture in a page."""
    assert visitor.get("/sign-in/platform/platform/").status_code == 405


def test_where_no_platform_is_configured_there_is_no_button(site, visitor):
    assert "Sign in with" not in text(visitor.get("/sign-in/"))
