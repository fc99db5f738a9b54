"""Information, eligibility, consent, five pages of instructions, two worked examples with questions: ten pages."""

from otree.api import BaseConstants, BaseGroup, BasePlayer, BaseSubsession, Page, models, widgets


class C(BaseConstants):
    NAME_IN_URL = "introduction"
    PLAYERS_PER_GROUP = None
    NUM_ROUNDS = 1


class Subsession(BaseSubsession):
    pass


class Group(BaseGroup):
    pass


def yes_no(label):
    return models.BooleanField(label=label, widget=widgets.RadioSelect)


class Player(BasePlayer):
    criterion_1 = yes_no("Are you 18 or older?")
    criterion_2 = yes_no("Is your vision normal or corrected to normal?")
    criterion_3 = yes_no("Do you have a technical background?")
    criterion_4 = yes_no("Are you using a laptop or desktop computer?")
    consent = yes_no("Would you like to take part?")
    statement_1 = yes_no("The system recognised the cat correctly.")
    statement_2 = yes_no("The system missed a cat.")
    statement_3 = yes_no("The heatmap suggests that the system looked at the cat.")
    statement_4 = yes_no("The heatmap suggests that the system looked at the background.")


class Instructions(Page):
    template_name = "introduction/Instructions.html"


class Information(Instructions):
    pass


class Eligibility(Page):
    form_model = "player"
    form_fields = ["criterion_1", "criterion_2", "criterion_3", "criterion_4"]
    template_name = "introduction/Questions.html"


class Consent(Page):
    form_model = "player"
    form_fields = ["consent"]
    template_name = "introduction/Questions.html"


class Classes(Instructions):
    pass


class Outcomes(Instructions):
    pass


class Task(Instructions):
    pass


class Heatmap(Instructions):
    pass


class Screen(Instructions):
    pass


class FirstExample(Page):
    form_model = "player"
    form_fields = ["statement_1", "statement_2"]
    template_name = "introduction/Questions.html"


class SecondExample(Page):
    form_model = "player"
    form_fields = ["statement_3", "statement_4"]
    template_name = "introduction/Questions.html"


page_sequence = [
    Information,
    Eligibility,
    Consent,
    Classes,
    Outcomes,
    Task,
    Heatmap,
    Screen,
    FirstExample,
    SecondExample,
]
