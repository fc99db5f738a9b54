from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("studyapp", "0017_action"),
    ]

    operations = [
        migrations.RenameModel("Told", "Notice"),
    ]
