import secrets

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Lower

import studyapp.models.runs


def keep_addresses(apps, schema_editor):
    """Make each study's short name its address; of two that differ in capitals alone, the older one has it."""
    Study, Address = apps.get_model("studyapp", "Study"), apps.get_model("studyapp", "Address")
    names = dict(Study.objects.order_by("-pk").annotate(name=Lower("slug")).values_list("name", "pk"))
    Address.objects.bulk_create(Address(study_id=pk, name=name) for name, pk in sorted(names.items(), key=lambda found: found[1]))


def give_tickets(apps, schema_editor):
    """Give each run a random ticket of its own."""
    Participant = apps.get_model("studyapp", "Participant")
    for pks in _some_at_a_time(Participant.objects.order_by("pk").values_list("pk", flat=True)):
        runs = [Participant(pk=pk, ticket=secrets.token_urlsafe(15)) for pk in pks]
        Participant.objects.bulk_update(runs, ["ticket"])


def _some_at_a_time(found, size=500):
    found = list(found)
    for start in range(0, len(found), size):
        yield found[start : start + size]


class Migration(migrations.Migration):

    dependencies = [
        ('studyapp', '0006_jobs'),
    ]

    operations = [
        migrations.AddField(
            model_name='study',
            name='lab_mode',
            field=models.BooleanField(default=False, help_text='several people take part on this device, one after the other: the last page has a button for the next one, and an open link then starts anew'),
        ),
        migrations.AlterField(
            model_name='study',
            name='slug',
            field=models.SlugField(help_text="in the participants' link: /s/SLUG/; links to an earlier one go on leading here", max_length=60, unique=True),
        ),
        migrations.CreateModel(
            name='Address',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='addresses', to='studyapp.study')),
            ],
            options={
                'ordering': ['pk'],
                'verbose_name_plural': 'addresses',
            },
        ),
        migrations.RunPython(keep_addresses, migrations.RunPython.noop, elidable=True),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('participant', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to='studyapp.participant')),
                ('position', models.PositiveIntegerField()),
                ('number', models.PositiveIntegerField()),
                ('fields', models.JSONField(help_text="the form's fields as [[name, value]]")),
            ],
        ),
        migrations.AddField(
            model_name='participant',
            name='ticket',
            field=models.CharField(editable=False, max_length=24, null=True),
        ),
        migrations.RunPython(give_tickets, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name='participant',
            name='ticket',
            field=models.CharField(default=studyapp.models.runs.new_ticket, editable=False, max_length=24, unique=True),
        ),
    ]
