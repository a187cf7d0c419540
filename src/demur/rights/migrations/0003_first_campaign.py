"""Notices sent before there were campaigns were of one: about training, answers and search."""

from typing import Any

from django.db import migrations


def name_the_first(apps: Any, schema_editor: Any) -> None:
    Delivery = apps.get_model("rights", "Delivery")
    if not Delivery.objects.exists():
        return
    entry = apps.get_model("rights", "Entry").objects.filter(kind="notice").order_by("index").first()
    if entry is None:  # only banners were seen: they are shown again
        Delivery.objects.all().delete()
        return
    Campaign = apps.get_model("rights", "Campaign")
    uses = ["training", "answers", "search"]
    first = Campaign.objects.create(name="first", uses=uses, entry=entry, at=entry.at)
    Delivery.objects.update(campaign=first)


class Migration(migrations.Migration):

    dependencies = [("rights", "0002_people_and_law")]

    operations = [
        migrations.RunPython(name_the_first, migrations.RunPython.noop),
    ]
