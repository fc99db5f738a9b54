from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studyapp", "0010_labs")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="variants",
            field=models.JSONField(
                blank=True, default=list, help_text="other wording by condition, by `core/variants/reading.py`"
            ),
        ),
    ]
