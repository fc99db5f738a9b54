from django.db import migrations, models

SCALES = {"shared": "study", "per_image": "image", "per_map": "map"}


def scale_to_display(apps, schema_editor):
    """Let what was a parameter be a field of the study's display."""
    Study = apps.get_model("studyapp", "Study")
    for study in Study.objects.filter(parameters__has_key="scale"):
        scale = SCALES.get(study.parameters.pop("scale"))
        study.display = {"scale": scale} if scale else {}
        study.save(update_fields=["parameters", "display"])


class Migration(migrations.Migration):

    dependencies = [
        ('studyapp', '0007_any_browser'),
    ]

    operations = [
        migrations.AddField(
            model_name='study',
            name='display',
            field=models.JSONField(blank=True, default=dict, help_text='how heatmaps look: what differs from what is usual'),
        ),
        migrations.RunPython(scale_to_display, migrations.RunPython.noop, elidable=True),
    ]
