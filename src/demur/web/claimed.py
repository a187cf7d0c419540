"""What somebody without an account typed about how others mention them: handles, links, names.

A handle or a link becomes the exact keys under which archives keep mentions (`posts.handle_key`).
Names stay names: they are looked for and proposed, never matched by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

from django import forms
from django.db import DatabaseError
from django.utils.translation import gettext_lazy

from demur.posts import handle_key
from demur.rights import models

MOST = 20  # of each; more than a person has
PLATFORMS = ("mastodon", "bluesky", "instagram", "facebook")
LONGEST = 200  # characters of one handle, link or name


class ClaimedForm(forms.Form):
    """Only the address is needed, and only so that nobody answers for somebody else."""

    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=gettext_lazy("We send a link there, to see that it is you."),
    )
    handles = forms.CharField(
        label=gettext_lazy("Your names on social media"),
        required=False,
        max_length=MOST * LONGEST,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("For example @anna or the address of your profile. One a line."),
    )

    def clean_handles(self) -> list[str]:
        return _lines(self.cleaned_data["handles"])


class NamedForm(ClaimedForm):
    """With the plain names by which others speak of somebody."""

    names = forms.CharField(
        label=gettext_lazy("What people call you"),
        required=False,
        max_length=MOST * LONGEST,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("First and last name, nicknames. One a line."),
    )

    def clean_names(self) -> list[str]:
        return _lines(self.cleaned_data["names"])


def keys(handles: Iterable[str]) -> list[str]:
    """The mention keys of handles and links, sorted. One without a platform is all platforms'."""
    every = set(PLATFORMS)
    with suppress(DatabaseError):  # a No must be understood without it too
        every.update(models.Account.objects.values_list("platform", flat=True).distinct())
    found: set[str] = set()
    for said in handles:
        if "://" in said:
            found |= _of_link(said, every)
        else:
            found |= {handle_key(platform, said) for platform in every}
    return sorted(found)


def _of_link(link: str, platforms: set[str]) -> set[str]:
    """A profile's address stands for itself and for the handle that it ends in."""
    parts = urlsplit(link)
    host = (parts.hostname or "").removeprefix("www.")
    name = parts.path.rstrip("/").rpartition("/")[2].lstrip("@")
    found = {f"{platform}:{link}".casefold() for platform in platforms}
    if not name:
        return found
    known = {"instagram.com": "instagram", "facebook.com": "facebook", "bsky.app": "bluesky"}
    if host in known:
        return found | {handle_key(known[host], name)}
    return found | {handle_key("mastodon", f"{name}@{host}")}


def _lines(text: str) -> list[str]:
    every = (piece.strip() for piece in re.split(r"[\n,;]", text))
    return list(dict.fromkeys(piece[:LONGEST] for piece in every if piece))[:MOST]
