"""The form of forward simulation's screening, whose statements stand in a text of the study."""

from studyapp.forms import QuestionForm


class ScreeningForm(QuestionForm):
    """Two statements about a worked example."""

    def build(self):
        for question, statement in zip(self.asked, self.step["data"]["statements"], strict=True):
            self.fields[question.name] = self.field(question, statement["text"])
