"""A first window for the operator: what stands, to look at.

Read only. Whatever changes something (a No, a hold, a link) has its own road with its line in the
book, and a form that edited the rows beside it would be a lie in the log.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from demur.rights import models


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # no [] at run time
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.Objection)
class Objections(ReadOnly):
    list_display = ("entry", "at", "route", "withdrawn_at")
    exclude = ("reason",)  # never judged, so nobody needs to read it


@admin.register(models.Hold)
class Holds(ReadOnly):
    list_display = ("id", "scope", "by", "at", "lifted_at")


@admin.register(models.Entry)
class Entries(ReadOnly):
    list_display = ("index", "kind", "at")
    list_filter = ("kind",)
    exclude = ("leaf",)


@admin.register(models.Import)
class Imports(ReadOnly):
    list_display = ("id", "platform", "counts", "at")


@admin.register(models.Person)
class People(ReadOnly):
    list_display = ("id", "country", "language")
    search_fields = ("id", "email", "accounts__id", "accounts__handle")
    exclude = ("secret",)


@admin.register(models.Letter)
class Letters(ReadOnly):
    list_display = ("id", "kind", "language", "created_at", "sent_at", "attempts", "error")
    list_filter = ("kind", "sent_at")
