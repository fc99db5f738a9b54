from django import forms


class StepForm(forms.Form):
    def __init__(self, data=None, *, step, definition):
        super().__init__(data)
        self.step = step


class ConsentForm(StepForm):
    agree = forms.TypedChoiceField(choices=[("yes", "yes"), ("no", "no")], coerce=lambda value: value == "yes")


class NumberForm(StepForm):
    number = forms.IntegerField()


def context(step, run):
    return {"stimulus": run.image(step["stimulus"])}
