"""What somebody sees who only looks around."""

from __future__ import annotations

import pytest

PUBLIC = [
    "/",
    "/about/",
    "/privacy/",
    "/log/",
    "/sign-in/",
    "/sign-in/link/",
    "/sign-in/link/sent/",
]
OWN = ["/ask/", "/search/?q=fair", "/privacy/object/", "/privacy/mine/", "/privacy/receipts/"]


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_public_page_opens_in_both_languages(visitor, path, language):
    page = visitor.get(path, headers={"accept-language": language})
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.content.decode()


@pytest.mark.parametrize("path", OWN)
def test_members_pages_ask_a_stranger_to_sign_in_first(visitor, path):
    page = visitor.get(path)
    assert page.status_code == 302
    assert page["Location"].startswith("/sign-in/?next=/")
