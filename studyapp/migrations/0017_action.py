from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("studyapp", "0016_gatherings"),
    ]

    operations = [
        migrations.RenameField("change", "deed", "action"),
    ]
