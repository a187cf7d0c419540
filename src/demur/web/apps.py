"""Door one, as Django knows it."""

from importlib import import_module

from django.apps import AppConfig


class Web(AppConfig):
    name = "demur.web"

    def ready(self) -> None:
        # they listen: to sign-ins, and to whoever erases what is theirs
        import_module("demur.web.visitor")
        import_module("demur.web.threads")
