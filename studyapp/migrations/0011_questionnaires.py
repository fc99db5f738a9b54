from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studyapp", "0008_display")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="questionnaires",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="the researchers' own questions, by `core/questionnaires/entries.py`",
            ),
        ),
    ]
