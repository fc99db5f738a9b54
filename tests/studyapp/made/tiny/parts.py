from django import forms

from studyapp.forms import StepForm


class ConsentForm(StepForm):
    agree = forms.TypedChoiceField(choices=[("yes", "yes"), ("no", "no")], coerce=lambda value: value == "yes")


class NumberForm(StepForm):
    number = forms.IntegerField()


def context(step, run):
    return {"stimulus": run.image(step["stimulus"])}
