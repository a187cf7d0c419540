"""Keys with scopes and limits. A key from before may do what every key could: chat."""

from typing import Any, ClassVar

from django.db import migrations, models


def chat(apps: Any, schema_editor: Any) -> None:
    apps.get_model("web", "ApiKey").objects.filter(scopes=[]).update(scopes=["chat"])


class Migration(migrations.Migration):
    dependencies: ClassVar = [("web", "0002_conversations")]
    operations: ClassVar = [
        migrations.AddField("apikey", "scopes", models.JSONField(default=list)),
        migrations.AddField("apikey", "requests_a_minute", models.IntegerField(default=60)),
        migrations.AddField("apikey", "tokens_a_day", models.IntegerField(default=200_000)),
        migrations.AddField("apikey", "revoked_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(chat, migrations.RunPython.noop),
    ]
