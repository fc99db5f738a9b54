"""Closing questions and feedback: two pages."""

from otree.api import BaseConstants, BaseGroup, BasePlayer, BaseSubsession, Page, models, widgets


class C(BaseConstants):
    NAME_IN_URL = "closing"
    PLAYERS_PER_GROUP = None
    NUM_ROUNDS = 1


class Subsession(BaseSubsession):
    pass


class Group(BaseGroup):
    pass


class Player(BasePlayer):
    useful_outcomes = models.BooleanField(label="The outcomes helped.", widget=widgets.RadioSelect)
    useful_heatmaps = models.BooleanField(label="The heatmaps helped.", widget=widgets.RadioSelect)
    learned = models.LongStringField(label="What have you learned about how the system decides?")


class Closing(Page):
    form_model = "player"
    form_fields = ["useful_outcomes", "useful_heatmaps", "learned"]


class Feedback(Page):
    pass


page_sequence = [Closing, Feedback]
