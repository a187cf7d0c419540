"""What the doors store of their own: keys to the API, conversations that a member keeps, and what
the bot has posted.

Everything about people lives in rights. A conversation is its owner's alone: it goes with their
sign-in, and nobody else reads it (`web.threads`).
"""

from __future__ import annotations

from django.conf import settings
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


class Thread(models.Model):
    """A conversation of one member with the assistant."""

    id = models.UUIDField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="threads"
    )
    title = models.CharField(max_length=120)
    created = models.DateTimeField()
    changed = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.id)


class Turn(models.Model):
    """A question, or the answer that was kept of it.

    drawn: the posts that went into an answer, as `assistant.said.Drawn`: without asking
        `voice.may_be_shown` about them it is shown to nobody. The posts' words are not kept here.
    why: what "Why this answer" shows, made and read by `web.threads` alone.
    """

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="turns")
    role = models.CharField(max_length=8)  # question, answer
    question = models.ForeignKey(  # that an answer is to; one of each
        "self", null=True, on_delete=models.CASCADE, related_name="answers"
    )
    text = models.TextField()
    created = models.DateTimeField()
    finish = models.CharField(max_length=20, blank=True)  # as the engine says it, or "stopped"
    drawn = models.JSONField(default=list)
    declined = models.CharField(max_length=40, blank=True)
    model = models.CharField(max_length=64, blank=True)  # the release, as the book names it
    language = models.CharField(max_length=8, blank=True)
    why = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"


class BotMention(models.Model):
    """A mention that the bot has dealt with. Of what was asked nothing is kept.

    asker: a keyed mark, to count by. outcome: begun, silent, posting, answered, link, objection,
    taken-down. asked: the status to reply to, while it is being answered. drawn: the posts that the
    answer draws on (`assistant.said.Drawn`), so that it can be taken down.
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
