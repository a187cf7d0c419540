"""Door one, as Django knows it."""

from django.apps import AppConfig


class Web(AppConfig):
    name = "demur.web"
