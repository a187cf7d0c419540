"""What the doors store of their own: keys to the API, and what the bot has posted. Everything about
people lives in rights.
"""

from __future__ import annotations

from django.db import models


class ApiKey(models.Model):
    """A key that a program speaks with. The key itself is shown once and stored nowhere."""

    hash = models.CharField(max_length=64, unique=True)  # SHA-256, hexadecimal
    label = models.CharField(max_length=80)
    scopes = models.JSONField(default=list)  # of `keys.SCOPES`
    requests_a_minute = models.IntegerField(default=60)
    tokens_a_day = models.IntegerField(default=200_000)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return self.label


class BotMention(models.Model):
    """A mention that the bot has dealt with. Of what was asked nothing is kept.

    asker: a keyed mark, to count by. outcome: begun, silent, posting, answered, link, objection,
    taken-down. asked: the status to reply to, while it is being answered. drawn: the posts that the
    answer draws on (`assistant.answer.Drawn`), so that it can be taken down.
    """

    notification = models.CharField(max_length=64, unique=True)
    asker = models.BinaryField(max_length=16, db_index=True)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=16, db_index=True)
    asked = models.CharField(max_length=64, blank=True)
    statuses = models.JSONField(default=list)
    drawn = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"mention {self.notification}"
