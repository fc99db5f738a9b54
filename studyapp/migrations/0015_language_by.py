from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("studyapp", "0014_comments"),
    ]

    operations = [
        migrations.AddField(
            model_name="participant",
            name="language_by",
            field=models.CharField(
                blank=True, help_text="link, choice, browser or study; empty: not recorded", max_length=10
            ),
        ),
    ]
