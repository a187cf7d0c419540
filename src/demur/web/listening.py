"""What the pages hear of wherever it happens: sign-ins, and whoever erases what is theirs.

Every command loads this, so nothing heavy is imported here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest

from demur.rights.models import Person
from demur.web.models import Thread

PROVED = "proved_at"  # in the session: when they last signed in, in seconds since 1970


@receiver(user_logged_in)
def _proved(request: HttpRequest, **_: Any) -> None:
    request.session[PROVED] = int(datetime.now(UTC).timestamp())


@receiver(pre_save, sender=Person)
def _erased(instance: Person, **_: Any) -> None:
    """Whoever erases what is theirs erases their conversations, in the same transaction.

    Most sign-ins go with their person and take their conversations along; one of the desk's stays.
    """
    if instance.erased_at is not None:
        Thread.objects.filter(user__person=instance.pk).delete()
