from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "studyapp.desk"
    verbose_name = "Heatwise's desk"
