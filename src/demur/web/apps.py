"""Door one, as Django knows it."""

from importlib import import_module

from django.apps import AppConfig


class Web(AppConfig):
    name = "demur.web"

    def ready(self) -> None:
        import_module("demur.web.listening")
