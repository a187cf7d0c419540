import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("rights", "0003_first_campaign")]

    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="campaign",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="rights.campaign",
            ),
        ),
    ]
