"""What door one stores of its own: keys to the API. Everything about people lives in rights."""

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
