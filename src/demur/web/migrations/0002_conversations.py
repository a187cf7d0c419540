"""Conversations that members keep."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("web", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Thread",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=120)),
                ("created", models.DateTimeField()),
                ("changed", models.DateTimeField(db_index=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="threads",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Turn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("role", models.CharField(max_length=8)),
                (
                    "question",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="answers",
                        to="web.turn",
                    ),
                ),
                ("text", models.TextField()),
                ("created", models.DateTimeField()),
                ("finish", models.CharField(blank=True, max_length=20)),
                ("drawn", models.JSONField(default=list)),
                ("declined", models.CharField(blank=True, max_length=40)),
                ("model", models.CharField(blank=True, max_length=64)),
                ("language", models.CharField(blank=True, max_length=8)),
                ("why", models.JSONField(default=dict)),
                (
                    "thread",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="turns",
                        to="web.thread",
                    ),
                ),
            ],
        ),
    ]
