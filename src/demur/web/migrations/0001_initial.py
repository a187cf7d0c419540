"""Keys to the API."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = []
    operations: ClassVar = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("hash", models.CharField(max_length=64, unique=True)),
                ("label", models.CharField(max_length=80)),
                ("created", models.DateTimeField()),
                ("expires", models.DateTimeField()),
            ],
            options={"verbose_name": "API key"},
        ),
    ]
