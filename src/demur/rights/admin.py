"""All tables, to look at: what is under the desk's numbers, row by row.

Read only. Whatever changes something (a No, a hold, a link) has its own road with its line in the
book, and a form that edited the rows beside it would be a lie in the log. Whose role sees which
table stands in `rights.roles`; no table shows what somebody wrote, and no secret of theirs.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from demur.rights import models

admin.site.site_header = admin.site.site_title = "Demur"
admin.site.index_title = "All tables"
admin.site.site_url = "/admin/"  # "View site" leads back to the desk


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # no [] at run time
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.Objection)
class Objections(ReadOnly):
    list_display = ("entry", "at", "route", "scope", "withdrawn_at")
    exclude = ("reason",)  # never judged, so nobody needs to read it


@admin.register(models.Request)
class Requests(ReadOnly):
    list_display = ("id", "exercise", "regime", "state", "due", "restricted")
    list_filter = ("state",)
    exclude = ("evidence", "said", "appeal")  # on the desk's own page, for whoever decides


@admin.register(models.Incoming)
class Mails(ReadOnly):
    list_display = ("came_at", "outcome", "settled_at")
    list_filter = ("outcome",)
    fields = ("came_at", "outcome", "settled_at")


@admin.register(models.Hold)
class Holds(ReadOnly):
    list_display = ("id", "scope", "by", "starts", "at", "lifted_at")


@admin.register(models.Authority)
class Authorities(ReadOnly):
    list_display = ("name", "countries", "active", "at")


@admin.register(models.Agent)
class Agents(ReadOnly):
    list_display = ("id", "name", "active", "at")
    exclude = ("token",)


@admin.register(models.Proposal)
class Proposals(ReadOnly):
    list_display = ("id", "kind", "about", "by", "at", "second", "agreed")
    exclude = ("payload",)  # a refusal in words is for its person


@admin.register(models.Campaign)
class Campaigns(ReadOnly):
    list_display = ("name", "uses", "countries", "at")


@admin.register(models.Delivery)
class Deliveries(ReadOnly):
    list_display = ("campaign", "person", "sent_at", "bounced_at", "opened_at", "seen_at")
    list_filter = ("campaign",)


@admin.register(models.Entry)
class Entries(ReadOnly):
    list_display = ("index", "kind", "at")
    list_filter = ("kind",)
    exclude = ("leaf",)


@admin.register(models.Import)
class Imports(ReadOnly):
    list_display = ("id", "platform", "counts", "at")


@admin.register(models.GroupDeclared, models.GroupClosed)
class Groups(ReadOnly):
    list_display = ("name", "line")


@admin.register(models.Built)
class Builds(ReadOnly):
    list_display = ("at", "policy")


@admin.register(models.Measured)
class Measures(ReadOnly):
    list_display = ("model", "at", "people", "posts", "shards", "bits_per_byte")


@admin.register(models.Person)
class People(ReadOnly):
    list_display = ("id", "country", "language")
    search_fields = ("id", "email", "accounts__id", "accounts__handle")
    exclude = ("secret",)


@admin.register(models.Account)
class Accounts(ReadOnly):
    list_display = ("id", "platform", "country", "locked", "memorial")
    list_filter = ("platform",)


@admin.register(models.Letter)
class Letters(ReadOnly):
    list_display = ("id", "kind", "language", "created_at", "sent_at", "attempts", "error")
    list_filter = ("kind", "sent_at")
    exclude = ("payload",)
