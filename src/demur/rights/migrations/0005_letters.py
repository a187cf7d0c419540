from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("rights", "0004_every_notice_has_a_campaign")]

    operations = [
        migrations.AlterField(
            model_name="letter",
            name="kind",
            field=models.CharField(max_length=32),
        ),
    ]
