from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("rights", "0005_letters")]

    operations = [
        migrations.AddField(
            model_name="person",
            name="named",
            field=models.BooleanField(default=False),
        ),
    ]
