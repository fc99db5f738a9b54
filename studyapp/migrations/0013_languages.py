from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('studyapp', '0012_variants'),
    ]

    operations = [
        migrations.AddField(
            model_name='participant',
            name='language',
            field=models.CharField(blank=True, help_text="that its pages are in; empty: the study's own", max_length=35),
        ),
        migrations.AddField(
            model_name='study',
            name='translations',
            field=models.JSONField(blank=True, default=dict, help_text='by language and text: what it is in that language, and the source that this translates'),
        ),
        migrations.AlterField(
            model_name='study',
            name='language',
            field=models.CharField(default='en', max_length=35),
        ),
    ]
