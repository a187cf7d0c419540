"""How Django finds this room."""

from __future__ import annotations

from django.apps import AppConfig


class RightsConfig(AppConfig):
    name = "demur.rights"
    verbose_name = "People and their rights"
