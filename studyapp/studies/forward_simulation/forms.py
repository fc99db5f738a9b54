"""The form of forward simulation's screening, whose statements stand in a text of the study."""

from studyapp.forms import QuestionForm

from .statements import statements_of


class ScreeningForm(QuestionForm):
    """Two statements about a worked example."""

    def build(self):
        data = self.step["data"]
        shown = statements_of(self.definition, data["about"], data["class_name"], data.get("frames", {}))
        for question, statement in zip(self.asked, shown, strict=True):
            self.fields[question.name] = self.field(question, statement["text"])
