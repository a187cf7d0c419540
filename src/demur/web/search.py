"""Search: public posts by their words, narrowed by who, where, when, what and in which language.

Whoever has said no is not found. By name are found only those who let their name be shown beside
their words, and the reader themself: else a search by name would say what the page does not.
Pictures come through `picture`, which asks each time whether they may be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from demur.posts import Kind
from demur.rights.models import CHATS, Account, GroupDeclared
from demur.web import page, shown, visitor, voice
from demur.web.shown import Source
from demur.web.visitor import members

if TYPE_CHECKING:
    from demur.memory.search import Filter, Hit

WORDS = 400  # characters of what is looked for
HITS = 20

KINDS = [
    ("", gettext_lazy("everything")),
    (Kind.POST.value, gettext_lazy("posts")),
    (Kind.COMMENT.value, gettext_lazy("comments")),
    (Kind.PHOTO.value, gettext_lazy("photos")),
]
TONGUES = [
    ("", gettext_lazy("any language")),
    ("nl", gettext_lazy("Dutch")),
    ("en", gettext_lazy("English")),
    ("de", gettext_lazy("German")),
    ("fr", gettext_lazy("French")),
]


class SearchForm(forms.Form):
    """Sent with GET, so that a search can be kept as a bookmark."""

    q = forms.CharField(label=gettext_lazy("Words to look for"), required=False, max_length=WORDS)
    who = forms.CharField(label=gettext_lazy("By whom"), required=False, max_length=200)
    platform = forms.ChoiceField(label=gettext_lazy("Platform"), required=False)
    group = forms.ChoiceField(label=gettext_lazy("Group"), required=False)
    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=forms.DateInput)
    until = forms.DateField(label=gettext_lazy("Until"), required=False, widget=forms.DateInput)
    kind = forms.ChoiceField(label=gettext_lazy("What"), required=False, choices=KINDS)
    lang = forms.ChoiceField(label=gettext_lazy("Language"), required=False, choices=TONGUES)

    def __init__(self, *args: Any, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reader = reader
        for name in ("since", "until"):
            self.fields[name].widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
            self.fields[name].error_messages["invalid"] = _("This is not a date we can read.")
        platforms = (
            Account.objects.exclude(platform=CHATS)
            .order_by("platform")
            .values_list("platform", flat=True)
        )
        every = [(name, name.capitalize()) for name in platforms.distinct()]
        self._choose("platform", [("", _("everywhere")), *every])
        groups = [(row.name, row.name) for row in GroupDeclared.objects.order_by("name")]
        self._choose("group", [("", _("in any group, or none")), *groups])
        if not groups:
            del self.fields["group"]

    @property
    def narrows(self) -> bool:
        """Is anything asked for beside words?"""
        names = ("who", "platform", "group", "since", "until", "kind", "lang")
        return any(self.data.get(name) for name in names)

    def clean(self) -> None:
        said = self.cleaned_data
        since, until = said.get("since"), said.get("until")
        if since and until and since > until:
            self.add_error("until", _("This day is before the other one. Swap the two."))
        said["accounts"] = self._accounts(said.get("who", ""))
        if said.get("who") and not said["accounts"]:
            self.add_error("who", _("Nobody of this name lets it be shown beside their words."))

    def where(self) -> Filter:
        from demur.memory.search import Filter  # noqa: PLC0415  (it opens with the assistant)

        said = self.cleaned_data
        since: date | None = said["since"]
        return Filter(
            accounts=tuple(said["accounts"]),
            platform=said["platform"] or None,
            group=said.get("group") or None,
            kinds=(said["kind"],) if said["kind"] else (),
            lang=said["lang"] or None,
            since=since,
            until=said["until"],
        )

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _accounts(self, who: str) -> list[str]:
        """Accounts of this handle or name whose people let it be shown, and the reader's own."""
        typed = who.strip().lstrip("@")
        if not typed:
            return []
        named = Q(handle__iexact=typed) | Q(handle__iexact=f"@{typed}") | Q(name__iexact=typed)
        if "@" not in typed:
            named |= Q(handle__istartswith=f"@{typed}@") | Q(handle__istartswith=f"{typed}@")
        me = visitor.person_of(self._reader)
        shows = Q(person__named=True) | Q(person=me) if me else Q(person__named=True)
        found = Account.objects.filter(named, shows).order_by("pk")
        return list(found.values_list("pk", flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One post that was found, with its pictures."""

    source: Source
    platform: str
    pictures: tuple[tuple[str, str], ...]  # each by its SHA-256, and what it shows


@page.view("GET")
@members
def search(request: HttpRequest) -> HttpResponse:
    """Public posts about some words, the best first."""
    form = SearchForm(request.GET, reader=request.user)
    hits: Sequence[Hit] = ()
    wanted, status = "", 200
    if form.is_valid():
        wanted = form.cleaned_data["q"].strip()
        if wanted:
            hits = voice.search(wanted, HITS, form.where())
    else:
        status = 400
    by = shown.authors((hit.account for hit in hits), request.user)
    found = [_found(hit, by[hit.account]) for hit in hits]
    return page.show(
        request,
        "web/search.html",
        status=status,
        form=form,
        wanted=wanted,
        found=found,
    )


@page.view("GET")
@members
def picture(request: HttpRequest, sha256: str) -> HttpResponse:
    """A picture that somebody posted, while a post that may be found shows it; kept by nobody."""
    seen = voice.picture(sha256)
    response = HttpResponse(seen.data, content_type=seen.media_type)
    response["Cache-Control"] = "no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _found(hit: Hit, by: shown.Author) -> Found:
    return Found(
        source=Source(
            post=hit.post_id,
            text=hit.text,
            by=by,
            url=page.link(hit.url),
            lang=hit.lang if hit.lang and hit.lang != "und" else "",
            attribution=hit.attribution,
            day=date.fromisoformat(hit.created_at[:10]),
        ),
        platform=hit.platform,
        pictures=tuple(zip_longest(hit.photos, hit.alts[: len(hit.photos)], fillvalue="")),
    )
