from django.core.management.base import BaseCommand, CommandError

from studyapp import models
from studyapp.simulation.orders import carry_out


class Command(BaseCommand):
    help = "Carry out an order for bots from the admin; the admin starts this by itself."

    def add_arguments(self, parser):
        parser.add_argument("order", type=int)

    def handle(self, order, **options):
        found = models.BotRun.objects.filter(pk=order, ended_at=None).first()
        if found is None:
            raise CommandError(f"no order {order} waits to be carried out")
        carry_out(found)
