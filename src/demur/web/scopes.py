"""What a No covers: as fields of a form, as a scope, and in words to the person whose it is.

Everything is the first and shortest way; these fields are for those who want less. It decides
nothing: `rights.objection` keeps the scope, the law applies it.
"""

from __future__ import annotations

from collections.abc import Iterator

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from demur.people import Scope, Use
from demur.posts import Kind

KINDS = {
    "text": (gettext_lazy("What I wrote"), (Kind.POST, Kind.COMMENT)),
    "photos": (gettext_lazy("My photos"), (Kind.PHOTO,)),
    "chats": (gettext_lazy("My chats with the assistant"), (Kind.CHAT,)),
}
USES = {
    Use.TRAINING: gettext_lazy("Learning from it"),
    Use.ANSWERS: gettext_lazy("Quoting it in answers"),
    Use.SEARCH: gettext_lazy("Finding it by search"),
    Use.TRANSLATION: gettext_lazy("Translating with its help"),
}


class PartForm(forms.Form):
    """Which part of somebody's posts a No is about. Nothing ticked narrows nothing."""

    platform = forms.ChoiceField(
        label=gettext_lazy("From where?"), required=False, widget=forms.RadioSelect
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("What?"),
        required=False,
        choices=[(name, words) for name, (words, _kinds) in KINDS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    uses = forms.MultipleChoiceField(
        label=gettext_lazy("For what?"),
        required=False,
        choices=[(use.value, words) for use, words in USES.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    since = forms.DateField(
        label=gettext_lazy("Posted from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    until = forms.DateField(
        label=gettext_lazy("Posted up to and including"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )

    def with_platforms(self, platforms: list[str]) -> None:
        """Offer these platforms, where there is something to choose."""
        field = self.fields["platform"]
        assert isinstance(field, forms.ChoiceField)
        every = [("", _("From everywhere")), *((name, name.capitalize()) for name in platforms)]
        field.choices = every if len(platforms) > 1 else []

    def narrowed(self) -> Scope:
        """What was ticked, once the form is valid."""
        said = self.cleaned_data
        kinds = [kind for name in said["kinds"] for kind in KINDS[name][1]]
        return Scope(
            platform=said["platform"] or None,
            kinds=tuple(sorted(kinds)),
            uses=tuple(sorted(Use(use) for use in said["uses"])),
            since=said["since"],
            until=said["until"],
        )

    def check(self) -> None:
        """Complain about a part that is none, or is empty."""
        if not self.errors and self.narrowed() == Scope():
            self.add_error(None, _("Tick at least one thing that your No is about."))
        since, until = (self.cleaned_data.get(name) for name in ("since", "until"))
        if since and until and until < since:
            self.add_error("until", _("The second day comes before the first one."))


def words(scope: Scope) -> str:
    """What a No covers, in one line: "your photos · from Instagram · for learning"."""
    parts = list(_parts(scope))
    return " · ".join(parts) if parts else _("everything you posted and will post")


def _parts(scope: Scope) -> Iterator[str]:
    if scope.post:
        yield _("one post")
    if scope.kinds:
        names = [str(said) for said, kinds in KINDS.values() if set(kinds) & set(scope.kinds)]
        yield ", ".join(names)
    if scope.platform:
        yield _("from %(platform)s") % {"platform": scope.platform.capitalize()}
    if scope.group:
        yield _("in the group %(group)s") % {"group": scope.group}
    if scope.since:
        yield _("from %(day)s on") % {"day": date_format(scope.since, "j F Y")}
    if scope.until:
        yield _("up to and including %(day)s") % {"day": date_format(scope.until, "j F Y")}
    if scope.uses:
        yield ", ".join(str(USES[use]) for use in scope.uses)
