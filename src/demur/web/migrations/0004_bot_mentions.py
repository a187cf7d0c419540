"""What the bot has posted."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("web", "0003_key_scopes")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="BotMention",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("notification", models.CharField(max_length=64, unique=True)),
                ("asker", models.BinaryField(db_index=True, max_length=16)),
                ("at", models.DateTimeField()),
                ("outcome", models.CharField(db_index=True, max_length=16)),
                ("asked", models.CharField(blank=True, max_length=64)),
                ("statuses", models.JSONField(default=list)),
                ("drawn", models.JSONField(default=list)),
            ],
        ),
    ]
